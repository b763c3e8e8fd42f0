//! What is known of a trace as a whole, folded from its spans.
//!
//! Spans come in any order, in any number of requests, and more than once. So a fold keeps what each span adds to the whole,
//! by the span's id, and works the whole out when it is asked: two folds [merge](Fold::merge) into the same one whichever
//! goes first, and what comes again changes nothing. Of two spans with one id, the one that ended later counts.

use std::collections::{BTreeMap, BTreeSet};

use model::json::Json;
use model::trace::{Span, Status};

use crate::facts::{Facts, Prices, Tokens};

/// The facts of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// The span without a parent; the first of several. None while it has not come.
    pub root: Option<String>,
    /// The name of the root; until it comes, of the first span whose parent has not come.
    pub name: String,
    /// What `service.name` of that span says.
    pub service: Option<String>,
    pub start: u64,
    /// The last end of all. None where no span has ended.
    pub end: Option<u64>,
    pub state: State,
    /// Of the first span that says it.
    pub session: Option<String>,
    pub user: Option<String>,
    /// What steps say that they used, leaving out steps within such a step, since it has counted them: as MLflow sums up a
    /// trace, and as scorers do. None where no step says anything.
    pub tokens: Option<Tokens>,
    /// US dollars, likewise. None where no step's cost is known.
    pub cost: Option<f64>,
    /// Steps with tokens whose cost is unknown: where there are any, `cost` is less than all.
    pub unpriced: usize,
    /// Models that answered, in alphabetical order.
    pub models: Vec<String>,
    pub spans: usize,
    pub errors: usize,
}

/// How a trace is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Its root has not come, or has not ended.
    #[default]
    InProgress,
    Ok,
    /// Its root failed.
    Error,
}

/// What the spans of one trace have told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold(BTreeMap<String, Part>);

/// What one span adds. The greater of two with one id counts, so the end comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    end: Option<u64>,
    start: u64,
    parent: Option<String>,
    name: String,
    is_error: bool,
    service: Option<String>,
    session: Option<String>,
    user: Option<String>,
    model: Option<String>,
    tokens: Option<Tokens>,
    /// In millionths of a millionth of a US dollar: whole numbers add up to the same in every order.
    cost: Option<u64>,
}

const PICO: f64 = 1e12;

impl Fold {
    /// Adds a span of the trace. `prices` are asked where it doesn't say what it cost.
    pub fn add(&mut self, span: &Span, prices: &dyn Prices) {
        let facts = Facts::of(span);
        let cost = facts.priced(prices).map(|cost| (cost * PICO).round() as u64);
        let text = |value: &Json| serde_json::from_str::<String>(value.as_str()).ok();
        let mut resource = span.source.iter().flat_map(|source| source.resource.iter());
        let service = resource.find(|(key, _)| key == "service.name").and_then(|(_, value)| text(value));
        let part = Part {
            end: span.end,
            start: span.start,
            parent: span.parent.clone(),
            name: span.name.clone(),
            is_error: matches!(span.status, Status::Error(_)),
            service,
            session: facts.session,
            user: facts.user,
            model: facts.model,
            tokens: facts.tokens,
            cost,
        };
        self.put(span.id.clone(), part);
    }

    /// Adds what another fold of the same trace was told.
    pub fn merge(&mut self, other: Self) {
        for (id, part) in other.0 {
            self.put(id, part);
        }
    }

    fn put(&mut self, id: String, part: Part) {
        match self.0.get_mut(&id) {
            Some(known) if *known >= part => {}
            Some(known) => *known = part,
            None => drop(self.0.insert(id, part)),
        }
    }

    /// The whole, as far as it is known. An empty one of a fold that was told nothing.
    pub fn header(&self) -> Header {
        let mut parts: Vec<(&String, &Part)> = self.0.iter().collect();
        parts.sort_by_key(|(id, part)| (part.start, *id));
        let root = parts.iter().find(|(_, part)| part.parent.is_none());
        let is_top = |part: &Part| part.parent.as_ref().is_none_or(|parent| !self.0.contains_key(parent));
        let top = root.or_else(|| parts.iter().find(|(_, part)| is_top(part))).or(parts.first());
        let first = |of: fn(&Part) -> &Option<String>| parts.iter().find_map(|(_, part)| of(part).clone());
        let models: BTreeSet<_> = parts.iter().filter_map(|(_, part)| part.model.clone()).collect();
        let spent = self.spent();
        Header {
            root: root.map(|(id, _)| (*id).clone()),
            name: top.map(|(_, part)| part.name.clone()).unwrap_or_default(),
            service: top.and_then(|(_, part)| part.service.clone()),
            start: parts.first().map(|(_, part)| part.start).unwrap_or_default(),
            end: parts.iter().filter_map(|(_, part)| part.end).max(),
            state: match root {
                Some((_, part)) if part.end.is_none() => State::InProgress,
                Some((_, part)) if part.is_error => State::Error,
                Some(_) => State::Ok,
                None => State::InProgress,
            },
            session: first(|part| &part.session),
            user: first(|part| &part.user),
            tokens: spent.tokens,
            cost: spent.cost.map(|cost| cost as f64 / PICO),
            unpriced: spent.unpriced,
            models: models.into_iter().collect(),
            spans: parts.len(),
            errors: parts.iter().filter(|(_, part)| part.is_error).count(),
        }
    }

    /// Goes from the top of the trace down. Spans that are each other's parents are under no top: they count for nothing.
    fn spent(&self) -> Spent {
        let mut below: BTreeMap<Option<&str>, Vec<(&str, &Part)>> = BTreeMap::new();
        for (id, part) in &self.0 {
            let parent = part.parent.as_deref().filter(|parent| self.0.contains_key(*parent));
            below.entry(parent).or_default().push((id, part));
        }
        let mut spent = Spent::default();
        // Each with whether tokens and cost have been counted above it, and the step that waits for a price.
        let mut next: Vec<(&str, &Part, Above<'_>)> = Vec::new();
        let mut waiting: BTreeMap<&str, bool> = BTreeMap::new();
        next.extend(below.get(&None).into_iter().flatten().map(|(id, part)| (*id, *part, Above::default())));
        while let Some((id, part, mut above)) = next.pop() {
            if let Some(tokens) = part.tokens.filter(|_| !above.tokens) {
                spent.add(tokens);
                above.tokens = true;
                if !above.cost && part.cost.is_none() {
                    waiting.insert(id, false);
                    above.unpriced = Some(id);
                }
            }
            if let Some(cost) = part.cost.filter(|_| !above.cost) {
                spent.cost = Some(spent.cost.unwrap_or_default().saturating_add(cost));
                above.cost = true;
                above.unpriced.and_then(|step| waiting.insert(step, true));
            }
            next.extend(below.get(&Some(id)).into_iter().flatten().map(|(id, part)| (*id, *part, above)));
        }
        spent.unpriced = waiting.values().filter(|priced| !**priced).count();
        spent
    }
}

#[derive(Clone, Copy, Default)]
struct Above<'a> {
    tokens: bool,
    cost: bool,
    unpriced: Option<&'a str>,
}

#[derive(Default)]
struct Spent {
    tokens: Option<Tokens>,
    cost: Option<u64>,
    unpriced: usize,
}

impl Spent {
    fn add(&mut self, more: Tokens) {
        let sum = self.tokens.get_or_insert_default();
        for (sum, more) in [
            (&mut sum.input, more.input),
            (&mut sum.output, more.output),
            (&mut sum.cache_read, more.cache_read),
            (&mut sum.cache_write, more.cache_write),
            (&mut sum.reasoning, more.reasoning),
            (&mut sum.total, more.total),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

#[cfg(test)]
mod tests;
