//! Rows of two runs beside each other, by their ids.

use std::collections::HashMap;

use model::aggregate::AggregateKind;
use model::scorer::Direction;

use crate::labels::Labels;
use crate::rows::{Column, Columns, Identity};

/// Which row of B is which of A.
pub(crate) struct Pairs {
    /// Places of a row in A and in B, in A's order.
    pub rows: Vec<(u32, u32)>,
    /// Places of the rows that the other run does not have.
    pub only_a: Vec<u32>,
    pub only_b: Vec<u32>,
}

impl Pairs {
    pub(crate) fn new(a: &Columns, b: &Columns) -> Self {
        let mut of_b: HashMap<Identity, u32> = b.ids.iter().copied().zip(0..).collect();
        let (mut rows, mut only_a) = (Vec::new(), Vec::new());
        for (id, place) in a.ids.iter().zip(0..) {
            match of_b.remove(id) {
                Some(other) => rows.push((place, other)),
                None => only_a.push(place),
            }
        }
        let mut only_b: Vec<u32> = of_b.into_values().collect();
        only_b.sort_unstable();
        Self { rows, only_a, only_b }
    }
}

/// A verdict that both runs have.
pub(crate) struct Shared<'a> {
    pub a: &'a Column,
    pub b: &'a Column,
    pub kind: AggregateKind,
    pub better: Direction,
}

/// A row's verdict in both runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub a: Option<f64>,
    pub b: Option<f64>,
    /// None where it stands for itself.
    pub cluster: Option<u32>,
    pub weight: f64,
}

impl Shared<'_> {
    /// The verdict on these of the paired rows.
    pub(crate) fn pairs(&self, a: &Columns, rows: impl Iterator<Item = (u32, u32)>, labels: &Labels) -> Vec<Pair> {
        rows.map(|(of_a, of_b)| {
            let (cluster, weight) = labels.cluster_and_weight(a.ids[of_a as usize]);
            Pair { a: self.a.value(of_a as usize), b: self.b.value(of_b as usize), cluster, weight }
        })
        .collect()
    }
}
