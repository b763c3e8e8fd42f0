//! What a trace is linked to: runs, and versions of prompts.
//!
//! Each link is a tag of the trace under a name that clients don't see, so that it is kept with the trace and searched by.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::ports::{Annotation, AnnotationChange};
use model::search::{Comparison, Field, Filter, LINKED_PROMPT, LINKED_RUN, RUN, Test, Value};
use serde_json::json;

use super::store_id;
use crate::mlflow::{Answer, Asked, Wrong, limits};
use crate::shared::Shared;

/// Of its name and version.
const LONGEST_PROMPT: usize = 500;

/// Traces that may be linked at once, and prompts.
const MOST_TRACES: usize = 100;

pub(super) fn is_one(tag: &str) -> bool {
    tag.starts_with(LINKED_RUN) || tag.starts_with(LINKED_PROMPT)
}

pub(super) async fn to_run(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (run, traces) = (asked.required("run_id")?, asked.texts("trace_ids")?);
    limits::length("run_id", run, limits::KEY)?;
    if traces.len() > MOST_TRACES {
        let message = format!("Cannot link more than {MOST_TRACES} traces to a run in a single request.");
        return Err(Wrong::invalid(message));
    }
    let traces = traces.into_iter().map(store_id).collect::<Result<Vec<_>, _>>()?;
    link(&shared, traces, &[format!("{LINKED_RUN}{run}")]).await
}

pub(super) async fn to_prompts(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let trace = store_id(asked.required("trace_id")?)?;
    let prompt = |prompt: Asked| {
        let name = format!("{}/{}", prompt.required("name")?, prompt.required("version")?);
        limits::length("prompt_versions", &name, LONGEST_PROMPT)?;
        Ok(format!("{LINKED_PROMPT}{name}"))
    };
    let prompts = asked.messages("prompt_versions")?;
    if prompts.len() > MOST_TRACES {
        return Err(Wrong::invalid(format!("Cannot link more than {MOST_TRACES} prompts in a single request.")));
    }
    let prompts = prompts.into_iter().map(prompt).collect::<Result<Vec<_>, Wrong>>()?;
    link(&shared, vec![trace], &prompts).await
}

async fn link(shared: &Shared, traces: Vec<String>, tags: &[String]) -> Answer {
    let change = |tag: &String| AnnotationChange::Tag { name: tag.clone(), value: Some("linked".to_owned()) };
    let annotations = traces.iter().flat_map(|trace| Annotation::all(trace, tags.iter().map(change)));
    shared.annotate(annotations.collect()).await?;
    Ok(Json(json!({})))
}

/// A filter that finds what is linked as well as what says so itself.
pub(super) fn with_links(filter: Filter) -> Filter {
    match filter {
        Filter::All(parts) => Filter::All(parts.into_iter().map(with_links).collect()),
        Filter::Any(parts) => Filter::Any(parts.into_iter().map(with_links).collect()),
        Filter::Not(part) => Filter::Not(Box::new(with_links(*part))),
        Filter::Trace(field, test) => {
            let prefix = match &field {
                Field::Metadata(key) if key == RUN => LINKED_RUN,
                Field::Prompt => LINKED_PROMPT,
                _ => return Filter::Trace(field, test),
            };
            let linked = names(&test)
                .into_iter()
                .map(|name| Filter::Trace(Field::Tag(format!("{prefix}{name}")), Test::Present));
            Filter::Any(linked.chain([Filter::Trace(field.clone(), test.clone())]).collect())
        }
        Filter::Span(span) => Filter::Span(span),
    }
}

/// The names that a test asks for.
fn names(test: &Test) -> Vec<String> {
    let name = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(_) | Value::Boolean(_) => None,
    };
    match test {
        Test::Is(Comparison::Equal, value) => name(value).into_iter().collect(),
        Test::AnyOf(values) => values.iter().filter_map(name).collect(),
        _ => Vec::new(),
    }
}
