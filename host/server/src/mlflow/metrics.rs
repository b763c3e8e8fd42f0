//! Metrics: points that runs log, and their histories.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::{get, post};
use model::tracking::{DatasetName, Metric};
use registry::Logged;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::lacks;
use super::{Answer, Asked, Resource, Wrong, limits, page, runs};
use crate::shared::Shared;

/// The most points that a history of several runs has, and of how many.
const MOST_POINTS: usize = 25_000;
const MOST_RUNS: usize = 100;

/// The most points that a run's history has where it is thinned out.
const MOST_SAMPLED: usize = 2500;

pub(super) fn resources() -> [Resource; 4] {
    [
        ("/2.0/mlflow/runs/log-metric", post(log)),
        ("/2.0/mlflow/metrics/get-history", get(history)),
        ("/2.0/mlflow/metrics/get-history-bulk", get(histories)),
        ("/2.0/mlflow/metrics/get-history-bulk-interval", get(sampled)),
    ]
}

#[derive(Serialize)]
pub(super) struct Shown<'a> {
    key: &'a str,
    value: Value,
    timestamp: i64,
    step: i64,
}

#[derive(Serialize)]
struct ShownOfRun<'a> {
    #[serde(flatten)]
    metric: Shown<'a>,
    run_id: &'a str,
}

impl<'a> Shown<'a> {
    pub(super) fn of(metric: &'a Metric) -> Self {
        let Metric { key, value, timestamp, step, .. } = metric;
        Self { key, value: number(*value), timestamp: *timestamp, step: *step }
    }
}

/// A double as protobuf writes it.
pub(super) fn number(number: f64) -> Value {
    match number {
        number if number.is_nan() => Value::from("NaN"),
        f64::INFINITY => Value::from("Infinity"),
        f64::NEG_INFINITY => Value::from("-Infinity"),
        number => Value::from(number),
    }
}

/// Reads a point; `path` is what names of its fields begin with in messages.
pub(super) fn read(asked: &Asked, path: &str) -> Result<Metric, Wrong> {
    let lacks = |field: &str| lacks(&format!("{path}{field}"));
    let text = |field| asked.text(field).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
    let key = text("key")?.ok_or_else(|| lacks("key"))?;
    let value = asked.number("value")?.ok_or_else(|| lacks("value"))?;
    let timestamp = asked.integer("timestamp")?.ok_or_else(|| lacks("timestamp"))?;
    let step = asked.integer("step")?.unwrap_or_default();
    limits::name(&format!("{path}name"), &key)?;
    limits::length("Metric name", &key, limits::KEY)?;
    if timestamp < 0 {
        return Err(Wrong::invalid(format!(
            "Invalid value {timestamp} for parameter '{path}timestamp' supplied: metric '{key}' (value={value:?}). \
             Timestamp must be a nonnegative long (64-bit integer) "
        )));
    }
    let dataset = match (text("dataset_name")?, text("dataset_digest")?) {
        (Some(name), Some(digest)) => Some(DatasetName { name, digest }),
        _ => None,
    };
    Ok(Metric { key, value, timestamp, step, app_version: text("model_id")?, dataset })
}

async fn log(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, metric) = (runs::id(&asked)?, read(&asked, "")?);
    shared.registry.log(id, Logged { metrics: vec![metric], ..Logged::default() }).await?;
    Ok(Json(json!({})))
}

/// Behind which point a page begins.
#[derive(Deserialize, Serialize)]
struct After {
    after: String,
}

/// All of it, where the request does not say how much.
async fn history(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, key) = (runs::id(&asked)?, asked.required("metric_key")?);
    let size = page::size(&asked, usize::MAX, usize::MAX)?;
    let after = page::begins::<After>(&asked)?.map(|place| place.after);
    runs::find(&shared, id).await?;
    let history = shared.registry.metric_history(id, key, after.as_deref(), size).await?;
    let next = history.next.map(|after| page::token(&After { after }));
    Ok(Json(page::answer("metrics", history.points.iter().map(|point| json!(Shown::of(point))).collect(), next)))
}

/// The histories of several runs, for charts; runs that are not there have none.
async fn histories(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let mut ids = asked.texts("run_id")?;
    if ids.is_empty() {
        return Err(Wrong::invalid("GetMetricHistoryBulk request must specify at least one run_id."));
    }
    if ids.len() > MOST_RUNS {
        return Err(Wrong::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids. Received {} run_ids.",
            ids.len()
        )));
    }
    let Some(key) = asked.text("metric_key")? else {
        return Err(Wrong::invalid("GetMetricHistoryBulk request must specify a metric_key."));
    };
    let size = page::size(&asked, MOST_POINTS, usize::MAX)?.min(MOST_POINTS);
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        let history = shared.registry.metric_history(id, key, None, size - found.len()).await?;
        found.extend(history.points.iter().map(|metric| json!(ShownOfRun { metric: Shown::of(metric), run_id: id })));
        if found.len() == size {
            break;
        }
    }
    Ok(Json(json!({ "metrics": found })))
}

/// Likewise, but of each run no more points than a chart can show, spread evenly over its steps.
async fn sampled(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let mut ids = asked.texts("run_ids")?;
    if ids.is_empty() {
        return Err(lacks("run_ids"));
    }
    if ids.len() > MOST_RUNS {
        return Err(Wrong::invalid(format!(
            "GetMetricHistoryBulkInterval request must specify at most {MOST_RUNS} run_ids. Received {} run_ids.",
            ids.len()
        )));
    }
    let key = asked.required("metric_key")?;
    let most = match asked.integer("max_results")?.map(usize::try_from) {
        None => MOST_SAMPLED,
        Some(Ok(most)) if (1..=MOST_SAMPLED).contains(&most) => most,
        Some(_) => return Err(Wrong::invalid(format!("max_results must be between 1 and {MOST_SAMPLED}."))),
    };
    let steps = match (asked.integer("start_step")?, asked.integer("end_step")?) {
        (None, None) => i64::MIN..=i64::MAX,
        (Some(first), Some(last)) if first <= last => first..=last,
        (Some(first), Some(last)) => {
            return Err(Wrong::invalid(format!(
                "end_step must be greater than start_step. Found start_step={first} and end_step={last}."
            )));
        }
        _ => {
            return Err(Wrong::invalid("If either start step or end step are specified, both must be specified."));
        }
    };
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        let mut points = shared.registry.metric_history(id, key, None, usize::MAX).await?.points;
        points.retain(|point| steps.contains(&point.step));
        // They come by time; those of one step stay so.
        points.sort_by_key(|point| point.step);
        let kept = spread(points.len(), most).map(|place| &points[place]);
        found.extend(kept.map(|metric| json!(ShownOfRun { metric: Shown::of(metric), run_id: id })));
    }
    Ok(Json(page::answer("metrics", found.into(), None)))
}

/// Up to `most` places of so many, spread evenly: the first and the last are among them, and of one, it is the last.
fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let kept = count.min(most);
    let place = move |n: usize| if kept == 1 { count - 1 } else { n * (count - 1) / (kept - 1) };
    (0..kept).map(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_both_ends() {
        for (count, most, places) in [
            (0, 3, vec![]),
            (2, 3, vec![0, 1]),
            (3, 3, vec![0, 1, 2]),
            (100, 3, vec![0, 49, 99]),
            (100, 1, vec![99]),
            (1, 1, vec![0]),
        ] {
            assert_eq!(spread(count, most).collect::<Vec<_>>(), places, "{most} of {count}");
        }
    }
}
