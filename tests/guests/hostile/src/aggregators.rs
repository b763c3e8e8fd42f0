//! What an aggregator may do, by mistake or on purpose.

use std::hint::black_box;

use karat_sdk::aggregator::{Aggregator, Measure, Scored};
use karat_sdk::prelude::*;

/// An aggregator by what its `add` does with what it keeps, and what number it makes of that.
macro_rules! aggregator {
    ($name:literal, $type:ident, $sums:ty, $add:expr, $finish:expr) => {
        #[doc = $name]
        #[derive(::serde::Deserialize, ::karat_sdk::schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(crate = "karat_sdk::schemars")]
        pub(crate) struct $type {}

        impl Aggregator for $type {
            const NAME: &str = $name;
            const SUMMARY: &str = $name;
            type Sums = $sums;

            fn add(&self, sums: &mut $sums, scored: &Scored) -> Result<(), Failure> {
                let add: fn(&mut $sums, &Scored) -> Result<(), Failure> = $add;
                add(sums, scored)
            }

            fn finish(&self, sums: $sums) -> Result<Measure, Failure> {
                let finish: fn($sums) -> f64 = $finish;
                Ok(Measure::new(finish(sums)))
            }
        }
    };
}

aggregator!(
    "adds_forever",
    AddsForever,
    (),
    |(), _| loop {
        black_box(0);
    },
    |()| 0.0
);

aggregator!(
    "hoards",
    Hoards,
    Vec<Vec<u8>>,
    |kept, _| {
        kept.push(black_box(vec![1; 1 << 20]));
        Ok(())
    },
    |kept| kept.len() as f64
);

aggregator!(
    "panics_in_the_middle",
    PanicsInTheMiddle,
    u32,
    |rows, scored| {
        *rows += 1;
        assert!(*rows < 150, "it was too much at `{}`", scored.row().id());
        Ok(())
    },
    f64::from
);

aggregator!("exits_at_the_end", ExitsAtTheEnd, (), |(), _| Ok(()), |()| std::process::exit(3));

aggregator!("gives_nan", GivesNan, (), |(), _| Ok(()), |()| f64::NAN);

// Well behaved: the share of verdicts that are true, of all scorers that it sees.
aggregator!(
    "true_share",
    TrueShare,
    (f64, f64),
    |(all, passed), scored| {
        for scorer in scored.scorers() {
            *all += 1.0;
            *passed += f64::from(u8::from(scored.verdict(scorer) == Some(&Value::Boolean(true))));
        }
        Ok(())
    },
    |(all, passed)| passed / all
);
