//! Histories of metrics: a document for each point, so that one more costs the same however many there are.

use std::collections::BTreeMap;

use model::document::{Change, Kind};
use model::tracking::Metric;

use crate::changing::{Found, put};
use crate::{Error, Registry, key};

/// Points that are read at once.
const PAGE: usize = 1000;

/// A part of a history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub points: Vec<Metric>,
    /// Behind what to go on; none where this is the end.
    pub next: Option<String>,
}

impl Registry {
    /// Up to `limit` points of a run's metric, by time, step and value, from behind `after`, which is a part's `next`.
    pub async fn metric_history(
        &self,
        run: &str,
        metric: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<History, Error> {
        let below = key::below(&[run, metric])?;
        let mut found: Vec<Found<Metric>> = Vec::new();
        // One more tells whether this is the end.
        while found.len() <= limit {
            let from = found.last().map(|last| last.key.as_str()).or(after);
            let wanted = PAGE.min(limit.saturating_add(1) - found.len());
            let page = self.some(Kind::Metric, &below, from, wanted).await?;
            let is_last = page.len() < wanted;
            found.extend(page);
            if is_last {
                break;
            }
        }
        let is_last = found.len() <= limit;
        found.truncate(limit);
        let next = found.last().filter(|_| !is_last).map(|last| last.key.clone());
        Ok(History { points: found.into_iter().map(|found| found.value).collect(), next })
    }
}

/// Takes a point in where there is none later under its key.
pub(crate) fn keep_latest(latest: &mut BTreeMap<String, Metric>, point: &Metric) {
    match latest.get(&point.key) {
        Some(there) if !there.is_before(point) => {}
        _ => drop(latest.insert(point.key.clone(), point.clone())),
    }
}

/// The changes that keep a run's points; of those that are one and the same, one.
pub(crate) fn points(run: &str, metrics: &[Metric]) -> Result<Vec<Change>, Error> {
    let mut changes = BTreeMap::new();
    for point in metrics {
        let [time, step, value] = [sorting(point.timestamp), sorting(point.step), sorting_number(point.value)];
        let key = key::of(&[run, &point.key, &time, &step, &value])?;
        changes.insert(key.clone(), put(Kind::Metric, key, point)?);
    }
    Ok(changes.into_values().collect())
}

/// Digits that sort as numbers do.
fn sorting(number: i64) -> String {
    format!("{:016x}", number.cast_unsigned() ^ (1 << 63))
}

/// Likewise; what is no number comes last.
fn sorting_number(number: f64) -> String {
    // All that are no number are one, and both zeros.
    let bits = if number.is_nan() { f64::NAN.to_bits() } else { (number + 0.0).to_bits() };
    let is_negative = bits >> 63 == 1;
    format!("{:016x}", if is_negative { !bits } else { bits ^ (1 << 63) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::MemoryStore;

    use super::*;

    fn registry() -> Registry {
        Registry::new(Arc::new(MemoryStore::new()))
    }

    use crate::{Logged, NewRun};

    fn point(key: &str, timestamp: i64, step: i64, value: f64) -> Metric {
        Metric { key: key.to_owned(), value, timestamp, step, app_version: None, dataset: None }
    }

    async fn run(registry: &Registry) -> String {
        registry.adopt(&[], 0).await.expect("a store");
        let new = NewRun { experiment: "0".to_owned(), ..NewRun::default() };
        registry.create_run(new).await.expect("a run").id
    }

    async fn log(registry: &Registry, run: &str, metrics: &[Metric]) {
        registry.log(run, Logged { metrics: metrics.to_vec(), ..Logged::default() }).await.expect("they are logged");
    }

    #[tokio::test]
    async fn a_history_comes_by_time_step_and_value() {
        let registry = registry();
        let id = run(&registry).await;
        let sorted = [
            point("m", 1, -5, 9.0),
            point("m", 1, 3, -2.0),
            point("m", 1, 3, -1.0),
            point("m", 1, 3, 0.5),
            point("m", 1, 3, f64::INFINITY),
            point("m", 2, 0, 0.0),
            point("m", 10, 0, 0.0),
        ];
        let shuffled = [6, 1, 4, 0, 3, 5, 2, 3, 3].map(|place: usize| sorted[place].clone());
        log(&registry, &id, &shuffled).await;
        log(&registry, &id, &[point("m/more", 0, 0, 1.0), point("n", 0, 0, 1.0)]).await;
        assert_eq!(registry.metric_history(&id, "m", None, usize::MAX).await.expect("a store").points, sorted);
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = registry.metric_history(&id, "m", after.as_deref(), 3).await.expect("a store");
            pages.push(page.points.len());
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(pages, [3, 3, 1]);
        let exact = registry.metric_history(&id, "m", None, 7).await.expect("a store");
        assert_eq!((exact.points.len(), exact.next), (7, None));
    }

    #[tokio::test]
    async fn a_long_history_is_whole() {
        let registry = registry();
        let id = run(&registry).await;
        let points: Vec<_> = (0..2 * PAGE as i64).map(|n| point("m", n, n, 1.0)).collect();
        log(&registry, &id, &points).await;
        for limit in [usize::MAX, points.len(), PAGE, PAGE + 1] {
            let history = registry.metric_history(&id, "m", None, limit).await.expect("a store");
            assert_eq!(history.points, points[..limit.min(points.len())], "{limit}");
            assert_eq!(history.next.is_some(), limit < points.len(), "{limit}");
        }
    }

    #[tokio::test]
    async fn a_run_shows_the_latest() {
        let registry = registry();
        let id = run(&registry).await;
        log(&registry, &id, &[point("m", 5, 2, 1.0), point("m", 9, 1, 7.0), point("x", 1, 0, 1.0)]).await;
        log(&registry, &id, &[point("m", 4, 2, 8.0), point("x", 1, 0, 2.0)]).await;
        let run = registry.run(&id).await.expect("a store").expect("a run");
        let latest: Vec<_> = run.metrics.values().cloned().collect();
        assert_eq!(latest, [point("m", 5, 2, 1.0), point("x", 1, 0, 2.0)]);
    }

    #[test]
    fn digits_sort_as_numbers_do() {
        let numbers = [f64::NEG_INFINITY, -1e300, -2.0, -1.0, -1e-300, 0.0, 1e-300, 1.0, 2.0, f64::INFINITY, f64::NAN];
        assert!(numbers.map(sorting_number).is_sorted_by(|a, b| a < b));
        assert_eq!(sorting_number(-0.0), sorting_number(0.0));
        assert_eq!(sorting_number(-f64::NAN), sorting_number(f64::NAN));
        assert!([i64::MIN, -256, -1, 0, 1, 256, i64::MAX].map(sorting).is_sorted_by(|a, b| a < b));
    }
}
