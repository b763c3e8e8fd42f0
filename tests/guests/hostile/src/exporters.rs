//! What an exporter may do, by mistake or on purpose.

use std::cell::RefCell;

use karat_sdk::exporter::{Batch, Encoding, Receipt};
use karat_sdk::prelude::*;
use karat_sdk::{Exporter, sink};

thread_local! {
    static HELD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// An exporter by what its `export` and `flush` do.
macro_rules! exporter {
    ($name:literal, $type:ident, $export:expr, $flush:expr) => {
        #[doc = $name]
        #[derive(::serde::Deserialize, ::karat_sdk::schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(crate = "karat_sdk::schemars")]
        pub(crate) struct $type {}

        impl Exporter for $type {
            const NAME: &str = $name;
            const SUMMARY: &str = $name;

            fn accepts(&self) -> Vec<Encoding> {
                vec![Encoding::OtlpJson]
            }

            fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
                let export: fn(&Batch) -> Result<Receipt, Failure> = $export;
                export(batch)
            }

            fn flush(&self) -> Result<(), Failure> {
                let flush: fn() -> Result<(), Failure> = $flush;
                flush()
            }
        }
    };
}

exporter!(
    "overstates",
    Overstates,
    |batch| Ok(Receipt { accepted: batch.span_count + 1, rejected: 0, message: None }),
    || Ok(())
);
exporter!(
    "understates",
    Understates,
    |batch| Ok(Receipt { accepted: batch.span_count - 1, rejected: 0, message: None }),
    || Ok(())
);
exporter!(
    "never_returns",
    NeverReturns,
    |_| loop {
        std::hint::spin_loop()
    },
    || Ok(())
);
exporter!("breaks_off", BreaksOff, |_| panic!("the wire was cut"), || Ok(()));

// Writes the batch again and again.
exporter!(
    "writes_without_end",
    WritesWithoutEnd,
    |batch| loop {
        sink::write(&batch.payload)?;
    },
    || Ok(())
);

// Writes nothing before it is asked to: the ids of the batches, a line each.
exporter!(
    "holds_back",
    HoldsBack,
    |batch| {
        HELD.with_borrow_mut(|held| held.push(batch.id.clone()));
        Ok(Receipt::accepted(batch))
    },
    || sink::write(HELD.with_borrow(|held| held.join("\n")).as_bytes())
);
