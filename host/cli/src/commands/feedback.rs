//! `karat feedback`: what is said of traces.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::assessment::{Assessment, AssessmentId, Said, Source, SourceKind};
use model::json::Json;
use model::ports::{Annotation, AnnotationChange, TraceStore};
use model::search::{Query, TraceInfo};

use super::traces;
use crate::args::{Feedback, Source as Kind};
use crate::clock;
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(what: Feedback, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    let store = wiring::existing_store(&folder)?;
    let store =
        store.ok_or_else(|| Stop::message("there is no trace in this store").hint("`karat serve` takes them in"))?;
    let (Feedback::Add { trace: named, .. } | Feedback::List { trace: named } | Feedback::Delete { trace: named, .. }) =
        &what;
    let info = match &what {
        Feedback::Add { session: true, .. } => first_of(&*store, named).await?,
        _ => traces::find(&*store, named).await?,
    };
    let change = match what {
        Feedback::List { .. } if terminal.is_json() => {
            terminal.json(&info.assessments)?;
            return Ok(Exit::Done);
        }
        Feedback::List { .. } => {
            for assessment in &info.assessments {
                terminal.data(traces::assessed(assessment, &info.assessments))?;
            }
            return Ok(Exit::Done);
        }
        Feedback::Delete { assessment, .. } => AnnotationChange::Withdraw(AssessmentId(assessment)),
        add @ Feedback::Add { .. } => AnnotationChange::Assess(said(add)?),
    };
    let id = match &change {
        AnnotationChange::Assess(assessment) => Some(assessment.id),
        _ => None,
    };
    store.annotate(vec![Annotation { trace: info.id.clone(), change }]).await.map_err(wiring::store_error)?;
    match id {
        Some(AssessmentId(id)) if terminal.is_json() => {
            terminal.json(&serde_json::json!({ "id": id, "trace": info.id }))?
        }
        Some(AssessmentId(id)) => terminal.data(format_args!("assessment {id} on trace {}", info.id))?,
        None => terminal.note("deleted the assessment")?,
    }
    Ok(Exit::Done)
}

/// The first trace of a session.
async fn first_of(store: &dyn TraceStore, session: &str) -> Result<TraceInfo, Stop> {
    let page = store.search(&Query::of_session(session, None), None, 1).await.map_err(wiring::store_error)?;
    page.traces.into_iter().next().ok_or_else(|| Stop::message(format!("there is no trace of session `{session}`")))
}

fn said(add: Feedback) -> Result<Assessment, Stop> {
    let Feedback::Add { trace: of, session, name, value, rationale, expectation, span, source, by, overrides } = add
    else {
        unreachable!("the caller adds")
    };
    let value = match Json::parse(&value) {
        Ok(value) => value,
        Err(_) => Json::from_serialize(&value)?,
    };
    let now = clock::now().as_nanos() as u64;
    let assessment = Assessment {
        id: AssessmentId(uuid::Uuid::now_v7()),
        span,
        name,
        said: if expectation { Said::Expectation(value) } else { Said::Feedback(value) },
        source: Source { kind: kind(source), id: by.or_else(|| std::env::var("USER").ok()) },
        rationale,
        created: now,
        updated: now,
        metadata: BTreeMap::new(),
        overrides: overrides.map(AssessmentId),
    };
    Ok(if session { assessment.of_session(&of) } else { assessment })
}

fn kind(source: Kind) -> SourceKind {
    match source {
        Kind::Human => SourceKind::Human,
        Kind::LlmJudge => SourceKind::LlmJudge,
        Kind::Code => SourceKind::Code,
    }
}
