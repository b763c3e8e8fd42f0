use super::*;

fn fold(parts: &[SpanDigest]) -> Fold {
    let mut fold = Fold::default();
    for part in parts {
        fold.add(part.clone());
    }
    fold
}

/// A span with tokens of input, where there are any, and what it cost.
fn step(id: &str, parent: Option<&str>, input: Option<u64>, cost: Option<f64>) -> SpanDigest {
    SpanDigest {
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        name: id.to_owned(),
        start: 1,
        end: Some(2),
        tokens: input.map(|input| Tokens { input, total: input, ..Tokens::default() }),
        cost: cost.map(to_pico),
        ..SpanDigest::default()
    }
}

fn of_kind(kind: &str, step: SpanDigest) -> SpanDigest {
    SpanDigest { kind: Some(kind.to_owned()), ..step }
}

fn spent(parts: &[SpanDigest]) -> (Option<u64>, Option<f64>, usize) {
    let header = fold(parts).header();
    (header.tokens.map(|tokens| tokens.input), header.cost, header.unpriced)
}

#[test]
fn what_a_step_has_counted_of_those_in_it_is_not_counted_again() {
    let agent = step("a", None, Some(30), None);
    let parts = [step("b", Some("a"), Some(10), None), step("c", Some("a"), Some(20), None)];
    assert_eq!(spent(&[agent, parts[0].clone(), parts[1].clone()]), (Some(30), None, 1));
    assert_eq!(spent(&[step("a", None, None, None), parts[0].clone(), parts[1].clone()]), (Some(30), None, 2));
    assert_eq!(spent(&[step("a", None, None, None)]), (None, None, 0));
}

/// Google's Agent Development Kit calls tools within the span of the call that asked for them.
#[test]
fn a_call_of_a_model_has_not_counted_what_tools_within_it_use() {
    let call = |id, parent, input, cost| of_kind("LLM", step(id, parent, Some(input), cost));
    let tool = of_kind("TOOL", step("b", Some("a"), None, None));
    let agent = of_kind("AGENT", step("c", Some("b"), None, None));
    let within = [tool, agent, call("d", Some("c"), 100, Some(0.5))];
    let parts = |first: SpanDigest| [vec![first], within.to_vec()].concat();
    assert_eq!(spent(&parts(call("a", None, 40, Some(0.25)))), (Some(140), Some(0.75), 0));
    assert_eq!(spent(&parts(call("a", None, 40, None))), (Some(140), Some(0.5), 1));
    // What an agent says of itself is said of its tools, too.
    let whole = of_kind("AGENT", step("0", None, Some(140), None));
    let parts = [vec![whole], parts(call("a", Some("0"), 40, Some(0.25)))].concat();
    assert_eq!(spent(&parts), (Some(140), Some(0.75), 0));
}

/// Half a dollar for what came in, a quarter for what went out.
#[test]
fn parts_of_a_cost_are_known_where_they_are_of_all_steps() {
    let whole = step("a", None, Some(1), Some(0.75));
    let parted = |id| SpanDigest {
        input_cost: Some(to_pico(0.5)),
        output_cost: Some(to_pico(0.25)),
        ..step(id, None, Some(1), Some(0.75))
    };
    let of = |parts: &[SpanDigest]| {
        let header = fold(parts).header();
        (header.input_cost, header.output_cost, header.cost)
    };
    assert_eq!(of(&[parted("b"), parted("c")]), (Some(1.0), Some(0.5), Some(1.5)));
    assert_eq!(of(&[whole.clone(), parted("b")]), (None, None, Some(1.5)));
    let announcement = SpanDigest { id: ANNOUNCEMENT.to_owned(), ..whole };
    assert_eq!(of(&[parted("b"), announcement]), (None, None, Some(0.75)));
}

#[test]
fn steps_within_one_without_a_price_may_have_one() {
    let parts = [step("b", Some("a"), Some(10), Some(0.25)), step("c", Some("a"), Some(20), Some(0.5))];
    assert_eq!(
        spent(&[step("a", None, Some(30), None), parts[0].clone(), parts[1].clone()]),
        (Some(30), Some(0.75), 0)
    );
    assert_eq!(spent(&[step("a", None, Some(30), Some(0.5)), parts[0].clone()]), (Some(30), Some(0.5), 0));
}

#[test]
fn parents_in_a_circle_count_for_nothing() {
    assert_eq!(spent(&[step("a", Some("b"), Some(1), None), step("b", Some("a"), Some(1), None)]), (None, None, 0));
}

#[test]
fn a_trace_is_in_progress_until_its_root_has_ended() {
    let root = step("a", None, None, None);
    let state = |parts: &[SpanDigest]| fold(parts).header().state;
    assert_eq!(state(&[step("b", Some("a"), None, None)]), State::InProgress);
    assert_eq!(state(&[SpanDigest { end: None, ..root.clone() }]), State::InProgress);
    assert_eq!(state(std::slice::from_ref(&root)), State::Ok);
    assert_eq!(state(&[SpanDigest { is_error: true, ..root }]), State::Error);
    assert_eq!(Fold::default().header(), Header::default());
}

#[test]
fn of_two_spans_with_one_id_the_later_end_counts_and_then_the_version() {
    let sent =
        |end, version, name: &str| SpanDigest { end, version, name: name.to_owned(), ..step("a", None, None, None) };
    let (first, last, other) = (sent(None, 9, "open"), sent(Some(5), 1, "closed"), sent(Some(5), 2, "changed"));
    for order in [[&first, &last, &other], [&other, &first, &last], [&last, &other, &first]] {
        assert_eq!(fold(&order.map(Clone::clone)).header().name, "changed");
    }
}

#[test]
fn of_what_spans_say_of_the_trace_the_first_counts() {
    let says = |id: &str, start, value: &str| SpanDigest {
        start,
        metadata: vec![("tenant".to_owned(), value.to_owned())],
        prompts: vec![format!("p/{value}"), "q".to_owned()],
        ..step(id, None, None, None)
    };
    let header = fold(&[says("a", 2, "late"), says("b", 1, "early")]).header();
    assert_eq!(header.metadata["tenant"], "early");
    assert_eq!(header.prompts, ["p/early", "p/late", "q"]);
}
