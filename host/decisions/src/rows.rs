//! A run's results as columns of numbers: one for each verdict, one number for each row.

use std::collections::{HashMap, VecDeque};

use model::aggregate::AggregateKind;
use model::feedback::{Feedback, Value};
use model::outcome::Outcome;
use model::ports::{Store, StoreError};
use model::run::{RowResult, RunId, RunPlan};
use model::scorer::Direction;

/// How many sub-feedbacks of one scorer are looked at; a guest names them. As many are aggregated.
const MOST_SUBS: usize = 256;

/// A name, as the first 16 bytes of its BLAKE3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity([u8; 16]);

impl Identity {
    pub(crate) fn of(name: &str) -> Self {
        let hash = blake3::hash(name.as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&hash.as_bytes()[..16]);
        Self(first)
    }
}

/// What a run's results say, row by row in dataset order.
pub(crate) struct Columns {
    pub ids: Vec<Identity>,
    /// Places in the dataset.
    pub indexes: Vec<u64>,
    pub columns: Vec<Column>,
}

/// One verdict on every row.
pub(crate) struct Column {
    /// The scorer's place in the suite, and the name under it; none for its main verdict.
    pub verdict: (usize, Option<String>),
    pub key: String,
    pub better: Direction,
    /// None until a value has told it, `Text` where values have no number.
    pub kind: Option<AggregateKind>,
    /// The mean of a row's trials; NaN where it has none. Shorter than the rows where the last have none.
    values: Vec<f64>,
}

impl Column {
    /// What the verdict is on a row, if there is one.
    pub(crate) fn value(&self, row: usize) -> Option<f64> {
        self.values.get(row).copied().filter(|value| !value.is_nan())
    }
}

/// Reads all results of a run.
pub(crate) async fn read(store: &dyn Store, run: RunId, plan: &RunPlan) -> Result<Columns, StoreError> {
    let mut trials = Trials::new(store, run);
    let mut read = Reader::new(plan);
    while let Some(row) = trials.next_row().await? {
        read.row(&row);
    }
    Ok(read.columns)
}

/// The results of a run, a row at a time.
pub(crate) struct Trials<'a> {
    store: &'a dyn Store,
    run: RunId,
    after: Option<(u64, u32)>,
    page: VecDeque<RowResult>,
    is_at_end: bool,
}

impl<'a> Trials<'a> {
    pub(crate) fn new(store: &'a dyn Store, run: RunId) -> Self {
        Self { store, run, after: None, page: VecDeque::new(), is_at_end: false }
    }

    /// All trials of the next row.
    pub(crate) async fn next_row(&mut self) -> Result<Option<Vec<RowResult>>, StoreError> {
        let mut row: Vec<RowResult> = Vec::new();
        loop {
            let belongs = |next: &RowResult| row.first().is_none_or(|first| first.index == next.index);
            match self.page.front() {
                Some(next) if belongs(next) => row.extend(self.page.pop_front()),
                Some(_) => return Ok(Some(row)),
                None if self.is_at_end => return Ok((!row.is_empty()).then_some(row)),
                None => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> Result<(), StoreError> {
        const PAGE: usize = 1000;
        self.page = self.store.results(self.run, self.after, PAGE).await?.into();
        match self.page.back() {
            Some(last) => self.after = Some((last.index, last.trial)),
            None => self.is_at_end = true,
        }
        Ok(())
    }
}

struct Reader<'a> {
    plan: &'a RunPlan,
    columns: Columns,
    /// Of each scorer, by the name under it.
    places: Vec<HashMap<Option<String>, usize>>,
    /// Sum and number of the row's values, for each column.
    sums: Vec<(f64, u32)>,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a RunPlan) -> Self {
        let columns = Columns { ids: Vec::new(), indexes: Vec::new(), columns: Vec::new() };
        Self { plan, columns, places: vec![HashMap::new(); plan.scorers.len()], sums: Vec::new() }
    }

    fn row(&mut self, trials: &[RowResult]) {
        let Some(first) = trials.first() else { return };
        let row = self.columns.ids.len();
        self.columns.ids.push(Identity::of(&first.id));
        self.columns.indexes.push(first.index);
        for (scorer, outcome) in trials.iter().flat_map(|trial| trial.outcomes.iter().enumerate()) {
            for (name, value) in verdicts(outcome) {
                self.verdict(scorer, name, value);
            }
        }
        for (column, sum) in self.columns.columns.iter_mut().zip(&mut self.sums) {
            let (sum, count) = std::mem::take(sum);
            if count > 0 {
                column.values.resize(row, f64::NAN);
                column.values.push(sum / f64::from(count));
            }
        }
    }

    fn verdict(&mut self, scorer: usize, name: Option<&str>, value: &Value) {
        let Some(place) = self.place(scorer, name) else { return };
        let (kind, number) = match value {
            Value::Boolean(value) => (AggregateKind::Rate, f64::from(u8::from(*value))),
            Value::Number(value) => (AggregateKind::Mean, *value),
            _ => (AggregateKind::Text, f64::NAN),
        };
        let known = self.columns.columns[place].kind.get_or_insert(kind);
        // Values of several kinds have no number.
        if *known != kind {
            *known = AggregateKind::Text;
        }
        if !number.is_nan() {
            self.sums[place].0 += number;
            self.sums[place].1 += 1;
        }
    }

    fn place(&mut self, scorer: usize, name: Option<&str>) -> Option<usize> {
        let planned = self.plan.scorers.get(scorer)?;
        let places = &mut self.places[scorer];
        let name = name.map(str::to_owned);
        if let Some(known) = places.get(&name) {
            return Some(*known);
        }
        if places.len() > MOST_SUBS {
            return None;
        }
        let key = name.as_ref().map_or_else(|| planned.key.clone(), |name| format!("{}/{name}", planned.key));
        let verdict = (scorer, name.clone());
        self.columns.columns.push(Column { verdict, key, better: planned.better, kind: None, values: Vec::new() });
        self.sums.push((0.0, 0));
        places.insert(name, self.sums.len() - 1);
        Some(self.sums.len() - 1)
    }
}

/// The verdicts of an outcome: a name counts once.
pub(crate) fn verdicts(outcome: &Outcome) -> impl Iterator<Item = (Option<&str>, &Value)> {
    feedback(outcome).map(|one| (one.name.as_deref(), &one.value))
}

/// The feedback of an outcome: a name counts once.
pub(crate) fn feedback(outcome: &Outcome) -> impl Iterator<Item = &Feedback> {
    let all: &[Feedback] = if let Outcome::Scored(feedback) = outcome { feedback } else { &[] };
    all.iter()
        .enumerate()
        .filter(|(place, one)| !all[..*place].iter().any(|other| other.name == one.name))
        .map(|(_, one)| one)
}
