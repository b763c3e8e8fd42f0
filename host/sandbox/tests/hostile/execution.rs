//! Threats A: work without end, memory without end.

use guests::wat::{Plugin, TRUE};
use model::limits::CallLimits;
use model::outcome::FailureKind;

use crate::{Case, End};

const MIB: u64 = 1 << 20;

pub(crate) fn cases() -> Vec<Case> {
    let scoring = |score: String| Plugin::scoring(score).bytes();
    let start =
        |body: &str| Plugin { more: format!("(func $start {body}) (start $start)"), ..Plugin::default() }.bytes();
    let grown = CallLimits { memory: 4 * MIB, fuel: 100_000_000, ..CallLimits::default() };
    vec![
        Case::new(
            "T01",
            "loops for ever",
            scoring("(loop $l (br $l)) unreachable".to_owned()),
            End::Fails(FailureKind::OutOfFuel, "used up its fuel (`limits.fuel` is 50000000)"),
        ),
        Case::new(
            "T01",
            "loops for ever with fuel to spare",
            scoring("(loop $l (br $l)) unreachable".to_owned()),
            End::Fails(FailureKind::TimedOut, "gave no answer within 50ms"),
        )
        .limits(CallLimits {
            fuel: u64::MAX / 2,
            time: std::time::Duration::from_millis(50),
            ..CallLimits::default()
        }),
        Case::new("T02", "loops for ever while it starts", start("(loop $l (br $l))"), End::Refused("used up its fuel")),
        Case::new("T03", "traps while it starts", start("unreachable"), End::Refused("unreachable")),
        Case::new(
            "T04",
            "loops with a call of the host in each turn",
            Plugin {
                before: r#"(import "karat:eval/ambient@0.1.0" "now" (func $now (result i64)))"#.to_owned(),
                score: "(loop $l (drop (call $now)) (br $l)) unreachable".to_owned(),
                ..Plugin::default()
            }
            .bytes(),
            End::Fails(FailureKind::BudgetExceeded, "`limits.host_calls`"),
        )
        .limits(CallLimits { host_calls: 1000, ..CallLimits::default() }),
        Case::new(
            "T04",
            "loops with a call of the host in each turn and calls to spare",
            Plugin {
                before: r#"(import "karat:eval/ambient@0.1.0" "now" (func $now (result i64)))"#.to_owned(),
                score: "(loop $l (drop (call $now)) (br $l)) unreachable".to_owned(),
                ..Plugin::default()
            }
            .bytes(),
            End::Fails(FailureKind::OutOfFuel, "used up its fuel"),
        )
        .limits(CallLimits { fuel: 10_000_000, host_calls: u64::MAX, ..CallLimits::default() }),
        Case::new(
            "T05",
            "fills and copies all its memory again and again",
            Plugin {
                memory: "900",
                score: "(loop $l
                    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 50000000))
                    (memory.copy (i32.const 65536) (i32.const 65544) (i32.const 50000000))
                    (br $l)) unreachable"
                    .to_owned(),
                ..Plugin::default()
            }
            .bytes(),
            End::Fails(FailureKind::OutOfFuel, "used up its fuel"),
        )
        .limits(CallLimits { fuel: 1_000_000_000, ..CallLimits::default() }),
        Case::new(
            "T06",
            "calls itself without end",
            Plugin {
                more: "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))".to_owned(),
                score: "(call $deep (i32.const 0))".to_owned(),
                ..Plugin::default()
            }
            .bytes(),
            End::Fails(FailureKind::StackExhausted, "ran out of stack"),
        ),
        Case::rust(
            "T07",
            "calls itself without end, with large frames",
            "recurses",
            End::Fails(FailureKind::StackExhausted, "ran out of stack"),
        ),
        Case::new(
            "T08",
            "calls itself without end while the host hands it the row",
            Plugin {
                more: "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))".to_owned(),
                realloc: "(call $deep (local.get 0))".to_owned(),
                ..Plugin::default()
            }
            .bytes(),
            End::Fails(FailureKind::StackExhausted, "ran out of stack"),
        ),
        Case::new(
            "T09",
            "asks for memory until it is refused, and goes on without",
            scoring(format!("(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) {TRUE}")),
            End::Scores,
        )
        .limits(grown),
        Case::rust(
            "T09",
            "allocates until it is refused, and gives up",
            "allocates",
            End::Fails(FailureKind::OutOfMemory, "ran out of memory (`limits.memory` is 4.0 MiB"),
        )
        .limits(grown),
        Case::new(
            "T10",
            "begins with more memory than it may have",
            Plugin { memory: "2000", ..Plugin::default() }.bytes(),
            End::Refused("ran out of memory (`limits.memory` is 64.0 MiB"),
        ),
        Case::new(
            "T10",
            "begins with 4 GiB of memory",
            Plugin { memory: "65536", ..Plugin::default() }.bytes(),
            End::Refused("exceeds the limit"),
        ),
        Case::new(
            "T12",
            "grows a table until it is refused, and goes on without",
            Plugin {
                before: "(table $t 1 funcref)".to_owned(),
                score: format!(
                    "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) {TRUE}"
                ),
                ..Plugin::default()
            }
            .bytes(),
            End::Scores,
        ),
        Case::new(
            "T12",
            "begins with a table of ten million",
            Plugin { before: "(table $t 10000000 funcref)".to_owned(), ..Plugin::default() }.bytes(),
            End::Refused("table"),
        ),
        Case::rust(
            "T18",
            "sleeps past its deadline",
            "sleeps",
            End::Fails(FailureKind::TimedOut, "gave no answer within 50ms"),
        )
        .limits(CallLimits { time: std::time::Duration::from_millis(50), ..CallLimits::default() }),
    ]
}
