//! The plugin `test/hostile`: what a stranger's plugin may do, by mistake or on purpose. One scorer for each, named
//! after what it does.

mod aggregators;
mod endings;
mod exporters;
mod predictors;
mod surroundings;
mod traces;
mod verdicts;

/// A scorer by what its `score` does; parameters are fields.
macro_rules! scorer {
    ($name:literal, $type:ident { $($field:ident: $kind:ty)? }, $verdict:ty, $score:expr) => {
        #[doc = $name]
        #[derive(::serde::Deserialize, ::karat_sdk::schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(crate = "karat_sdk::schemars")]
        pub(crate) struct $type {
            $(pub(crate) $field: $kind,)?
        }

        impl ::karat_sdk::Scorer for $type {
            const NAME: &str = $name;
            const SUMMARY: &str = $name;
            const BETTER: ::karat_sdk::Direction = ::karat_sdk::Direction::Neutral;
            type Verdict = $verdict;

            fn score(&self, row: &::karat_sdk::Row) -> Result<::karat_sdk::Outcome<$verdict>, ::karat_sdk::Failure> {
                let score: fn(&Self, &::karat_sdk::Row) -> Result<::karat_sdk::Outcome<$verdict>, ::karat_sdk::Failure> = $score;
                score(self, row)
            }
        }
    };
}
pub(crate) use scorer;

karat_sdk::plugin! {
    name: "test/hostile",
    scorers: [
        endings::Panics,
        endings::Loops,
        endings::Allocates,
        endings::Recurses,
        endings::Sleeps,
        endings::Exits,
        endings::Traps,
        endings::Fails,
        endings::Abstains,
        verdicts::Nan,
        verdicts::Infinite,
        verdicts::Empty,
        verdicts::WrongKind,
        verdicts::LongOutput,
        surroundings::Counts,
        surroundings::Clock,
        surroundings::Random,
        surroundings::Surroundings,
        surroundings::Prints,
        surroundings::Logs,
        surroundings::Seed,
        surroundings::Echo,
        traces::KeepsTrace,
        traces::TellsTrace,
    ],
    aggregators: [
        aggregators::AddsForever,
        aggregators::Hoards,
        aggregators::PanicsInTheMiddle,
        aggregators::ExitsAtTheEnd,
        aggregators::GivesNan,
        aggregators::TrueShare,
    ],
    predictors: [
        predictors::AnswersNoJson,
        predictors::AnswersMuch,
        predictors::AnswersDeep,
        predictors::AnswersWell,
    ],
    exporters: [
        exporters::Overstates,
        exporters::Understates,
        exporters::NeverReturns,
        exporters::BreaksOff,
        exporters::WritesWithoutEnd,
        exporters::HoldsBack,
    ],
}
