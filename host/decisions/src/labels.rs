//! What a dataset says of its rows that results don't.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::rows::Identity;

/// Which rows belong together, how much they count, and which slices they are in. A row that was not added stands for itself,
/// counts once, and is in no slice.
#[derive(Debug, Default)]
pub struct Labels {
    rows: HashMap<Identity, Label>,
    clusters: HashMap<Identity, u32>,
    slices: HashMap<String, u32>,
    names: Vec<String>,
    is_clustered: bool,
    is_weighted: bool,
}

#[derive(Debug)]
struct Label {
    cluster: Option<u32>,
    weight: f64,
    slices: Box<[u32]>,
}

impl Labels {
    /// Adds a row by its id. `cluster` is what makes rows depend on each other: the row's `cluster`, or its `session`. Slices
    /// are named as they are to be shown, such as `tag.lang=de`.
    pub fn add<'a>(
        &mut self,
        id: &str,
        cluster: Option<&str>,
        weight: Option<f64>,
        slices: impl IntoIterator<Item = &'a str>,
    ) {
        let cluster = cluster.map(|name| {
            let next = self.clusters.len() as u32;
            match self.clusters.entry(Identity::of(name)) {
                Entry::Occupied(known) => {
                    self.is_clustered = true;
                    *known.get()
                }
                Entry::Vacant(place) => *place.insert(next),
            }
        });
        let slices = slices.into_iter().map(|name| self.slice(name)).collect();
        let weight = weight.unwrap_or(1.0);
        #[expect(clippy::float_cmp, reason = "a weight that was not given is exactly 1")]
        let differs = weight != 1.0;
        self.is_weighted |= differs;
        self.rows.insert(Identity::of(id), Label { cluster, weight, slices });
    }

    fn slice(&mut self, name: &str) -> u32 {
        if let Some(known) = self.slices.get(name) {
            return *known;
        }
        let next = self.names.len() as u32;
        self.slices.insert(name.to_owned(), next);
        self.names.push(name.to_owned());
        next
    }

    /// Whether errors have to take clusters or weights into account.
    pub(crate) fn tie_rows(&self) -> bool {
        self.is_clustered || self.is_weighted
    }

    pub(crate) fn cluster_and_weight(&self, row: Identity) -> (Option<u32>, f64) {
        self.rows.get(&row).map_or((None, 1.0), |label| (label.cluster, label.weight))
    }

    /// Numbers of the slices that a row is in.
    pub(crate) fn slices_of(&self, row: Identity) -> &[u32] {
        self.rows.get(&row).map_or(&[], |label| &label.slices)
    }

    pub(crate) fn slice_names(&self) -> &[String] {
        &self.names
    }
}
