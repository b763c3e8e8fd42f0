//! How often two filters hold of the same traces, against how often they would by chance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::search::{Filter, Query};
use serde_json::{Map, Value, json};

use super::{experiment, search};
use crate::mlflow::{Answer, Asked, Wrong};
use crate::shared::Shared;

/// Traces that are counted at once.
const PAGE: usize = 1000;

/// What is added to each count where a rare event is not to look certain.
const SMOOTHING: f64 = 0.5;

pub(super) async fn calculate(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let ids: Vec<String> = asked.texts("experiment_ids")?.into_iter().map(str::to_owned).collect();
    let experiments = experiment::all(&shared, &ids).await?;
    let names: Vec<String> = experiments.into_iter().map(|experiment| experiment.traces).collect();
    let filter = |name: &str| search::filter(&shared, asked.text(name)?.unwrap_or_default());
    let base = filter("base_filter")?;
    asked.required("filter_string1")?;
    asked.required("filter_string2")?;
    let (first, second) = (filter("filter_string1")?, filter("filter_string2")?);
    let both = |parts: &[&Option<Filter>]| {
        let parts: Vec<Filter> = parts.iter().filter_map(|part| (*part).clone()).collect();
        if parts.is_empty() { None } else { Some(Filter::All(parts)) }
    };
    let total = count(&shared, &names, both(&[&base])).await?;
    let ones = count(&shared, &names, both(&[&base, &first])).await?;
    let others = count(&shared, &names, both(&[&base, &second])).await?;
    let joint = count(&shared, &names, both(&[&base, &first, &second])).await?;
    let mut answer = Map::new();
    for (name, npmi) in [
        ("npmi", npmi(ones as f64, others as f64, joint as f64, total as f64)),
        ("npmi_smoothed", smoothed(ones, others, joint, total)),
    ] {
        answer.insert(name.to_owned(), npmi.map_or_else(|| json!("NaN"), |npmi| json!(npmi)));
    }
    for (name, count) in
        [("filter1_count", ones), ("filter2_count", others), ("joint_count", joint), ("total_count", total)]
    {
        answer.insert(name.to_owned(), json!(count));
    }
    Ok(Json(Value::Object(answer)))
}

async fn count(shared: &Shared, experiments: &[String], filter: Option<Filter>) -> Result<u64, Wrong> {
    if experiments.is_empty() {
        return Ok(0);
    }
    let query = Query { experiments: experiments.to_vec(), filter, order: Vec::new() };
    let (mut count, mut after) = (0, None);
    loop {
        let page = shared.traces.search(&query, after.as_ref(), PAGE).await?;
        count += page.traces.len() as u64;
        after = page.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

/// Normalised pointwise mutual information, from -1 (never together) to 1 (always); none where nothing can be said
/// (Bouma 2009, <https://svn.spraakdata.gu.se/repos/gerlof/pub/www/Docs/npmi-pfd.pdf>).
fn npmi(one: f64, other: f64, joint: f64, total: f64) -> Option<f64> {
    if total == 0.0 || one == 0.0 || other == 0.0 {
        return None;
    }
    if joint == 0.0 {
        return Some(-1.0);
    }
    if joint == total {
        return Some(1.0);
    }
    let information = (joint * total / (one * other)).ln();
    Some((information / -(joint / total).ln()).clamp(-1.0, 1.0))
}

/// The same with something added to each of the four cells.
fn smoothed(one: u64, other: u64, joint: u64, total: u64) -> Option<f64> {
    let (one, other, joint, total) = (one as f64, other as f64, joint as f64, total as f64);
    (total > 0.0)
        .then(|| npmi(one + 2.0 * SMOOTHING, other + 2.0 * SMOOTHING, joint + SMOOTHING, total + 4.0 * SMOOTHING))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_together_is_one_and_never_minus_one() {
        assert_eq!(npmi(1.0, 1.0, 1.0, 5.0), Some(1.0));
        assert_eq!(npmi(2.0, 3.0, 0.0, 5.0), Some(-1.0));
        assert_eq!(npmi(0.0, 3.0, 0.0, 5.0), None);
        assert!(npmi(2.0, 2.0, 1.0, 4.0).is_some_and(|npmi| npmi.abs() < 1e-12), "by chance");
        // As MLflow's server says of one of five traces.
        assert!(smoothed(1, 1, 1, 5).is_some_and(|npmi| (npmi - 0.626).abs() < 1e-3));
    }
}
