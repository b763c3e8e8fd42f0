//! Files that runs of another machine brought with them: what they need to be run again.

use model::document::Kind;
use model::run::RunId;

use crate::changing::{Found, put};
use crate::{Error, Registry, key};

impl Registry {
    /// Says that a blob belongs to a run, so that it stays as long as that does.
    pub async fn keep_run_file(&self, run: RunId, digest: &str) -> Result<(), Error> {
        let key = key::of(&[&run.to_string(), digest])?;
        self.change(&key, async || Ok((vec![put(Kind::RunFile, key.clone(), &digest)?], ()))).await
    }

    /// Says that nothing belongs to a run any more.
    pub async fn forget_run_files(&self, run: RunId) -> Result<(), Error> {
        let below = key::below(&[&run.to_string()])?;
        self.change(&below, async || {
            let found = self.all::<String>(Kind::RunFile, &below).await?;
            Ok((found.iter().map(Found::removed).collect(), ()))
        })
        .await
    }
}
