//! Traces, with their spans and with what was said of them.

use std::collections::BTreeMap;

use model::digest::{SpanDigest, State};
use model::ports::{Annotation, AnnotationChange, SpanBatch};
use model::search::{LINKED_RUN, RUN, TraceInfo};
use model::trace::Span;
use telemetry::announced::{Announced, digest_of_announcement};

use super::{Importing, Names};
use crate::Error;
use crate::report::Kind;
use crate::source::{Source, ToldTrace};

/// What MLflow's server says of its own of a trace, and ours says itself.
const NOT_KEPT: [&str; 8] = [
    "mlflow.artifactLocation",
    "mlflow.trace.archiveLocation",
    "mlflow.trace.archivalFailure",
    "mlflow.trace.infoFinalized",
    "mlflow.trace.spansLocation",
    "mlflow.trace_schema.version",
    "mlflow.trace.sizeBytes",
    "mlflow.trace.sizeStats",
];

/// What each span says of its trace, which it is kept with.
const TRACE: &str = "mlflow.traceRequestId";

impl Importing<'_> {
    /// Returns whether there are any.
    pub(super) async fn traces(&mut self, source: &mut dyn Source, experiment: &str) -> Result<bool, Error> {
        let (mut are_any, mut after) = (false, None);
        loop {
            let page = source.traces(experiment, after.as_deref()).await;
            let (traces, next) = self.taken(Kind::Trace, experiment, page)?;
            are_any |= !traces.is_empty();
            for trace in traces {
                self.trace(source, experiment, trace).await?;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(are_any),
            }
        }
    }

    /// Spans first, then what is said of the trace as a whole: so one of which that is here has all of its spans.
    async fn trace(&mut self, source: &mut dyn Source, experiment: &str, told: ToldTrace) -> Result<(), Error> {
        let Some(home) = self.experiments.get(experiment).map(|home| home.traces.clone()) else { return Ok(()) };
        let mut announcement = announced(&told.info).into_span();
        self.into.redact.span(&home, &mut announcement);
        let digest = digest_of_announcement(&announcement);
        let id = told.info.id.clone();
        let known = self.into.traces.trace(&id).await?;
        let is_new = known.is_none();
        if let Some(known) = &known
            && known.experiment != home
        {
            let why = format!("there is one of its id in the experiment `{}` already", known.experiment);
            self.report.leave_out(Kind::Trace, told.mlflow_id, why);
            return Ok(());
        }
        for (name, why) in &told.broken {
            self.report.leave_out(Kind::Assessment, format!("{name} of {}", told.mlflow_id), why);
        }
        let is_over = told.info.header.state != State::InProgress;
        // One whose spans could not be read may get them now.
        let has_spans = known.as_ref().is_some_and(|known| known.header.spans > 0);
        let is_whole = match has_spans {
            false => false,
            true => is_over && self.into.traces.announcement(&id).await?.is_some_and(|(_, known)| known == digest),
        };
        if !is_whole {
            let spans = match self.spans(source, &home, &told).await {
                Err(error) if error.is_of_one() => {
                    self.report.leave_out(Kind::Span, format!("those of {}", told.mlflow_id), error);
                    Vec::new()
                }
                spans => spans?,
            };
            // Those that come last are there together with what says that they are.
            let spans = spans.into_iter().chain([(announcement, digest)]).collect();
            self.into.traces.put_spans(&home, vec![SpanBatch { trace: id.clone(), spans }]).await?;
        }
        self.report.add(Kind::Trace, is_new.into(), (!is_new).into());
        self.said(&home, told.info, known).await
    }

    /// Puts the spans of a trace, but for those of the last page, which come back.
    async fn spans(
        &mut self,
        source: &mut dyn Source,
        home: &str,
        told: &ToldTrace,
    ) -> Result<Vec<(Span, SpanDigest)>, Error> {
        let mut after = None;
        loop {
            let page = source.spans(told, after.as_deref()).await?;
            for (name, why) in page.broken {
                self.report.leave_out(Kind::Span, format!("{name} of {}", told.mlflow_id), why);
            }
            let mut spans = page.items;
            self.report.add(Kind::Span, spans.len() as u64, 0);
            for span in &mut spans {
                span.attributes.retain(|(name, _)| name != TRACE);
                self.into.redact.span(home, span);
            }
            let digests = telemetry::digest(&spans, &*self.into.prices);
            let spans: Vec<_> = spans.into_iter().zip(digests).collect();
            let Some(next) = page.next else { return Ok(spans) };
            after = Some(next);
            if !spans.is_empty() {
                self.into.traces.put_spans(home, vec![SpanBatch { trace: told.info.id.clone(), spans }]).await?;
            }
        }
    }

    /// Tags and assessments that are not here yet; what somebody has changed here stays.
    async fn said(&mut self, home: &str, told: TraceInfo, known: Option<TraceInfo>) -> Result<(), Error> {
        let known = known.unwrap_or_default();
        let mut changes = Vec::new();
        for (name, value) in kept(told.tags) {
            if !known.tags.contains_key(&name) {
                changes.push(AnnotationChange::Tag { name, value: Some(value) });
            }
        }
        let (mut new, mut old) = (0, 0);
        for assessment in told.assessments {
            match known.assessments.iter().any(|there| there.id == assessment.id) {
                true => old += 1,
                false => {
                    new += 1;
                    changes.push(AnnotationChange::Assess(assessment));
                }
            }
        }
        self.report.add(Kind::Assessment, new, old);
        self.annotate(home, &told.id, changes).await
    }

    async fn annotate(&self, home: &str, trace: &str, changes: Vec<AnnotationChange>) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let redacted = changes.into_iter().map(|change| self.into.redact.change(home, change));
        Ok(self.into.traces.annotate(Annotation::all(trace, redacted)).await?)
    }

    /// Traces that are linked to runs which they were not made in.
    pub(super) async fn links(&mut self, source: &mut dyn Source, experiment: &str, runs: &Names) -> Result<(), Error> {
        for run in runs {
            let mut after = None;
            loop {
                let page = source.linked(experiment, run, after.as_deref()).await;
                let (traces, next) = self.taken(Kind::Trace, run, page)?;
                for trace in traces {
                    let Some(known) = self.into.traces.trace(&trace).await? else { continue };
                    let name = format!("{LINKED_RUN}{run}");
                    let is_made_in = known.header.metadata.get(RUN) == Some(run);
                    if !is_made_in && !known.tags.contains_key(&name) {
                        let change = AnnotationChange::Tag { name, value: Some("linked".to_owned()) };
                        self.annotate(&known.experiment, &trace, vec![change]).await?;
                    }
                }
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }
}

fn announced(info: &TraceInfo) -> Announced {
    let header = &info.header;
    Announced {
        name: header.name.clone(),
        start: header.start,
        end: header.end,
        is_error: header.state == State::Error,
        metadata: kept(header.metadata.clone()),
        inputs: header.inputs.clone(),
        outputs: header.outputs.clone(),
    }
}

fn kept(mut texts: BTreeMap<String, String>) -> BTreeMap<String, String> {
    texts.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
    texts
}
