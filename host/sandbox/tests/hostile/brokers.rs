//! Threats D: what the host does for a plugin, asked for too often, too much, or without a grant.

use guests::wat::{HEAP, Plugin, TRUE};
use model::grant::{BucketRule, Grant};
use model::limits::CallLimits;
use model::outcome::FailureKind;
use model::quantity::ByteSize;

use crate::{Case, End};

/// `open` of `kv` with a name of one letter, which lies at 3000; its result goes to 3008.
const KV: &str = r#"(import "karat:eval/kv@0.1.0" "open" (func $open (param i32 i32 i32)))
    (import "karat:eval/kv@0.1.0" "[method]bucket.set" (func $set (param i32 i32 i32 i32 i32 i32)))
    (import "karat:eval/kv@0.1.0" "[resource-drop]bucket" (func $drop (param i32)))
    (import "karat:eval/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))"#;

fn kv(score: &str) -> Vec<u8> {
    Plugin {
        before: KV.to_owned(),
        more: r#"(data (i32.const 3000) "bk\0a")"#.to_owned(),
        memory: "40",
        capabilities: r#"{"kv": [{"name": "b", "bytes": "1MiB"}]}"#,
        score: score.to_owned(),
        ..Plugin::default()
    }
    .bytes()
}

fn bucket() -> Grant {
    Grant { kv: vec![BucketRule { name: "b".to_owned(), bytes: ByteSize(1 << 20) }], ..Grant::default() }
}

/// Declares what it wants, and goes on only where the call is refused.
fn ungranted(id: &'static str, does: &'static str, import: &str, capabilities: &'static str, call: &str) -> Case {
    let plugin = Plugin {
        before: format!("(import {import})"),
        more: r#"(data (i32.const 3000) "http://127.0.0.1/")"#.to_owned(),
        capabilities,
        score: format!("{call} (if (i32.eqz (i32.load8_u (i32.const 3032))) (then unreachable)) {TRUE}"),
        ..Plugin::default()
    };
    Case::new(id, does, plugin.bytes(), End::Scores)
}

pub(crate) fn cases() -> Vec<Case> {
    // A trap where the result is an error, or is none.
    let must = |failed: bool| {
        let wrong = if failed { "(i32.eqz (i32.load8_u (i32.const 3008)))" } else { "(i32.load8_u (i32.const 3008))" };
        format!("(if {wrong} (then unreachable))")
    };
    let open = "(call $open (i32.const 3000) (i32.const 1) (i32.const 3008))";
    let opened = format!("{open} {} (local.set $i (i32.load (i32.const 3012)))", must(false));
    let nothing = "(i32.const 3000) (i32.const 0)";
    vec![
        ungranted(
            "T33",
            "asks a server that it was not granted, and wants the answer as it comes",
            r#""karat:eval/http-stream@0.1.0" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32))"#,
            r#"{"http": [{"url": "http://127.0.0.1", "methods": ["GET"]}]}"#,
            &format!(
                "(call $open (i32.const 0) (i32.const 3000) (i32.const 17) {nothing} {nothing}
                    (i32.const 0) (i32.const 0) (i32.const 3032))"
            ),
        ),
        ungranted(
            "T56",
            "runs a command that it was not granted",
            r#""karat:eval/process@0.1.0" "run" (func $run (param i32 i32 i32 i32 i32 i32 i32))"#,
            r#"{"process": [{"name": "http"}]}"#,
            &format!("(call $run (i32.const 3000) (i32.const 4) {nothing} {nothing} (i32.const 3032))"),
        ),
        ungranted(
            "T56",
            "starts a command that it was not granted",
            r#""karat:eval/process@0.1.0" "start" (func $start (param i32 i32 i32 i32 i32))"#,
            r#"{"process": [{"name": "http"}]}"#,
            &format!("(call $start (i32.const 3000) (i32.const 4) {nothing} (i32.const 3032))"),
        ),
        Case::new("T54", "opens a bucket it was not granted", kv(&format!("{open} {} {TRUE}", must(true))), End::Scores),
        Case::new(
            "T15",
            "opens buckets and drops none",
            kv(&format!("(loop $l {open} (br $l)) unreachable")),
            End::Fails(FailureKind::BudgetExceeded, "`limits.handles`"),
        )
        .grant(bucket()),
        Case::new(
            "T54",
            "keeps a value of 2 MiB in a bucket of 1 MiB",
            kv(&format!(
                "{opened} (call $set (local.get $i) (i32.const 3000) (i32.const 1) (i32.const {HEAP}) (i32.const 2097152)
                    (i32.const 3008)) {} {TRUE}",
                must(true)
            )),
            End::Scores,
        )
        .grant(bucket())
        .limits(CallLimits { output: 8 << 20, ..CallLimits::default() }),
        Case::new(
            "T54",
            "keeps a value under a key with a line break",
            kv(&format!(
                "{opened} (call $set (local.get $i) (i32.const 3000) (i32.const 3) (i32.const 3000) (i32.const 1)
                    (i32.const 3008)) {} {TRUE}",
                must(true)
            )),
            End::Scores,
        )
        .grant(bucket()),
        Case::new(
            "T57",
            "logs without end",
            kv("(loop $l (call $emit (i32.const 4) (i32.const 3000) (i32.const 1)) (br $l)) unreachable"),
            End::Fails(FailureKind::BudgetExceeded, "`limits.host_calls`"),
        )
        .limits(CallLimits { host_calls: 10_000, ..CallLimits::default() }),
        Case::new(
            "T57",
            "logs a line of 2 MiB",
            kv(&format!("(call $emit (i32.const 4) (i32.const {HEAP}) (i32.const 2097152)) {TRUE}")),
            End::Fails(FailureKind::TooLarge, "larger than 1.0 MiB"),
        ),
    ]
}
