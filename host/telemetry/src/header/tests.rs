use super::*;
use crate::facts::NoPrices;
use crate::recorded;

fn fold(spans: &[Span]) -> Fold {
    let mut fold = Fold::default();
    spans.iter().for_each(|span| fold.add(span, &NoPrices));
    fold
}

/// A span with tokens of input, where there are any, and what it cost.
fn step(id: &str, parent: Option<&str>, input: Option<u64>, cost: Option<f64>) -> Span {
    let json = |text: String| Json::parse(&text).expect("JSON");
    let input = input.map(|input| ("gen_ai.usage.input_tokens".to_owned(), json(input.to_string())));
    let cost = cost.map(|cost| ("gen_ai.usage.cost".to_owned(), json(cost.to_string())));
    Span {
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        name: id.to_owned(),
        start: 1,
        end: Some(2),
        attributes: input.into_iter().chain(cost).collect(),
        ..Span::default()
    }
}

fn spent(spans: &[Span]) -> (Option<u64>, Option<f64>, usize) {
    let header = fold(spans).header();
    (header.tokens.map(|tokens| tokens.input), header.cost, header.unpriced)
}

#[test]
fn any_cut_and_shuffle_and_repetition_gives_the_same_header() {
    let mut random = fastrand::Rng::with_seed(11);
    for (name, _) in recorded::ALL {
        let spans = recorded::spans(name);
        // A span that was sent before it ended.
        let unfinished: Vec<_> =
            spans.iter().map(|span| Span { end: None, name: "unfinished".to_owned(), ..span.clone() }).collect();
        let expected = fold(&spans).header();
        for _ in 0..50 {
            let mut sent: Vec<_> =
                spans.iter().chain(random.choice(&spans)).chain(random.choice(&unfinished)).cloned().collect();
            random.shuffle(&mut sent);
            let mut batches = Vec::new();
            while !sent.is_empty() {
                batches.push(fold(&sent.split_off(random.usize(0..sent.len()))));
            }
            random.shuffle(&mut batches);
            let mut whole = Fold::default();
            batches.into_iter().for_each(|batch| whole.merge(batch));
            assert_eq!(whole.header(), expected, "{name}");
        }
    }
}

#[test]
fn what_a_step_has_counted_of_those_in_it_is_not_counted_again() {
    let agent = step("a", None, Some(30), None);
    let parts = [step("b", Some("a"), Some(10), None), step("c", Some("a"), Some(20), None)];
    assert_eq!(spent(&[agent, parts[0].clone(), parts[1].clone()]), (Some(30), None, 1));
    assert_eq!(spent(&[step("a", None, None, None), parts[0].clone(), parts[1].clone()]), (Some(30), None, 2));
    assert_eq!(spent(&[step("a", None, None, None)]), (None, None, 0));
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
    let state = |spans: &[Span]| fold(spans).header().state;
    assert_eq!(state(&[step("b", Some("a"), None, None)]), State::InProgress);
    assert_eq!(state(&[Span { end: None, ..root.clone() }]), State::InProgress);
    assert_eq!(state(std::slice::from_ref(&root)), State::Ok);
    assert_eq!(state(&[Span { status: Status::Error(String::new()), ..root }]), State::Error);
    assert_eq!(Fold::default().header(), Header::default());
}

#[test]
fn a_step_that_does_not_say_what_it_cost_is_priced() {
    let spans = recorded::spans("openllmetry");
    let prices = |provider: Option<&str>, model: &str, tokens: &Tokens| {
        assert_eq!((provider, model), (Some("openai"), "gpt-4o-mini-2024-07-18"));
        Some(tokens.input as f64 * 0.15e-6 + tokens.output as f64 * 0.6e-6)
    };
    let mut fold = Fold::default();
    fold.add(&spans[0], &prices);
    assert_eq!(fold.header().cost, Some(0.000_015));
}
