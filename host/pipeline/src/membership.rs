//! What numbers have to know of rows beside their results: what they belong to, and what they weigh.
//!
//! Results don't carry it. It is read once from the run's copy of its dataset, where something asks for it, and kept for each row
//! by its position: 4 bytes for a cluster and for each key of slices, 8 for a weight.

use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use model::aggregate::ClusterKey;
use model::gate::{Condition, Gate};
use model::ports::{DataReader, Store};
use model::row::RowRecord;
use model::run::{RunHeader, RunPlan};
use model::slice::{Slice, SliceKey};

use crate::dataset::meant::{Meant, Place};
use crate::dataset::{RowsError, hash_text, records};
use crate::joined::JoinedError;

/// Values of one key that have numbers of their own; those that gates name have one in any case.
pub const MOST_VALUES: usize = 100;

/// Stands for no slice.
const NONE: u32 = u32::MAX;

/// What all rows of a run belong to.
#[derive(Debug, Default)]
pub struct Membership {
    /// Which group each row is in, from 0; none where rows are independent.
    clusters: Option<(ClusterKey, Vec<u32>)>,
    /// None where all rows weigh the same.
    weights: Option<Vec<f64>>,
    /// For each key, the place in `slices` of what each row has.
    keys: Vec<Vec<u32>>,
    slices: Vec<Slice>,
    left_out: u64,
}

impl Membership {
    /// Reads what the run's numbers need.
    ///
    /// # Errors
    ///
    /// Fails when the run's dataset can't be read.
    pub async fn of(store: &dyn Store, header: &RunHeader, reader: Arc<dyn DataReader>) -> Result<Self, JoinedError> {
        Self::by(store, header, reader, Keys::of(&header.plan)).await
    }

    /// Reads what the run's rows belong to, and slices them by these keys.
    ///
    /// # Errors
    ///
    /// Fails when the run's dataset can't be read.
    pub async fn sliced(
        store: &dyn Store,
        header: &RunHeader,
        reader: Arc<dyn DataReader>,
        keys: &[SliceKey],
    ) -> Result<Self, JoinedError> {
        let keys = keys.iter().map(|key| (key.clone(), Vec::new(), true)).collect();
        Self::by(store, header, reader, Keys(keys)).await
    }

    async fn by(
        store: &dyn Store,
        header: &RunHeader,
        reader: Arc<dyn DataReader>,
        keys: Keys,
    ) -> Result<Self, JoinedError> {
        if !header.data.grouped && keys.0.is_empty() {
            return Ok(Self::default());
        }
        let mut source = store.open_dataset(&header.data.digest)?;
        let plan = header.plan.clone();
        let reading = move || Self::read(reader.as_ref(), &plan, keys, &mut source);
        Ok(tokio::task::spawn_blocking(reading).await??)
    }

    fn read(reader: &dyn DataReader, plan: &RunPlan, keys: Keys, source: &mut dyn Read) -> Result<Self, RowsError> {
        let mut reading = Reading::new(keys);
        let mut meant = Meant::of(plan);
        records(reader, plan, source, &mut |_, row| {
            match meant.place(&row) {
                Place::Meant => reading.add(&row),
                Place::Elsewhere => reading.pass_over(),
                Place::Behind => return ControlFlow::Break(()),
            }
            ControlFlow::Continue(())
        })?;
        Ok(reading.finish())
    }

    /// Whether rows are not of the same weight, or not independent.
    pub fn is_grouped(&self) -> bool {
        self.clusters.is_some() || self.weights.is_some()
    }

    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// What rows are grouped by; none where each stands for itself.
    pub fn clustered_by(&self) -> Option<ClusterKey> {
        self.clusters.as_ref().map(|(key, _)| *key)
    }

    /// The group of a row, from 0; none where rows are independent.
    pub fn cluster(&self, index: u64) -> Option<usize> {
        let (_, clusters) = self.clusters.as_ref()?;
        clusters.get(index as usize).map(|cluster| *cluster as usize)
    }

    pub fn weight(&self, index: u64) -> f64 {
        self.weights.as_ref().and_then(|weights| weights.get(index as usize)).copied().unwrap_or(1.0)
    }

    /// The slices there are: keys in the order of the suite, then values.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The places of the slices that a row is in.
    pub fn slices_of(&self, index: u64) -> impl Iterator<Item = usize> {
        let of_row = self.keys.iter().filter_map(move |rows| rows.get(index as usize).copied());
        of_row.filter(|slice| *slice != NONE).map(|slice| slice as usize)
    }

    /// Rows of values for which there was no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// What rows are sliced by, and the values that have to be there.
struct Keys(Vec<(SliceKey, Vec<String>, bool)>);

impl Keys {
    fn of(plan: &RunPlan) -> Self {
        let mut keys: Vec<_> = plan.slices.iter().map(|key| (key.clone(), Vec::new(), true)).collect();
        for Slice { by, value } in plan.gates.iter().flat_map(Gate::parts).filter_map(slice) {
            match keys.iter_mut().find(|(key, ..)| key == by) {
                Some((_, values, _)) => values.push(value.clone()),
                // What only gates name is looked at for them alone.
                None => keys.push((by.clone(), vec![value.clone()], false)),
            }
        }
        Self(keys)
    }
}

fn slice(gate: &Gate) -> Option<&Slice> {
    match &gate.condition {
        Condition::Number(number) => number.slice.as_ref(),
        _ => None,
    }
}

struct Reading {
    clusters: Grouping,
    sessions: Grouping,
    weights: Vec<f64>,
    is_weighted: bool,
    keys: Vec<Slicing>,
}

impl Reading {
    fn new(Keys(keys): Keys) -> Self {
        let slicing = |(key, named, takes_all)| Slicing::new(key, named, takes_all);
        Self {
            clusters: Grouping::default(),
            sessions: Grouping::default(),
            weights: Vec::new(),
            is_weighted: false,
            keys: keys.into_iter().map(slicing).collect(),
        }
    }

    fn add(&mut self, row: &RowRecord) {
        self.clusters.add(row.cluster.as_deref());
        self.sessions.add(row.session.as_deref());
        self.weights.push(row.weight.unwrap_or(1.0));
        self.is_weighted |= row.weight.is_some_and(|weight| weight != 1.0);
        self.keys.iter_mut().for_each(|key| key.add(row));
    }

    /// Keeps the place of a row that is not looked at.
    fn pass_over(&mut self) {
        self.clusters.add(None);
        self.sessions.add(None);
        self.weights.push(1.0);
        self.keys.iter_mut().for_each(|key| key.rows.push(NONE));
    }

    fn finish(self) -> Membership {
        let Self { clusters, sessions, weights, is_weighted, keys } = self;
        let clusters = match (clusters.named, sessions.repeated) {
            (true, _) => Some((ClusterKey::Cluster, clusters.rows)),
            (false, true) => Some((ClusterKey::Session, sessions.rows)),
            (false, false) => None,
        };
        let mut membership = Membership { clusters, weights: is_weighted.then_some(weights), ..Membership::default() };
        for key in keys {
            membership.left_out += key.left_out;
            let (slices, rows) = key.sorted(membership.slices.len());
            membership.slices.extend(slices);
            membership.keys.push(rows);
        }
        membership
    }
}

/// Rows by what they name.
#[derive(Default)]
struct Grouping {
    /// By the hash of the name.
    groups: HashMap<u128, u32>,
    next: u32,
    rows: Vec<u32>,
    /// Whether any row names one, and whether two name the same.
    named: bool,
    repeated: bool,
}

impl Grouping {
    fn add(&mut self, name: Option<&str>) {
        let group = match name {
            Some(name) => {
                self.named = true;
                *self.groups.entry(hash_text(name)).or_insert(self.next)
            }
            None => self.next,
        };
        self.repeated |= group != self.next;
        self.next += u32::from(group == self.next);
        self.rows.push(group);
    }
}

/// Rows by the value of a key.
struct Slicing {
    key: SliceKey,
    values: HashMap<String, u32>,
    /// Whether values count that no gate names.
    takes_all: bool,
    /// Values that no gate names.
    taken: usize,
    rows: Vec<u32>,
    left_out: u64,
}

impl Slicing {
    fn new(key: SliceKey, named: Vec<String>, takes_all: bool) -> Self {
        let mut slicing = Self { key, values: HashMap::new(), takes_all, taken: 0, rows: Vec::new(), left_out: 0 };
        for value in named {
            let next = slicing.values.len() as u32;
            slicing.values.entry(value).or_insert(next);
        }
        slicing
    }

    fn add(&mut self, row: &RowRecord) {
        let slice = match self.key.of(row) {
            None => NONE,
            Some(value) => match self.values.get(value) {
                Some(slice) => *slice,
                None if !self.takes_all => NONE,
                None if self.taken == MOST_VALUES => {
                    self.left_out += 1;
                    NONE
                }
                None => {
                    let next = self.values.len() as u32;
                    self.values.insert(value.to_owned(), next);
                    self.taken += 1;
                    next
                }
            },
        };
        self.rows.push(slice);
    }

    /// The slices in the order of their values, and the rows with places from `first`.
    fn sorted(self, first: usize) -> (Vec<Slice>, Vec<u32>) {
        let Self { key, values, mut rows, .. } = self;
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable();
        let mut places = vec![0; values.len()];
        for (place, (_, slice)) in values.iter().enumerate() {
            places[*slice as usize] = (first + place) as u32;
        }
        rows.iter_mut().filter(|slice| **slice != NONE).for_each(|slice| *slice = places[*slice as usize]);
        (values.into_iter().map(|(value, _)| Slice { by: key.clone(), value }).collect(), rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Lines, plan, row_record};

    fn membership(change: impl FnOnce(&mut RunPlan), rows: &[&str]) -> Membership {
        let mut plan = plan(vec![]);
        change(&mut plan);
        let text = rows.iter().map(|row| format!("{{\"inputs\":{{}},{row}}}\n")).collect::<String>();
        text.lines().for_each(|line| drop(row_record(line)));
        Membership::read(&Lines, &plan, Keys::of(&plan), &mut text.as_bytes()).expect("rows")
    }

    fn clusters(rows: &[&str]) -> Option<(ClusterKey, Vec<u32>)> {
        membership(|_| {}, rows).clusters
    }

    #[test]
    fn clusters_are_those_of_the_rows_or_else_their_sessions() {
        let by_cluster = [r#""cluster":"a","session":"s""#, r#""session":"s""#, r#""cluster":"a""#, r#""outputs":1"#];
        assert_eq!(clusters(&by_cluster), Some((ClusterKey::Cluster, vec![0, 1, 0, 2])));
        let by_session = [r#""session":"s""#, r#""session":"t""#, r#""session":"s""#];
        assert_eq!(clusters(&by_session), Some((ClusterKey::Session, vec![0, 1, 0])));
        // A session of its own for each row says nothing.
        assert_eq!(clusters(&[r#""session":"s""#, r#""session":"t""#]), None);
    }

    #[test]
    fn weights_are_one_where_nothing_is_said() {
        let weighted = membership(|_| {}, &[r#""weight":2.5"#, r#""outputs":1"#]);
        assert_eq!((weighted.weight(0), weighted.weight(1)), (2.5, 1.0));
        assert!(!membership(|_| {}, &[r#""weight":1"#]).is_weighted());
    }

    #[test]
    fn slices_are_the_values_of_the_keys() {
        let rows = [r#""tags":{"lang":"fr"},"split":"test""#, r#""tags":{"lang":"de"}"#, r#""split":"dev""#];
        let ask = |plan: &mut RunPlan| plan.slices = vec![SliceKey::Tag("lang".to_owned()), SliceKey::Split];
        let membership = membership(ask, &rows);
        let shown: Vec<_> = membership.slices().iter().map(Slice::to_string).collect();
        assert_eq!(shown, ["tags.lang=de", "tags.lang=fr", "split=dev", "split=test"]);
        let of = |index| membership.slices_of(index).collect::<Vec<_>>();
        assert_eq!([of(0), of(1), of(2)], [vec![1, 3], vec![0], vec![2]]);
    }

    #[test]
    fn what_a_gate_names_has_a_place_however_many_values_there_are() {
        let rows: Vec<_> = (0..150).map(|row| format!("\"tags\":{{\"n\":\"{row:03}\"}}")).collect();
        let rows: Vec<_> = rows.iter().map(String::as_str).collect();
        let gate = || crate::gate::parse("slice(n=149).a > 0 and slice(n=150).a > 0").expect("gates");
        let all = |plan: &mut RunPlan| (plan.slices, plan.gates) = (vec![SliceKey::Tag("n".to_owned())], gate());
        let found = membership(all, &rows);
        assert_eq!((found.slices().len(), found.left_out()), (102, 49));
        assert_eq!(found.slices_of(149).count(), 1);
        let found = membership(|plan| plan.gates = gate(), &rows);
        let shown: Vec<_> = found.slices().iter().map(Slice::to_string).collect();
        assert_eq!((shown, found.left_out()), (vec!["tags.n=149".to_owned(), "tags.n=150".to_owned()], 0));
    }
}
