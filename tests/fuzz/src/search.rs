//! A filter that is read can be written, read again and put to a trace; what is refused says where.

use model::digest::SpanDigest;
use model::search::{Matcher, Subject, TraceInfo};
use model::trace::Span;
use search::{Problem, parse, parse_order, write, write_order};

/// 2026-11-25T10:00:00Z.
const NOW: u64 = 1_795_600_800_000_000_000;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let kept = [
        "status = 'ERROR' and duration > 2s or not (cost > $0.05 and tokens >= 10k)",
        "attributes.timestamp_ms != 1764064800000 AND tags.`a b` IS NOT NULL AND run_id IN ('a', 'b')",
        "(span.type = 'TOOL' or span.name ilike 's%') and span.status = 'error' and span.attributes.a.b rlike '^x+$'",
        "span(type = 'LLM' and not duration between 1s and 2.5m) and span(model = 'm') and text contains 'it''s'",
        "start > now - 1h and end < '2026-11-25T10:00:00.5+01:00' and feedback.\"tone/a\" >= 0.5 and expectation.e = true",
        "cost desc, tags.`a``b` asc, start",
    ];
    kept.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Reads it as a filter and as an order.
pub fn check(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    match parse_order(&text) {
        Ok(orders) => assert_eq!(parse_order(&write_order(&orders)), Ok(orders)),
        Err(problem) => said(&text, &problem),
    }
    match parse(&text, NOW) {
        Ok(None) => true,
        Ok(Some(filter)) => {
            let spans = [(Span::default(), SpanDigest::default())];
            let subject = Subject { info: &TraceInfo::default(), spans: &spans, session: &[] };
            Matcher::new(&filter).unwrap().matches(subject);
            let written = write(&filter);
            match parse(&written, NOW) {
                Ok(again) => assert_eq!(again, Some(filter), "{text}: {written}"),
                // Brackets that were not needed before may be one too many.
                Err(problem) => assert!(is_limit(&problem), "{text}: {written}: {problem}"),
            }
            true
        }
        Err(problem) => {
            said(&text, &problem);
            false
        }
    }
}

fn said(text: &str, problem: &Problem) {
    assert!((1..=text.chars().count() + 1).contains(&problem.column), "{text}: {problem}");
    assert!(problem.under(text).ends_with(&problem.message), "{text}: {problem}");
}

fn is_limit(problem: &Problem) -> bool {
    problem.message.starts_with("it nests deeper") || problem.message.ends_with("bytes long")
}
