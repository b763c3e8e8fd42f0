//! LLMs that plugins ask, by way of roles: nobody but this host knows who is behind one, and nobody but the door has a key.
//!
//! The way of a question: role → endpoint → what should not leave is taken out ([redact]) → is its reply on the
//! [cassette](crate::cassette), in the cache, or on its way to somebody else? ([run]) → by the best way that the provider has for
//! the reply that is wanted ([format]) → when it is its turn ([lanes]), at the pace that the provider bears ([rate], [track]),
//! with the money for it set apart ([ledger]) → through the HTTP door ([line], [provider]) → settled, checked against
//! the format, kept, noted down.
//!
//! What is deliberately absent: which plugin may ask whom and how often, which comes with every question; what becomes of
//! the record of exchanges, which goes to whoever opened the judges.

mod breaker;
mod format;
mod key;
pub(crate) mod lanes;
pub(crate) mod ledger;
mod line;
pub(crate) mod provider;
mod rate;
mod redact;
mod reply;
mod run;
mod shape;
mod thread;
pub(crate) mod track;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use model::grant::JudgeRule;
use model::judge::{Asker, JudgeReply, JudgeRequest, Usage};
use model::outcome::{Failure, FailureKind};
use model::ports::{JudgeDoor, Purse};

use crate::http::Door;
pub use run::Setup;
pub(crate) use run::taped;
use run::{Run, Stage};

/// The door to judges. It is closed until a run opens it: plugins are loaded before it is known who is behind the roles.
#[derive(Default)]
pub struct Judges(OnceLock<Arc<Run>>);

impl Judges {
    /// Lets a run ask, by way of `http`. A second run is not let in.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong with an endpoint.
    pub fn open(&self, setup: Setup, http: &Arc<Door>) -> Result<(), String> {
        let run = Arc::new(Run::new(setup, http)?);
        self.0.set(run).map_err(|_| "the judges are another run's".to_owned())
    }

    /// The endpoints whose providers want to be asked less for the time being.
    pub fn throttled(&self) -> Vec<&str> {
        self.0.get().map_or_else(Vec::new, |run| run.throttled())
    }
}

#[async_trait]
impl JudgeDoor for Judges {
    async fn complete(&self, asker: &Asker, rule: &JudgeRule, request: JudgeRequest) -> Result<JudgeReply, Failure> {
        let nobody = || Failure::new(FailureKind::Denied, "there is no judge to ask");
        self.0.get().ok_or_else(nobody)?.complete(asker, rule, request).await
    }

    async fn budget(&self, asker: &Asker, rule: &JudgeRule) -> Option<Usage> {
        match self.0.get() {
            Some(run) => run.left(asker, rule),
            None => Some(Usage { cost: Some(0), ..Usage::default() }),
        }
    }
}

impl Purse for Judges {
    fn has_turned_away(&self, index: u64, trial: u32) -> bool {
        self.0.get().is_some_and(|run| run.has_turned_away(index, trial))
    }

    fn stop(&self) {
        if let Some(run) = self.0.get() {
            run.reach(Stage::Stopped);
        }
    }

    fn close(&self) {
        if let Some(run) = self.0.get() {
            run.close();
        }
    }

    fn abandon(&self) {
        if let Some(run) = self.0.get() {
            run.reach(Stage::Abandoned);
        }
    }
}
