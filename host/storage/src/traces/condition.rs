//! Conditions of a search, put to the columns of a part.
//!
//! The answer for each trace is no, maybe or yes: maybe where only the log knows. `and` is the least of its parts, `or` the
//! greatest, and `not` turns them round, so that what is certain stays certain.

use std::cell::RefCell;
use std::collections::HashMap;

use model::search::{
    Comparison, CompiledTest, Field, Filter, Found, SpanField, SpanFilter, Test, TokenKind, Value, found_in_json,
};

use super::id;
use super::part::{Part, State, Step, dollars};
use super::strings::{ListId, NONE, Strings, TextId};
use super::table::Table;

/// What is known of a condition.
pub(super) type Verdict = u8;

pub(super) const NO: Verdict = 0;
pub(super) const MAYBE: Verdict = 1;
pub(super) const YES: Verdict = 2;

fn verdict(is_so: bool) -> Verdict {
    if is_so { YES } else { NO }
}

/// A filter, made ready for the traces of a store.
pub(super) struct Condition<'a> {
    strings: &'a Strings,
    node: Node,
}

enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// The same of every trace.
    Always(Verdict),
    Text(TextColumn, Memo),
    /// Of the texts of a list, any.
    Texts(ListColumn, Memo),
    /// The value under this name in a list of names and values.
    Metadata(TextId, Memo),
    Tag(TextId, Memo),
    Said {
        name: TextId,
        is_expectation: bool,
        test: Memo,
        /// Values that were said of sessions as a whole, by experiment and session.
        of_sessions: HashMap<(TextId, TextId), Vec<TextId>>,
    },
    Id(CompiledTest),
    Ids(Vec<id::TraceId>),
    State([Verdict; 3]),
    Number(Number, CompiledTest),
    Shape(SpanNode, RefCell<Vec<u8>>),
}

/// A test of texts, with what came of those that were met.
struct Memo {
    test: CompiledTest,
    /// What a trace without the text gets.
    of_none: Verdict,
    /// By the number of the text; [`UNMET`] where it has not been put to the test.
    met: RefCell<Vec<u8>>,
    found: for<'f> fn(&'f str) -> Option<Found<'f>>,
}

const UNMET: u8 = u8::MAX;
/// Of a text without a value.
const NOTHING: u8 = u8::MAX - 1;

type TextColumn = fn(&Part) -> &[TextId];
type ListColumn = fn(&Part) -> &[ListId];

/// The number of a trace, none where it has none.
type Number = Box<dyn Fn(&Part, usize) -> Option<f64>>;

enum SpanNode {
    All(Vec<SpanNode>),
    Any(Vec<SpanNode>),
    Not(Box<SpanNode>),
    Text(fn(Step) -> TextId, CompiledTest),
    /// Of spans that failed, and of others where they are all alike to the test.
    Status {
        of_error: Verdict,
        of_others: Verdict,
    },
    Unknown,
}

impl<'a> Condition<'a> {
    /// # Errors
    ///
    /// Says what is wrong with a pattern.
    pub(super) fn new(filter: Option<&Filter>, table: &'a Table) -> Result<Self, String> {
        let node = filter.map_or(Ok(Node::Always(YES)), |filter| Node::new(filter, table))?;
        Ok(Self { strings: &table.strings, node })
    }

    /// Whether the log may have to be asked.
    pub(super) fn is_certain(&self) -> bool {
        self.node.is_certain()
    }

    /// The verdict on each trace of a part.
    pub(super) fn verdicts(&self, part: &Part) -> Vec<Verdict> {
        let mut verdicts = self.node.verdicts(part, self.strings);
        for (verdict, state) in verdicts.iter_mut().zip(&part.state) {
            if *state == State::Gone {
                *verdict = NO;
            }
        }
        verdicts
    }
}

impl Node {
    fn new(filter: &Filter, table: &Table) -> Result<Self, String> {
        let all = |filters: &[Filter]| -> Result<Vec<Self>, String> {
            filters.iter().map(|filter| Self::new(filter, table)).collect()
        };
        Ok(match filter {
            Filter::All(filters) => Self::All(all(filters)?),
            Filter::Any(filters) => Self::Any(all(filters)?),
            Filter::Not(filter) => Self::Not(Box::new(Self::new(filter, table)?)),
            Filter::Trace(field, test) => Self::of_trace(field, test, table)?,
            Filter::Span(filter) => {
                Self::Shape(SpanNode::new(filter)?, RefCell::new(vec![UNMET; table.strings.lists()]))
            }
        })
    }

    fn of_trace(field: &Field, test: &Test, table: &Table) -> Result<Self, String> {
        let strings = &table.strings;
        let compiled = CompiledTest::new(test)?;
        let of_none = compiled.holds([].iter());
        let memo = |found| Memo {
            test: compiled.clone(),
            of_none: verdict(of_none),
            met: RefCell::new(vec![UNMET; strings.texts()]),
            found,
        };
        let text = |column: TextColumn| Self::Text(column, memo(as_text));
        let number = |number: Number| Self::Number(number, compiled.clone());
        // A name that no trace has had.
        let named = |name: &str, node: &dyn Fn(TextId) -> Self| {
            strings.find_whole(name).map_or(Self::Always(verdict(of_none)), node)
        };
        let said = |name, is_expectation| {
            let of_sessions = of_sessions(table, name, is_expectation);
            Self::Said { name, is_expectation, test: memo(found_in_json), of_sessions }
        };
        Ok(match field {
            Field::Id => match ids(test) {
                Some(ids) => Self::Ids(ids),
                None => Self::Id(compiled),
            },
            Field::Name => text(|part| &part.name),
            Field::Service => text(|part| &part.service),
            Field::Session => text(|part| &part.session),
            Field::User => text(|part| &part.user),
            Field::Model => Self::Texts(|part| &part.models, memo(as_text)),
            Field::Prompt => Self::Texts(|part| &part.prompts, memo(as_text)),
            Field::Status => Self::State(
                ["IN_PROGRESS", "OK", "ERROR"].map(|state| verdict(compiled.holds([&Found::Text(state.into())]))),
            ),
            Field::Start => number(Box::new(|part, at| Some(milliseconds(part.start[at])))),
            Field::End => number(Box::new(|part, at| (part.end[at] > 0).then(|| milliseconds(part.end[at])))),
            Field::Duration => number(Box::new(duration)),
            Field::Cost => number(Box::new(cost)),
            Field::Tokens(kind) => {
                let place = token_place(*kind);
                number(Box::new(move |part, at| part.has_tokens[at].then(|| part.tokens[at][place] as f64)))
            }
            Field::Spans => number(Box::new(|part, at| Some(f64::from(part.spans[at])))),
            Field::Errors => number(Box::new(|part, at| Some(f64::from(part.errors[at])))),
            Field::Tag(name) => named(name, &|name| Self::Tag(name, memo(as_text))),
            Field::Metadata(name) => named(name, &|name| Self::Metadata(name, memo(as_text))),
            Field::Feedback(name) => named(name, &|name| said(name, false)),
            Field::Expectation(name) => named(name, &|name| said(name, true)),
            Field::Inputs | Field::Outputs | Field::Text => Self::Always(MAYBE),
        })
    }

    fn is_certain(&self) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().all(Self::is_certain),
            Self::Not(node) => node.is_certain(),
            Self::Always(verdict) => *verdict != MAYBE,
            Self::Shape(node, _) => node.is_certain(),
            _ => true,
        }
    }

    fn verdicts(&self, part: &Part, strings: &Strings) -> Vec<Verdict> {
        let each = |verdict: &dyn Fn(usize) -> Verdict| (0..part.len()).map(verdict).collect();
        match self {
            Self::All(nodes) => folded(nodes, part, strings, YES, |a, b| a.min(b)),
            Self::Any(nodes) => folded(nodes, part, strings, NO, |a, b| a.max(b)),
            Self::Not(node) => {
                let mut verdicts = node.verdicts(part, strings);
                verdicts.iter_mut().for_each(|verdict| *verdict = YES - *verdict);
                verdicts
            }
            Self::Always(verdict) => vec![*verdict; part.len()],
            Self::Text(column, memo) => memo.of_all(column(part), strings),
            Self::Texts(column, memo) => {
                let column = column(part);
                each(&|at| memo.of_any(strings.list(column[at]).iter().copied(), strings))
            }
            Self::Metadata(name, memo) => each(&|at| {
                let pairs = strings.list(part.metadata[at]).as_chunks::<2>().0;
                memo.of_any(pairs.iter().filter(|[key, _]| key == name).map(|[_, value]| *value), strings)
            }),
            Self::Tag(name, memo) => each(&|at| {
                let tags = part.more[at].iter().flat_map(|more| &more.tags).filter(|tag| tag.name == *name);
                memo.of_any(tags.map(|tag| tag.value), strings)
            }),
            Self::Said { name, is_expectation, test, of_sessions } => each(&|at| {
                let own = part.more[at].iter().flat_map(|more| more.said(*name, *is_expectation));
                let of_session = of_sessions.get(&(part.experiment[at], part.session[at]));
                test.of_any(own.map(|said| said.value).chain(of_session.into_iter().flatten().copied()), strings)
            }),
            Self::Id(test) => each(&|at| verdict(test.matches(&Found::Text(id::hex(&part.id[at]).into())))),
            Self::Ids(ids) => each(&|at| verdict(ids.contains(&part.id[at]))),
            Self::State(of) => each(&|at| match part.state[at] {
                State::Gone => NO,
                State::InProgress => of[0],
                State::Ok => of[1],
                State::Error => of[2],
            }),
            Self::Number(number, test) => each(&|at| {
                verdict(match number(part, at) {
                    Some(number) => test.matches(&Found::Number(number)),
                    None => test.holds([].iter()),
                })
            }),
            Self::Shape(node, met) => {
                let mut met = met.borrow_mut();
                let mut of = |shape: ListId| {
                    let known = &mut met[shape as usize];
                    if *known == UNMET {
                        let steps = Step::list(strings.list(shape));
                        *known = steps.map(|step| node.verdict(step, strings)).max().unwrap_or(NO);
                    }
                    *known
                };
                part.shape.iter().map(|&shape| of(shape)).collect()
            }
        }
    }
}

fn of_sessions(table: &Table, name: TextId, is_expectation: bool) -> HashMap<(TextId, TextId), Vec<TextId>> {
    let said = |number| {
        let said = table.more(number).into_iter().flat_map(|more| more.said(name, is_expectation));
        said.filter(|said| said.of_session).map(|said| said.value)
    };
    let values = |numbers: Vec<_>| numbers.into_iter().flat_map(said).collect();
    table.sessions().into_iter().map(|(session, numbers)| (session, values(numbers))).collect()
}

fn folded(
    nodes: &[Node],
    part: &Part,
    strings: &Strings,
    start: Verdict,
    fold: fn(Verdict, Verdict) -> Verdict,
) -> Vec<Verdict> {
    let mut folded = vec![start; part.len()];
    for node in nodes {
        // What can't change any more needs no further conditions.
        if folded.iter().all(|verdict| *verdict == YES - start) {
            break;
        }
        for (folded, verdict) in folded.iter_mut().zip(node.verdicts(part, strings)) {
            *folded = fold(*folded, verdict);
        }
    }
    folded
}

impl Memo {
    fn of_all(&self, ids: &[TextId], strings: &Strings) -> Vec<Verdict> {
        ids.iter().map(|&id| self.of(id, strings)).collect()
    }

    fn of_any(&self, ids: impl Iterator<Item = TextId>, strings: &Strings) -> Verdict {
        ids.filter_map(|id| self.verdict(id, strings)).max().unwrap_or(self.of_none)
    }

    fn of(&self, id: TextId, strings: &Strings) -> Verdict {
        self.verdict(id, strings).unwrap_or(self.of_none)
    }

    /// None of what says nothing, such as `null`: that is as good as not there.
    fn verdict(&self, id: TextId, strings: &Strings) -> Option<Verdict> {
        let text = strings.text(id)?;
        let met = &mut self.met.borrow_mut()[id as usize];
        if *met == UNMET {
            *met = match (strings.is_cut(id), (self.found)(text)) {
                (true, _) => MAYBE,
                (false, Some(found)) => verdict(self.test.matches(&found)),
                (false, None) => NOTHING,
            };
        }
        (*met != NOTHING).then_some(*met)
    }
}

fn as_text(text: &str) -> Option<Found<'_>> {
    Some(Found::Text(text.into()))
}

impl SpanNode {
    fn new(filter: &SpanFilter) -> Result<Self, String> {
        let all = |filters: &[SpanFilter]| -> Result<Vec<Self>, String> { filters.iter().map(Self::new).collect() };
        Ok(match filter {
            SpanFilter::All(filters) => Self::All(all(filters)?),
            SpanFilter::Any(filters) => Self::Any(all(filters)?),
            SpanFilter::Not(filter) => Self::Not(Box::new(Self::new(filter)?)),
            SpanFilter::Span(field, test) => {
                let test = CompiledTest::new(test)?;
                match field {
                    SpanField::Name => Self::Text(|step| step.name, test),
                    SpanField::Type => Self::Text(|step| step.kind, test),
                    SpanField::Model => Self::Text(|step| step.model, test),
                    SpanField::Status => {
                        let of = |status: &str| verdict(test.matches(&Found::Text(status.to_owned().into())));
                        let of_others = if of("OK") == of("UNSET") { of("OK") } else { MAYBE };
                        Self::Status { of_error: of("ERROR"), of_others }
                    }
                    SpanField::Duration | SpanField::Attribute(_) | SpanField::Content => Self::Unknown,
                }
            }
        })
    }

    fn is_certain(&self) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().all(Self::is_certain),
            Self::Not(node) => node.is_certain(),
            Self::Text(..) => true,
            Self::Status { of_others, .. } => *of_others != MAYBE,
            Self::Unknown => false,
        }
    }

    fn verdict(&self, step: Step, strings: &Strings) -> Verdict {
        match self {
            Self::All(nodes) => nodes.iter().map(|node| node.verdict(step, strings)).min().unwrap_or(YES),
            Self::Any(nodes) => nodes.iter().map(|node| node.verdict(step, strings)).max().unwrap_or(NO),
            Self::Not(node) => YES - node.verdict(step, strings),
            Self::Text(column, test) => {
                let id = column(step);
                match strings.text(id) {
                    Some(_) if strings.is_cut(id) => MAYBE,
                    Some(text) => verdict(test.matches(&Found::Text(text.into()))),
                    None => verdict(test.holds([].iter())),
                }
            }
            Self::Status { of_error, of_others } => {
                if step.status == NONE {
                    *of_others
                } else {
                    *of_error
                }
            }
            Self::Unknown => MAYBE,
        }
    }
}

/// The ids that a test is for, where it is for some and no others.
fn ids(test: &Test) -> Option<Vec<id::TraceId>> {
    let of = |value: &Value| match value {
        Value::Text(text) => Some(id::trace(text).ok()),
        Value::Number(_) | Value::Boolean(_) => None,
    };
    let values = match test {
        Test::Is(Comparison::Equal, value) => std::slice::from_ref(value),
        Test::AnyOf(values) => values,
        _ => return None,
    };
    Some(values.iter().map(of).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

/// What of a row's tokens is of a kind.
pub(super) fn token_place(kind: TokenKind) -> usize {
    match kind {
        TokenKind::Input => 0,
        TokenKind::Output => 1,
        TokenKind::CacheRead => 2,
        TokenKind::CacheWrite => 3,
        TokenKind::Reasoning => 4,
        TokenKind::Total => 5,
    }
}

pub(super) fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

pub(super) fn duration(part: &Part, at: usize) -> Option<f64> {
    (part.end[at] > 0).then(|| milliseconds(part.end[at].saturating_sub(part.start[at])))
}

pub(super) fn cost(part: &Part, at: usize) -> Option<f64> {
    dollars(part.cost[at])
}
