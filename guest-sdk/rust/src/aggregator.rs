//! What an aggregator is: a type whose fields are its parameters, and what it keeps from row to row.
//!
//! ```
//! use karat_sdk::aggregator::{Aggregator, Measure, Scored};
//! use karat_sdk::prelude::*;
//!
//! /// How long all answers are together.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct TotalLength {}
//!
//! impl Aggregator for TotalLength {
//!     const NAME: &str = "total_length";
//!     const SUMMARY: &str = "how many characters all outputs have together";
//!     type Sums = usize;
//!
//!     fn add(&self, sums: &mut usize, scored: &Scored) -> Result<(), Failure> {
//!         *sums += scored.row().outputs()?.text()?.chars().count();
//!         Ok(())
//!     }
//!
//!     fn finish(&self, sums: usize) -> Result<Measure, Failure> {
//!         Ok(Measure::new(sums as f64).note("unit:characters"))
//!     }
//! }
//!
//! karat_sdk::plugin! { name: "acme/lengths", aggregators: [TotalLength] }
//!
//! use karat_sdk::testing::{aggregate, row};
//! let measure = aggregate::<TotalLength>(json!({}), [row().outputs("four").build(), row().outputs("x").build()]);
//! assert_eq!(measure.expect("a number").value(), 5.0);
//! ```

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::bindings::aggregates::exports::karat::eval::aggregator as exported;
use crate::bindings::karat::eval::types;
use crate::failure::Failure;
use crate::row::Row;

/// Makes numbers of a whole run that no row has alone.
///
/// The fields of the type are the parameters that a suite sets under `with:`; their JSON Schema is what it is checked
/// against.
pub trait Aggregator: DeserializeOwned + JsonSchema + 'static {
    /// `[a-z][a-z0-9_]*`, unique within the plugin.
    const NAME: &str;
    /// What the main number says, in one sentence.
    const SUMMARY: &str;

    /// What is kept from row to row: no more than it takes, since it has to fit into the plugin's memory.
    type Sums: Default + 'static;

    /// Adds a row. Rows come in the order of the dataset, each once.
    ///
    /// # Errors
    ///
    /// Fails where the row is none that can be added. There is no number then.
    fn add(&self, sums: &mut Self::Sums, scored: &Scored) -> Result<(), Failure>;

    /// The numbers of all that was added.
    ///
    /// # Errors
    ///
    /// Fails where there is no number.
    fn finish(&self, sums: Self::Sums) -> Result<Measure, Failure>;
}

/// A row, with verdicts on it.
#[derive(Clone, Debug)]
pub struct Scored {
    row: Row,
    verdicts: Vec<(String, types::Outcome)>,
}

impl Scored {
    pub fn row(&self) -> &Row {
        &self.row
    }

    /// The main verdict of a scorer that the suite names under `of:`; none where it abstained or is not named.
    pub fn verdict(&self, scorer: &str) -> Option<&types::Value> {
        let (_, outcome) = self.verdicts.iter().find(|(key, _)| key == scorer)?;
        match outcome {
            types::Outcome::Scored(feedback) => feedback.iter().find(|one| one.name.is_none()).map(|one| &one.value),
            types::Outcome::Abstained(_) => None,
        }
    }

    /// The scorers that the suite names under `of:`, by their keys.
    pub fn scorers(&self) -> impl Iterator<Item = &str> {
        self.verdicts.iter().map(|(key, _)| key.as_str())
    }
}

impl From<Row> for Scored {
    /// A row without verdicts.
    fn from(row: Row) -> Self {
        Self { row, verdicts: Vec::new() }
    }
}

impl From<exported::Scored> for Scored {
    fn from(exported::Scored { row, verdicts }: exported::Scored) -> Self {
        let verdicts = verdicts.into_iter().map(|verdict| (verdict.scorer, verdict.outcome)).collect();
        Self { row: Row(row), verdicts }
    }
}

/// The main number of a run, and those that it rests on. All of them must be finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    value: f64,
    note: Option<String>,
    parts: Vec<(String, f64)>,
}

impl Measure {
    pub fn new(value: f64) -> Self {
        Self { value, note: None, parts: Vec::new() }
    }

    /// Says what it was computed by, such as the signature of a metric. Plain text.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Adds a number of its own name, `[a-z][a-z0-9_]*`: results have it as `AGGREGATOR/NAME`.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.parts.push((name.to_owned(), value));
        self
    }

    /// The main number.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The number that was added under `name`.
    pub fn part(&self, name: &str) -> Option<f64> {
        self.parts.iter().find(|(part, _)| part == name).map(|(_, value)| *value)
    }

    fn into_list(self) -> Vec<exported::Measure> {
        let main = exported::Measure { name: None, value: self.value, note: self.note };
        let part = |(name, value)| exported::Measure { name: Some(name), value, note: None };
        std::iter::once(main).chain(self.parts.into_iter().map(part)).collect()
    }
}

/// What [`plugin!`](crate::plugin) is made of where it has aggregators; nothing here is promised.
#[doc(hidden)]
pub mod raw {
    use std::cell::RefCell;
    use std::marker::PhantomData;

    use super::{Aggregator, Measure, Scored, exported};
    pub use crate::bindings::describes::exports::karat::eval::describe::ItemDescription;
    use crate::raw::{Failure, log_panics, parameters};

    /// One aggregator of a plugin, without its types.
    pub trait Entry {
        const NAME: &'static str;

        fn describe() -> ItemDescription;

        fn start(parameters: &str) -> Result<Box<dyn Accumulate>, Failure>;
    }

    impl<A: Aggregator> Entry for A {
        const NAME: &'static str = <A as Aggregator>::NAME;

        fn describe() -> ItemDescription {
            ItemDescription {
                name: A::NAME.to_owned(),
                summary: A::SUMMARY.to_owned(),
                parameters: schemars::schema_for!(A).to_value().to_string(),
            }
        }

        fn start(text: &str) -> Result<Box<dyn Accumulate>, Failure> {
            let aggregator: A = parameters(A::NAME, text)?;
            Ok(Box::new(Started { aggregator, sums: A::Sums::default() }))
        }
    }

    /// An aggregator at work.
    pub trait Accumulate {
        fn add(&mut self, scored: &Scored) -> Result<(), Failure>;

        fn finish(self: Box<Self>) -> Result<Measure, Failure>;
    }

    struct Started<A: Aggregator> {
        aggregator: A,
        sums: A::Sums,
    }

    impl<A: Aggregator> Accumulate for Started<A> {
        fn add(&mut self, scored: &Scored) -> Result<(), Failure> {
            self.aggregator.add(&mut self.sums, scored)
        }

        fn finish(self: Box<Self>) -> Result<Measure, Failure> {
            self.aggregator.finish(self.sums)
        }
    }

    /// All aggregators of a plugin.
    pub trait Aggregates: 'static {
        fn start(name: &str, parameters: &str) -> Result<Box<dyn Accumulate>, Failure>;
    }

    impl<P: Aggregates> exported::Guest for P {
        type Accumulator = Accumulator<P>;
    }

    /// What the host holds a handle of.
    pub struct Accumulator<P> {
        at_work: RefCell<Box<dyn Accumulate>>,
        plugin: PhantomData<P>,
    }

    impl<P: Aggregates> exported::GuestAccumulator for Accumulator<P> {
        fn start(name: String, parameters: String) -> Result<exported::Accumulator, Failure> {
            log_panics();
            let at_work = RefCell::new(P::start(&name, &parameters)?);
            Ok(exported::Accumulator::new(Self { at_work, plugin: PhantomData }))
        }

        fn add(&self, chunk: Vec<exported::Scored>) -> Result<(), Failure> {
            let mut at_work = self.at_work.borrow_mut();
            chunk.into_iter().try_for_each(|scored| at_work.add(&scored.into()))
        }

        fn finish(accumulator: exported::Accumulator) -> Result<Vec<exported::Measure>, Failure> {
            let Self { at_work, .. } = accumulator.into_inner();
            at_work.into_inner().finish().map(Measure::into_list)
        }
    }
}
