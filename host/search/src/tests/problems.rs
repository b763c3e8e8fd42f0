//! What is said of a text that is not right.

use crate::{Problem, parse, parse_order};

#[track_caller]
fn check(text: &str, expected: &str) {
    said(parse(text, 0).map(drop).expect_err(text), expected);
}

#[track_caller]
fn check_order(text: &str, expected: &str) {
    said(parse_order(text).map(drop).expect_err(text), expected);
}

#[track_caller]
fn said(problem: Problem, expected: &str) {
    assert_eq!(format!("{problem}; {}", problem.hint.clone().unwrap_or_default()), expected);
}

#[test]
fn what_is_no_filter_says_where_and_why() {
    for (text, expected) in [
        (" ", "it is blank at column 1; leave it empty to have every trace"),
        (";", "expected a field, found `;` at column 1; a condition reads like `status = 'ERROR'` or `duration > 2s`"),
        (
            "name = 'x';",
            "expected `and`, `or` or the end, found `;` at column 11; it is one filter, without an end mark",
        ),
        (
            "name",
            "expected an operator behind `name`, found the end at column 5; `name` takes `=`, `!=`, `in`, `not in`, `contains`, `like`, `ilike`, `rlike`, `is null`, `is not null`",
        ),
        ("name =", "expected text, found the end at column 7; write a text in quotes, such as `'abc'`"),
        (
            "name x 'y'",
            "expected an operator behind `name`, found `x` at column 6; `name` takes `=`, `!=`, `in`, `not in`, `contains`, `like`, `ilike`, `rlike`, `is null`, `is not null`",
        ),
        ("name = x", "expected text, found `x` at column 8; write a text in quotes, such as `'abc'`"),
        ("name = 'x", "nothing closes this quote at column 8; end it with the same quote; one within is written twice"),
        (
            "name = 'ä' tag.`x",
            "nothing closes this quote at column 12; end it with the same quote; one within is written twice",
        ),
        (
            "name = 'x' name = 'y'",
            "expected `and`, `or` or the end, found `name` at column 12; texts stand in quotes, conditions are joined by `and` or `or`",
        ),
        (
            "name = 'x' and",
            "expected a field, found the end at column 15; a condition reads like `status = 'ERROR'` or `duration > 2s`",
        ),
        ("name = 'x', name = 'y'", "expected `and`, `or` or the end, found `,` at column 11; write `and` or `or`"),
        ("name = 'x' && name = 'y'", "expected `and`, `or` or the end, found `&&` at column 12; write `and`"),
        (
            "(name = 'x'",
            "expected `and`, `or` or `)`, found the end at column 12; something opens a bracket that nothing closes",
        ),
        ("name = 'x')", "expected `and`, `or` or the end, found `)` at column 11; nothing opens this bracket"),
        ("()", "expected a field, found `)` at column 2; a condition reads like `status = 'ERROR'` or `duration > 2s`"),
        ("name == 'x'", "`==` is no operator at column 6; write `=`"),
        ("name <> 'x'", "`<>` is no operator at column 6; write `!=`"),
        ("name not like 'x'", "expected `in`, found `like` at column 10; what is not so is written `not name …`"),
        ("name in 'x'", "expected `(`, found `'x'` at column 9; a list reads like `in ('a', 'b')`"),
        ("name in ()", "expected text, found `)` at column 10; write a text in quotes, such as `'abc'`"),
        ("name in ('x'", "expected `,` or `)`, found the end at column 13; a list reads like `in ('a', 'b')`"),
        ("name in ('x',)", "expected text, found `)` at column 14; write a text in quotes, such as `'abc'`"),
        (
            "duration between 1s or 2s",
            "expected `and`, found `or` at column 21; it reads like `duration between 1s and 2s`",
        ),
        (
            "name is empty",
            "expected `null`, found `empty` at column 9; it reads like `user is null` or `user is not null`",
        ),
        ("name like x%", "expected a text in quotes, found `x` at column 11; such as `like 'a%'`"),
        ("name contains", "expected a text in quotes, found the end at column 14; such as `contains 'abc'`"),
        (
            "span(type = 'A' and span(name = 'b'))",
            "`span(…)` can't be within another at column 21; `and`, `or` and `not` join what is said of one span",
        ),
        (
            "'x' = name",
            "expected a field, found `'x'` at column 1; a condition reads like `status = 'ERROR'` or `duration > 2s`",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_name_that_is_unknown_says_what_was_meant() {
    for (text, expected) in [
        ("nmae = 'x'", "unknown field `nmae` at column 1; did you mean `name`?"),
        ("Status = 'OK'", "unknown field `Status` at column 1; did you mean `status`?"),
        ("experiment_id = '1'", "unknown field `experiment_id` at column 1; experiments are chosen beside the filter"),
        ("trace.state = 'OK'", "unknown field `state` at column 1; did you mean `status`?"),
        ("request_time > 5", "unknown field `request_time` at column 1; did you mean `start`?"),
        ("issue.id = 'x'", "unknown field `issue.id` at column 1; issues can't be searched by"),
        ("tags = 'x'", "`tags` is no field at column 1; a key comes behind it, as in `tags.some_key`"),
        ("tag. = 'x'", "`tag` is no field at column 1; a key comes behind it, as in `tag.some_key`"),
        ("span = 'x'", "`span` is no field at column 1; a key comes behind it, as in `span.name`"),
        ("span.typ = 'x'", "unknown field of spans `typ` at column 1; did you mean `type`?"),
        (
            "span.attributes = 'x'",
            "`span.attributes` is no field at column 1; a key comes behind it, as in `span.attributes.some_key`",
        ),
        (
            "attributes.gen_ai.system = 'x'",
            "unknown field `gen_ai.system` at column 1; attributes of spans are `span.attributes.<key>`",
        ),
        (
            "span(tag.x = 'x')",
            "unknown field of spans `tag.x` at column 6; fields: `name`, `type`, `status`, `model`, `duration`, `content`, `attributes.<key>`",
        ),
        (
            "zzzzzzzzzzz = 'x'",
            "unknown field `zzzzzzzzzzz` at column 1; fields: `id`, `name`, `status`, `service`, `session`, `user`, `model`, `prompt`, `start`, `end`, `duration`, `cost`, and 23 more",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_value_of_another_kind_says_what_the_field_takes() {
    for (text, expected) in [
        (
            "name < 'x'",
            "`name` is text, which `<` can't test at column 6; `name` takes `=`, `!=`, `in`, `not in`, `contains`, `like`, `ilike`, `rlike`, `is null`, `is not null`",
        ),
        ("name = 5", "`name` is text, which `5` is not at column 8; write a text in quotes, such as `'abc'`"),
        (
            "status > 'OK'",
            "`status` is a status, which `>` can't test at column 8; `status` takes `=`, `!=`, `in`, `not in`, `contains`, `like`, `ilike`, `rlike`, `is null`, `is not null`",
        ),
        (
            "status = 5",
            "`status` is a status, which `5` is not at column 10; one of `'IN_PROGRESS'`, `'OK'`, `'ERROR'`",
        ),
        ("status = 'EROR'", "unknown status `EROR` at column 10; did you mean `ERROR`?"),
        ("span.status = 'IN_PROGRESS'", "unknown status `IN_PROGRESS` at column 15; one of: `UNSET`, `OK`, `ERROR`"),
        (
            "duration like '2%'",
            "`duration` is a duration, which `like` can't test at column 10; `duration` takes `=`, `!=`, `<`, `<=`, `>`, `>=`, `between`, `in`, `not in`, `is null`, `is not null`",
        ),
        ("duration > '2s'", "`duration` is a duration, not a text at column 12; write `2s` without quotes"),
        (
            "duration > 'long'",
            "`duration` is a duration, which `'long'` is not at column 12; such as `2s`, `150ms` or `1.5m`",
        ),
        ("duration > 2w", "`duration` is a duration, which `2w` is not at column 12; such as `2s`, `150ms` or `1.5m`"),
        ("cost > 2s", "`cost` is an amount of money, which `2s` is not at column 8; such as `0.02` or `$0.02`"),
        ("tokens > many", "expected a count, found `many` at column 10; such as `100` or `10k`"),
        ("tokens = true", "expected a count, found `true` at column 10; such as `100` or `10k`"),
        (
            "start > 'yesterday'",
            "`start` is a time, which `'yesterday'` is not at column 9; such as `'2026-11-25T10:00:00Z'`, `'2026-11-25'` or `now - 1h`",
        ),
        (
            "start > '2026-11-25T10:00:00'",
            "`start` is a time, which `'2026-11-25T10:00:00'` is not at column 9; such as `'2026-11-25T10:00:00Z'`, `'2026-11-25'` or `now - 1h`",
        ),
        (
            "start > now - yesterday",
            "expected a duration, found `yesterday` at column 15; such as `now - 1h` or `now - 2d`",
        ),
        (
            "text = 'x'",
            "`text` is all that is said, which `=` can't test at column 6; `text` takes `contains`, `like`, `ilike`, `rlike`",
        ),
        (
            "span.content is null",
            "`span.content` is all that is said, which `is` can't test at column 14; `span.content` takes `contains`, `like`, `ilike`, `rlike`",
        ),
        ("tag.x < 'b'", "expected a number, found `'b'` at column 9; such as `0.9`, without quotes"),
        ("tag.x = b", "expected a value, found `b` at column 9; such as `'abc'`, `0.9` or `true`"),
        (
            "tag.x = 2s",
            "`tag.x` is a text, a number, `true` or `false`, which `2s` is not at column 9; such as `'abc'`, `0.9` or `true`",
        ),
        ("tag.x between 'a' and 'b'", "expected a number, found `'a'` at column 15; such as `0.9`, without quotes"),
        (
            "name rlike 'a(b'",
            "the pattern can't be used: unclosed group at column 12; `contains` finds a text as it is",
        ),
        (
            "name rlike '\\w{1000}'",
            "the pattern can't be used: it takes more than 1 MiB when it is compiled at column 12; `contains` finds a text as it is",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_too_much_says_how_much_there_may_be() {
    let long = "x".repeat(1 << 16);
    check(&format!("name = '{long}'"), "it is 65545 bytes long at column 1; 64 KiB are the most");
    check_order(&format!("tag.{long}"), "it is 65540 bytes long at column 1; 64 KiB are the most");
    let deep = "it nests deeper than 64 levels at column";
    let hint = "`in` takes a list, and `and` and `or` join as many as there are";
    check(&"(".repeat(65), &format!("{deep} 65; {hint}"));
    check(&"not ".repeat(65), &format!("{deep} 257; {hint}"));
    let many = ["name like 'x'"; 101].join(" or ");
    check(&many, "more than 100 patterns at column 1706; `in` takes as many texts as there are");
    let hint = "texts stand in quotes, conditions are joined by `and` or `or`";
    let shown = "x".repeat(40);
    check(
        &format!("name = 'x' {}", "x".repeat(100)),
        &format!("expected `and`, `or` or the end, found `{shown}…` at column 12; {hint}"),
    );
}

#[test]
fn what_is_no_order_says_where_and_why() {
    for (text, expected) in [
        (
            " ",
            "expected a field, found the end at column 2; an order reads like `cost desc` or `status, duration desc`",
        ),
        (
            "cost down",
            "expected `asc`, `desc`, `,` or the end, found `down` at column 6; an order reads like `cost desc` or `status, duration desc`",
        ),
        (
            "cost,",
            "expected a field, found the end at column 6; an order reads like `cost desc` or `status, duration desc`",
        ),
        ("cst desc", "unknown field `cst` at column 1; did you mean `cost`?"),
        (
            "span.name",
            "traces have no order by `span.name` at column 1; order by a field that a trace has one of, such as `start` or `cost`",
        ),
        (
            "text",
            "traces have no order by `text` at column 1; order by a field that a trace has one of, such as `start` or `cost`",
        ),
        (
            "'cost'",
            "expected a field, found `'cost'` at column 1; an order reads like `cost desc` or `status, duration desc`",
        ),
        ("experiment_id", "unknown field `experiment_id` at column 1; experiments are chosen beside the filter"),
    ] {
        check_order(text, expected);
    }
}
