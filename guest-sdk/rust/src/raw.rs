//! What [`plugin!`](crate::plugin) is made of. Test guests that break the contract on purpose use it directly; nothing
//! here is promised.

use std::panic;
use std::sync::Once;

pub use crate::bindings::exports::karat::eval::describe::{PluginDescription, ScorerDescription};
use crate::bindings::exports::karat::eval::{describe, scorer};
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
        read::<S>(parameters)?.score(&crate::Row(row)).map(Outcome::from)
    }
}

/// Reads a scorer from its parameters.
pub(crate) fn read<S: Scorer>(parameters: &str) -> Result<S, Failure> {
    serde_json::from_str(parameters)
        .map_err(|error| Failure::bad_parameter(format!("the parameters of `{}` can't be read: {error}", S::NAME)))
}

/// All scorers of a plugin.
pub trait Plugin {
    fn describe() -> PluginDescription;

    fn score(name: &str, parameters: &str, row: Row) -> Result<Outcome, Failure>;
}

/// What the world asks of a plugin.
pub type Exported = (fn() -> PluginDescription, fn(&str, &str, Row) -> Result<Outcome, Failure>);

impl<P: Plugin> describe::Guest for P {
    fn describe() -> PluginDescription {
        log_panics();
        <P as Plugin>::describe()
    }
}

impl<P: Plugin> scorer::Guest for P {
    fn score(name: String, parameters: String, row: Row) -> Result<Outcome, Failure> {
        log_panics();
        <P as Plugin>::score(&name, &parameters, row)
    }
}

/// The host asked for a scorer that `describe` does not list.
pub fn unknown(name: &str) -> Failure {
    Failure::bad_parameter(format!("this plugin has no scorer `{name}`"))
}

/// Sends the message of a panic to the log, as one entry `panicked at PLACE:` and the message on the lines behind it.
///
/// It takes the place of the standard hook, which writes the same to standard error: the host reads both, and whoever
/// looks at a failure should meet the message once.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|panic| log::emit(Level::Error, &panic.to_string()))));
}
