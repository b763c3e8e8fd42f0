use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::feedback::Value;
use model::json::Json;
use model::outcome::Outcome;
use model::ports::{Binding, Call};
use model::run::RunPlan;
use model::scorer::ValueKind;
use model::suite::{Stop, StopWhen};

use super::*;
use crate::aggregate::aggregate;
use crate::dataset::Identities;
use crate::testing::{Lines, Memory, Scripted, Traces, description, feedback, header, plan, run_id, scorer};

/// Is told of results, and may say stop.
#[derive(Default)]
struct Watcher {
    told: Mutex<Vec<(u64, u32)>>,
    stop: Option<watch::Sender<bool>>,
}

impl Observer for Watcher {
    fn results_stored(&self, results: &[RowResult]) {
        self.told.lock().expect("no panic").extend(results.iter().map(|result| (result.index, result.trial)));
        if let Some(stop) = &self.stop {
            stop.send_replace(true);
        }
    }
}

fn yes(_: &Row, _: &str) -> Outcome {
    Outcome::Scored(vec![feedback(Value::Boolean(true))])
}

/// A plan of two scorers, the first of which needs outputs, in two bindings.
fn two_scorers() -> RunPlan {
    let mut first = scorer("first");
    first.needs_outputs = true;
    plan(vec![first, scorer("second")])
}

fn job(plan: RunPlan, text: String, score: impl Fn(&Row, &str) -> Outcome + Send + Sync + Clone + 'static) -> Job {
    let bindings = plan.scorers.iter().enumerate().rev().map(|(place, planned)| {
        let description = description(&planned.scorer, "{}", ValueKind::Boolean, planned.needs_outputs);
        let call = Call {
            key: planned.key.clone(),
            item: planned.scorer.clone(),
            parameters: Json::parse("{}").expect("an object"),
        };
        PlannedBinding {
            plugin: Scripted::plugin(&planned.key, vec![description], score.clone()),
            binding: Binding {
                calls: vec![call],
                limits: planned.limits,
                reuse: planned.reuse,
                seed: 0,
                grant: Default::default(),
                config: Default::default(),
            },
            places: vec![place],
        }
    });
    let bindings = bindings.collect();
    Job {
        run: run_id(),
        rows: Rows {
            reader: Arc::new(Lines),
            traces: Arc::new(Traces),
            source: Box::new(move || Ok(Box::new(std::io::Cursor::new(text.clone())))),
            plan: Arc::new(plan),
            identities: Identities::default(),
        },
        predictor: None,
        bindings,
        keeping: None,
        done: Completed::default(),
        store: Arc::new(Memory::default()),
        observer: Arc::new(Watcher::default()),
        judged: None,
        concurrency: 4,
        trials: u64::MAX,
        decider: None,
    }
}

fn rows(count: usize) -> String {
    (0..count).map(|row| format!("{{\"id\":\"q{row}\",\"inputs\":{{}},\"outputs\":1}}\n")).collect()
}

async fn run_with(mut job: Job, memory: &Arc<Memory>, watcher: &Arc<Watcher>) -> Result<ScoredEnd, ScoreError> {
    let cancel = watcher.stop.as_ref().map_or_else(|| watch::channel(false).1, watch::Sender::subscribe);
    (job.store, job.observer) = (memory.clone(), watcher.clone());
    run(job, cancel).await.map(|scored| scored.end)
}

fn keys(memory: &Memory) -> Vec<(u64, u32)> {
    memory.results.lock().expect("no panic").keys().copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_trial_of_every_row_is_recorded_once_and_told_of() {
    let (memory, watcher) = (Arc::new(Memory::default()), Arc::new(Watcher::default()));
    let mut plan = two_scorers();
    plan.trials = 2;
    let ended = run_with(job(plan, rows(500), yes), &memory, &watcher).await.expect("no failure");
    assert_eq!(ended, ScoredEnd::Complete);
    let expected: Vec<_> = (0..500).flat_map(|index| [(index, 0), (index, 1)]).collect();
    assert_eq!(keys(&memory), expected);
    let mut told = watcher.told.lock().expect("no panic").clone();
    told.sort_unstable();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn outcomes_are_in_suite_order_whatever_the_bindings() {
    let memory = Arc::new(Memory::default());
    let named = |_: &Row, name: &str| Outcome::Abstained { reason: name.to_owned() };
    run_with(job(two_scorers(), rows(1), named), &memory, &Arc::default()).await.expect("no failure");
    let result = memory.results.lock().expect("no panic")[&(0, 0)].clone();
    assert_eq!(result.id, "q0");
    let reasons = ["first", "second"].map(|name| Outcome::Abstained { reason: name.to_owned() });
    assert_eq!(result.outcomes, reasons);
}

#[tokio::test]
async fn a_scorer_that_needs_outputs_is_not_called_without_them() {
    let memory = Arc::new(Memory::default());
    let called = |_: &Row, name: &str| {
        assert_eq!(name, "second");
        Outcome::Abstained { reason: String::new() }
    };
    let text = "{\"id\":\"a\",\"inputs\":{}}\n".to_owned();
    run_with(job(two_scorers(), text, called), &memory, &Arc::default()).await.expect("no failure");
    let result = memory.results.lock().expect("no panic")[&(0, 0)].clone();
    assert_eq!(result.outcomes, [Outcome::Unpredicted, Outcome::Abstained { reason: String::new() }]);
    assert_eq!(result.error.map(|error| error.message).as_deref(), Some("the row has no `outputs`"));
}

#[tokio::test]
async fn what_is_done_is_not_done_again() {
    let (memory, watcher) = (Arc::new(Memory::default()), Arc::new(Watcher::default()));
    run_with(job(two_scorers(), rows(10), yes), &memory, &watcher).await.expect("no failure");
    let missing = [(3, 0), (7, 0)];
    memory.results.lock().expect("no panic").retain(|key, _| !missing.contains(key));
    let done = Completed::read(memory.as_ref(), run_id()).await.expect("a store in memory");
    assert_eq!(done.count(), 8);
    let resumed = Job { done, ..job(two_scorers(), rows(10), yes) };
    watcher.told.lock().expect("no panic").clear();
    run_with(resumed, &memory, &watcher).await.expect("no failure");
    assert_eq!(keys(&memory).len(), 10);
    let mut told = watcher.told.lock().expect("no panic").clone();
    told.sort_unstable();
    assert_eq!(told, missing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_cancelling_what_was_scored_is_recorded_and_nothing_more_is_pulled() {
    let memory = Arc::new(Memory::default());
    let watcher = Arc::new(Watcher { stop: Some(watch::channel(false).0), ..Watcher::default() });
    let scored = Arc::new(AtomicUsize::new(0));
    let counting = {
        let scored = Arc::clone(&scored);
        move |row: &Row, name: &str| {
            scored.fetch_add(usize::from(name == "first"), Ordering::SeqCst);
            yes(row, name)
        }
    };
    let ended = run_with(job(two_scorers(), rows(100_000), counting), &memory, &watcher).await.expect("no failure");
    assert_eq!(ended, ScoredEnd::Cancelled);
    let recorded = keys(&memory).len();
    assert_eq!(recorded, scored.load(Ordering::SeqCst));
    assert!(recorded < 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_ends_the_run() {
    let memory = Arc::new(Memory { room: 100, ..Memory::default() });
    let watcher = Arc::new(Watcher::default());
    let result = run_with(job(two_scorers(), rows(100_000), yes), &memory, &watcher).await;
    assert!(matches!(result, Err(ScoreError::Store(StoreError::Io(_)))));
    // Nobody was told of what is not durable.
    assert!(watcher.told.lock().expect("no panic").len() <= 100);
}

#[tokio::test]
async fn rows_that_changed_since_they_were_checked_end_the_run() {
    let text = format!("{}{{\n", rows(3));
    let memory = Arc::new(Memory::default());
    let result = run_with(job(two_scorers(), text, yes), &memory, &Arc::default()).await;
    assert!(matches!(result, Err(ScoreError::Rows(RowsError::Changed { line: 4, .. }))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_gates_are_decided_ends_and_is_decided_the_same_when_it_goes_on() {
    let rows_count = 20_000;
    let mut plan = two_scorers();
    plan.gates = crate::gate::parse("first >= 0.5").expect("a gate");
    plan.stop = Some(Stop { when: StopWhen::Decided, alpha: 0.05 });
    let mut header = header(plan.clone());
    (header.data.rows, header.data.trials) = (rows_count, rows_count);
    let most = |row: &Row, _: &str| Outcome::Scored(vec![feedback(Value::Boolean(!row.index.is_multiple_of(10)))]);
    let text = rows(rows_count as usize);
    let memory = Arc::new(Memory { dataset: text.clone(), ..Memory::default() });
    let mut job = job(plan.clone(), text.clone(), most);
    job.decider = Decider::new(&header);
    let ended = run_with(job, &memory, &Arc::default()).await.expect("no failure");
    assert_eq!(ended, ScoredEnd::Decided);
    let recorded = keys(&memory);
    assert!(recorded.len() < rows_count as usize / 4, "{}", recorded.len());
    let summary = || async { aggregate(memory.as_ref(), &header, Arc::new(Lines)).await.expect("memory") };
    let first = summary().await;
    let decided = first.decision.clone().expect("a decision");
    assert_eq!((first.results, decided.holds.clone()), (decided.decided.rows, vec![true]));
    let report = crate::report::build(&header, first.clone(), Default::default(), Default::default(), None, 1.0);
    assert_eq!((report.verdict, report.reason), (model::report::Verdict::Passed, None));
    let told = format!("(decided by {} of 20000 rows)", decided.decided.rows);
    assert!(report.gates[0].reason.ends_with(&told), "{}", report.gates[0].reason);

    // Going on with it does nothing.
    let mut again = self::job(plan.clone(), text.clone(), most);
    again.done = Completed::read(memory.as_ref(), run_id()).await.expect("memory");
    let mut decider = Decider::new(&header).expect("a decider");
    decider.read(memory.as_ref(), &header).await.expect("memory");
    again.decider = Some(decider);
    assert_eq!(run_with(again, &memory, &Arc::default()).await.expect("no failure"), ScoredEnd::Decided);
    assert_eq!(keys(&memory), recorded);

    // One that was cut off goes on from there, and is decided by the same rows.
    memory.results.lock().expect("no panic").retain(|(index, _), _| index % 3 != 0);
    let mut cut = self::job(plan, text, most);
    cut.done = Completed::read(memory.as_ref(), run_id()).await.expect("memory");
    let mut decider = Decider::new(&header).expect("a decider");
    decider.read(memory.as_ref(), &header).await.expect("memory");
    assert!(!decider.is_decided());
    cut.decider = Some(decider);
    assert_eq!(run_with(cut, &memory, &Arc::default()).await.expect("no failure"), ScoredEnd::Decided);
    assert_eq!(summary().await, first);
}
