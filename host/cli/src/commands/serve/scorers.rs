//! Scorers that clients of a server may name: built-in ones, and plugins that were added to its machine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use broker::Allowed;
use model::limits::Isolation;
use model::ports::{BadCall, Catalog, NotScored, Plugin, PluginError, Scored, ScorerCall, ScorerDoor};
use model::scorer::ItemKind;
use pipeline::asked::{self, Asked};
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::exit::Stop;
use crate::registry::Reference;
use crate::terminal::Terminal;
use crate::wiring::{self, Plugins};

/// Calls that are answered at once; others wait.
const CALLS: usize = 16;

/// How long a call waits for its turn, and how long it may take then: clients of MLflow's give up after two minutes.
const PATIENCE: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_secs(90);

/// Built-in scorers that are kept ready. Clients ask for few, again and again.
const KNOWN: usize = 64;

/// Scorers, found and compiled when they are first asked for: a server that nobody asks starts without.
pub(super) struct Scorers {
    isolation: Isolation,
    runtime: Handle,
    terminal: Terminal,
    catalog: OnceCell<Arc<Added>>,
    known: Mutex<Known>,
    calls: Arc<Semaphore>,
}

/// By entry and digest.
type Known = HashMap<(String, Option<String>), Arc<Asked>>;

impl Scorers {
    pub(super) fn new(isolation: Isolation, runtime: &Handle, terminal: &Terminal) -> Self {
        let (catalog, known, calls) = (OnceCell::new(), Mutex::default(), Arc::new(Semaphore::new(CALLS)));
        Self { isolation, runtime: runtime.clone(), terminal: *terminal, catalog, known, calls }
    }

    fn open(&self) -> Result<Arc<Added>, Stop> {
        let nothing = Allowed::default();
        let instances = u32::try_from(CALLS * wiring::concurrency()).unwrap_or(u32::MAX);
        let sandbox = wiring::sandbox(nothing, Path::new("."), instances)?;
        Ok(Arc::new(Added(Plugins::new(sandbox, &self.runtime, PathBuf::new(), self.isolation, &self.terminal))))
    }

    /// Finds a scorer. Where that is given up, its turn is over when it has been found all the same.
    async fn find(&self, call: &ScorerCall, turn: Arc<OwnedSemaphorePermit>) -> Result<Arc<Asked>, BadCall> {
        let key = (call.scorer.as_str().to_owned(), call.digest.clone());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(known));
        }
        let catalog = self.catalog.get_or_try_init(async || self.open().map_err(unopened)).await?;
        let (catalog, entry, digest) = (Arc::clone(catalog), call.scorer.clone(), call.digest.clone());
        // Compiling takes a while, and waits for it.
        let planned = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            asked::plan(&entry, digest.as_deref(), &*catalog)
        });
        let found = Arc::new(planned.await.map_err(|error| bad(error.to_string()))??);
        // A plugin that was added may be another one the next time, or gone.
        if call.scorer.to_value().get("plugin").is_none() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= KNOWN {
                known.clear();
            }
            known.insert(key, Arc::clone(&found));
        }
        Ok(found)
    }
}

#[async_trait]
impl ScorerDoor for Scorers {
    async fn score(&self, call: ScorerCall) -> Result<Scored, NotScored> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.calls).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(|| busy("others are being answered"))?;
        let scored = async {
            let turn = Arc::new(turn);
            let asked = self.find(&call, Arc::clone(&turn)).await?;
            let rows = asked::rows(call.rows, &telemetry::Reader)?;
            let outcomes = asked.score(&rows, wiring::concurrency()).await;
            Ok(Scored { scorer: asked.scorer().clone(), outcomes })
        };
        let late = |_| busy("the rows took too long: send fewer at once");
        tokio::time::timeout(LONGEST, scored).await.map_err(late)?
    }
}

fn busy(why: &str) -> NotScored {
    NotScored::Busy(why.to_owned())
}

fn bad(message: String) -> BadCall {
    BadCall { field: "scorer".to_owned(), message, hint: None }
}

fn unopened(stop: Stop) -> BadCall {
    bad(format!("the sandbox can't be opened: {:#}", stop.error))
}

/// Plugins without those in files: a client names nothing on the server's disk.
struct Added(Plugins);

impl Catalog for Added {
    fn load(&self, path: &str, isolation: Isolation) -> Result<Arc<dyn Plugin>, PluginError> {
        let Some(plugin) = Reference::parse(path) else {
            let message = format!("`{path}` is no plugin that a server can be asked for");
            let hint = "name one as `publisher/name@version` that was added to its machine with `karat plugin add`";
            return Err(PluginError { message, hint: Some(hint.to_owned()) });
        };
        Ok(Arc::new(self.0.load_added(&plugin, isolation)?))
    }

    fn built_in(
        &self,
        kind: ItemKind,
        name: &str,
        isolation: Isolation,
    ) -> Result<Option<Arc<dyn Plugin>>, PluginError> {
        self.0.built_in(kind, name, isolation)
    }

    fn built_in_names(&self, kind: ItemKind) -> Vec<String> {
        self.0.built_in_names(kind)
    }
}
