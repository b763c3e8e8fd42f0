//! Threats D, the trace of the row: handles that are none, pages that are none, and work that is asked for again and again.

use std::sync::{Arc, OnceLock};

use guests::wat::{Plugin, TRUE};
use model::json::Json;
use model::limits::CallLimits;
use model::outcome::FailureKind;
use model::trace::{Span, Trace};

use crate::{Case, End};

/// Spans of the row's trace.
const SPANS: u64 = 5000;

/// The trace that every row has here.
pub(crate) fn long() -> Arc<Trace> {
    static LONG: OnceLock<Arc<Trace>> = OnceLock::new();
    let span = |number| Span {
        id: format!("{number:016x}"),
        parent: None,
        name: "step".to_owned(),
        kind: Default::default(),
        start: number,
        end: None,
        status: Default::default(),
        attributes: vec![("k".to_owned(), Json::parse("1").unwrap())],
        ..Span::default()
    };
    Arc::clone(LONG.get_or_init(|| Arc::new(Trace { id: "1".repeat(32), spans: (1..=SPANS).map(span).collect() })))
}

/// Results go to 3008; the id of a span that is not there lies at 3100, the key of its attribute at 3116.
const TRACES: &str = r#"(import "karat:eval/traces@0.1.0" "of-row" (func $of_row (param i32 i32)))
    (import "karat:eval/traces@0.1.0" "[method]trace.span-count" (func $count (param i32) (result i32)))
    (import "karat:eval/traces@0.1.0" "[method]trace.attribute" (func $attribute (param i32 i32 i32 i32 i32 i32)))
    (import "karat:eval/traces@0.1.0" "[method]trace.spans"
        (func $spans (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;

/// What the host hands over is put in one place, again and again.
fn traces(score: &str) -> Vec<u8> {
    Plugin {
        before: TRACES.to_owned(),
        more: r#"(data (i32.const 3100) "ffffffffffffffffk")"#.to_owned(),
        memory: "40",
        realloc: "(select (i32.const 8192) (i32.const 16384) (i32.gt_u (local.get 3) (i32.const 64)))".to_owned(),
        score: score.to_owned(),
        ..Plugin::default()
    }
    .bytes()
}

/// Spans named like the key of an attribute, which there are none of, or all of them.
fn spans(is_filtered: bool, offset: &str, limit: &str) -> String {
    let filter = if is_filtered { "1 1 3116 1 0 0 0 0 0 0" } else { "0 0 0 0 0 0 0 0 0 0" };
    let filter: String = filter.split(' ').map(|word| format!("(i32.const {word}) ")).collect();
    format!("(call $spans (local.get $i) {filter} (i32.const {offset}) (i32.const {limit}) (i32.const 3008))")
}

pub(crate) fn cases() -> Vec<Case> {
    let unless = |right: &str| format!("(if (i32.eqz {right}) (then unreachable))");
    let take = "(call $of_row (i32.const 0) (i32.const 3008)) (local.set $i (i32.load (i32.const 3012)))";
    let count = "(i32.load (i32.const 3012))";
    vec![
        Case::new(
            "T58",
            "asks for the trace of a row that is not in the call",
            traces(&format!(
                "(call $of_row (i32.const 7) (i32.const 3008)) {} {TRUE}",
                unless("(i32.eqz (i32.load8_u (i32.const 3008)))")
            )),
            End::Scores,
        ),
        Case::new(
            "T58",
            "makes up a trace",
            traces(&format!("(drop (call $count (i32.const 77))) {TRUE}")),
            End::Fails(FailureKind::Trapped, "unknown handle index 77"),
        ),
        Case::new(
            "T58",
            "asks for four billion spans from the four billionth on",
            traces(&format!("{take} {} {} {TRUE}", spans(false, "-1", "-1"), unless(&format!("(i32.eqz {count})")))),
            End::Scores,
        ),
        Case::new(
            "T58",
            "asks for more spans at once than an answer may have",
            traces(&format!(
                "{take} {} {} {} {TRUE}",
                spans(false, "0", "-1"),
                unless(count),
                unless(&format!("(i32.lt_u {count} (i32.const 500))"))
            )),
            End::Scores,
        )
        .limits(CallLimits { output: 64 << 10, ..CallLimits::default() }),
        Case::new(
            "T58",
            "asks for an attribute of a span that is not there",
            traces(&format!(
                "{take} (call $attribute (local.get $i) (i32.const 3100) (i32.const 16) (i32.const 3116) (i32.const 1)
                    (i32.const 3008)) {} {TRUE}",
                unless("(i32.eqz (i32.load8_u (i32.const 3008)))")
            )),
            End::Scores,
        ),
        Case::new(
            "T58",
            "takes its trace again and again and drops none",
            traces(&format!("(loop $l {take} (br $l)) unreachable")),
            End::Fails(FailureKind::BudgetExceeded, "`limits.handles`"),
        ),
        Case::new(
            "T58",
            "looks through a long trace again and again",
            traces(&format!("{take} (loop $l {} (br $l)) unreachable", spans(true, "0", "-1"))),
            End::Fails(FailureKind::OutOfFuel, "`limits.fuel`"),
        )
        .limits(CallLimits { fuel: 50_000_000, host_calls: 5000, ..CallLimits::default() }),
        Case::new(
            "T58",
            "reads a long trace again and again",
            traces(&format!("{take} (loop $l {} (br $l)) unreachable", spans(false, "0", "-1"))),
            End::Fails(FailureKind::OutOfFuel, "`limits.fuel`"),
        )
        .limits(CallLimits { fuel: 50_000_000, host_calls: 5000, ..CallLimits::default() }),
    ]
}
