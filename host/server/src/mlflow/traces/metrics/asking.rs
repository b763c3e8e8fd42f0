//! What is asked for. What can't be is refused in MLflow's words
//! (`mlflow/store/tracking/utils/sql_trace_metrics_utils.py`).

use model::search::{Comparison, Field, Filter, Test, Value};

use super::catalogue::{Dimension, METRICS, Measure, Metric, VIEWS, View};
use super::filters::Filters;
use crate::mlflow::asked::lacks;
use crate::mlflow::{Asked, Wrong, page};

/// How many points are answered where the request does not say, and at most.
const MOST_POINTS: usize = 1000;

const SECOND: u64 = 1000;

/// Times are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug)]
pub(super) struct Question {
    /// Ids, as MLflow has them.
    pub(super) experiments: Vec<String>,
    pub(super) metric: &'static Metric,
    pub(super) aggregations: Vec<Aggregation>,
    pub(super) dimensions: Vec<(&'static str, Dimension)>,
    pub(super) filters: Filters,
    /// Both ends are within.
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    /// How long one bucket is, in milliseconds; none where all are in one.
    pub(super) bucket: Option<u64>,
    pub(super) most_points: usize,
}

/// What is worked out of the numbers of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aggregation {
    Count,
    Sum,
    Average,
    Least,
    Greatest,
    /// From 0 to 100.
    Percentile(f64),
}

impl Question {
    pub(super) fn read(asked: &Asked) -> Result<Self, Wrong> {
        let experiments = asked.texts("experiment_ids")?;
        if experiments.is_empty() {
            return Err(lacks("experiment_ids"));
        }
        let metric = metric(view(asked.required("view_type")?)?, asked.required("metric_name")?)?;
        let (start, end) = (asked.integer("start_time_ms")?, asked.integer("end_time_ms")?);
        let bucket = bucket(asked)?;
        if bucket.is_some() && (start.is_none() || end.is_none()) {
            let message = "start_time_ms and end_time_ms are required if time_interval_seconds is set";
            return Err(Wrong::invalid(message));
        }
        Ok(Self {
            experiments: experiments.into_iter().map(str::to_owned).collect(),
            metric,
            aggregations: aggregations(asked, metric)?,
            dimensions: dimensions(asked, metric)?,
            filters: Filters::read(&asked.texts("filters")?, metric.view)?,
            start,
            end,
            bucket,
            most_points: page::size(asked, MOST_POINTS, MOST_POINTS)?,
        })
    }

    /// What the store can tell of a trace: one of which this does not hold has nothing that is asked for.
    pub(super) fn filter(&self) -> Option<Filter> {
        let test =
            |field, comparison, time: i64| Filter::Trace(field, Test::Is(comparison, Value::Number(time as f64)));
        let since = |start| match self.metric.measure {
            // A span is looked for by its own time, which may be any while its trace lasts.
            Measure::Cost(_) => Filter::Not(Box::new(test(Field::End, Comparison::Less, start))),
            _ => test(Field::Start, Comparison::AtLeast, start),
        };
        // MLflow's times have no parts of milliseconds.
        let until = |end: i64| test(Field::Start, Comparison::Less, end.saturating_add(1));
        let mut parts = self.filters.of_traces();
        parts.extend(self.start.map(since));
        parts.extend(self.end.map(until));
        if parts.is_empty() { None } else { Some(Filter::All(parts)) }
    }

    /// Whether an item of this time is asked for.
    pub(super) fn covers(&self, time: u64) -> bool {
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        match self.metric.measure {
            Measure::Cost(_) => self.start.is_none_or(|start| time >= start) && self.end.is_none_or(|end| time <= end),
            // The time of the trace decides, and the store has seen to that.
            _ => true,
        }
    }
}

fn view(name: &str) -> Result<View, Wrong> {
    let found = VIEWS.iter().find(|(known, _)| *known == name);
    let known = || VIEWS.map(|(known, _)| known);
    let wrong = || Wrong::invalid(format!("view_type must be one of {}, got '{name}'", list(&known())));
    found.map(|(_, view)| *view).ok_or_else(wrong)
}

fn metric(view: View, name: &str) -> Result<&'static Metric, Wrong> {
    let of_view = || METRICS.iter().filter(|metric| metric.view == view);
    let known = || of_view().map(|metric| metric.name).collect::<Vec<_>>();
    let wrong = || Wrong::invalid(format!("metric_name must be one of {}, got '{name}'", list(&known())));
    of_view().find(|metric| metric.name == name).ok_or_else(wrong)
}

fn bucket(asked: &Asked) -> Result<Option<u64>, Wrong> {
    // Zero is protobuf's nothing.
    let Some(seconds) = asked.integer("time_interval_seconds")?.filter(|seconds| *seconds != 0) else {
        return Ok(None);
    };
    match u64::try_from(seconds) {
        Ok(seconds) => Ok(Some(seconds.saturating_mul(SECOND))),
        Err(_) => Err(Wrong::invalid(format!("time_interval_seconds must be positive, got {seconds}"))),
    }
}

fn aggregations(asked: &Asked, metric: &Metric) -> Result<Vec<Aggregation>, Wrong> {
    let messages = asked.messages("aggregations")?;
    if messages.is_empty() {
        return Err(lacks("aggregations"));
    }
    let names = messages.iter().map(|one| one.required("aggregation_type")).collect::<Result<Vec<_>, _>>()?;
    let wrong: Vec<_> = names.into_iter().filter(|name| !metric.aggregations.contains(name)).collect();
    if !wrong.is_empty() {
        return Err(Wrong::invalid(format!(
            "Found invalid aggregation_type(s): {}. Supported aggregation types: {}",
            list(&wrong),
            list(metric.aggregations)
        )));
    }
    messages.iter().map(aggregation).collect()
}

fn aggregation(asked: &Asked) -> Result<Aggregation, Wrong> {
    let percentile = asked.number("percentile_value")?;
    let aggregation = match (asked.required("aggregation_type")?, percentile) {
        ("PERCENTILE", Some(percentile)) if (0.0..=100.0).contains(&percentile) => {
            return Ok(Aggregation::Percentile(percentile));
        }
        ("PERCENTILE", Some(percentile)) => {
            return Err(Wrong::invalid(format!("Percentile value must be between 0 and 100, got {percentile:?}")));
        }
        ("PERCENTILE", None) => {
            return Err(Wrong::invalid("Percentile value is required for PERCENTILE aggregation"));
        }
        ("COUNT", _) => Aggregation::Count,
        ("SUM", _) => Aggregation::Sum,
        ("MIN", _) => Aggregation::Least,
        ("MAX", _) => Aggregation::Greatest,
        _ => Aggregation::Average,
    };
    match percentile {
        None => Ok(aggregation),
        Some(_) => Err(Wrong::invalid("Percentile value is only allowed for PERCENTILE aggregation")),
    }
}

fn dimensions(asked: &Asked, metric: &Metric) -> Result<Vec<(&'static str, Dimension)>, Wrong> {
    let names = asked.texts("dimensions")?;
    let known = |name: &&str| metric.dimensions.iter().find(|(known, _)| known == name).copied();
    let wrong: Vec<_> = names.iter().copied().filter(|name| known(name).is_none()).collect();
    if wrong.is_empty() {
        return Ok(names.iter().filter_map(known).collect());
    }
    let supported: Vec<_> = metric.dimensions.iter().map(|(name, _)| *name).collect();
    let message = format!("Found invalid dimension(s): {}. Supported dimensions: {}", list(&wrong), list(&supported));
    Err(Wrong::invalid(message))
}

/// A list as Python writes it.
fn list(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
    format!("[{}]", names.join(", "))
}
