//! Texts that would do harm, wherever anyone can write one, in every format.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, markdown_to_html, parse_document};
use model::aggregate::{AggregateKind, Counts};
use model::feedback::{Feedback, Value};
use model::outcome::{Failure, FailureKind, Outcome};
use model::report::Verdict;
use model::row::RowRecord;
use model::run::{RowResult, Run};
use model::scorer::ValueKind;
use reports::Format;

use crate::support::{Case, aggregate, feedback, json, report, result, row, run, scorer, text, written};

pub(crate) const NASTY: &[&str] = &[
    "<script>document.title='taken'</script>",
    "</script><script>document.title='taken'</script>",
    "<!--<script>",
    "]]></failure>&lt;",
    "<img src=x onerror=\"document.title='taken'\">",
    "\"'><svg onload=document.title='taken'>",
    "{{7*7}}${7*7}{% raw %}",
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J",
    "\u{202e}desrever\u{2066}\u{200f}",
    "nul\0backspace\u{8}\r\nline\u{2028}separator\u{fffe}\u{ffff}",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "a|b\\|c\\\\|d\n| --- |\n# head\n- item\n```\ncode",
    "`` ` `` <code>x</code> **bold** _it_ ~~gone~~ $x$",
    "@octocat @org/team #123 GH-1 https://evil.example www.evil.example WWW.evil.example mail@evil.example !5 &amp; &#64;",
    "[link](javascript:alert(1)) ![image](http://evil.example/x.png) [x]: http://evil.example <http://evil.example>",
    "--> <!-- karat:other -->",
    "</details></summary></table>",
    "a,b;c\"d\"\r\ne",
    "🏳️‍🌈 e\u{301}\u{301}\u{301} \u{1f468}\u{200d}\u{1f469}",
];

/// A run in which anyone's texts are all this one. Keys of scorers have a form that is checked, sub-feedback has any.
pub(crate) fn all_of(nasty: &str) -> (Run, Vec<Case>) {
    let mut run =
        run(nasty, vec![scorer("a", ValueKind::Any), scorer("b", ValueKind::Any), scorer("c", ValueKind::Any)]);
    let plan = &mut run.header.plan;
    for scorer in &mut plan.scorers {
        scorer.prompt = Some(nasty.to_owned());
        scorer.parameters = json(&serde_json::json!({ nasty: nasty }));
        scorer.plugin.name = nasty.to_owned();
        scorer.plugin.version = nasty.to_owned();
    }
    (plan.traces, plan.only) = (Some(nasty.to_owned()), Some(nasty.to_owned()));
    run.header.data.path = nasty.to_owned();
    let mut rated = aggregate(AggregateKind::Categorical, None, 0.0, Counts::default());
    rated.labels.insert(nasty.to_owned(), 1);
    rated.note = Some(nasty.to_owned());
    rated.failure = Some(Failure::new(FailureKind::Other, nasty));
    let gate = model::gate::GateResult { text: nasty.to_owned(), holds: false, reason: nasty.to_owned() };
    let scorers = vec![("a".to_owned(), rated.clone()), (format!("a/{nasty}"), rated)];
    let mut told = report(&run, Verdict::Failed, scorers, vec![gate]);
    told.reason = Some(nasty.to_owned());
    run.report = Some(told);
    let sub = Feedback { name: Some(nasty.to_owned()), ..feedback(Value::Text(nasty.to_owned()), Some(nasty)) };
    let outcomes = vec![
        Outcome::Scored(vec![feedback(Value::Boolean(false), Some(nasty)), sub]),
        Outcome::Failed(Failure { detail: Some(nasty.to_owned()), ..Failure::new(FailureKind::Other, nasty) }),
        Outcome::Abstained { reason: nasty.to_owned() },
    ];
    let any = Some(json(&serde_json::json!({ nasty: [nasty], "plain": nasty })));
    let row = RowRecord {
        inputs: any.clone().expect("JSON"),
        expectations: any,
        outputs: Some(json(nasty)),
        ..row(r#"{"inputs":{}}"#)
    };
    let error = Some(Failure::new(FailureKind::Other, nasty));
    (run, vec![(row, RowResult { id: nasty.to_owned(), error, ..result(0, outcomes) })])
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.render.r#unsafe = true;
    options
}

/// Markdown as GitHub makes HTML of it.
pub(crate) fn rendered(markdown: &str) -> String {
    markdown_to_html(markdown, &options())
}

/// Characters that would do something in a terminal, or to the direction of writing.
fn commands(text: &str) -> Vec<char> {
    let is_command = |c: &char| match c {
        '\n' | '\r' => false,
        c => c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200f}'),
    };
    text.chars().filter(is_command).collect()
}

#[test]
fn no_text_commands_whoever_opens_a_report() {
    for nasty in NASTY {
        let (run, cases) = all_of(nasty);
        for format in Format::ALL {
            if format == Format::Parquet {
                continue; // It is no text.
            }
            let told = text(format, &run, &cases);
            assert_eq!(commands(&told), [], "{format:?}: {nasty}");
        }
    }
}

#[test]
fn markup_stays_what_it_would_be_without_them() {
    for nasty in NASTY {
        let (run, cases) = all_of(nasty);
        let xml = text(Format::Junit, &run, &cases);
        let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{nasty}: {error}\n{xml}"));
        let tags = |name| document.descendants().filter(|node| node.has_tag_name(name)).count();
        assert_eq!((tags("testcase"), tags("failure"), tags("error"), tags("skipped")), (3, 1, 1, 1), "{nasty}");

        let html = text(Format::Html, &run, &cases);
        let (_, body) = html.split_once("<body>").expect("a body");
        // The page, without data and its own script: as many elements as for any other text.
        let count = |tag: &str| body.matches(&format!("<{tag}")).count();
        assert_eq!(
            (count("script"), count("/script"), count("img"), count("svg"), count("!--")),
            (3, 3, 0, 0, 0),
            "{nasty}"
        );

        for format in [Format::Jsonl, Format::Json, Format::Sarif] {
            for line in text(format, &run, &cases)
                .split(|c| c == '\n' && format == Format::Jsonl)
                .filter(|line| !line.is_empty())
            {
                serde_json::from_str::<serde_json::Value>(line)
                    .unwrap_or_else(|error| panic!("{format:?} {nasty}: {error}"));
            }
        }
    }
}

#[test]
fn a_cell_of_markdown_stays_a_cell_and_nobody_is_mentioned() {
    for nasty in NASTY {
        let (run, cases) = all_of(nasty);
        let told = text(Format::Markdown, &run, &cases);
        let arena = Arena::new();
        let document = parse_document(&arena, &told, &options());
        let mut cells = Vec::new();
        let mut html = String::new();
        for node in document.descendants() {
            match &node.data().value {
                NodeValue::TableRow(_) => cells.push(node.children().count()),
                NodeValue::HtmlBlock(block) => html.push_str(&block.literal),
                NodeValue::HtmlInline(tag) => html.push_str(tag),
                NodeValue::Link(_) | NodeValue::Image(_) => panic!("a link: {nasty}\n{told}"),
                NodeValue::Text(said) => {
                    for sign in ["@o", "@e", "#1", "!5"] {
                        assert!(!said.contains(sign), "somebody is mentioned: {said}");
                    }
                }
                NodeValue::Heading(_) | NodeValue::Paragraph | NodeValue::Table(_) => {}
                NodeValue::TableCell | NodeValue::Document | NodeValue::SoftBreak | NodeValue::Code(_) => {}
                other => panic!("{other:?}: {nasty}\n{told}"),
            }
        }
        assert_eq!(cells, [3, 3, 5, 5, 5, 5, 5, 5], "{nasty}\n{told}");
        let ours = [
            "<!-- karat:",
            "<details>",
            "</details>",
            "<summary>",
            "</summary>",
            "<code>",
            "</code>",
            "<sub>",
            "</sub>",
            "-->",
        ];
        let rest = ours.iter().fold(html, |rest, tag| rest.replace(tag, ""));
        assert!(!rest.contains(['<', '>']), "{rest}");
    }
}

#[test]
fn a_cell_of_a_spreadsheet_is_no_formula() {
    for nasty in NASTY {
        let (run, cases) = all_of(nasty);
        let told = text(Format::Csv, &run, &cases);
        let mut lines = csv::Reader::from_reader(told.as_bytes());
        let mut count = 0;
        for line in lines.records() {
            let line = line.unwrap_or_else(|error| panic!("{nasty}: {error}"));
            count += 1;
            assert_eq!(line.len(), 8, "{nasty}");
            for cell in &line {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{cell}");
            }
        }
        assert_eq!(count, 4, "{nasty}");
    }
}

/// Where a person reads. Programs are given the whole text.
#[test]
fn ten_megabytes_of_text_are_a_few_kilobytes() {
    let plain = "x".repeat(10 << 20);
    for long in [&plain, &"@\u{202e}|<\0".repeat(100_000)] {
        let (run, cases) = all_of(long);
        for (format, most) in [
            (Format::Html, 300_000),
            (Format::Markdown, 65_536),
            (Format::Junit, 80_000),
            (Format::Sarif, 80_000),
            (Format::Csv, 1_100_000),
        ] {
            let bytes = written(format, &run, &cases).len();
            assert!(bytes <= most, "{format:?}: {bytes}");
        }
    }
    let (run, cases) = all_of(&plain);
    assert!(text(Format::Jsonl, &run, &cases).contains(&plain));
}

#[test]
fn a_comment_is_never_longer_than_may_be() {
    let (run, cases) = all_of("@<|\u{202e}");
    let report = run.report.as_ref().expect("a report");
    let mut run = run.clone();
    let mut long = report.clone();
    long.gates = vec![report.gates[0].clone(); 2000];
    long.scorers.0 = vec![report.scorers.0[1].clone(); 2000];
    run.report = Some(long);
    let told = text(Format::Markdown, &run, std::iter::repeat_n(&cases[0], 2000));
    assert!(told.len() <= 65_536, "{}", told.len());
    assert!(told.contains("more lines left out"));
    assert!(told.contains("</details>\n") && told.trim_end().ends_with("</sub>"));
}
