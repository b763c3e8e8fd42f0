//! One pass over a data file, before anything runs.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Read};
use std::ops::ControlFlow;

use model::object;
use model::ports::{BrokenRecord, BrokenTrace, DataReader, Record, TraceReader};
use model::row::RowRecord;
use model::run::{DatasetSnapshot, RunPlan};
use model::slice::SliceKey;

use super::findings::Findings;
use super::hashing::Hashing;
use super::identity::{Collected, Identities, generated, hash_inputs, hash_text};
use super::meant::{Meant, Place};
use super::row::Flaw;
use super::rows::Shape;
use crate::problem::{Problem, Problems};
use crate::suite::Source;
use crate::{nearest, pointer};

/// What is checked, and against what.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub reader: &'a dyn DataReader,
    pub traces: &'a dyn TraceReader,
    pub plan: &'a RunPlan,
    pub suite: &'a Source,
    /// The data file as the user named it.
    pub path: &'a str,
}

/// A data file that can be run on.
pub struct Checked {
    pub snapshot: DatasetSnapshot,
    pub identities: Identities,
}

/// Why a data file can't be run on.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    #[error(transparent)]
    Invalid(#[from] Problems),
    #[error("`{path}` can't be read")]
    Read { path: String, source: io::Error },
    #[error("rows can't be written down while they are read")]
    Spool { source: io::Error },
}

/// Reads a data file to its end and reports everything that is wrong with it.
///
/// # Errors
///
/// Fails with the problems of the file, or when it can't be read.
pub fn validate(input: Input<'_>, source: &mut dyn Read) -> Result<Checked, DatasetError> {
    let mut source = Hashing::new(source);
    let mut pass = Pass::new(input);
    let result = input.reader.read(input.plan.format, &mut source, &mut |record| {
        pass.record(record);
        ControlFlow::Continue(())
    });
    // A reader may stop early; the digest is that of the whole file.
    let result = result.and_then(|()| io::copy(&mut source, &mut io::sink()));
    result.map_err(|source| DatasetError::Read { path: input.path.to_owned(), source })?;
    let Finished { identities, rows, trials, left_out, grouped } = pass.finish()?;
    let (path, digest) = (input.path.to_owned(), source.digest());
    let snapshot = DatasetSnapshot { path, version: None, digest, rows, trials, left_out, grouped };
    Ok(Checked { snapshot, identities })
}

struct Pass<'a> {
    input: Input<'a>,
    shape: Shape,
    findings: Findings,
    identities: Collected,
    /// For each source of the map, whether it led somewhere.
    seen: Vec<bool>,
    /// The keys of the first record, for hints.
    first_keys: Vec<String>,
    /// Records of the file.
    records: u64,
    /// How often the inputs were seen that `only` may stand for.
    occurrences: u64,
    /// Rows of the run, and the sum of their trials.
    rows: u64,
    trials: u64,
    meant: Meant<'a>,
    /// Rows of other splits than the one that is asked for, and some of those that rows have, for hints.
    left_out: u64,
    splits: BTreeSet<String>,
    has_outputs: bool,
    /// Whether some row has a cluster, a session or a weight.
    grouped: bool,
    /// For each key that the suite slices by, whether a row has it; and the tags that rows have, for hints.
    sliced: Vec<bool>,
    tags: BTreeSet<String>,
    /// Hashes of the sessions so far, where the run may end before its last row.
    sessions: HashSet<u128>,
}

struct Finished {
    identities: Identities,
    rows: u64,
    trials: u64,
    left_out: u64,
    grouped: bool,
}

impl<'a> Pass<'a> {
    fn new(input: Input<'a>) -> Self {
        let shape = Shape::of(input.plan);
        Self {
            input,
            seen: vec![false; shape.map.as_ref().map_or(0, |map| map.sources().len())],
            shape,
            findings: Findings::new(input.path),
            identities: Collected::default(),
            first_keys: Vec::new(),
            records: 0,
            occurrences: 0,
            rows: 0,
            trials: 0,
            meant: Meant::of(input.plan),
            left_out: 0,
            splits: BTreeSet::new(),
            has_outputs: false,
            grouped: false,
            sliced: vec![false; input.plan.slices.len()],
            tags: BTreeSet::new(),
            sessions: HashSet::new(),
        }
    }

    fn record(&mut self, record: Result<Record, BrokenRecord>) {
        let record = match record {
            Ok(record) => record,
            Err(broken) => return self.findings.broken(broken),
        };
        if self.records == 0 {
            let entries = object::entries(record.fields.as_str()).unwrap_or_default();
            self.first_keys = entries.into_iter().map(|(key, _)| key.into_owned()).collect();
        }
        let index = self.records;
        self.records += 1;
        match self.shape.row(&record.fields, &mut self.seen) {
            Ok(row) => self.row(index, record.line, &row),
            Err(flaws) => flaws.into_iter().for_each(|flaw| self.findings.flaw(record.line, flaw)),
        }
    }

    fn row(&mut self, index: u64, line: u64, row: &RowRecord) {
        let is_meant = match (&row.id, hash_inputs(&row.inputs)) {
            (Some(id), _) => {
                self.identities.given(id, line);
                self.input.plan.only.as_ref().is_none_or(|only| only == id)
            }
            (None, Some(hash)) => {
                self.identities.generated(hash, index);
                self.is_meant(hash)
            }
            (None, None) => {
                let message = "nests deeper than 128 levels".to_owned();
                let hint = Some("give the row an `id`, or pass the value as a text".to_owned());
                return self.findings.flaw(line, Flaw { field: Some("inputs".to_owned()), message, hint });
            }
        };
        if let Some(Err(broken)) = row.trace.as_ref().map(|trace| self.input.traces.read(trace)) {
            return self.findings.flaw(line, flaw_of(broken));
        }
        self.slice(row);
        let place = self.meant.place(row);
        if place == Place::Elsewhere {
            self.leave_out(row);
        }
        if is_meant && place == Place::Meant {
            if let Some(flaw) = self.undecidable(row) {
                return self.findings.flaw(line, flaw);
            }
            self.rows += 1;
            self.trials += u64::from(row.trials.unwrap_or(self.input.plan.trials));
            self.has_outputs |= row.outputs.is_some();
            self.grouped |= row.cluster.is_some() || row.session.is_some() || row.weight.is_some();
        }
    }

    fn leave_out(&mut self, row: &RowRecord) {
        /// Splits that a hint looks at; nobody has more of them.
        const MOST_SPLITS: usize = 100;
        self.left_out += 1;
        if let Some(split) = &row.split
            && self.splits.len() < MOST_SPLITS
            && !self.splits.contains(split)
        {
            self.splits.insert(split.clone());
        }
    }

    /// Whether a row without an id of its own is the one that `only` asks for.
    fn is_meant(&mut self, hash: u64) -> bool {
        let Some(only) = &self.input.plan.only else { return true };
        if !only.starts_with(&generated(hash, 1)) {
            return false;
        }
        self.occurrences += 1;
        *only == generated(hash, self.occurrences)
    }

    fn finish(mut self) -> Result<Finished, Problems> {
        let (identities, repeated) = std::mem::take(&mut self.identities).finish();
        for (first, again) in repeated {
            let problem = Problem::new(self.input.path, format!("repeats the id of line {first}"));
            self.findings.add(problem.at(again).field("id").hint("an id names one row"));
        }
        let unmatched = self.unmatched_sources();
        if !unmatched.is_empty() {
            // Rows that lack what a source should give have that source to blame.
            self.findings.forget_flaws();
        }
        let missing = if self.findings.is_empty() && unmatched.is_empty() { self.missing() } else { None };
        let is_sound = self.findings.is_empty() && unmatched.is_empty() && missing.is_none();
        let mut problems = Problems(unmatched);
        if is_sound {
            problems.0.extend(self.unsliced());
        }
        problems.0.extend(self.findings.finish().0);
        problems.0.extend(missing);
        if problems.0.is_empty() {
            let Self { rows, trials, left_out, grouped, .. } = self;
            return Ok(Finished { identities, rows, trials, left_out, grouped });
        }
        Err(problems)
    }

    /// What keeps a run from being decided before its last row: its rows have to be independent and all alike.
    fn undecidable(&mut self, row: &RowRecord) -> Option<Flaw> {
        self.input.plan.stop?;
        let is_repeated = row.session.as_ref().is_some_and(|session| !self.sessions.insert(hash_text(session)));
        let fields = [
            ("weight", row.weight.is_some(), "rows that weigh differently"),
            ("trials", row.trials.is_some(), "rows that are tried a different number of times"),
            ("cluster", row.cluster.is_some(), "rows that belong together"),
            ("session", is_repeated, "rows that belong together"),
        ];
        let (field, _, what) = fields.into_iter().find(|(_, is_there, _)| *is_there)?;
        let message = format!("`stop` of the suite can't work with {what}");
        let hint = Some("take `stop` out of the suite, or this out of the rows".to_owned());
        Some(Flaw { field: Some(field.to_owned()), message, hint })
    }

    fn slice(&mut self, row: &RowRecord) {
        /// Tags of which some rows may have others each.
        const MOST_TAGS: usize = 100;
        for (is_there, key) in self.sliced.iter_mut().zip(&self.input.plan.slices) {
            *is_there |= key.of(row).is_some();
        }
        if self.sliced.contains(&false) && self.tags.len() < MOST_TAGS {
            self.tags.extend(row.tags.keys().cloned());
        }
    }

    /// Keys of slices that no row has.
    fn unsliced(&self) -> Vec<Problem> {
        let missing = self.input.plan.slices.iter().zip(&self.sliced).filter(|(_, is_there)| !**is_there);
        let problem = |(key, _): (&SliceKey, &bool)| {
            let hint = match (key, self.tags.len()) {
                (SliceKey::Tag(name), 1..) => nearest::hint(name, "tags", self.tags.iter().map(String::as_str)),
                _ => "take it out, or give rows what they are to be sliced by".to_owned(),
            };
            let message = format!("no row of `{}` has `{key}`", self.input.path);
            self.input.suite.problem("/slices", message).hint(hint)
        };
        missing.map(problem).collect()
    }

    fn unmatched_sources(&self) -> Vec<Problem> {
        let Some(map) = self.shape.map.as_ref().filter(|_| self.records > 0) else { return Vec::new() };
        let unmatched = map.sources().iter().zip(&self.seen).filter(|(_, seen)| !**seen);
        unmatched
            .map(|(source, _)| {
                let at = pointer::join("/data/map", &source.target);
                let keys = self.first_keys.iter().map(String::as_str);
                let top = source.text.split(['.', '[']).next().unwrap_or_default();
                let hint = match nearest::nearest(top, keys.clone()).filter(|near| *near != top) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the first row has {}", nearest::list(keys)),
                };
                let message = format!("`{}` is in no row of `{}`", source.text, self.input.path);
                self.input.suite.problem(&at, message).hint(hint)
            })
            .collect()
    }

    /// What a file without a flaw can still lack.
    fn missing(&self) -> Option<Problem> {
        let problem = |message: String| Problem::new(self.input.path, message);
        let plan = self.input.plan;
        if self.records == 0 {
            return Some(problem("there are no rows".to_owned()).hint("a run needs at least one"));
        }
        if let Some(split) = plan.split.as_ref().filter(|_| self.left_out == self.records) {
            let hint = match self.splits.len() {
                0 => "no row of it says its `split`".to_owned(),
                _ => nearest::hint(split, "splits", self.splits.iter().map(String::as_str)),
            };
            return Some(problem(format!("no row is of the split `{split}`")).hint(hint));
        }
        if self.rows == 0 {
            return Some(match &plan.only {
                Some(only) => problem(format!("no row has the id `{only}`"))
                    .hint("a row without an id gets a hash of its inputs; `karat runs export` shows it"),
                None => problem("no row is left to evaluate".to_owned()),
            });
        }
        let needing: Vec<_> =
            plan.scorers.iter().filter(|scorer| scorer.needs_outputs).map(|scorer| scorer.key.as_str()).collect();
        if self.has_outputs || plan.predictor.is_some() || needing.is_empty() {
            return None;
        }
        let hint = match &plan.map {
            Some(_) => "map one of the file's fields to `outputs`",
            None => {
                "every row needs `outputs`; `data.map` takes them from another field, `predict` asks an application"
            }
        };
        Some(problem(format!("no row has `outputs`, which {} can't do without", nearest::list(needing))).hint(hint))
    }
}

pub(super) fn flaw_of(BrokenTrace { field, message, hint }: BrokenTrace) -> Flaw {
    let field = if field.is_empty() { "trace".to_owned() } else { format!("trace.{field}") };
    Flaw { field: Some(field), message, hint }
}

#[cfg(test)]
mod tests;
