//! What a page says before its rows, as texts that are ready to be shown.

use std::time::Duration;

use model::aggregate::{Aggregate, AggregateKind};
use model::report::{Predictions, Report, Scorers, Spent};
use model::run::{PluginRef, Run, RunHeader};
use model::slice::Sliced;
use model::stability::Ledger;

use super::figure::{Scale, Threshold, Whisker, thresholds};
use crate::figures;
use crate::ledgers;
use crate::quantities::{count, counted, dollars, latency, moment, time};
use crate::sentence;
use crate::text;

/// Characters of a name, and of a text that says why.
const NAME: usize = 200;
const REASON: usize = 2000;

/// Labels that are listed of one scorer.
const LABELS: usize = 12;

/// A name and what is said of it.
pub(super) type Fact = (&'static str, String);

pub(super) struct View {
    pub(super) suite: String,
    pub(super) word: &'static str,
    pub(super) sentence: Vec<Said>,
    pub(super) facts: Vec<Fact>,
    pub(super) gates: Vec<Gate>,
    /// Where the marks of the scale stand, and what they are called.
    pub(super) ticks: Vec<(String, String)>,
    pub(super) scorers: Vec<Scorer>,
    pub(super) slices: Vec<Slice>,
    /// Slices that the report has no room for; 0 is said by nobody.
    pub(super) slices_left_out: u64,
    pub(super) ledgers: Vec<Steadiness>,
    pub(super) predictions: Vec<Fact>,
    pub(super) lineage: Vec<Fact>,
    pub(super) plugins: Vec<Plugin>,
    pub(super) run: String,
}

/// A part of a sentence: what stood between backticks is code.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) is_code: bool,
}

pub(super) struct Gate {
    pub(super) holds: bool,
    pub(super) text: String,
    pub(super) reason: String,
}

pub(super) struct Scorer {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) interval: String,
    pub(super) whisker: Option<Whisker>,
    pub(super) scored: String,
    pub(super) passed: String,
    pub(super) abstained: String,
    pub(super) failed: String,
    pub(super) unpredicted: String,
    /// Each with how often it was given.
    pub(super) labels: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
}

/// Some of the rows, and their numbers.
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) rows: String,
    pub(super) scorers: Vec<Scorer>,
}

/// What earlier runs say of a scorer's rows.
pub(super) struct Steadiness {
    pub(super) scorer: String,
    /// How many runs.
    pub(super) runs: String,
    /// Of each kind so many rows; the same kinds for all.
    pub(super) counts: Vec<(&'static str, String)>,
    pub(super) news: Vec<News>,
}

/// Rows that are otherwise than they were.
pub(super) struct News {
    pub(super) what: String,
    pub(super) rows: Vec<String>,
    /// How many are not named; empty where all are.
    pub(super) more: String,
}

/// A plugin that took part, and as what.
pub(super) struct Plugin {
    pub(super) key: String,
    pub(super) item: String,
    pub(super) plugin: String,
    pub(super) digest: String,
    pub(super) prompt: String,
    pub(super) parameters: String,
}

impl View {
    pub(super) fn of(run: &Run) -> Self {
        let Run { header, report } = run;
        let report = report.as_ref();
        let asked = thresholds(&header.plan.gates);
        let scale = report.and_then(|report| Scale::of(report, &asked));
        Self {
            suite: text::line(&header.plan.suite, NAME),
            word: sentence::word(run),
            sentence: said(&text::shown(&sentence::verdict(run), REASON)),
            facts: facts(header, report),
            gates: report.map(gates).unwrap_or_default(),
            ticks: scale.as_ref().map(Scale::ticks).unwrap_or_default(),
            scorers: report.map(|report| scorers(&report.scorers, scale.as_ref(), &asked)).unwrap_or_default(),
            slices: report.map(|report| slices(report, scale.as_ref())).unwrap_or_default(),
            slices_left_out: report.map_or(0, |report| report.slices_left_out),
            ledgers: report.map(steadiness).unwrap_or_default(),
            predictions: report.and_then(|report| report.predictions.as_ref()).map(predictions).unwrap_or_default(),
            lineage: lineage(header),
            plugins: plugins(header),
            run: header.id.to_string(),
        }
    }
}

fn said(sentence: &str) -> Vec<Said> {
    let parts = sentence.split('`').enumerate();
    parts.map(|(place, part)| Said { text: part.to_owned(), is_code: place % 2 == 1 }).collect()
}

fn facts(header: &RunHeader, report: Option<&Report>) -> Vec<Fact> {
    let mut facts = vec![("Rows", count(header.data.rows))];
    if header.data.left_out > 0 {
        facts.push(("Of other splits", count(header.data.left_out)));
    }
    if header.data.trials != header.data.rows {
        facts.push(("Trials", count(header.data.trials)));
    }
    let Some(report) = report else { return facts };
    facts.push(("Without a verdict", count(report.failed_rows)));
    facts.push(("Time", time(Duration::from_secs_f64(report.seconds))));
    if let Some(decided) = &report.decided {
        facts.push(("Decided after", counted(decided.rows, "row")));
    }
    let Spent { judge_calls, judge_known, usd, .. } = report.cost.all;
    if judge_calls + judge_known > 0 {
        facts.push(("Questions to judges", count(judge_calls)));
        let spent = usd.or((judge_calls == 0).then_some(0.0));
        facts.push(("Cost", spent.map_or_else(|| "not known".to_owned(), dollars)));
    }
    facts
}

fn gates(report: &Report) -> Vec<Gate> {
    let gate = |gate: &model::gate::GateResult| Gate {
        holds: gate.holds,
        text: text::line(&gate.text, NAME),
        reason: text::shown(&gate.reason, REASON),
    };
    report.gates.iter().map(gate).collect()
}

fn scorers(scorers: &Scorers, scale: Option<&Scale>, asked: &[Threshold<'_>]) -> Vec<Scorer> {
    let scorer = |(key, aggregate): &(String, Aggregate)| {
        let whisker = scale.and_then(|scale| scale.whisker(key, aggregate, asked));
        let counts = aggregate.counts;
        let passed = (aggregate.kind == AggregateKind::Rate).then(|| count(counts.passed));
        let note = aggregate.note.as_ref().map(|note| text::shown(note, REASON));
        let failure = aggregate.failure.as_ref();
        let failure = failure.map(|failure| format!("failed: {}", text::shown(&failure.message, REASON)));
        Scorer {
            key: text::line(key, NAME),
            value: aggregate.value.map_or_else(|| figures::NONE.to_owned(), crate::quantities::decimal),
            interval: figures::interval(aggregate),
            whisker,
            scored: count(counts.scored),
            passed: passed.unwrap_or_else(|| figures::NONE.to_owned()),
            abstained: count(counts.abstained),
            failed: count(counts.failed),
            unpredicted: count(counts.unpredicted),
            labels: labels(aggregate),
            notes: figures::basis(&aggregate.basis).into_iter().chain(note).chain(failure).collect(),
        }
    };
    scorers.0.iter().map(scorer).collect()
}

fn slices(report: &Report, scale: Option<&Scale>) -> Vec<Slice> {
    let slice = |sliced: &Sliced| Slice {
        name: text::line(&sliced.slice.to_string(), NAME),
        rows: count(sliced.rows),
        scorers: scorers(&sliced.scorers, scale, &[]),
    };
    report.slices.iter().map(slice).collect()
}

fn steadiness(report: &Report) -> Vec<Steadiness> {
    let news = |ledger: &Ledger| {
        let news = ledgers::news(ledger).map(|(what, number, rows)| News {
            what: format!("{} {what}", counted(number, "row")),
            more: ledgers::more(number, rows.len()).unwrap_or_default(),
            rows,
        });
        news.collect()
    };
    let of = |ledger: &Ledger| Steadiness {
        scorer: text::line(&ledger.scorer, NAME),
        runs: count(ledger.runs.len() as u64),
        counts: ledgers::counts(ledger).map(|(what, number)| (what, count(number))).into(),
        news: news(ledger),
    };
    report.ledgers.iter().map(of).collect()
}

/// Those that were given most, and how often others were.
fn labels(aggregate: &Aggregate) -> Vec<(String, String)> {
    let mut all: Vec<_> = aggregate.labels.iter().collect();
    all.sort_by_key(|(_, given)| std::cmp::Reverse(**given));
    let others: u64 = all.iter().skip(LABELS).map(|(_, given)| **given).sum();
    let listed = all.iter().take(LABELS).map(|(label, given)| (text::line(label, NAME), count(**given)));
    listed.chain((others > 0).then(|| ("others".to_owned(), count(others)))).collect()
}

fn predictions(predictions: &Predictions) -> Vec<Fact> {
    let mut facts = vec![
        ("Application", text::line(&predictions.predictor, NAME)),
        ("Answered", count(predictions.answered)),
        ("No answer", count(predictions.failed)),
    ];
    if predictions.retries > 0 {
        facts.push(("Asked again", count(predictions.retries)));
    }
    if let Some(times) = predictions.latency {
        let times = [("Latency p50", times.p50), ("p90", times.p90), ("p99", times.p99), ("longest", times.max)];
        facts.extend(times.map(|(name, seconds)| (name, latency(Duration::from_secs_f64(seconds)))));
    }
    let tokens = [("Tokens in", predictions.input_tokens), ("Tokens out", predictions.output_tokens)];
    facts.extend(tokens.into_iter().filter_map(|(name, tokens)| Some((name, count(tokens?)))));
    facts.extend(predictions.not_sandboxed.iter().map(|command| ("Not sandboxed", text::line(command, NAME))));
    facts
}

fn lineage(header: &RunHeader) -> Vec<Fact> {
    let RunHeader { plan, data, .. } = header;
    let mut facts = vec![
        ("Run", header.id.to_string()),
        ("Started", format!("{} UTC", moment(header.started))),
        ("Suite", text::line(&plan.suite, NAME)),
        ("Data", format!("{}, {}", text::line(&data.path, NAME), counted(data.rows, "row"))),
        ("Digest of the data", data.digest.clone()),
        ("Seed", plan.seed.to_string()),
        ("Trials", plan.trials.to_string()),
    ];
    facts.extend(data.version.as_ref().map(|version| ("Dataset", text::line(&version.to_string(), NAME))));
    let origin = &header.origin;
    facts.extend(origin.name.as_ref().map(|name| ("Name", text::line(name, NAME))));
    facts.extend(origin.branch.as_ref().map(|branch| ("Branch", text::line(branch, NAME))));
    facts.extend(origin.tags.iter().map(|(tag, value)| ("Tag", text::line(&format!("{tag}={value}"), NAME))));
    let app = origin.app.as_ref();
    facts.extend(app.map(|app| ("Application", text::line(&format!("{} {}", app.name, app.id), NAME))));
    facts.extend(plan.prompts.iter().map(|prompt| ("Prompt", text::line(&prompt.to_string(), NAME))));
    let baselines = header.baselines.iter();
    facts.extend(baselines.map(|(name, run)| ("Baseline", text::line(&format!("{name}: {run}"), NAME))));
    facts.extend(plan.split.as_ref().map(|split| {
        let left_out = counted(data.left_out, "row");
        ("Split", format!("{}; {left_out} of others left out", text::line(split, NAME)))
    }));
    facts.extend(plan.limit.map(|limit| ("Limited to", counted(limit, "row"))));
    facts.extend(plan.only.as_ref().map(|only| ("Only the row", text::line(only, NAME))));
    facts.extend(plan.traces.as_ref().map(|filter| ("Traces", text::line(filter, NAME))));
    for (role, endpoint) in &plan.judges.roles {
        let model = plan.judges.endpoints.get(endpoint).map(|endpoint| endpoint.model.to_string()).unwrap_or_default();
        facts.push(("Judge", text::line(&format!("{role}: {model} ({endpoint})"), NAME)));
    }
    let lineage = &header.lineage;
    facts.extend(lineage.suite.as_ref().map(|suite| ("Digest of the suite", text::line(&suite.digest, NAME))));
    facts.extend(lineage.cassette.as_ref().map(|tape| ("Digest of the cassette", text::line(&tape.digest, NAME))));
    facts.push(("Karat", text::line(&header.version, NAME)));
    facts.push(("Digest of the binary", header.binary.clone()));
    facts
}

fn plugins(header: &RunHeader) -> Vec<Plugin> {
    let plan = &header.plan;
    let plugin = |key: &str,
                  item: &str,
                  plugin: &PluginRef,
                  prompt: Option<&String>,
                  parameters: &model::json::Json| Plugin {
        key: text::line(key, NAME),
        item: item.to_owned(),
        plugin: text::line(&format!("{} {}", plugin.name, plugin.version), NAME),
        digest: text::line(&plugin.digest, NAME),
        prompt: prompt.map_or_else(String::new, |prompt| text::line(prompt, NAME)),
        parameters: if parameters.as_str() == "{}" { String::new() } else { text::shown(parameters.as_str(), REASON) },
    };
    let predictor =
        plan.predictor.iter().map(|it| plugin("predictor", &it.predictor, &it.plugin, None, &it.parameters));
    let scorers = plan.scorers.iter();
    let scorers = scorers.map(|it| plugin(&it.key, &it.scorer, &it.plugin, it.prompt.as_ref(), &it.parameters));
    let aggregators = plan.aggregators.iter();
    let aggregators = aggregators.map(|it| plugin(&it.key, &it.aggregator, &it.plugin, None, &it.parameters));
    predictor.chain(scorers).chain(aggregators).collect()
}
