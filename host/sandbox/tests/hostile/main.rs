//! Plugins that try to get out, to stay for ever, to take everything or to lie. Each ends as it should, and the plugin
//! that comes after it in the same process finds everything as it was.
//!
//! The cases have the ids of the threat list; `docs/security.md` has the table of them, which is checked against this
//! one.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod brokers;
mod execution;
mod files;
mod imports;
mod judges;
mod results;
mod streams;
mod surroundings;
mod traces;
mod workers;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use guests::wat;
use model::grant::Grant;
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{FailureKind, Outcome};
use model::ports::{Binding, Call, Plugin};
use model::row::Row;
use sandbox::{Options, Program, Sandbox};

/// What becomes of a plugin.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It is not taken; the message has these words.
    Refused(&'static str),
    /// Its call fails like this.
    Fails(FailureKind, &'static str),
    /// It is let be: what it did led nowhere.
    Scores,
}

/// One attempt.
struct Case {
    /// Ids of the threat list.
    id: &'static str,
    does: &'static str,
    plugin: Vec<u8>,
    scorer: &'static str,
    limits: CallLimits,
    grant: Grant,
    end: End,
}

impl Case {
    fn new(id: &'static str, does: &'static str, plugin: Vec<u8>, end: End) -> Self {
        let limits = CallLimits { fuel: 50_000_000, ..CallLimits::default() };
        Self { id, does, plugin, scorer: "probe", limits, grant: Grant::default(), end }
    }

    /// One of the scorers of the guest that is written in Rust.
    fn rust(id: &'static str, does: &'static str, scorer: &'static str, end: End) -> Self {
        Self { scorer, ..Self::new(id, does, guests::HOSTILE.to_vec(), end) }
    }

    fn limits(self, limits: CallLimits) -> Self {
        Self { limits, ..self }
    }

    fn grant(self, grant: Grant) -> Self {
        Self { grant, ..self }
    }
}

fn cases() -> Vec<Case> {
    let groups = [
        execution::cases(),
        surroundings::cases(),
        imports::cases(),
        brokers::cases(),
        traces::cases(),
        results::cases(),
        files::cases(),
    ];
    groups.into_iter().flatten().collect()
}

fn row(index: u64) -> Row {
    Row {
        index,
        id: format!("row-{index}"),
        trial: 0,
        inputs: Json::parse(r#"{"question": "why?"}"#).unwrap(),
        outputs: Some(Json::parse("\"x\"").unwrap()),
        expectations: None,
        tags: BTreeMap::new(),
        session: None,
        trace: Some(traces::long()),
    }
}

/// Calls a scorer on some rows with an instance for each.
async fn outcomes(
    sandbox: &Sandbox,
    isolation: Isolation,
    plugin: &[u8],
    scorer: &str,
    limits: CallLimits,
    grant: Grant,
    rows: u64,
) -> Result<Vec<Outcome>, String> {
    let plugin = sandbox.load(plugin, isolation).await.map_err(|error| told(&error))?;
    let calls = vec![Call { key: scorer.to_owned(), item: scorer.to_owned(), parameters: Json::parse("{}").unwrap() }];
    let config = serde_json::Map::new();
    let scoring = plugin.bind(Binding { calls, limits, reuse: Reuse::Never, seed: 0, grant, config });
    let mut outcomes = Vec::new();
    for index in 0..rows {
        outcomes.extend(scoring.score(&row(index), &[0]).await);
    }
    Ok(outcomes)
}

fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// That an honest plugin is answered as ever.
async fn check_honest(sandbox: &Sandbox, isolation: Isolation, honest: &[u8], after: &str) {
    let outcomes =
        outcomes(sandbox, isolation, honest, "probe", CallLimits::default(), Grant::default(), 1).await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Scored(_)]), "after {after}: {outcomes:?}");
    assert!(sandbox.is_idle(), "after {after}");
}

/// Says what is wrong with how an attempt ended.
fn wrong(end: End, ended: &Result<Vec<Outcome>, String>) -> Option<String> {
    let is_right = match (end, ended) {
        (End::Refused(words), Err(error)) => error.contains(words),
        (End::Fails(kind, words), Ok(outcomes)) => {
            let fails = |outcome: &Outcome| matches!(outcome, Outcome::Failed(failure) if failure.kind == kind && failure.message.contains(words));
            outcomes.iter().all(fails) && outcomes[0] == outcomes[1]
        }
        (End::Scores, Ok(outcomes)) => outcomes.iter().all(|outcome| matches!(outcome, Outcome::Scored(_))),
        _ => false,
    };
    (!is_right).then(|| format!("should end as {end:?}: {ended:?}"))
}

#[tokio::test]
async fn every_attempt_ends_as_it_should_and_leaves_no_trace() {
    every_attempt(Isolation::Thread).await;
}

#[tokio::test]
async fn every_attempt_ends_the_same_in_a_process_of_its_own() {
    every_attempt(Isolation::Process).await;
}

/// What isolated plugins live in: this program, started by itself.
#[test]
#[ignore = "other tests start it"]
fn worker() {
    sandbox::work().unwrap();
}

fn ourselves() -> Program {
    let arguments = ["worker", "--exact", "--ignored"].map(str::to_owned).to_vec();
    Program { program: std::env::current_exe().unwrap(), arguments }
}

async fn every_attempt(isolation: Isolation) {
    let sandbox = Sandbox::new(Options { worker: Some(ourselves()), ..Options::default() }).unwrap();
    let honest = wat::Plugin::default().bytes();
    check_honest(&sandbox, isolation, &honest, "nothing").await;
    let mut problems = Vec::new();
    for case in cases() {
        let name = format!("{} ({})", case.id, case.does);
        let begun = Instant::now();
        let ended = outcomes(&sandbox, isolation, &case.plugin, case.scorer, case.limits, case.grant, 2).await;
        problems.extend(wrong(case.end, &ended).map(|wrong| format!("{name} {wrong}")));
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} took {:?}", begun.elapsed());
        check_honest(&sandbox, isolation, &honest, &name).await;
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_table_of_the_security_page_has_every_attempt() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let page = std::fs::read_to_string(page).unwrap();
    let told = |end: End| match end {
        End::Refused(_) => "refused before any row".to_owned(),
        End::Fails(kind, _) => format!("the row fails: `{}`", serde_json::to_value(kind).unwrap().as_str().unwrap()),
        End::Scores => "leads nowhere".to_owned(),
    };
    let rows: Vec<_> =
        cases().iter().map(|case| format!("| {} | {} | {} |", case.id, case.does, told(case.end))).collect();
    let expected = rows.join("\n");
    assert!(page.contains(&expected), "the table should be:\n\n{expected}\n");
}
