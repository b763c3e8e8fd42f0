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

#[doc(hidden)]
pub mod bindings;
mod failure;
mod feedback;
pub mod http;
mod json;
pub mod judge;
pub mod kv;
pub mod log;
#[doc(hidden)]
pub mod raw;
mod row;
mod scorer;
pub mod testing;
pub mod trace;
mod verdict;

pub use failure::{ErrorCode, Failure};
pub use feedback::{Feedback, Outcome};
pub use json::{Fields, Json};
pub use row::Row;
pub use scorer::{Determinism, Direction, Needs, Scorer};
pub use verdict::{Value, ValueKind, Verdict};

pub use schemars;
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

/// Makes a plugin of this crate: `plugin! { name: "publisher/name", scorers: [One, Two] }`. Its version is the crate's.
///
/// Compiled for WebAssembly, the crate exports what the world `karat:eval/scorer-plugin` asks for. Natively nothing is
/// exported; that every scorer is one is checked all the same.
#[macro_export]
macro_rules! plugin {
    (name: $name:literal, scorers: [$($scorer:ty),+ $(,)?] $(,)?) => {
        const _: () = {
            struct Plugin;

            impl $crate::raw::Plugin for Plugin {
                fn describe() -> $crate::raw::PluginDescription {
                    $crate::raw::PluginDescription {
                        name: ::std::string::String::from($name),
                        version: ::std::string::String::from(::std::env!("CARGO_PKG_VERSION")),
                        scorers: ::std::vec![$(<$scorer as $crate::raw::Entry>::describe()),+],
                        aggregators: ::std::vec::Vec::new(),
                        predictors: ::std::vec::Vec::new(),
                        exporters: ::std::vec::Vec::new(),
                    }
                }

                fn score(
                    name: &str,
                    parameters: &str,
                    row: $crate::raw::Row,
                ) -> ::std::result::Result<$crate::raw::Outcome, $crate::raw::Failure> {
                    $(if name == <$scorer as $crate::raw::Entry>::NAME {
                        return <$scorer as $crate::raw::Entry>::score(parameters, row);
                    })+
                    ::std::result::Result::Err($crate::raw::unknown(name))
                }
            }

            // Where nothing is exported, the scorers are in use all the same.
            const _: $crate::raw::Exported =
                (<Plugin as $crate::raw::Plugin>::describe, <Plugin as $crate::raw::Plugin>::score);

            #[cfg(target_family = "wasm")]
            $crate::bindings::export_scorer_plugin!(Plugin with_types_in $crate::bindings);
        };
    };
}
