//! Traces of the store as rows, and what scorers said of them noted on the traces.
//!
//! A run over traces is a run like any other: the rows are written down first, under a digest, and read from there. So it can
//! be resumed and repeated when the traces have changed or gone.

use std::collections::{BTreeMap, BinaryHeap};
use std::io::Write;
use std::slice;

use model::assessment::{Assessment, AssessmentId, Said, Source, SourceKind};
use model::digest::SpanDigest;
use model::feedback::Feedback;
use model::json::Json;
use model::outcome::Outcome;
use model::ports::{Annotation, AnnotationChange, FoundTrace, Store, StoreError, TraceStore};
use model::run::{PlannedScorer, RowResult, RunHeader};
use model::search::{Cursor, Query, TraceInfo};
use model::trace::Span;
use uuid::Builder;

use crate::plan::Sampled;

/// Traces or results that are read at once.
const PAGE: usize = 500;

/// Spans of a trace that scorers see: what comes behind them in a larger one is left out.
const MOST_SPANS: usize = 10_000;

/// What an assessment's metadata calls the run that it is of.
const RUN: &str = "karat.run";

/// Writes down a trace as a row: one line of JSON, without its end.
pub type Writer = fn(&TraceInfo, &[(Span, SpanDigest)]) -> Result<Json, serde_json::Error>;

/// Writes the traces that are asked for as rows, a line each, in the order of the search. Returns how many there are.
///
/// # Errors
///
/// Fails when the store does, or `to`.
pub async fn write_rows(
    store: &dyn TraceStore,
    query: &Query,
    sampled: &Sampled,
    writer: Writer,
    to: &mut (dyn Write + Send),
) -> Result<u64, StoreError> {
    let ids = ids(store, query, sampled).await?;
    for id in &ids {
        // It was deleted meanwhile.
        let found = store.traces(slice::from_ref(id), MOST_SPANS).await?;
        let Some(FoundTrace { info, spans }) = found.into_iter().flatten().next() else { continue };
        writeln!(to, "{}", writer(&info, &spans).map_err(std::io::Error::from)?.as_str())?;
    }
    Ok(ids.len() as u64)
}

/// The traces that are asked for: all of them, or those that chance chooses, which for one seed is always the same.
async fn ids(store: &dyn TraceStore, query: &Query, sampled: &Sampled) -> Result<Vec<String>, StoreError> {
    let most = sampled.sample.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let mut chosen: BinaryHeap<(u64, u64, String)> = BinaryHeap::new();
    let (mut place, mut after): (u64, Option<Cursor>) = (0, None);
    loop {
        let page = store.search(query, after.as_ref(), PAGE).await?;
        for info in page.traces {
            let chance = if most == usize::MAX { 0 } else { chance(sampled.seed, &info.id) };
            chosen.push((chance, place, info.id));
            place += 1;
            if chosen.len() > most {
                chosen.pop();
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let mut chosen = chosen.into_vec();
    chosen.sort_unstable_by_key(|(_, place, _)| *place);
    Ok(chosen.into_iter().map(|(.., id)| id).collect())
}

fn chance(seed: u64, id: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(id.as_bytes());
    u64::from_le_bytes(*hasher.finalize().as_bytes().first_chunk().expect("32 bytes"))
}

/// Notes the verdicts of a run on the traces that its rows are. Doing it again changes nothing. Returns how many there are.
///
/// # Errors
///
/// Fails when a store does. A trace that was deleted meanwhile is passed over.
pub async fn note(store: &dyn Store, traces: &dyn TraceStore, header: &RunHeader) -> Result<u64, StoreError> {
    let (mut noted, mut after) = (0, None);
    loop {
        let page = store.results(header.id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(noted) };
        after = Some((last.index, last.trial));
        for result in &page {
            let said = said(result, header);
            let count = said.len() as u64;
            if count == 0 {
                continue;
            }
            match traces.annotate(said).await {
                Ok(()) => noted += count,
                Err(StoreError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn said(result: &RowResult, header: &RunHeader) -> Vec<Annotation> {
    let outcomes = header.plan.scorers.iter().zip(&result.outcomes);
    let said = outcomes.flat_map(|(scorer, outcome)| match outcome {
        Outcome::Scored(feedback) => feedback.iter().filter_map(|one| verdict(scorer, one)).collect(),
        Outcome::Failed(failure) => vec![(scorer, scorer.key.clone(), Said::Failed(failure.clone()), None)],
        Outcome::Abstained { .. } | Outcome::Unpredicted => Vec::new(),
    });
    let assessment = |(scorer, name, said, rationale): (&PlannedScorer, String, Said, Option<String>)| Assessment {
        id: id(result, header, &name),
        span: None,
        name,
        said,
        source: source(scorer),
        rationale,
        created: header.started * 1_000_000,
        updated: header.started * 1_000_000,
        metadata: BTreeMap::from([(RUN.to_owned(), header.id.to_string())]),
        overrides: None,
    };
    Annotation::all(&result.id, said.map(|said| AnnotationChange::Assess(assessment(said))))
}

fn verdict<'a>(
    scorer: &'a PlannedScorer,
    feedback: &Feedback,
) -> Option<(&'a PlannedScorer, String, Said, Option<String>)> {
    let name = match &feedback.name {
        Some(sub) => format!("{}/{sub}", scorer.key),
        None => scorer.key.clone(),
    };
    let value = Json::from_serialize(&feedback.value).ok()?;
    Some((scorer, name, Said::Feedback(value), feedback.rationale.clone()))
}

/// Who asks a judge speaks for it.
fn source(scorer: &PlannedScorer) -> Source {
    let kind = if scorer.grant.judge.is_some() { SourceKind::LlmJudge } else { SourceKind::Code };
    Source { kind, id: Some(format!("{}@{}#{}", scorer.plugin.name, scorer.plugin.version, scorer.scorer)) }
}

/// The same for the same run, trace, trial and name.
fn id(result: &RowResult, header: &RunHeader, name: &str) -> AssessmentId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header.id.0.as_bytes()).update(&result.trial.to_le_bytes());
    hasher.update(result.id.as_bytes()).update(&[0]).update(name.as_bytes());
    AssessmentId(Builder::from_custom_bytes(*hasher.finalize().as_bytes().first_chunk().expect("32 bytes")).into_uuid())
}
