//! `karat plugin run` and `karat plugin test`: single rows before a scorer, for whoever writes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use model::feedback::{Feedback, Value};
use model::grant::{HttpRule, JudgeRule};
use model::json::Json;
use model::judge::{Asker, JudgeReply, JudgeRequest, Usage};
use model::limits::{CallLimits, Reuse};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Call, HttpDoor, HttpRequest, HttpResponse, JudgeDoor, Plugin, Sink};
use model::row::{Row, RowRecord};
use model::run::{RowResult, RunId};
use model::scorer::{ItemKind, PluginDescription};
use model::telemetry::{Batch, Encoding};
use pipeline::cases::{Answer, Case, Exported, ReplyEntry, told};
use sandbox::Doors;
use serde_json::json;
use telemetry::emit::{Batches, Origin, Scored};
use tokio::runtime::Runtime;
use workshop::Project;

use super::build;
use super::one_call::{self, One};
use crate::args::OneCall;
use crate::exit::{Exit, Stop};
use crate::terminal::{Terminal, printable, printable_line};
use crate::wiring::Plugins;

/// Puts one row before scorers and predictors, with everything granted that the plugin asks for.
pub(super) fn run(plugin: &dyn Plugin, call: OneCall, runtime: &Runtime, terminal: &Terminal) -> Result<Exit, Stop> {
    let One { row, parameters, scorers, predictors } = One::read(call, plugin.description())?;
    let mut has_failed = false;
    let mut all = serde_json::Map::new();
    for scorer in scorers {
        let outcome = score(plugin, &scorer, parameters.clone(), &row, runtime);
        has_failed |= matches!(outcome, Outcome::Failed(_));
        if terminal.is_json() {
            all.insert(scorer, object(&outcome));
            continue;
        }
        terminal.data(format_args!("{scorer}: {}", printable(&told(&outcome))))?;
        if let Outcome::Failed(Failure { detail: Some(detail), .. }) = &outcome {
            terminal.data(printable(detail))?;
        }
    }
    for predictor in predictors {
        let answer = predict(plugin, &predictor, parameters.clone(), &row, runtime);
        has_failed |= answer.is_err();
        if terminal.is_json() {
            let object = match &answer {
                Ok(outputs) => json!({ "outcome": "predicted", "outputs": outputs }),
                Err(failure) => json!({ "outcome": "failed", "failure": failure }),
            };
            all.insert(predictor, object);
            continue;
        }
        match answer {
            Ok(outputs) => terminal.data(format_args!("{predictor}: {}", printable(outputs.as_str())))?,
            Err(failure) => {
                terminal.data(format_args!("{predictor}: failed ({})", printable(&failure.message)))?;
                terminal.data(printable(&failure.detail.unwrap_or_default()))?;
            }
        }
    }
    if terminal.is_json() {
        terminal.json(&all)?;
    }
    Ok(if has_failed { Exit::Failed } else { Exit::Done })
}

/// What came of a call, for machines.
pub(super) fn object(outcome: &Outcome) -> serde_json::Value {
    match outcome {
        Outcome::Scored(feedback) => json!({ "outcome": "scored", "feedback": feedback }),
        Outcome::Abstained { reason } => json!({ "outcome": "abstained", "reason": reason }),
        Outcome::Failed(failure) => json!({ "outcome": "failed", "failure": failure }),
        Outcome::Unpredicted => json!({ "outcome": "unpredicted" }),
    }
}

/// Where cases come from.
pub(super) enum From {
    /// What every SDK has to pass.
    Conformance,
    /// A file, or the one beside the plugin.
    File(Option<PathBuf>),
}

const CONFORMANCE: &str = include_str!("../../../../guest-sdk/conformance.yaml");

/// The conformance case of a trace that no SDK reads at once, which would be long to write out.
fn many_spans() -> Result<Case, Stop> {
    const SPANS: u32 = 600;
    let spans: Vec<_> =
        (0..SPANS).map(|number| json!({ "name": format!("s{number}"), "start_time_unix_nano": number })).collect();
    let told: Vec<_> = (0..SPANS).map(|number| format!("s{number}@{number}-?")).collect();
    Ok(serde_json::from_value(json!({
        "name": "a trace of many pages", "scorer": "spans", "with": { "key": "none" },
        "row": { "inputs": {}, "outputs": "x", "trace": { "spans": spans } },
        "expect": { "value": told.join("|") },
    }))?)
}

/// Checks a plugin against its cases. `answers` is the door that it was loaded with.
pub(super) fn test(
    plugin: &Path,
    from: From,
    plugins: &Plugins,
    answers: &Answers,
    runtime: &Runtime,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let is_project = plugin.is_dir();
    let file =
        if is_project { build::built(plugin, &Project::read(plugin).map_err(build::stop)?) } else { plugin.into() };
    if is_project && !file.exists() {
        return Err(
            Stop::message(format_args!("there is no `{}` yet", file.display())).hint("run `karat plugin build`")
        );
    }
    let beside = if is_project { plugin } else { plugin.parent().unwrap_or(Path::new("")) };
    let is_conformance = matches!(from, From::Conformance);
    let (name, text) = match from {
        From::Conformance => ("conformance.yaml".to_owned(), CONFORMANCE.to_owned()),
        From::File(path) => {
            let path = path.unwrap_or_else(|| beside.join("cases.yaml"));
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).with_context(|| format!("can't read the cases in `{name}`"))?;
            (name, text)
        }
    };
    let mut cases = pipeline::cases::parse(&name, &text).map_err(Stop::wrong)?;
    if is_conformance {
        cases.push(many_spans()?);
    }
    let loaded = plugins.load_file(&file, model::limits::Isolation::Thread).map_err(super::plugin::unusable)?;
    let mut failed = Vec::new();
    for case in &cases {
        let Checked { differences, detail } = check(&loaded, case, answers, runtime)?;
        if !terminal.is_json() {
            terminal.data(format_args!("{}  {}", if differences.is_empty() { "ok  " } else { "FAIL" }, case.name))?;
            for difference in &differences {
                terminal.data(format_args!("        {}", printable_line(difference)))?;
            }
            if let (false, Some(detail)) = (differences.is_empty(), &detail) {
                terminal.data(printable(detail))?;
            }
        }
        if !differences.is_empty() {
            failed.push(json!({ "case": case.name, "differences": differences }));
        }
    }
    let (all, wrong) = (cases.len(), failed.len());
    if terminal.is_json() {
        terminal.json(&json!({ "cases": all, "failed": failed }))?;
    } else {
        terminal.data(format_args!("{} of {all} cases are as expected", all - wrong))?;
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Failed })
}

/// What came otherwise in a case, and what helps to find out why.
struct Checked {
    differences: Vec<String>,
    detail: Option<String>,
}

fn check(plugin: &dyn Plugin, case: &Case, answers: &Answers, runtime: &Runtime) -> Result<Checked, Stop> {
    answers.put(case);
    let RowRecord { id, inputs, outputs, expectations, tags, session, trace, .. } = case.row.clone();
    let id = id.unwrap_or_else(|| case.name.clone());
    let trace = one_call::trace(trace.as_ref())
        .map_err(|stop| Stop { error: stop.error.context(format!("case `{}`", case.name)), ..stop })?;
    let row = Row { index: 0, id, trial: 0, inputs, outputs, expectations, tags, session, trace };
    let parameters = Json::from_serialize(&case.with)?;
    let (kind, item) = named(plugin.description(), case)?;
    let (differences, failure) = match kind {
        ItemKind::Scorer => {
            let outcome = score(plugin, &item, parameters, &row, runtime);
            let differences = case.expect.differences(&outcome);
            (differences, if let Outcome::Failed(failure) = outcome { Some(failure) } else { None })
        }
        ItemKind::Aggregator => unreachable!("`named` knows none"),
        ItemKind::Predictor => {
            let answer = predict(plugin, &item, parameters, &row, runtime);
            (case.expect.differences_of_prediction(&answer), answer.err())
        }
        ItemKind::Exporter => {
            let exported = export(plugin, &item, parameters, case, runtime);
            (case.expect.differences_of_export(&exported), exported.err())
        }
    };
    Ok(Checked { differences, detail: failure.and_then(|failure| failure.detail) })
}

/// The item that a case is about: the one it names, or the only one of what the plugin offers first.
fn named(plugin: &PluginDescription, case: &Case) -> Result<(ItemKind, String), Stop> {
    let names = [
        (ItemKind::Scorer, &case.scorer),
        (ItemKind::Predictor, &case.predictor),
        (ItemKind::Exporter, &case.exporter),
    ];
    let is_named = names.iter().find(|(_, name)| name.is_some());
    let is_offered = || names.iter().find(|(kind, _)| !plugin.items(*kind).is_empty());
    let &(kind, name) = is_named.or_else(is_offered).unwrap_or(&names[0]);
    let offered: Vec<_> = plugin.items(kind).into_iter().map(|(name, _)| name).collect();
    match (name, &offered[..]) {
        (Some(name), _) if offered.contains(&name.as_str()) => Ok((kind, name.clone())),
        (None, [only]) => Ok((kind, (*only).to_owned())),
        _ => {
            let (noun, offered) = (kind.noun(), offered.join(", "));
            let wrong = format!("case `{}`: the plugin offers {offered}; name one as `{noun}`", case.name);
            Err(Stop::message(wrong))
        }
    }
}

/// One item of a plugin, with everything granted that it asks for.
fn binding(plugin: &dyn Plugin, item: &str, parameters: Json) -> Binding {
    Binding {
        calls: vec![Call { key: item.to_owned(), item: item.to_owned(), parameters }],
        limits: CallLimits::default(),
        reuse: Reuse::Never,
        seed: 0,
        grant: plugin.description().asks.clone(),
        config: serde_json::Map::new(),
    }
}

/// What a predictor answers for a row.
fn predict(
    plugin: &dyn Plugin,
    predictor: &str,
    parameters: Json,
    row: &Row,
    runtime: &Runtime,
) -> Result<Json, Failure> {
    let predicting = plugin.bind_predictor(binding(plugin, predictor, parameters));
    runtime.block_on(predicting.predict(row)).map(|prediction| prediction.outputs)
}

/// What an exporter does with a batch of nothing but the case's row, and at its end.
fn export(
    plugin: &dyn Plugin,
    exporter: &str,
    parameters: Json,
    case: &Case,
    runtime: &Runtime,
) -> Result<Exported, Failure> {
    let written = Arc::new(Written::default());
    let binding = Binding { reuse: Reuse::Run, ..binding(plugin, exporter, parameters) };
    let exporting = plugin.bind_exporter(binding, Some(Arc::clone(&written) as _));
    runtime.block_on(async {
        let encoding = exporting.accepts().await?[0];
        let receipt = exporting.export(&batch(case, encoding)).await?;
        exporting.flush().await?;
        Ok(Exported { receipt, written: written.text() })
    })
}

fn batch(case: &Case, encoding: Encoding) -> Batch {
    let origin = Origin {
        run: RunId(uuid::Uuid::nil()),
        started: 0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        suite: "cases".to_owned(),
        dataset: String::new(),
        scorers: case.verdicts.keys().map(|key| Scored { key: key.clone(), prompt: None }).collect(),
    };
    let scored = |value: &Value| Outcome::Scored(vec![Feedback { name: None, value: value.clone(), rationale: None }]);
    let result = RowResult {
        index: 0,
        trial: 0,
        id: case.row.id.clone().unwrap_or_else(|| case.name.clone()),
        error: None,
        predicted: None,
        outcomes: case.verdicts.values().map(scored).collect(),
    };
    let mut batches = Batches::new(origin, encoding);
    batches.add(&case.row, case.row.outputs.as_ref(), &result);
    batches.finish().expect("there is a result in it")
}

/// A file in memory.
#[derive(Default)]
struct Written(Mutex<Vec<u8>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Sink for Written {
    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(())
    }
}

/// What a scorer says of a row.
fn score(plugin: &dyn Plugin, scorer: &str, parameters: Json, row: &Row, runtime: &Runtime) -> Outcome {
    let described = plugin.description().scorers.iter().find(|described| described.name == scorer);
    if row.outputs.is_none() && described.is_some_and(|described| described.needs.outputs) {
        return Outcome::Unpredicted;
    }
    let scoring = plugin.bind(binding(plugin, scorer, parameters));
    let nothing = || Outcome::Failed(Failure::new(FailureKind::Internal, "there is no outcome"));
    runtime.block_on(scoring.score(row, &[0])).pop().unwrap_or_else(nothing)
}

/// Doors behind which there is nothing but what a case says.
#[derive(Default)]
pub(super) struct Answers(Mutex<(Vec<Answer>, Vec<ReplyEntry>)>);

impl Answers {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The doors of a plugin that is tried.
    pub(super) fn doors(self: &Arc<Self>) -> Doors {
        Doors { http: Some(Arc::clone(self) as _), judge: Some(Arc::clone(self) as _), ..Doors::default() }
    }

    fn put(&self, case: &Case) {
        *self.said() = (case.http.clone(), case.judge.clone());
    }

    fn said(&self) -> MutexGuard<'_, (Vec<Answer>, Vec<ReplyEntry>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpDoor for Answers {
    async fn send(&self, _: &[HttpRule], most: u64, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let HttpRequest { method, url, .. } = request;
        let said = self.said();
        let Some(answer) = said.0.iter().find(|answer| answer.method == method && answer.url == url) else {
            let message = format!("the case has no answer for {method} {url}");
            return Err(Failure::new(FailureKind::Denied, message));
        };
        let headers: BTreeMap<_, _> =
            answer.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
        let mut body = answer.bytes();
        let truncated = body.len() as u64 > most;
        body.truncate(most as usize);
        Ok(HttpResponse { status: answer.status, headers: headers.into_iter().collect(), body, truncated })
    }
}

#[async_trait]
impl JudgeDoor for Answers {
    async fn complete(&self, _: &Asker, _: &JudgeRule, request: JudgeRequest) -> Result<JudgeReply, Failure> {
        pipeline::cases::reply(&self.said().1, &request)
    }

    async fn budget(&self, _: &Asker, _: &JudgeRule) -> Option<Usage> {
        None
    }
}
