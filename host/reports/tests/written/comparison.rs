//! Two runs beside each other.

use model::aggregate::AggregateKind;
use model::comparison::{
    Adjustment, Compared, Comparison, Finding, IntervalMethod, Missing, Pairing, Regression, Side, Slice, Told,
};
use model::feedback::Value;
use model::scorer::Direction;
use reports::html;
use reports::markdown::comparison;

use crate::hostile::{NASTY, rendered};
use crate::support::{json, run};

fn compared(scorer: &str, finding: Finding) -> Compared {
    Compared {
        scorer: scorer.to_owned(),
        kind: AggregateKind::Rate,
        better: Direction::Maximize,
        rows: 1319,
        missing: Missing::default(),
        a: 0.2169,
        b: 0.3928,
        difference: 0.1759,
        lower: Some(0.1484),
        upper: Some(0.2031),
        method: IntervalMethod::Newcombe,
        bounds: None,
        table: None,
        tests: Vec::new(),
        adjusted_p: Some(0.004),
        effects: Vec::new(),
        detectable: None,
        settled_by: None,
        non_inferiority: None,
        finding,
        sentence: String::new(),
    }
}

/// Two runs in which every text is this one.
pub(crate) fn beside(said: &str, regressions: usize) -> Comparison {
    let side = |name: &str| Side {
        run: run("test", Vec::new()).header.id,
        name: name.to_owned(),
        suite: said.to_owned(),
        data: "d".to_owned(),
    };
    let told = |value| Told {
        mean: 0.0,
        value: Some(Value::Boolean(value)),
        rationale: Some(said.to_owned()),
        outputs: Some(json(said)),
    };
    let regression = Regression { row: said.to_owned(), scorer: "exact".to_owned(), a: told(true), b: told(false) };
    Comparison {
        a: side(said),
        b: side(said),
        sentence: said.to_owned(),
        verdict: Finding::Better,
        rows: Pairing { paired: 1319, only_a: 2, ..Pairing::default() },
        adjustment: Adjustment::Holm,
        tested: 2,
        alpha: 0.05,
        confidence: 0.95,
        scorers: vec![compared("exact", Finding::Better)],
        slices: vec![Slice { name: said.to_owned(), rows: 7, scorers: vec![compared("exact", Finding::NoEvidence)] }],
        not_compared: Vec::new(),
        regressions: vec![regression; regressions],
        all_regressions: regressions as u64,
    }
}

#[test]
fn a_comparison_says_what_became_of_each_number_and_row() {
    let html = rendered(&comparison(&beside("main", 3)));
    for part in [
        "<h3>✅ main beside main</h3>",
        "<td align=\"right\">0.3928</td>",
        "<td align=\"right\">+0.1759</td>",
        "<td align=\"right\">+0.1484 … +0.2031</td>",
        "<td align=\"left\">✅ better</td>",
        "<td align=\"left\">➖ no evidence</td>",
        "<summary>3 rows became worse</summary>",
        "<code>true</code><br><code>main</code>",
        "<sub>1,319 rows in both · 2 rows only in main",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn a_comparison_is_as_wide_and_as_short_whatever_texts_say() {
    for nasty in NASTY {
        let html = rendered(&comparison(&beside(nasty, 1)));
        assert_eq!(html.matches("<tr>").count(), 6, "{nasty}\n{html}");
        assert_eq!(html.matches("<td").count(), 7 + 8 + 4, "{nasty}\n{html}");
        assert_eq!(html.matches("<a ").count() + html.matches("<img").count(), 0, "{nasty}\n{html}");
    }
    assert!(comparison(&beside(&"<|@".repeat(10_000), 2000)).len() <= 65_536);
}

#[test]
fn a_page_beside_another_has_no_markup_of_theirs() {
    for nasty in NASTY {
        let page = html::comparison(&beside(nasty, 3)).expect("a page");
        let (_, body) = page.split_once("<body>").expect("a body");
        let count = |tag: &str| body.matches(&format!("<{tag}")).count();
        assert_eq!((count("script"), count("img"), count("svg"), count("!--")), (0, 0, 0, 0), "{nasty}");
        assert_eq!((count("tr"), count("details")), (4, 3), "{nasty}");
        assert!(!page.contains(['\u{1b}', '\u{202e}', '\0']), "{nasty}");
    }
}
