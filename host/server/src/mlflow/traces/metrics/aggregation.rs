//! Items become points: one of each group, with what is worked out of the group's numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value as Json, json};

use super::asking::{Aggregation, Question};
use super::item::{Item, Value};
use crate::mlflow::metrics::number;

const BUCKET: &str = "time_bucket";

/// The begin of its bucket, where there are buckets, and the values of its dimensions: points come in this order.
type Key = (Option<u64>, Vec<String>);

pub(super) struct Points<'q> {
    question: &'q Question,
    groups: BTreeMap<Key, Group>,
}

#[derive(Debug, Default)]
struct Group {
    count: u64,
    sum: f64,
    /// None while there is no number; `greatest` likewise.
    least: Option<f64>,
    greatest: Option<f64>,
    /// Kept where a percentile is asked for.
    numbers: Vec<f64>,
    names: BTreeSet<String>,
}

impl<'q> Points<'q> {
    pub(super) fn new(question: &'q Question) -> Self {
        let mut groups = BTreeMap::new();
        // What is not split up is one group, even of nothing.
        if question.bucket.is_none() && question.dimensions.is_empty() {
            groups.insert((None, Vec::new()), Group::default());
        }
        Self { question, groups }
    }

    /// What is not asked for, or does not say what it would be counted by, is passed over.
    pub(super) fn add(&mut self, item: &Item<'_>) {
        let question = self.question;
        let time = item.time(question.metric.measure);
        if !question.covers(time) || !question.filters.hold(item) {
            return;
        }
        let dimensions = question.dimensions.iter().map(|(_, dimension)| item.dimension(*dimension));
        let (Some(value), Some(dimensions)) = (item.value(question.metric.measure), dimensions.collect()) else {
            return;
        };
        let bucket = question.bucket.map(|length| time - time % length);
        let keeps = question.aggregations.iter().any(|one| matches!(one, Aggregation::Percentile(_)));
        self.groups.entry((bucket, dimensions)).or_default().add(value, keeps);
        // What comes behind as many as are answered never comes before them again.
        if self.groups.len() > question.most_points {
            self.groups.pop_last();
        }
    }

    /// As they are answered.
    pub(super) fn shown(self) -> Vec<Json> {
        let question = self.question;
        self.groups.into_iter().filter_map(|(key, group)| shown(question, key, group)).collect()
    }
}

/// None where nothing can be said of the group.
fn shown(question: &Question, (bucket, dimensions): Key, mut group: Group) -> Option<Json> {
    group.numbers.sort_unstable_by(f64::total_cmp);
    let values = question.aggregations.iter();
    let values = values.filter_map(|one| Some((name(*one), number(group.value(*one)?))));
    let values: Map<String, Json> = values.collect();
    if values.is_empty() {
        return None;
    }
    let mut point = json!({ "metric_name": question.metric.name, "values": values });
    let bucket = bucket.map(|begin| (BUCKET.to_owned(), json!(iso(begin))));
    let dimensions = question.dimensions.iter().zip(dimensions);
    let dimensions = dimensions.map(|((name, _), value)| ((*name).to_owned(), json!(value)));
    let dimensions: Map<String, Json> = bucket.into_iter().chain(dimensions).collect();
    if !dimensions.is_empty() {
        point["dimensions"] = Json::Object(dimensions);
    }
    Some(point)
}

impl Group {
    fn add(&mut self, value: Value, keeps: bool) {
        match value {
            Value::Present => self.count += 1,
            Value::Named(name) => self.count += u64::from(self.names.insert(name)),
            Value::Number(number) => {
                self.count += 1;
                self.sum += number;
                self.least = Some(self.least.map_or(number, |least| least.min(number)));
                self.greatest = Some(self.greatest.map_or(number, |greatest| greatest.max(number)));
                if keeps {
                    self.numbers.push(number);
                }
            }
        }
    }

    /// None of no numbers, but for their count. The numbers are in order.
    fn value(&self, aggregation: Aggregation) -> Option<f64> {
        let some = |value: f64| (self.count > 0).then_some(value);
        match aggregation {
            Aggregation::Count => Some(self.count as f64),
            Aggregation::Sum => some(self.sum),
            Aggregation::Average => some(self.sum / self.count as f64),
            Aggregation::Least => self.least,
            Aggregation::Greatest => self.greatest,
            Aggregation::Percentile(percent) => percentile(&self.numbers, percent),
        }
    }
}

/// Between the two numbers that are nearest, in a straight line, as `numpy.quantile` has it: Hyndman and Fan's seventh
/// definition (1996, <https://doi.org/10.2307/2684934>). None of no numbers.
fn percentile(ordered: &[f64], percent: f64) -> Option<f64> {
    let place = percent * ordered.len().checked_sub(1)? as f64 / 100.0;
    let (below, part) = (place.floor() as usize, place.fract());
    let low = *ordered.get(below)?;
    let high = ordered.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * part)
}

/// Under which name a value is answered: `COUNT`, `P50.0`.
fn name(aggregation: Aggregation) -> String {
    let name = match aggregation {
        Aggregation::Count => "COUNT",
        Aggregation::Sum => "SUM",
        Aggregation::Average => "AVG",
        Aggregation::Least => "MIN",
        Aggregation::Greatest => "MAX",
        Aggregation::Percentile(percent) => return format!("P{percent:?}"),
    };
    name.to_owned()
}

/// ISO 8601 as Python writes it, of a whole second in milliseconds.
fn iso(time: u64) -> String {
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(time)).to_string();
    text.replace('Z', "+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_in_between() {
        for (percent, expected) in [(0.0, 100.0), (25.0, 175.0), (50.0, 250.0), (99.0, 397.0), (100.0, 400.0)] {
            assert_eq!(percentile(&[100.0, 200.0, 300.0, 400.0], percent), Some(expected), "{percent}");
        }
        assert_eq!((percentile(&[7.0], 99.0), percentile(&[], 50.0)), (Some(7.0), None));
    }
}
