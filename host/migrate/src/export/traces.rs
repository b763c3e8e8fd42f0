//! Traces: their spans by OTLP, then what is said of them as a whole, as MLflow's own client sends them.

use std::collections::HashMap;

use bytes::Bytes;
use model::search::{APP_VERSION, LINKED_PROMPT, LINKED_RUN, Query, RUN, TraceInfo};
use model::telemetry::Encoding;
use model::trace::Span;
use model::tracking::Experiment;
use reqwest::Method;
use serde_json::{Value, json};
use telemetry::announced::{SESSION, USER};

use super::Exporting;
use crate::Error;
use crate::report::Kind;
use crate::rest::client::Request;
use crate::wire::assessments;
use crate::wire::traces::{mlflow_id, state_name, written};

/// Traces of a page, and spans of a request.
const PAGE: usize = 100;
const SPANS: usize = 500;

/// Where an assessment says which run it was made in.
const RUN_OF_ASSESSMENT: &str = "mlflow.assessment.sourceRunId";

/// The shape of traces that is sent.
const SCHEMA: (&str, &str) = ("mlflow.trace_schema.version", "3");

/// A trace there.
struct There {
    state: String,
    /// Whether it was told as a whole; first spans alone make a trace as well.
    is_told: bool,
    has_spans: bool,
    /// Their ids, in one text.
    assessments: String,
}

impl There {
    fn of(info: &Value) -> Self {
        let assessments = info["assessments"].as_array().into_iter().flatten();
        Self {
            state: info["state"].as_str().unwrap_or_default().to_owned(),
            is_told: info["trace_metadata"][SCHEMA.0].is_string(),
            has_spans: info["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE",
            assessments: assessments.map(|one| one["assessment_id"].to_string()).collect(),
        }
    }

    fn has(&self, trace: &TraceInfo) -> bool {
        let has_said = trace.assessments.iter().all(|one| self.assessments.contains(&assessments::mlflow_id(one.id)));
        let has_spans = self.has_spans || trace.header.spans == 0;
        self.is_told && has_spans && self.state == state_name(trace.header.state) && has_said
    }
}

impl Exporting<'_> {
    pub(super) async fn traces(&mut self, experiment: &Experiment) -> Result<(), Error> {
        let home = self.experiments[&experiment.id].clone();
        let query = Query { experiments: vec![experiment.traces.clone()], ..Query::default() };
        let mut after = None;
        loop {
            let page = self.from.traces.search(&query, after.as_ref(), PAGE).await?;
            let known = self.known(&page.traces).await?;
            for trace in page.traces {
                let there = known.get(&mlflow_id(&trace.id));
                let is_new = there.is_none();
                let sent = match there.is_some_and(|there| there.has(&trace)) {
                    // Links go last, and nobody tells which there are.
                    true => self.link(&trace).await,
                    false => self.trace(trace.clone(), &home, there.map_or("", |there| &there.assessments)).await,
                };
                if self.done(Kind::Trace, &mlflow_id(&trace.id), sent)?.is_some() {
                    self.report.add(Kind::Trace, is_new.into(), (!is_new).into());
                }
            }
            self.tell();
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Those of these traces that are there, by their ids there.
    async fn known(&self, traces: &[TraceInfo]) -> Result<HashMap<String, There>, Error> {
        if traces.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<_> = traces.iter().map(|trace| mlflow_id(&trace.id)).collect();
        let request = Request::ask("api/3.0/mlflow/traces/batchGetInfos", json!({ "trace_ids": ids }));
        let answer: Value = match self.there.client.json(request).await {
            Err(error) if error.is_of_one() => return Ok(HashMap::new()),
            answer => answer?,
        };
        let infos = answer["trace_infos"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(infos.map(|info| (text(&info["trace_id"]), There::of(info))).collect())
    }

    /// `known` has the ids of assessments that are there.
    async fn trace(&mut self, mut trace: TraceInfo, home: &str, known: &str) -> Result<(), Error> {
        let mut sent = 0;
        loop {
            let spans = self.from.traces.spans(&trace.id, sent, SPANS).await?;
            let spans: Vec<Span> = spans.into_iter().map(|(span, _)| span).collect();
            let count = spans.len();
            if count > 0 {
                let bytes = Bytes::from(telemetry::otlp::write(&[(&trace.id, &spans)], Encoding::OtlpProtobuf));
                let request = Request::send(Method::POST, "v1/traces", "application/x-protobuf", bytes);
                match self.there.client.done(request.header("x-mlflow-experiment-id", home)).await {
                    Err(Error::Unknown) => {
                        return Err(Error::Refused(
                            "the server takes no spans: it is older than MLflow 3.4".to_owned(),
                        ));
                    }
                    done => done?,
                }
            }
            sent += count;
            if count < SPANS {
                break;
            }
        }
        self.report.add(Kind::Span, sent as u64, 0);
        self.translate(&mut trace);
        let body = json!({ "trace": { "trace_info": written(&trace, home) } });
        self.there.client.done(Request::ask("api/3.0/mlflow/traces", body)).await?;
        for assessment in trace.assessments.iter().filter(|one| one.overrides.is_some()) {
            if !known.contains(&assessments::mlflow_id(assessment.id)) {
                let path = format!("api/3.0/mlflow/traces/{}/assessments", mlflow_id(&trace.id));
                let body = json!({ "assessment": assessments::written(&trace.id, assessment) });
                self.there.client.done(Request::make(path, body)).await?;
            }
        }
        self.report.add(Kind::Assessment, trace.assessments.len() as u64, 0);
        self.link(&trace).await
    }

    /// Names runs and versions as they are named there, and says what MLflow expects a client to say.
    fn translate(&self, trace: &mut TraceInfo) {
        let header = &mut trace.header;
        for (key, value) in [(SESSION, &header.session), (USER, &header.user)] {
            if let Some(value) = value {
                header.metadata.entry(key.to_owned()).or_insert_with(|| value.clone());
            }
        }
        header.metadata.entry(SCHEMA.0.to_owned()).or_insert_with(|| SCHEMA.1.to_owned());
        for (key, ids) in [(RUN, &self.runs), (APP_VERSION, &self.models)] {
            if let Some(id) = header.metadata.get_mut(key) {
                *id = ids.get(id).cloned().unwrap_or_else(|| id.clone());
            }
        }
        for assessment in &mut trace.assessments {
            if let Some(run) = assessment.metadata.get_mut(RUN_OF_ASSESSMENT) {
                *run = self.runs.get(run).cloned().unwrap_or_else(|| run.clone());
            }
        }
    }

    /// Links it to runs that it was not made in, and to prompts. To do so twice is to do so once.
    async fn link(&self, trace: &TraceInfo) -> Result<(), Error> {
        let (id, mut prompts) = (mlflow_id(&trace.id), Vec::new());
        for tag in trace.tags.keys() {
            if let Some(run) = tag.strip_prefix(LINKED_RUN).and_then(|run| self.runs.get(run)) {
                let link = json!({ "trace_ids": [id], "run_id": run });
                self.there.client.done(Request::ask("api/2.0/mlflow/traces/link-to-run", link)).await?;
            }
            if let Some((name, version)) = tag.strip_prefix(LINKED_PROMPT).and_then(|prompt| prompt.rsplit_once('/')) {
                prompts.push(json!({ "name": name, "version": version }));
            }
        }
        if !prompts.is_empty() {
            let link = json!({ "trace_id": id, "prompt_versions": prompts });
            self.there.client.done(Request::ask("api/2.0/mlflow/traces/link-prompts", link)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use model::digest::{Header, State};

    use super::*;

    #[test]
    fn a_trace_is_whole_there_once_it_was_told_as_it_is_here() {
        let header = Header { state: State::Ok, spans: 1, ..Header::default() };
        let trace = TraceInfo { header, ..TraceInfo::default() };
        let told = json!({ "mlflow.trace_schema.version": "3" });
        let spans = json!({ "mlflow.trace.spansLocation": "TRACKING_STORE" });
        for (metadata, state, tags, is_whole) in [
            (&told, "OK", &spans, true),
            // What MLflow makes of first spans.
            (&json!({}), "OK", &spans, false),
            (&told, "IN_PROGRESS", &spans, false),
            (&told, "OK", &json!({}), false),
        ] {
            let info = json!({ "trace_metadata": metadata, "state": state, "tags": tags });
            assert_eq!(There::of(&info).has(&trace), is_whole, "{info}");
        }
    }
}
