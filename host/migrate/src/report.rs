//! What came across, and what did not.

use std::collections::BTreeMap;
use std::fmt;

/// Of what is left out for one reason, so many are named.
const NAMED: usize = 10;

/// So many reasons are told; what has yet another is counted.
const REASONS: usize = 500;

/// What can be carried over, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Experiment,
    Run,
    MetricPoint,
    File,
    LoggedModel,
    Trace,
    Span,
    Assessment,
    Dataset,
    Record,
    Prompt,
    PromptVersion,
    RegisteredModel,
    ModelVersion,
    Scorer,
    LabelSchema,
    ReviewQueue,
    ReviewItem,
    Issue,
    /// What there is no place for.
    Other(&'static str),
}

impl Kind {
    /// As a person calls many of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Experiment => "experiments",
            Self::Run => "runs",
            Self::MetricPoint => "metric points",
            Self::File => "files",
            Self::LoggedModel => "logged models",
            Self::Trace => "traces",
            Self::Span => "spans",
            Self::Assessment => "assessments",
            Self::Dataset => "datasets",
            Self::Record => "dataset records",
            Self::Prompt => "prompts",
            Self::PromptVersion => "prompt versions",
            Self::RegisteredModel => "registered models",
            Self::ModelVersion => "model versions",
            Self::Scorer => "scorers",
            Self::LabelSchema => "label schemas",
            Self::ReviewQueue => "review queues",
            Self::ReviewItem => "review items",
            Self::Issue => "issues",
            Self::Other(plural) => plural,
        }
    }
}

/// How many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub new: u64,
    /// Those that were there before.
    pub known: u64,
}

/// What was left out of one kind, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub kind: Kind,
    pub why: String,
    pub count: u64,
    /// The first of them, by whatever they are called.
    pub names: Vec<String>,
}

/// What became of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    counts: BTreeMap<Kind, Count>,
    left_out: BTreeMap<(Kind, String), (u64, Vec<String>)>,
}

impl Report {
    /// Of each kind that there was any of.
    pub fn counts(&self) -> impl Iterator<Item = (Kind, Count)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    pub fn count(&self, kind: Kind) -> Count {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    pub fn left_out(&self) -> impl Iterator<Item = LeftOut> {
        self.left_out.iter().map(|((kind, why), (count, names))| LeftOut {
            kind: *kind,
            why: why.clone(),
            count: *count,
            names: names.clone(),
        })
    }

    /// How many things were left out, for whatever reason.
    pub(crate) fn count_left_out(&self) -> u64 {
        self.left_out.values().map(|(count, _)| count).sum()
    }

    pub(crate) fn add(&mut self, kind: Kind, new: u64, known: u64) {
        if new + known > 0 {
            let count = self.counts.entry(kind).or_default();
            count.new += new;
            count.known += known;
        }
    }

    pub(crate) fn leave_out(&mut self, kind: Kind, name: impl Into<String>, why: impl fmt::Display) {
        let mut reason = (kind, why.to_string());
        if self.left_out.len() >= REASONS && !self.left_out.contains_key(&reason) {
            reason.1 = "for yet other reasons".to_owned();
        }
        let (count, names) = self.left_out.entry(reason).or_default();
        *count += 1;
        if names.len() < NAMED {
            names.push(name.into());
        }
    }

    /// Leaves out so many that nobody needs to name.
    pub(crate) fn leave_out_all(&mut self, kind: Kind, count: u64, why: impl fmt::Display) {
        if count > 0 {
            self.left_out.entry((kind, why.to_string())).or_default().0 += count;
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.kind.plural(), self.count)?;
        if !self.names.is_empty() {
            let more = if self.count > self.names.len() as u64 { ", …" } else { "" };
            write!(f, ": {}{more}", self.names.join(", "))?;
        }
        write!(f, "): {}", self.why)
    }
}
