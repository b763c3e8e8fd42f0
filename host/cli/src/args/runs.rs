//! What can be typed of runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use reports::Format;

use super::ExportTo;

/// Of a run as one file that is imported elsewhere.
const PORTABLE: &str = "karat";

#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// The newest runs.
    List {
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// One run: its numbers, and the rows that went wrong.
    Show {
        /// A run id, the first digits of one, or `last`.
        run: String,
        /// List rows with a false verdict or a failure, with the reasons.
        #[arg(long)]
        failing: bool,
        /// Say what judges were asked and what it cost, for each scorer.
        #[arg(long)]
        cost: bool,
        /// At most this many of them.
        #[arg(long, default_value_t = 20, value_name = "N")]
        rows: usize,
    },
    /// Say whether what a run came of is still the same, and its results still give its report.
    Verify(Verify),
    /// Run it again from what was replied then, asking nobody, and say whether the same comes out.
    Replay(Replay),
    /// Every row and trial of a run with its feedback, in dataset order; or the run as one file for another machine.
    Export {
        /// A run id, the first digits of one, or `last`.
        run: String,
        /// `karat` is the run with its suite, data, exchanges and plugins, for `karat runs import`.
        #[arg(long, default_value = Format::Jsonl.name(), value_parser = written())]
        format: Written,
        /// Write to this file instead of standard output.
        #[arg(long, short, value_name = "FILE", required_if_eq("format", PORTABLE))]
        output: Option<PathBuf>,
        #[command(flatten)]
        to: ExportTo,
    },
    /// Take in a run that was exported with `--format karat`.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Rows that are known to be unsteady, and make no regression.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// Delete runs and their results. `karat doctor --compact` gives back their space.
    Delete {
        /// Run ids, or the first digits of them.
        #[arg(required_unless_present = "older_than")]
        runs: Vec<String>,
        /// Runs that started longer ago than this, such as `30d` or `12h`.
        #[arg(long, value_name = "TIME", conflicts_with = "runs", value_parser = humantime::parse_duration)]
        older_than: Option<Duration>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A run id, the first digits of one, or `last`.
    pub(crate) run: String,
    /// Where the suite is now, with its data and plugins beside it as they were [default: where it was].
    #[arg(long, value_name = "FILE")]
    pub(crate) suite: Option<PathBuf>,
    /// Where the cassette is now [default: where it was].
    #[arg(long, value_name = "FILE")]
    pub(crate) cassette: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A run id, the first digits of one, or `last`.
    pub(crate) run: String,
    /// Take replies from this cassette [default: the run's own, else what the store has of its exchanges].
    #[arg(long, value_name = "FILE")]
    pub(crate) cassette: Option<PathBuf>,
    /// How many differing rows are named.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) rows: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// Put rows on the list. They are scored, and make no regression from the next run on.
    Add {
        /// The name of the suite.
        suite: String,
        /// Their ids.
        #[arg(required = true)]
        rows: Vec<String>,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take rows off the list.
    Remove {
        /// The name of the suite.
        suite: String,
        /// Their ids.
        #[arg(required = true)]
        rows: Vec<String>,
    },
    /// The list.
    List {
        /// Of one suite only.
        suite: Option<String>,
    },
}

/// What a run is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Report(Format),
    Portable,
}

fn written() -> impl TypedValueParser<Value = Written> {
    let names = Format::ALL.map(Format::name).into_iter().chain([PORTABLE]);
    PossibleValuesParser::new(names).try_map(|name| match &*name {
        PORTABLE => Ok(Written::Portable),
        name => name.parse().map(Written::Report),
    })
}
