//! What [`plugin!`](crate::plugin) is made of. Test guests that break the contract on purpose use it directly; nothing
//! here is promised.

use std::panic;
use std::sync::Once;

use serde::de::DeserializeOwned;

use crate::bindings::describes::exports::karat::eval::describe;
pub use crate::bindings::describes::exports::karat::eval::describe::{PluginDescription, ScorerDescription};
use crate::bindings::exports::karat::eval::scorer;
pub use crate::bindings::karat::eval::types::{Failure, Outcome, Row};
use crate::log::{self, Level};
use crate::scorer::Scorer;
use crate::verdict::Verdict;

/// One scorer of a plugin, without its types.
pub trait Entry {
    const NAME: &'static str;

    fn describe() -> ScorerDescription;

    fn score(parameters: &str, row: Row) -> Result<Outcome, Failure>;
}

impl<S: Scorer> Entry for S {
    const NAME: &'static str = <S as Scorer>::NAME;

    fn describe() -> ScorerDescription {
        ScorerDescription {
            name: S::NAME.to_owned(),
            summary: S::SUMMARY.to_owned(),
            parameters: schemars::schema_for!(S).to_value().to_string(),
            value: S::Verdict::KIND,
            labels: S::Verdict::LABELS.iter().map(|&label| label.to_owned()).collect(),
            better: S::BETTER,
            needs: S::NEEDS,
            determinism: S::DETERMINISM,
        }
    }

    fn score(parameters: &str, row: Row) -> Result<Outcome, Failure> {
        let scorer: S = self::parameters(S::NAME, parameters)?;
        scorer.score(&crate::Row(row)).map(Outcome::from)
    }
}

/// Reads an item of a plugin from its parameters.
pub(crate) fn parameters<T: DeserializeOwned>(name: &str, parameters: &str) -> Result<T, Failure> {
    serde_json::from_str(parameters)
        .map_err(|error| Failure::bad_parameter(format!("the parameters of `{name}` can't be read: {error}")))
}

/// What a plugin says about itself.
pub trait Describes {
    fn describe() -> PluginDescription;
}

impl<P: Describes> describe::Guest for P {
    fn describe() -> PluginDescription {
        log_panics();
        <P as Describes>::describe()
    }
}

/// All scorers of a plugin.
pub trait Scores {
    fn score(name: &str, parameters: &str, row: Row) -> Result<Outcome, Failure>;
}

impl<P: Scores> scorer::Guest for P {
    fn score(name: String, parameters: String, row: Row) -> Result<Outcome, Failure> {
        log_panics();
        <P as Scores>::score(&name, &parameters, row)
    }
}

/// The host asked for an item that `describe` does not list.
pub fn unknown(noun: &str, name: &str) -> Failure {
    Failure::bad_parameter(format!("this plugin has no {noun} `{name}`"))
}

/// Sends the message of a panic to the log, as one entry `panicked at PLACE:` and the message on the lines behind it.
///
/// It takes the place of the standard hook, which writes the same to standard error: the host reads both, and whoever
/// looks at a failure should meet the message once.
pub(crate) fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|panic| log::emit(Level::Error, &panic.to_string()))));
}
