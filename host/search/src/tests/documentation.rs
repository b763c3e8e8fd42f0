//! `docs/search.md` can't say what is not so.

use crate::{parse, parse_order};

const TEXT: &str = include_str!("../../../../docs/search.md");

/// The blocks of one kind, without their fences.
fn blocks(kind: &str) -> Vec<&'static str> {
    let starts = TEXT.split("```").skip(1).step_by(2);
    let blocks: Vec<_> = starts.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).collect();
    assert!(!blocks.is_empty(), "{kind}");
    blocks
}

#[test]
fn every_example_is_read() {
    for filter in blocks("filter").iter().flat_map(|block| block.lines()) {
        assert!(parse(filter, 0).is_ok_and(|filter| filter.is_some()), "{filter}: {:?}", parse(filter, 0));
    }
    for order in blocks("order").iter().flat_map(|block| block.lines()) {
        assert!(parse_order(order).is_ok_and(|orders| !orders.is_empty()), "{order}: {:?}", parse_order(order));
    }
}

#[test]
fn every_example_of_a_problem_is_what_is_said() {
    for block in blocks("problem") {
        let text = block.lines().next().expect("a filter");
        let problem = parse(text, 0).expect_err(text);
        assert_eq!(
            block.trim_end(),
            format!("{}\n{}", problem.under(text), problem.hint.as_deref().unwrap_or_default())
        );
    }
}
