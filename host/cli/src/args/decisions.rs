//! What can be typed of what runs allow to be decided.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::card::Scale;
use model::slice::SliceKey;

use crate::authority::Permission;

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The baseline: a run id, the first digits of one, or `last`.
    pub(crate) run_a: String,
    /// The run that is held against it.
    pub(crate) run_b: String,
    /// Compare parts of the rows as well: by `split`, or by a tag as `tags.lang`.
    #[arg(long, value_name = "KEY")]
    pub(crate) slice: Vec<SliceKey>,
    /// By how much B may be worse in a scorer, such as `fluency=0.02`: say whether it is worse by less.
    #[arg(long, value_name = "SCORER=X", value_parser = margin)]
    pub(crate) margin: Vec<(String, f64)>,
    /// The difference that matters, for the number of rows that would settle it [default: the one at hand].
    #[arg(long, value_name = "X", value_parser = positive)]
    pub(crate) settle: Option<f64>,
    /// How p-values are adjusted over all that is tested.
    #[arg(long, value_enum, default_value_t = Adjust::Holm)]
    pub(crate) adjust: Adjust,
    /// Adjusted p-values up to this are evidence.
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = probability)]
    pub(crate) alpha: f64,
    /// How many rows on which B is worse are shown, for each scorer.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) rows: usize,
    /// Exit with 1 where B is worse than A in a scorer.
    #[arg(long)]
    pub(crate) fail_on_worse: bool,
    /// Write the comparison as well, such as `html=compare.html`, `markdown=compare.md` or `json=compare.json`.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report)]
    pub(crate) report: Vec<(ComparisonFormat, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Adjust {
    /// Holm: an error anywhere is as rare as alpha.
    Holm,
    /// Benjamini-Hochberg: of what is found, a share of alpha is false.
    Bh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComparisonFormat {
    Html,
    Markdown,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Power {
    /// The run whose rows say how verdicts vary: a run id, the first digits of one, or `last`.
    pub(crate) run: String,
    /// A run of another version on the same rows: how verdicts differ between two is known better than guessed from one.
    #[arg(long, value_name = "RUN")]
    pub(crate) with: Option<String>,
    /// The difference that is to be seen, in a scorer's own unit: 0.02 of a rate is two points.
    #[arg(long, value_name = "X", value_parser = positive)]
    pub(crate) difference: f64,
    /// How often a difference may be found where there is none.
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = probability)]
    pub(crate) alpha: f64,
    /// How often one that is there has to be found.
    #[arg(long, value_name = "P", default_value_t = 0.8, value_parser = probability)]
    pub(crate) power: f64,
}

#[derive(Debug, Args)]
pub(crate) struct Card {
    /// A run id, the first digits of one, or `last`; or a suite file, or a folder with a `karat.yaml`, which is run first.
    #[arg(value_name = "RUN|SUITE")]
    pub(crate) of: String,
    /// Where a row says what people said, such as `expectations.label` or `tags.verdict`.
    #[arg(long, value_name = "PATH")]
    pub(crate) human: String,
    /// One of its scorers, or `SCORER/SUB` for one of several verdicts [default: those that ask judges, or else all].
    #[arg(long, value_name = "KEY")]
    pub(crate) scorer: Vec<String>,
    /// The label of people that means true, for scorers that say true or false [default: true, yes, pass and 1 do].
    #[arg(long, value_name = "LABEL")]
    pub(crate) pass: Option<String>,
    /// What labels are [default: `interval` for numbers, else `nominal`].
    #[arg(long, value_enum)]
    pub(crate) scale: Option<ScaleOf>,
    /// How many rows are named that should be labelled next.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) next: usize,
    /// Have the suite judge each row so often, to see how far judges agree with themselves.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) repeats: Option<u32>,
    /// Let the suite reach what only you can allow: `http=http://127.0.0.1:8000`, `env=NAME@https://api.example.com`,
    /// `file=PATH@https://api.example.com`, `process=NAME`.
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Permission>,
    /// What is allowed, from this file instead of the one in your configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// How labels stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleOf {
    /// They differ, and that is all.
    Nominal,
    /// They are in an order.
    Ordinal,
    /// They are numbers.
    Interval,
}

impl From<ScaleOf> for Scale {
    fn from(scale: ScaleOf) -> Self {
        match scale {
            ScaleOf::Nominal => Self::Nominal,
            ScaleOf::Ordinal => Self::Ordinal,
            ScaleOf::Interval => Self::Interval,
        }
    }
}

fn margin(text: &str) -> Result<(String, f64), String> {
    let (scorer, margin) = text.split_once('=').ok_or("write it as SCORER=X, such as `fluency=0.02`")?;
    Ok((scorer.to_owned(), positive(margin)?))
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "write a number above 0, such as `0.02`".to_owned())
}

fn probability(text: &str) -> Result<f64, String> {
    positive(text).ok().filter(|number| *number < 1.0).ok_or_else(|| "write a number between 0 and 1".to_owned())
}

fn report(text: &str) -> Result<(ComparisonFormat, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("write it as FORMAT=FILE, such as `html=compare.html`")?;
    let format = ComparisonFormat::from_str(format, false)
        .map_err(|_| format!("a comparison can't be written as `{format}`: use `html`, `markdown` or `json`"))?;
    if path.is_empty() {
        return Err("the file is missing: write `html=compare.html`".to_owned());
    }
    Ok((format, path.into()))
}
