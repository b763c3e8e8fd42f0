//! Names into addresses: once for each connection, and all of them or none.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Name, Resolve, Resolving};

use super::address::is_public;

/// More addresses than this have no honest reason.
const MOST: usize = 16;

/// Looks names up.
#[async_trait]
pub trait Lookup: Send + Sync {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// As the operating system does it.
#[derive(Clone, Copy, Debug)]
pub struct Addresses;

#[async_trait]
impl Lookup for Addresses {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Why a name is not connected to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denied {
    #[error("`{name}` leads to an address that is not public")]
    Private { name: String },
    #[error("`{name}` leads to {count} addresses")]
    Many { name: String, count: usize },
}

/// What the client asks for addresses; it connects to what it is told here and looks nothing up itself.
pub(super) struct Names {
    lookup: Arc<dyn Lookup>,
    only_public: bool,
}

impl Names {
    pub(super) fn new(lookup: Arc<dyn Lookup>, only_public: bool) -> Self {
        Self { lookup, only_public }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, only_public) = (Arc::clone(&self.lookup), self.only_public);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = lookup.lookup(&name).await?;
            if found.len() > MOST {
                return Err(Denied::Many { name, count: found.len() }.into());
            }
            // One that is not public spoils all: a name that leads to both is trying something.
            if only_public && found.iter().any(|address| !is_public(address.ip())) {
                return Err(Denied::Private { name }.into());
            }
            Ok(Box::new(found.into_iter()) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}
