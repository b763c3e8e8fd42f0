//! What a trace says as a whole, folded from what each of its spans says.
//!
//! Spans come in any order, in any number of requests, and more than once. So a fold keeps what each span adds to the whole,
//! by the span's id, and works the whole out when it is asked: two folds [merge](Fold::merge) into the same one whichever
//! goes first, and what comes again changes nothing. Of two spans with one id, the one that ended later counts.
//!
//! A client may *announce* a trace: say itself what it is as a whole. That comes like a span and under an id that no span can have
//! ([`ANNOUNCEMENT`]), before the spans or after them; what it says goes before what spans do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use serde::{Deserialize, Serialize};

/// The id of what a client says of a trace as a whole. OpenTelemetry forbids it for spans.
pub const ANNOUNCEMENT: &str = "0000000000000000";

/// What one span adds to its trace. The greater of two with one id counts, so the end comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanDigest {
    /// Nanoseconds since 1970-01-01T00:00:00Z; none where it never ended.
    pub end: Option<u64>,
    pub start: u64,
    /// A number for everything the span says, by which the same is chosen of two that ended at one time.
    pub version: u64,
    /// 8 bytes in lower-case hexadecimal.
    pub id: String,
    /// None for a root.
    pub parent: Option<String>,
    pub name: String,
    /// What type of step it is, such as `LLM` or `TOOL`; none where it does not say.
    pub kind: Option<String>,
    pub is_error: bool,
    /// What its resource says as `service.name`.
    pub service: Option<String>,
    pub session: Option<String>,
    pub user: Option<String>,
    /// The model that answered, else the one that was asked.
    pub model: Option<String>,
    pub tokens: Option<Tokens>,
    /// In millionths of a millionth of a US dollar: whole numbers add up to the same in every order.
    pub cost: Option<u64>,
    /// What of it was for what came in; none where only the whole is known. `output_cost` likewise.
    pub input_cost: Option<u64>,
    pub output_cost: Option<u64>,
    /// Prompts that it used, as `name` or `name/version`.
    pub prompts: Vec<String>,
    /// What it says of its trace beyond all that, by name.
    pub metadata: Vec<(String, String)>,
    /// The beginning of what came in and of what went out, of a span whose parent has not come with it.
    pub inputs: Option<String>,
    pub outputs: Option<String>,
}

/// Tokens that a step used, its own steps' included where it has counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct Tokens {
    /// With those that were read from a cache or written to one.
    pub input: u64,
    /// With those of reasoning.
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    pub reasoning: u64,
    /// What the span says; else input and output.
    pub total: u64,
}

/// What tokens cost, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    pub input: f64,
    pub output: f64,
}

/// The facts of a trace.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Header {
    /// The span without a parent; the first of several. None while it has not come.
    pub root: Option<String>,
    /// The name of the root; until it comes, of the first span whose parent has not come.
    pub name: String,
    /// What `service.name` of that span says.
    pub service: Option<String>,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub start: u64,
    /// The last end of all. None where no span has ended.
    pub end: Option<u64>,
    pub state: State,
    /// Of the first span that says it; `user` likewise.
    pub session: Option<String>,
    pub user: Option<String>,
    /// What steps say that they used, leaving out steps within such a step, since it has counted them: as MLflow sums up a
    /// trace, and as scorers do. But a call of a model has only counted itself: a tool that is called within one, and what
    /// an agent in that tool uses, is counted too. None where no step says anything.
    pub tokens: Option<Tokens>,
    /// US dollars, likewise. None where no step's cost is known.
    pub cost: Option<f64>,
    /// What of it was for what came in; none where that is not known of all of it. `output_cost` likewise.
    pub input_cost: Option<f64>,
    pub output_cost: Option<f64>,
    /// Steps with tokens whose cost is unknown: where there are any, `cost` is less than all.
    pub unpriced: usize,
    /// Models that answered, in alphabetical order; `prompts` likewise.
    pub models: Vec<String>,
    pub prompts: Vec<String>,
    /// What spans say of the trace beyond all that, by name; of the first span that says it.
    pub metadata: BTreeMap<String, String>,
    pub spans: usize,
    pub errors: usize,
    /// The beginning of what came in and of what went out, of the span that the trace is named after.
    pub inputs: Option<String>,
    pub outputs: Option<String>,
}

/// How a trace is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its root has not come, or has not ended.
    #[default]
    InProgress,
    Ok,
    /// Its root failed.
    Error,
}

/// What the spans of one trace have told so far, and its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    spans: BTreeMap<String, SpanDigest>,
    announcement: Option<SpanDigest>,
}

const PICO: f64 = 1e12;

/// US dollars as they are added up.
pub fn to_pico(dollars: f64) -> u64 {
    (dollars * PICO).round() as u64
}

/// What was added up, in US dollars.
pub fn to_dollars(pico: u64) -> f64 {
    pico as f64 / PICO
}

impl Fold {
    /// Adds what a span of the trace says. Returns whether that is news.
    pub fn add(&mut self, digest: SpanDigest) -> bool {
        let known = match digest.id == ANNOUNCEMENT {
            true => self.announcement.as_mut(),
            false => self.spans.get_mut(&digest.id),
        };
        match known {
            Some(known) if *known >= digest => return false,
            Some(known) => *known = digest,
            None if digest.id == ANNOUNCEMENT => self.announcement = Some(digest),
            None => drop(self.spans.insert(digest.id.clone(), digest)),
        }
        true
    }

    /// Adds what another fold of the same trace was told.
    pub fn merge(&mut self, other: Self) {
        for digest in other.spans.into_values().chain(other.announcement) {
            self.add(digest);
        }
    }

    /// What counts of a span, or of the announcement.
    pub fn get(&self, id: &str) -> Option<&SpanDigest> {
        if id == ANNOUNCEMENT { self.announcement.as_ref() } else { self.spans.get(id) }
    }

    /// What was told of each span, by its id.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = &SpanDigest> {
        self.spans.values()
    }

    /// What its client has said of the trace as a whole.
    pub fn announcement(&self) -> Option<&SpanDigest> {
        self.announcement.as_ref()
    }

    /// The span that the trace is named after: the first without a parent; until it comes, the first whose parent has not.
    pub fn top(&self) -> Option<&SpanDigest> {
        let rank = |part: &SpanDigest| match &part.parent {
            None => 0,
            Some(parent) if !self.spans.contains_key(parent) => 1,
            Some(_) => 2,
        };
        self.spans().min_by_key(|part| (rank(part), part.start, &part.id))
    }

    /// Spans [in order](in_order).
    pub fn in_order(&self) -> Vec<&SpanDigest> {
        let places = self.spans().map(|part| (part.id.as_str(), part.start, part.parent.as_deref()));
        in_order(places.collect()).into_iter().map(|id| &self.spans[id]).collect()
    }

    /// The whole, as far as it is known. An empty one of a fold that was told nothing.
    pub fn header(&self) -> Header {
        let mut parts: Vec<&SpanDigest> = self.spans().collect();
        parts.sort_by_key(|part| (part.start, &part.id));
        let top = self.top();
        let root = top.filter(|part| part.parent.is_none());
        let first = |of: fn(&SpanDigest) -> &Option<String>| parts.iter().find_map(|part| of(part).clone());
        let models: BTreeSet<_> = parts.iter().filter_map(|part| part.model.clone()).collect();
        let prompts: BTreeSet<_> = parts.iter().flat_map(|part| part.prompts.iter().cloned()).collect();
        let mut metadata = BTreeMap::new();
        for (name, value) in parts.iter().flat_map(|part| &part.metadata) {
            metadata.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let spent = self.spent();
        let told = Header {
            root: root.map(|part| part.id.clone()),
            name: top.map(|part| part.name.clone()).unwrap_or_default(),
            service: top.and_then(|part| part.service.clone()),
            start: parts.first().map(|part| part.start).unwrap_or_default(),
            end: parts.iter().filter_map(|part| part.end).max(),
            state: match root {
                Some(part) if part.end.is_none() => State::InProgress,
                Some(part) if part.is_error => State::Error,
                Some(_) => State::Ok,
                None => State::InProgress,
            },
            session: first(|part| &part.session),
            user: first(|part| &part.user),
            tokens: spent.tokens,
            cost: spent.cost.map(to_dollars),
            input_cost: spent.input_cost.map(to_dollars),
            output_cost: spent.output_cost.map(to_dollars),
            unpriced: spent.unpriced,
            models: models.into_iter().collect(),
            prompts: prompts.into_iter().collect(),
            metadata,
            spans: parts.len(),
            errors: parts.iter().filter(|part| part.is_error).count(),
            inputs: top.and_then(|part| part.inputs.clone()),
            outputs: top.and_then(|part| part.outputs.clone()),
        };
        match self.announcement() {
            Some(announcement) => announced(told, announcement),
            None => told,
        }
    }

    /// Goes from the top of the trace down. Spans that are each other's parents are under no top: they count for nothing.
    fn spent(&self) -> Spent {
        let mut below: BTreeMap<Option<&str>, Vec<(&str, &SpanDigest)>> = BTreeMap::new();
        for (id, part) in &self.spans {
            let parent = part.parent.as_deref().filter(|parent| self.spans.contains_key(*parent));
            below.entry(parent).or_default().push((id, part));
        }
        let mut spent = Spent::default();
        // Each with whether tokens and cost have been counted above it, and the step that waits for a price.
        let mut next: Vec<(&str, &SpanDigest, Above<'_>)> = Vec::new();
        let mut waiting: BTreeMap<&str, bool> = BTreeMap::new();
        next.extend(below.get(&None).into_iter().flatten().map(|(id, part)| (*id, *part, Above::default())));
        while let Some((id, part, mut above)) = next.pop() {
            let kind = part.kind.as_deref();
            if kind == Some("TOOL") {
                above.leave_the_call();
            }
            let by = if matches!(kind, Some("LLM" | "CHAT_MODEL")) { Counted::ByACall } else { Counted::ByAStep };
            if let Some(tokens) = part.tokens.filter(|_| above.tokens == Counted::No) {
                spent.add(tokens);
                above.tokens = by;
                if above.cost == Counted::No && part.cost.is_none() {
                    waiting.insert(id, false);
                    above.unpriced = Some(id);
                }
            }
            if let Some(cost) = part.cost.filter(|_| above.cost == Counted::No) {
                spent.pay(cost, part.input_cost, part.output_cost);
                above.cost = by;
                above.unpriced.and_then(|step| waiting.insert(step, true));
            }
            next.extend(below.get(&Some(id)).into_iter().flatten().map(|(id, part)| (*id, *part, above)));
        }
        spent.unpriced = waiting.values().filter(|priced| !**priced).count();
        spent
    }
}

/// Ids of spans by start; of equal starts, a parent comes first where it can, and then the smaller id. Of each span its id, its
/// start and its parent.
pub fn in_order<Id: Copy + Eq + Hash + Ord>(spans: Vec<(Id, u64, Option<Id>)>) -> Vec<Id> {
    /// Spans may be each other's parents.
    const DEEPEST: usize = 64;
    let places: HashMap<Id, (u64, Option<Id>)> =
        spans.iter().map(|&(id, start, parent)| (id, (start, parent))).collect();
    let beside = |(start, parent): (u64, Option<Id>)| places.get(&parent?).copied().filter(|above| above.0 == start);
    let depth = |place| std::iter::successors(beside(place), |above| beside(*above)).take(DEEPEST).count();
    let mut order: Vec<_> = spans.iter().map(|&(id, start, parent)| (start, depth((start, parent)), id)).collect();
    order.sort_unstable();
    order.into_iter().map(|(.., id)| id).collect()
}

/// What the spans of a trace have told, and its client says otherwise.
fn announced(told: Header, announcement: &SpanDigest) -> Header {
    let SpanDigest { start, end, is_error, name, service, session, user, tokens, inputs, outputs, .. } =
        announcement.clone();
    let (cost, input_cost, output_cost) = match announcement.cost.map(to_dollars) {
        Some(cost) => (Some(cost), announcement.input_cost.map(to_dollars), announcement.output_cost.map(to_dollars)),
        None => (told.cost, told.input_cost, told.output_cost),
    };
    let mut metadata = told.metadata;
    metadata.extend(announcement.metadata.iter().cloned());
    let prompts: BTreeSet<String> = told.prompts.into_iter().chain(announcement.prompts.iter().cloned()).collect();
    Header {
        name: if name.is_empty() { told.name } else { name },
        service: service.or(told.service),
        start,
        // One that has not ended when it is announced goes on with its spans.
        end: end.or(told.end),
        state: match end {
            None => told.state,
            Some(_) if is_error => State::Error,
            Some(_) => State::Ok,
        },
        session: session.or(told.session),
        user: user.or(told.user),
        tokens: tokens.or(told.tokens),
        cost,
        input_cost,
        output_cost,
        prompts: prompts.into_iter().collect(),
        metadata,
        inputs: inputs.or(told.inputs),
        outputs: outputs.or(told.outputs),
        ..told
    }
}

#[derive(Clone, Copy, Default)]
struct Above<'a> {
    tokens: Counted,
    cost: Counted,
    unpriced: Option<&'a str>,
}

/// What has counted something.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Counted {
    #[default]
    No,
    /// One call of a model, which counts nothing but itself.
    ByACall,
    /// A step that counts what is in it.
    ByAStep,
}

impl Above<'_> {
    /// Goes into a tool: the model that called it knows nothing of what it uses.
    fn leave_the_call(&mut self) {
        if self.tokens == Counted::ByACall {
            (self.tokens, self.unpriced) = (Counted::No, None);
        }
        if self.cost == Counted::ByACall {
            self.cost = Counted::No;
        }
    }
}

#[derive(Default)]
struct Spent {
    tokens: Option<Tokens>,
    cost: Option<u64>,
    input_cost: Option<u64>,
    output_cost: Option<u64>,
    unpriced: usize,
}

impl Spent {
    /// A part of the whole is known as long as it is known of each step.
    fn pay(&mut self, cost: u64, input: Option<u64>, output: Option<u64>) {
        let is_first = self.cost.is_none();
        let sum = |sum: Option<u64>, more: Option<u64>| match is_first {
            true => more,
            false => Some(sum?.saturating_add(more?)),
        };
        (self.input_cost, self.output_cost) = (sum(self.input_cost, input), sum(self.output_cost, output));
        self.cost = sum(self.cost, Some(cost));
    }

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
