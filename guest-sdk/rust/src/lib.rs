//! Scorers for Karat, written in Rust.
//!
//! A scorer is a type that implements [`Scorer`]; its fields are its parameters. [`plugin!`] makes a plugin of one or
//! more scorers: a WebAssembly component that `karat` runs in a sandbox.
//!
//! ```
//! use karat_sdk::prelude::*;
//!
//! /// Whether the answer says sorry.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Apology {}
//!
//! impl Scorer for Apology {
//!     const NAME: &str = "apology";
//!     const SUMMARY: &str = "whether the answer says sorry";
//!     const BETTER: Direction = Direction::Maximize;
//!     type Verdict = bool;
//!
//!     fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
//!         let answer = row.outputs()?.text()?;
//!         Ok(Feedback::from(answer.contains("sorry")).because("looked for `sorry`").into())
//!     }
//! }
//!
//! karat_sdk::plugin! { name: "acme/manners", scorers: [Apology] }
//!
//! let row = karat_sdk::testing::row().outputs("So sorry!");
//! assert!(row.verdict::<Apology>(json!({})));
//! ```
//!
//! `karat plugin new --lang rust NAME` makes a project with this crate in it, `karat plugin build` the plugin.
//!
//! The host makes a fresh instance for every row and scorer. So there is nothing to set up and nothing to keep: a call
//! should cost what its row costs. What a scorer does not read of a row is not parsed.
//!
//! What else a scorer may use is declared in the project's `plugin.toml` and granted by a suite: [`http`], [`judge`] and
//! [`kv`]. All of it goes through the host, which holds the keys.

// Generated code names this crate as its users do.
extern crate self as karat_sdk;

mod agent;
pub mod aggregator;
#[doc(hidden)]
pub mod bindings;
pub mod exporter;
mod failure;
mod feedback;
pub mod http;
mod json;
pub mod judge;
pub mod kv;
pub mod log;
pub mod predictor;
pub mod process;
#[doc(hidden)]
pub mod raw;
mod row;
mod scorer;
pub mod sink;
pub mod testing;
pub mod trace;
mod verdict;

pub use agent::{Document, ToolCall};
pub use aggregator::Aggregator;
pub use exporter::Exporter;
pub use failure::{ErrorCode, Failure, excerpt};
pub use feedback::{Feedback, Outcome};
pub use json::{Fields, Json};
pub use predictor::{Prediction, Predictor};
pub use row::Row;
pub use scorer::{Determinism, Direction, Needs, Scorer};
pub use verdict::{Value, ValueKind, Verdict};

pub use schemars;
pub use serde;
pub use serde_json;
#[doc(hidden)]
pub use wit_bindgen;

/// What almost every scorer uses. `schemars` and `serde_json` come along, so that a plugin needs this crate and serde
/// only.
pub mod prelude {
    pub use schemars::{self, JsonSchema};
    pub use serde::Deserialize;
    pub use serde_json::{self, json};

    pub use crate::{
        Determinism, Direction, ErrorCode, Failure, Feedback, Fields, Json, Needs, Outcome, Row, Scorer, Value,
        ValueKind, Verdict, log,
    };
}

/// Makes a plugin of this crate: `plugin! { name: "publisher/name", scorers: [One, Two], aggregators: [Three],
/// predictors: [Four], exporters: [Five] }`, with what there is of these. Its version is the crate's.
///
/// Compiled for WebAssembly, the crate exports what the worlds of `karat:eval` ask for. Natively nothing is exported; that
/// everything is what it is listed as is checked all the same.
#[macro_export]
macro_rules! plugin {
    (
        name: $name:literal
        $(, scorers: [$($scorer:ty),+ $(,)?])?
        $(, aggregators: [$($aggregator:ty),+ $(,)?])?
        $(, predictors: [$($predictor:ty),+ $(,)?])?
        $(, exporters: [$($exporter:ty),+ $(,)?])?
        $(,)?
    ) => {
        const _: () = {
            struct Plugin;

            impl $crate::raw::Describes for Plugin {
                fn describe() -> $crate::raw::PluginDescription {
                    $crate::raw::PluginDescription {
                        name: ::std::string::String::from($name),
                        version: ::std::string::String::from(::std::env!("CARGO_PKG_VERSION")),
                        scorers: ::std::vec![$($(<$scorer as $crate::raw::Entry>::describe()),+)?],
                        aggregators: ::std::vec![$($(<$aggregator as $crate::aggregator::raw::Entry>::describe()),+)?],
                        predictors: ::std::vec![$($(<$predictor as $crate::predictor::raw::Entry>::describe()),+)?],
                        exporters: ::std::vec![$($(<$exporter as $crate::exporter::raw::Entry>::describe()),+)?],
                    }
                }
            }

            // Where nothing is exported, everything is in use all the same.
            const _: fn() -> $crate::raw::PluginDescription = <Plugin as $crate::raw::Describes>::describe;

            #[cfg(target_family = "wasm")]
            $crate::bindings::describes::export_describe!(Plugin with_types_in $crate::bindings::describes);

            $(
                impl $crate::raw::Scores for Plugin {
                    fn score(
                        name: &str,
                        parameters: &str,
                        row: $crate::raw::Row,
                    ) -> ::std::result::Result<$crate::raw::Outcome, $crate::raw::Failure> {
                        $(if name == <$scorer as $crate::raw::Entry>::NAME {
                            return <$scorer as $crate::raw::Entry>::score(parameters, row);
                        })+
                        ::std::result::Result::Err($crate::raw::unknown("scorer", name))
                    }
                }

                #[cfg(target_family = "wasm")]
                $crate::bindings::export_scorer!(Plugin with_types_in $crate::bindings);
            )?

            $(
                impl $crate::aggregator::raw::Aggregates for Plugin {
                    fn start(
                        name: &str,
                        parameters: &str,
                    ) -> ::std::result::Result<
                        ::std::boxed::Box<dyn $crate::aggregator::raw::Accumulate>,
                        $crate::raw::Failure,
                    > {
                        $(if name == <$aggregator as $crate::aggregator::raw::Entry>::NAME {
                            return <$aggregator as $crate::aggregator::raw::Entry>::start(parameters);
                        })+
                        ::std::result::Result::Err($crate::raw::unknown("aggregator", name))
                    }
                }

                #[cfg(target_family = "wasm")]
                $crate::bindings::aggregates::export_aggregator!(Plugin with_types_in $crate::bindings::aggregates);
            )?

            $(
                impl $crate::predictor::raw::Predicts for Plugin {
                    fn predict(
                        name: &str,
                        parameters: &str,
                        row: $crate::raw::Row,
                        span: &$crate::predictor::SpanContext,
                    ) -> ::std::result::Result<$crate::predictor::raw::Prediction, $crate::raw::Failure> {
                        $(if name == <$predictor as $crate::predictor::raw::Entry>::NAME {
                            return <$predictor as $crate::predictor::raw::Entry>::predict(parameters, row, span);
                        })+
                        ::std::result::Result::Err($crate::raw::unknown("predictor", name))
                    }
                }

                #[cfg(target_family = "wasm")]
                $crate::bindings::predicts::export_predictor!(Plugin with_types_in $crate::bindings::predicts);
            )?

            $(
                impl $crate::exporter::raw::Sends for Plugin {
                    fn accepts(
                        name: &str,
                        parameters: &str,
                    ) -> ::std::result::Result<::std::vec::Vec<$crate::exporter::Encoding>, $crate::raw::Failure> {
                        $(if name == <$exporter as $crate::exporter::raw::Entry>::NAME {
                            return <$exporter as $crate::exporter::raw::Entry>::accepts(parameters);
                        })+
                        ::std::result::Result::Err($crate::raw::unknown("exporter", name))
                    }

                    fn export(
                        name: &str,
                        parameters: &str,
                        batch: &$crate::exporter::Batch,
                    ) -> ::std::result::Result<$crate::exporter::Receipt, $crate::raw::Failure> {
                        $(if name == <$exporter as $crate::exporter::raw::Entry>::NAME {
                            return <$exporter as $crate::exporter::raw::Entry>::export(parameters, batch);
                        })+
                        ::std::result::Result::Err($crate::raw::unknown("exporter", name))
                    }

                    fn flush(name: &str, parameters: &str) -> ::std::result::Result<(), $crate::raw::Failure> {
                        $(if name == <$exporter as $crate::exporter::raw::Entry>::NAME {
                            return <$exporter as $crate::exporter::raw::Entry>::flush(parameters);
                        })+
                        ::std::result::Result::Err($crate::raw::unknown("exporter", name))
                    }
                }

                #[cfg(target_family = "wasm")]
                $crate::bindings::sends::export_exporter!(Plugin with_types_in $crate::bindings::sends);
            )?
        };
    };
}
