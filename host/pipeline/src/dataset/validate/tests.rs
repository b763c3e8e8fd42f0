use std::sync::Arc;

use model::row::Row;
use model::slice::SliceKey;
use model::suite::{Stop, StopWhen};

use super::*;
use crate::dataset::Rows;
use crate::suite::parse;
use crate::testing::{Lines, Traces, plan, scorer};

fn source() -> Source {
    let text =
        "name: s\ndata:\n  path: rows.jsonl\n  map:\n    inputs.q: question\n    outputs: answer\nscorers: [a]\n";
    parse("karat.yaml", text).expect("a suite").source
}

fn mapped(mut plan: RunPlan, entries: &[(&str, &str)]) -> RunPlan {
    plan.map = Some(entries.iter().map(|(target, source)| ((*target).to_owned(), (*source).to_owned())).collect());
    plan
}

fn needing_outputs() -> RunPlan {
    let mut scorer = scorer("a");
    scorer.needs_outputs = true;
    plan(vec![scorer])
}

fn validated(plan: &RunPlan, text: &str) -> Result<Checked, DatasetError> {
    let input = Input { reader: &Lines, traces: &Traces, plan, suite: &source(), path: "rows.jsonl" };
    validate(input, &mut text.as_bytes())
}

#[track_caller]
fn check(plan: &RunPlan, text: &str, expected: &[&str]) {
    let Err(error) = validated(plan, text) else { panic!("expected {expected:?}") };
    assert_eq!(error.to_string().lines().map(str::trim).collect::<Vec<_>>(), expected);
}

/// The rows of a run, as `id/trial inputs`.
fn streamed(plan: RunPlan, text: &'static str) -> (Checked, Vec<String>) {
    let checked = validated(&plan, text).expect("a dataset");
    let rows = Rows {
        reader: Arc::new(Lines),
        traces: Arc::new(Traces),
        source: Box::new(move || Ok(Box::new(text.as_bytes()))),
        plan: Arc::new(plan),
        identities: checked.identities.clone(),
    };
    let mut seen = Vec::new();
    rows.stream(&mut |row: Row| {
        seen.push(format!("{}/{} {}", row.id, row.trial, row.inputs));
        ControlFlow::Continue(())
    })
    .expect("what was checked");
    (checked, seen)
}

#[test]
fn the_digest_of_the_whole_file_is_recorded() {
    let text = "{\"inputs\":{}}\n\n";
    let plan = plan(vec![scorer("a")]);
    // A blank line is broken to this reader, which is not what this is about.
    let checked = validated(&plan, text.trim_end()).expect("a dataset");
    assert_eq!(checked.snapshot.digest, blake3::hash(text.trim_end().as_bytes()).to_hex().as_str());
    assert_eq!((checked.snapshot.rows, checked.snapshot.trials), (1, 1));
}

#[test]
fn every_broken_line_and_every_flaw_is_reported() {
    check(
        &plan(vec![]),
        "{\"inputs\":{}}\n{\n{\"inputs\":3}\n{\"inputs\":{},\"expected\":1}\n{\"inputs\":{},\"expected\":2}\n",
        &[
            "rows.jsonl:2: EOF while parsing an object at line 1 column 1",
            "rows.jsonl:3: inputs: expected an object, found a number",
            "hint: give the value a name of its own, such as `inputs.question`",
            "rows.jsonl:4: unknown key `expected` (and on 1 more row)",
            "hint: did you mean `expectations`? `data.map` in the suite renames foreign fields",
        ],
    );
}

#[test]
fn a_broken_trace_is_a_flaw_of_its_row() {
    check(
        &plan(vec![]),
        "{\"inputs\":{},\"trace\":\"t\"}\n{\"inputs\":{\"a\":1},\"trace\":{}}\n{\"inputs\":{\"a\":2},\"trace\":7}\n",
        &["rows.jsonl:2: trace.id: is no text (and on 1 more row)"],
    );
}

#[test]
fn every_trial_of_a_row_has_the_rows_trace() {
    let mut plan = plan(vec![]);
    plan.trials = 2;
    let text = "{\"inputs\":{},\"trace\":\"t\"}\n{\"inputs\":{\"a\":1}}\n";
    let rows = Rows {
        reader: Arc::new(Lines),
        traces: Arc::new(Traces),
        source: Box::new(move || Ok(Box::new(text.as_bytes()))),
        plan: Arc::new(plan),
        identities: Default::default(),
    };
    let mut seen = Vec::new();
    let streamed = rows.stream(&mut |row| {
        seen.push(row.trace.map(|trace| trace.id.clone()));
        ControlFlow::Continue(())
    });
    streamed.expect("a dataset");
    assert_eq!(seen, [Some("t".to_owned()), Some("t".to_owned()), None, None]);
}

#[test]
fn a_long_list_of_problems_is_cut_and_counted() {
    let Err(DatasetError::Invalid(problems)) = validated(&plan(vec![]), &"{\n".repeat(332)) else {
        panic!("every line is broken");
    };
    assert_eq!(problems.0.len(), 21);
    assert_eq!(problems.0[20].to_string(), "rows.jsonl: and 312 more");
}

#[test]
fn a_repeated_id_is_an_error_with_both_lines() {
    let text = "{\"id\":\"a\",\"inputs\":{}}\n{\"inputs\":{}}\n{\"inputs\":{}}\n{\"id\":\"a\",\"inputs\":{}}\n";
    check(&plan(vec![]), text, &["rows.jsonl:4: id: repeats the id of line 1", "hint: an id names one row"]);
}

#[test]
fn an_empty_dataset_is_an_error() {
    check(&plan(vec![]), "", &["rows.jsonl: there are no rows", "hint: a run needs at least one"]);
}

#[test]
fn a_source_that_is_in_no_row_is_an_error_and_in_some_is_not() {
    let plan = mapped(plan(vec![]), &[("inputs.q", "question"), ("outputs", "answer")]);
    check(
        &plan,
        "{\"qestion\":1,\"x\":2}\n{\"answer\":1}\n",
        &[
            "karat.yaml:5: data.map[\"inputs.q\"]: `question` is in no row of `rows.jsonl`",
            "hint: did you mean `qestion`?",
        ],
    );
    let (_, rows) = streamed(plan, "{\"question\":1}\n{\"question\":2,\"answer\":3}\n");
    assert_eq!(rows.len(), 2);
}

#[test]
fn outputs_have_to_be_there_where_a_scorer_needs_them() {
    check(
        &needing_outputs(),
        "{\"inputs\":{}}\n{\"inputs\":{},\"outputs\":null}\n",
        &[
            "rows.jsonl: no row has `outputs`, which `a` can't do without",
            "hint: every row needs `outputs`; `data.map` takes them from another field, `predict` asks an application",
        ],
    );
    assert!(validated(&needing_outputs(), "{\"inputs\":{}}\n{\"inputs\":{},\"outputs\":0}\n").is_ok());
}

#[test]
fn equal_inputs_are_told_apart_by_their_occurrence() {
    let text =
        "{\"inputs\":{\"a\":1,\"b\":2}}\n{\"id\":\"x\",\"inputs\":{\"a\":1,\"b\":2}}\n{\"inputs\":{\"b\":2,\"a\":1}}\n";
    let (_, rows) = streamed(plan(vec![]), text);
    let id = rows[0].split('/').next().expect("an id");
    assert_eq!(id.len(), 16);
    assert_eq!(
        rows,
        [
            format!("{id}/0 {{\"a\":1,\"b\":2}}"),
            "x/0 {\"a\":1,\"b\":2}".to_owned(),
            format!("{id}#2/0 {{\"b\":2,\"a\":1}}"),
        ]
    );
}

#[test]
fn trials_are_those_of_the_row_or_else_the_plans() {
    let mut plan = plan(vec![]);
    plan.trials = 2;
    let (checked, rows) = streamed(plan, "{\"id\":\"a\",\"inputs\":{},\"trials\":3}\n{\"id\":\"b\",\"inputs\":{}}\n");
    assert_eq!(rows, ["a/0 {}", "a/1 {}", "a/2 {}", "b/0 {}", "b/1 {}"]);
    assert_eq!((checked.snapshot.rows, checked.snapshot.trials), (2, 5));
}

#[test]
fn rows_of_a_split_are_counted_and_streamed_alike_and_the_others_counted() {
    let row = |id: &str, split: &str| format!("{{\"id\":\"{id}\",\"inputs\":{{}}{split}}}\n");
    let (test, dev) = (",\"split\":\"test\"", ",\"split\":\"dev\"");
    let text = [row("a", dev), row("b", test), row("c", ""), row("d", test)].concat().leak();
    let part = |limit| {
        let mut plan = plan(vec![]);
        (plan.split, plan.limit) = (Some("test".to_owned()), limit);
        let (checked, rows) = streamed(plan, text);
        assert_eq!((checked.snapshot.rows, checked.snapshot.left_out), (rows.len() as u64, 2));
        rows.iter().map(|row| row[..1].to_owned()).collect::<String>()
    };
    assert_eq!((part(None), part(Some(1))), ("bd".to_owned(), "b".to_owned()));
    let mut plan = plan(vec![]);
    plan.split = Some("tset".to_owned());
    check(&plan, text, &["rows.jsonl: no row is of the split `tset`", "hint: did you mean `test`?"]);
    plan.split = Some("x".to_owned());
    check(&plan, &row("c", ""), &["rows.jsonl: no row is of the split `x`", "hint: no row of it says its `split`"]);
}

#[test]
fn a_part_of_the_dataset_is_counted_and_streamed_alike() {
    let text = "{\"id\":\"a\",\"inputs\":{}}\n{\"inputs\":{}}\n{\"inputs\":{}}\n{\"id\":\"b\",\"inputs\":{}}\n";
    let part = |limit, only: Option<&str>| {
        let mut plan = plan(vec![]);
        (plan.limit, plan.only) = (limit, only.map(str::to_owned));
        let (checked, rows) = streamed(plan, text);
        assert_eq!(checked.snapshot.rows, rows.len() as u64);
        rows
    };
    let all = part(None, None);
    assert_eq!(all.len(), 4);
    assert_eq!(part(Some(2), None), all[..2]);
    for row in &all {
        let id = row.split('/').next().expect("an id");
        assert_eq!(part(None, Some(id)), std::slice::from_ref(row));
    }
    let mut plan = plan(vec![]);
    plan.only = Some("c".to_owned());
    check(
        &plan,
        text,
        &[
            "rows.jsonl: no row has the id `c`",
            "hint: a row without an id gets a hash of its inputs; `karat runs export` shows it",
        ],
    );
}

#[test]
fn rows_have_what_they_are_sliced_by() {
    let mut plan = plan(vec![]);
    plan.slices = vec![SliceKey::Tag("lagn".to_owned()), SliceKey::Tag("lang".to_owned()), SliceKey::Split];
    let text = "{\"inputs\":{}}\n{\"inputs\":{},\"tags\":{\"lang\":\"de\"}}\n";
    check(
        &plan,
        text,
        &[
            "karat.yaml:1: slices: no row of `rows.jsonl` has `tags.lagn`",
            "hint: did you mean `lang`?",
            "karat.yaml:1: slices: no row of `rows.jsonl` has `split`",
            "hint: take it out, or give rows what they are to be sliced by",
        ],
    );
    // A part of the rows may lack it.
    (plan.slices, plan.limit) = (vec![SliceKey::Tag("lang".to_owned())], Some(1));
    assert!(validated(&plan, text).is_ok());
}

#[test]
fn a_run_that_may_stop_early_needs_rows_that_are_independent_and_alike() {
    let mut plan = plan(vec![]);
    plan.stop = Some(Stop { when: StopWhen::Decided, alpha: 0.05 });
    let text = "{\"inputs\":{},\"session\":\"s\"}\n{\"inputs\":{},\"session\":\"t\"}\n{\"inputs\":{},\"session\":\"s\"}\n\
                {\"inputs\":{},\"weight\":2}\n{\"inputs\":{},\"trials\":2}\n{\"inputs\":{},\"cluster\":\"c\"}\n";
    let hint = "hint: take `stop` out of the suite, or this out of the rows";
    check(
        &plan,
        text,
        &[
            "rows.jsonl:3: session: `stop` of the suite can't work with rows that belong together",
            hint,
            "rows.jsonl:4: weight: `stop` of the suite can't work with rows that weigh differently",
            hint,
            "rows.jsonl:5: trials: `stop` of the suite can't work with rows that are tried a different number of times",
            hint,
            "rows.jsonl:6: cluster: `stop` of the suite can't work with rows that belong together",
            hint,
        ],
    );
    plan.stop = None;
    let checked = validated(&plan, text).expect("a dataset");
    assert!(checked.snapshot.grouped);
    assert!(!validated(&plan, "{\"inputs\":{}}\n").expect("a dataset").snapshot.grouped);
}

#[test]
fn rows_of_a_run_that_may_stop_early_come_in_the_order_that_the_seed_draws() {
    let text = "{\"id\":\"a\",\"inputs\":{}}\n{\"id\":\"b\",\"inputs\":{}}\n{\"id\":\"c\",\"inputs\":{}}\n{\"id\":\"d\",\"inputs\":{}}\n";
    let order = |seed| {
        let mut plan = plan(vec![]);
        plan.stop = Some(Stop { when: StopWhen::Decided, alpha: 0.05 });
        (plan.seed, plan.trials) = (seed, 2);
        streamed(plan, text).1
    };
    let orders: Vec<_> = (0..8).map(order).collect();
    assert!(orders.iter().any(|order| *order != orders[0]));
    for mut order in orders {
        assert!(order.chunks(2).all(|trials| trials[0].replace("/0", "/1") == trials[1]), "{order:?}");
        order.sort_unstable();
        assert_eq!(
            order.iter().map(|row| &row[..3]).collect::<Vec<_>>(),
            ["a/0", "a/1", "b/0", "b/1", "c/0", "c/1", "d/0", "d/1"]
        );
    }
}

#[test]
fn rows_of_other_tools_are_known_by_the_names_of_their_fields() {
    let text = "{\"user_input\":\"?\",\"response\":\"a\"}\n{\"user_input\":\"??\",\"response\":\"b\"}";
    let (checked, seen) = streamed(needing_outputs(), text);
    assert_eq!(checked.snapshot.rows, 2);
    assert!(seen[0].ends_with(r#"/0 {"input":"?"}"#), "{seen:?}");
    check(
        &plan(vec![]),
        "{\"input\":\"?\",\"target\":\"x\"}\n{\"input\":\"?\",\"targets\":\"x\"}",
        &[
            "rows.jsonl:2: unknown key `targets` of a record of inspect",
            "hint: did you mean `target`? a `map` takes what it names and leaves out the rest",
        ],
    );
}
