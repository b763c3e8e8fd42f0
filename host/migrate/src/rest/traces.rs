//! Traces and their spans: of MLflow 3 by its API, of MLflow 2, and of whatever is kept in files, from `traces.json`.

use model::telemetry::Encoding;
use model::trace::Span;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use telemetry::otlp::{Limits, receive};

use super::Rest;
use super::client::Request;
use crate::Error;
use crate::source::{Page, SpansIn, ToldTrace};
use crate::wire::traces::{TraceRead, own_id};

/// The most that MLflow answers at once is 500.
const TRACES: usize = 100;

/// What has been taken in by a server can be taken out again, however much it is.
const LIMITS: Limits =
    Limits { spans: 100_000, attributes: 10_000, events: 10_000, links: 10_000, name_bytes: 1 << 20 };

#[derive(serde::Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    trace: Option<Trace<'a>>,
}

#[derive(serde::Deserialize)]
struct Trace<'a> {
    #[serde(borrow)]
    spans: Option<&'a RawValue>,
}

impl Rest {
    /// The oldest come first, so that what begins meanwhile comes behind.
    pub(super) async fn page_of_traces(&self, experiment: &str, after: Option<&str>) -> Result<Page<ToldTrace>, Error> {
        let request = Request::ask("api/3.0/mlflow/traces/search", self.searched(experiment, "", after));
        match self.page(request, "traces", TraceRead::told).await {
            Err(Error::Unknown) => {
                let request = Request::get("api/2.0/mlflow/traces").query("experiment_ids", experiment);
                let request = request.query("max_results", TRACES.to_string());
                let request = request.query("order_by", "timestamp_ms ASC").after(after);
                self.page(request, "traces", TraceRead::told).await
            }
            page => page,
        }
    }

    pub(super) async fn page_of_linked(
        &self,
        experiment: &str,
        run: &str,
        after: Option<&str>,
    ) -> Result<Page<String>, Error> {
        let filter = format!("attributes.run_id = '{run}'");
        let request = Request::ask("api/3.0/mlflow/traces/search", self.searched(experiment, &filter, after));
        let id = |row: Value| {
            let id = row["trace_id"].as_str().unwrap_or_default();
            own_id(id).ok_or_else(|| (id.to_owned(), "its id is none that OpenTelemetry could have".to_owned()))
        };
        self.page(request, "traces", id).await
    }

    fn searched(&self, experiment: &str, filter: &str, after: Option<&str>) -> Value {
        json!({
            "locations": [{ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } }],
            "filter": filter, "max_results": TRACES, "order_by": ["timestamp_ms ASC"], "page_token": after,
        })
    }

    pub(super) async fn all_spans(&self, trace: &ToldTrace) -> Result<Page<Span>, Error> {
        match trace.spans {
            SpansIn::Database => match self.spans_by_api(trace).await {
                Err(Error::Unknown) => self.spans_in_file(trace).await,
                spans => spans,
            },
            SpansIn::File(_) => self.spans_in_file(trace).await,
        }
    }

    async fn spans_by_api(&self, trace: &ToldTrace) -> Result<Page<Span>, Error> {
        let request = Request::get("api/3.0/mlflow/traces/get").query("trace_id", &trace.mlflow_id);
        let text = self.client.text(request.query("allow_partial", "true")).await?;
        let unreadable = |why: String| Error::Refused(format!("they can't be read: {why}"));
        let answer: Answer<'_> = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let Some(spans) = answer.trace.and_then(|trace| trace.spans) else { return Ok(Page::whole(Vec::new())) };
        let request = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":{}}}]}}]}}"#, spans.get());
        let received = receive(request.as_bytes(), Encoding::OtlpJson, &LIMITS).map_err(|why| unreadable(why.0))?;
        let broken = received.reasons.into_iter().map(|rejected| (rejected.path, rejected.reason)).collect();
        let mut items: Vec<Span> = received.traces.into_values().flatten().collect();
        // Who made them this API does not tell.
        items.iter_mut().for_each(|span| span.source = None);
        Ok(Page { items, next: None, broken })
    }

    async fn spans_in_file(&self, trace: &ToldTrace) -> Result<Page<Span>, Error> {
        let mut answer = Err(Error::Unknown);
        for path in ["ajax-api/3.0/mlflow/get-trace-artifact", "ajax-api/2.0/mlflow/get-trace-artifact"] {
            let request = Request::get(path).query("request_id", &trace.mlflow_id).query("trace_id", &trace.mlflow_id);
            answer = self.client.text(request).await;
            if !matches!(answer, Err(Error::Unknown)) {
                break;
            }
        }
        let text = answer.map_err(|error| match error {
            Error::Unknown => Error::Refused("the server does not give the file that they are in".to_owned()),
            error => error,
        })?;
        crate::wire::traces::spans_in_file(&trace.mlflow_id, &text)
    }
}
