//! Runs that look like real ones.

use std::time::Duration;

use model::aggregate::{Aggregate, AggregateKind, Basis, Counts};
use model::endpoint::Judges;
use model::feedback::{Feedback, Value};
use model::gate::{Comparison, Condition, Gate, GateResult, Number, Statistic};
use model::grant::Grant;
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, FailureKind, Outcome};
use model::prediction::Predicted;
use model::quantity::Allowance;
use model::report::{Cost, Latency, Predictions, Report, Scorers, Spent, Verdict};
use model::row::RowRecord;
use model::run::{DatasetSnapshot, Origin, PlannedScorer, PluginRef, RowResult, Run, RunHeader, RunPlan};
use model::scorer::{Direction, ValueKind};
use model::slice::{Slice, SliceKey, Sliced};
use model::suite::DataFormat;
use reports::Format;

/// A row with what came of it.
pub(crate) type Case = (RowRecord, RowResult);

pub(crate) fn row(text: &str) -> RowRecord {
    serde_json::from_str(text).expect("a row")
}

pub(crate) fn json(value: &(impl serde::Serialize + ?Sized)) -> Json {
    Json::from_serialize(value).expect("JSON")
}

pub(crate) fn feedback(value: Value, rationale: Option<&str>) -> Feedback {
    Feedback { name: None, value, rationale: rationale.map(str::to_owned) }
}

pub(crate) fn result(index: u64, outcomes: Vec<Outcome>) -> RowResult {
    RowResult { index, trial: 0, id: format!("q{index}"), error: None, predicted: None, outcomes }
}

pub(crate) fn scorer(key: &str, value: ValueKind) -> PlannedScorer {
    PlannedScorer {
        key: key.to_owned(),
        plugin: PluginRef {
            name: "karat/judge".to_owned(),
            version: "0.1.0".to_owned(),
            digest: "5d41402abc4b2a76b9719d911017c592ae2f1b3c5d41402abc4b2a76b9719d91".to_owned(),
        },
        scorer: "guidelines".to_owned(),
        prompt: Some("guidelines@3".to_owned()),
        parameters: Json::parse(r#"{"guidelines":["be polite","answer in the language of the question"]}"#)
            .expect("JSON"),
        value,
        better: Direction::Maximize,
        reduce: None,
        needs_outputs: true,
        limits: CallLimits::default(),
        reuse: Reuse::Never,
        isolation: Isolation::Thread,
        grant: Grant::default(),
        config: serde_json::Map::new(),
    }
}

/// A run of these scorers without a report.
pub(crate) fn run(suite: &str, scorers: Vec<PlannedScorer>) -> Run {
    let plan = RunPlan {
        suite: suite.to_owned(),
        predictor: None,
        scorers,
        aggregators: Vec::new(),
        judges: Judges::default(),
        trials: 1,
        seed: 7,
        max_failed: Allowance::Share(0.01),
        gates: Vec::new(),
        format: DataFormat::Jsonl,
        map: None,
        traces: None,
        split: None,
        limit: None,
        only: None,
        slices: Vec::new(),
        baseline: None,
        prompts: Vec::new(),
        quarantine: Vec::new(),
        stop: None,
    };
    let digest = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    let data = DatasetSnapshot {
        path: "data/cases.jsonl".to_owned(),
        digest: digest.to_owned(),
        rows: 0,
        trials: 0,
        left_out: 0,
        grouped: false,
        version: None,
    };
    let header = RunHeader {
        id: "01900000-0000-7000-8000-000000000000".parse().expect("an id"),
        started: 1_780_000_000_000,
        binary: "0f3c9a5be1d24c7796c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6".to_owned(),
        version: "0.1.0".to_owned(),
        plan,
        data,
        origin: Origin::default(),
        baselines: Default::default(),
        lineage: Default::default(),
    };
    Run { header, report: None }
}

pub(crate) fn aggregate(kind: AggregateKind, value: Option<f64>, half: f64, counts: Counts) -> Aggregate {
    let (lower, upper) = (value.map(|value| value - half), value.map(|value| value + half));
    Aggregate {
        kind,
        value,
        lower,
        upper,
        counts,
        note: None,
        failure: None,
        labels: Default::default(),
        basis: Basis::default(),
    }
}

pub(crate) fn report(run: &Run, verdict: Verdict, scorers: Vec<(String, Aggregate)>, gates: Vec<GateResult>) -> Report {
    Report {
        run: run.header.id,
        suite: run.header.plan.suite.clone(),
        rows: run.header.data.rows,
        left_out: 0,
        verdict,
        reason: None,
        failed_rows: 0,
        scorers: Scorers(scorers),
        slices: Vec::new(),
        slices_left_out: 0,
        ledgers: Vec::new(),
        decided: None,
        predictions: None,
        gates,
        cost: Cost::default(),
        seconds: 0.0,
    }
}

pub(crate) fn gate(text: &str, scorer: &str, threshold: f64) -> Gate {
    let number = Number {
        scorer: scorer.to_owned(),
        slice: None,
        statistic: Statistic::Value,
        comparison: Comparison::AtLeast,
        threshold,
    };
    Gate { text: text.to_owned(), condition: Condition::Number(number) }
}

/// What a format makes of a run.
pub(crate) fn written<'a>(format: Format, run: &Run, cases: impl IntoIterator<Item = &'a Case>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut report = reports::open(format, run, &mut bytes).expect("memory");
    for (row, result) in cases {
        report.add(row, result).expect("memory");
    }
    report.finish().expect("memory");
    bytes
}

pub(crate) fn text<'a>(format: Format, run: &Run, cases: impl IntoIterator<Item = &'a Case>) -> String {
    String::from_utf8(written(format, run, cases)).expect("UTF-8")
}

const QUESTIONS: [&str; 6] = [
    "Where is my parcel? It should have been here on Monday.",
    "Wie kann ich meine Rechnungsadresse ändern?",
    "I was charged twice for the same order, please refund one of them.",
    "Can I use the charger you sell with the older model as well?",
    "أين يمكنني تغيير كلمة المرور الخاصة بي؟",
    "My screen flickers since the update.\nI restarted it three times.\nWhat else can I try?",
];
const ANSWERS: [&str; 6] = [
    "Your parcel left our warehouse on Friday and is due tomorrow. You can follow it under the link in your confirmation.",
    "Das geht unter Konto → Rechnungen → Adresse. Eine Bestätigung kommt per E-Mail.",
    "I see both charges. The second one was reversed today; your bank shows it within three days.",
    "Yes, it fits both. With the older model it charges more slowly.",
    "يمكنك تغييرها من صفحة الحساب ثم الأمان.",
    "Please start it without the update: hold the power key for ten seconds, then choose “previous version”.",
];
const TOPICS: [&str; 4] = ["delivery", "account", "billing", "product"];

/// A support bot on as many rows: three scorers of which one breaks now and then, labels, a number, a predictor, gates.
pub(crate) fn support_bot(rows: u64) -> (Run, Vec<Case>) {
    let kinds = [ValueKind::Boolean, ValueKind::Boolean, ValueKind::Number, ValueKind::Label, ValueKind::Number];
    let keys = ["correctness", "tone", "fluency", "topic", "response_words"];
    let mut run = run("support-bot", keys.into_iter().zip(kinds).map(|(key, kind)| scorer(key, kind)).collect());
    (run.header.data.rows, run.header.data.trials) = (rows, rows);
    run.header.plan.gates = vec![
        gate("correctness >= 0.9", "correctness", 0.9),
        gate("tone >= 0.85", "tone", 0.85),
        gate("latency.p90 <= 2s", "latency", 2.0),
    ];
    let cases: Vec<_> = (0..rows).map(case).collect();
    let scorers = keys.into_iter().enumerate().map(|(at, key)| (key.to_owned(), folded(&cases, at))).collect();
    let gates = vec![
        held("correctness >= 0.9", false, "0.8712 is below 0.9"),
        held("tone >= 0.85", true, "0.9403 is at least 0.85"),
        held("latency.p90 <= 2s", true, "1.43 is at most 2"),
    ];
    let mut told = report(&run, Verdict::Failed, scorers, gates);
    told.slices = ["ar", "de", "en"].map(|lang| sliced(&cases, lang)).to_vec();
    told.failed_rows = cases.iter().filter(|(_, result)| result.is_failed()).count() as u64;
    told.seconds = 83.2;
    told.predictions = Some(Predictions {
        predictor: "http_json".to_owned(),
        not_sandboxed: Vec::new(),
        answered: rows - rows / 200,
        failed: rows / 200,
        retries: 3,
        latency: Some(Latency { mean: 0.81, p50: 0.72, p90: 1.43, p99: 2.91, max: 4.02 }),
        input_tokens: Some(48_210),
        output_tokens: Some(61_552),
    });
    told.cost.all = Spent { judge_calls: 2 * rows, usd: Some(0.4127), ..Spent::default() };
    run.report = Some(told);
    (run, cases)
}

/// As if rows had a tag for their language: it follows from the question.
fn sliced(cases: &[Case], lang: &str) -> Sliced {
    let is_of = |(_, result): &&Case| match result.index % 6 {
        1 => lang == "de",
        4 => lang == "ar",
        _ => lang == "en",
    };
    let cases: Vec<_> = cases.iter().filter(is_of).cloned().collect();
    let scorers = [(0, "correctness"), (1, "tone")].map(|(at, key)| (key.to_owned(), folded(&cases, at))).to_vec();
    let slice = Slice { by: SliceKey::Tag("lang".to_owned()), value: lang.to_owned() };
    Sliced { slice, rows: cases.len() as u64, scorers: Scorers(scorers) }
}

fn held(text: &str, holds: bool, reason: &str) -> GateResult {
    GateResult { text: text.to_owned(), holds, reason: reason.to_owned() }
}

fn case(index: u64) -> Case {
    let chance = |salt: u64| {
        (index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ salt)
            .wrapping_mul(0xD6E8_FEB8_6659_FD93)
            >> 40
    };
    let kind = (index % 6) as usize;
    let inputs =
        serde_json::json!({ "question": QUESTIONS[kind], "customer": format!("c-{:05}", chance(1) % 100_000) });
    let expectations = serde_json::json!({ "expected_response": ANSWERS[kind] });
    let row = RowRecord {
        expectations: Some(json(&expectations)),
        ..row(&serde_json::json!({ "inputs": inputs }).to_string())
    };
    let is_right = chance(2) % 100 < 87;
    let is_polite = chance(3) % 100 < 94;
    let answer = match (is_right, is_polite) {
        (true, true) => ANSWERS[kind],
        (true, false) => "That is not our problem. Look it up yourself.",
        (false, _) => ANSWERS[(kind + 2) % 5],
    };
    let predicted = |outputs| Predicted {
        outputs,
        latency: Some(Duration::from_millis(300 + chance(4) % 1500)),
        attempts: 1,
        input_tokens: None,
        output_tokens: None,
    };
    if index % 200 == 199 {
        let error = Failure::new(FailureKind::TimedOut, "the application did not answer within 30 s (3 attempts)");
        let result = RowResult {
            error: Some(error),
            predicted: Some(predicted(None)),
            ..result(index, vec![Outcome::Unpredicted; 5])
        };
        return (row, result);
    }
    let why = if is_right {
        "The answer says what was expected."
    } else {
        "The answer is about another matter: it names neither the parcel nor a date, and the customer would have to ask again."
    };
    let tone = match chance(5) % 100 {
        0 => Outcome::Failed(Failure::new(FailureKind::OutOfFuel, "ran out of fuel (limit 1,000,000,000)")),
        1 | 2 => Outcome::Abstained { reason: "the response is too short to judge its tone".to_owned() },
        _ => Outcome::Scored(vec![
            feedback(
                Value::Boolean(is_polite),
                Some(if is_polite {
                    "Polite throughout."
                } else {
                    "“That is not our problem.” turns the customer away."
                }),
            ),
            Feedback { name: Some("warmth".to_owned()), value: Value::Number((chance(6) % 6) as f64), rationale: None },
        ]),
    };
    let outcomes = vec![
        Outcome::Scored(vec![feedback(Value::Boolean(is_right), Some(why))]),
        tone,
        Outcome::Scored(vec![feedback(Value::Number((60 + chance(7) % 40) as f64 / 100.0), None)]),
        Outcome::Scored(vec![feedback(Value::Text(TOPICS[(chance(8) % 4) as usize].to_owned()), None)]),
        Outcome::Scored(vec![feedback(Value::Number(answer.split(' ').count() as f64), None)]),
    ];
    let answered = json(&serde_json::json!({ "response": answer }));
    (row, RowResult { predicted: Some(predicted(Some(answered))), ..result(index, outcomes) })
}

/// Roughly what the pipeline makes of it: pages only show numbers.
fn folded(cases: &[Case], at: usize) -> Aggregate {
    let (mut counts, mut values, mut labels) = (Counts::default(), Vec::new(), std::collections::BTreeMap::new());
    for (_, result) in cases {
        match &result.outcomes[at] {
            Outcome::Scored(feedback) => {
                counts.scored += 1;
                match &feedback[0].value {
                    Value::Boolean(value) => {
                        counts.passed += u64::from(*value);
                        values.push(f64::from(u8::from(*value)));
                    }
                    Value::Number(value) => values.push(*value),
                    Value::Text(label) => *labels.entry(label.clone()).or_default() += 1,
                    _ => {}
                }
            }
            Outcome::Abstained { .. } => counts.abstained += 1,
            Outcome::Failed(_) => counts.failed += 1,
            Outcome::Unpredicted => counts.unpredicted += 1,
        }
    }
    let kind = match at {
        0 | 1 => AggregateKind::Rate,
        3 => AggregateKind::Categorical,
        _ => AggregateKind::Mean,
    };
    let (n, mean) = (values.len() as f64, values.iter().sum::<f64>() / values.len().max(1) as f64);
    let spread = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n.max(1.0)).sqrt();
    let value = (!values.is_empty()).then_some(mean);
    Aggregate { labels, ..aggregate(kind, value, 1.96 * spread / n.max(1.0).sqrt(), counts) }
}
