//! Some thousand traces in columns: what is looked at when traces are searched.
//!
//! A column of one field lies together, so that a search reads what it asks for and nothing else.

use std::cell::RefCell;
use std::iter;

use model::digest::to_dollars;
use serde::{Deserialize, Serialize};

use super::id::TraceId;
use super::strings::{ListId, NONE, Strings, TextId};

/// Traces of a part.
pub(super) const ROWS: usize = 4096;

/// Defines a row of all columns, and the columns.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// What is known of one trace without reading the log.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(super) struct Row {
            $($(#[$doc])* pub(super) $name: $type,)*
        }

        /// A part; the columns are as long as there are traces in it.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
        pub(super) struct Part {
            $(pub(super) $name: Vec<$type>,)*
        }

        impl Part {
            pub(super) fn push(&mut self, row: Row) {
                $(self.$name.push(row.$name);)*
            }

            pub(super) fn set(&mut self, at: usize, row: Row) {
                $(self.$name[at] = row.$name;)*
            }

            pub(super) fn row(&self, at: usize) -> Row {
                Row { $($name: self.$name[at].clone(),)* }
            }

            /// Whether all columns are equally long, and not too long.
            pub(super) fn is_whole(&self) -> bool {
                self.len() <= ROWS $(&& self.$name.len() == self.len())*
            }
        }
    };
}

columns! {
    id: TraceId,
    state: State,
    /// Nanoseconds since 1970-01-01T00:00:00Z; `end` likewise.
    start: u64,
    /// 0 where no span has ended.
    end: u64,
    /// When the last of it came, in milliseconds.
    arrived: u64,
    experiment: TextId,
    name: TextId,
    service: TextId,
    session: TextId,
    user: TextId,
    /// The steps that its spans are, each a [`Step`].
    shape: ListId,
    models: ListId,
    prompts: ListId,
    /// Names and values, one after the other.
    metadata: ListId,
    /// Input, output, read from a cache, written to one, reasoning, total.
    tokens: [u64; 6],
    has_tokens: bool,
    /// In millionths of a millionth of a US dollar; [`UNKNOWN`] where it is not known.
    cost: u64,
    /// Of what came in, and of what went out, likewise.
    cost_parts: [u64; 2],
    unpriced: u32,
    spans: u32,
    errors: u32,
    /// The span that the trace is named after, and whether it has no parent.
    top: [u8; 8],
    has_root: bool,
    /// The chunk that this span is in.
    top_chunk: u32,
    /// Whether its client has said what it is as a whole.
    is_announced: bool,
    first: Chunk,
    more: Option<Box<More>>,
}

/// A cost that is not known.
pub(super) const UNKNOWN: u64 = u64::MAX;

pub(super) fn dollars(cost: u64) -> Option<f64> {
    (cost != UNKNOWN).then(|| to_dollars(cost))
}

/// How a trace is doing, or that it was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) enum State {
    #[default]
    Gone,
    InProgress,
    Ok,
    Error,
}

/// Where in the log some spans of a trace are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Chunk {
    /// The sequence number that they were first written under.
    pub(super) as_of: u64,
    pub(super) segment: u64,
    pub(super) offset: u32,
    /// Bytes of digests, and of spans behind them.
    pub(super) digests: u32,
    pub(super) spans: u32,
}

/// What few traces have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct More {
    /// Behind the first.
    pub(super) chunks: Vec<Chunk>,
    pub(super) tags: Vec<Tag>,
    /// By age.
    pub(super) assessments: Vec<Assessed>,
}

/// A tag that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Tag {
    pub(super) name: TextId,
    pub(super) value: TextId,
    pub(super) note: Note,
}

/// An assessment, as far as searches go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Assessed {
    pub(super) id: [u8; 16],
    pub(super) name: TextId,
    /// JSON; none where there is no verdict.
    pub(super) value: TextId,
    pub(super) is_expectation: bool,
    /// It is about the session as a whole.
    pub(super) of_session: bool,
    pub(super) overrides: Option<[u8; 16]>,
    pub(super) created: u64,
    pub(super) note: Note,
}

/// Where in the log an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Note {
    pub(super) as_of: u64,
    pub(super) segment: u64,
    pub(super) offset: u64,
    /// Of the frame.
    pub(super) length: u32,
}

/// What a span is, in a shape: as many texts as this one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) name: TextId,
    pub(super) kind: TextId,
    pub(super) model: TextId,
    /// `ERROR`, or none.
    pub(super) status: TextId,
}

impl Step {
    pub(super) fn list(shape: &[TextId]) -> impl Iterator<Item = Self> {
        shape.as_chunks::<4>().0.iter().map(|&[name, kind, model, status]| Self { name, kind, model, status })
    }

    pub(super) fn texts(self) -> [TextId; 4] {
        [self.name, self.kind, self.model, self.status]
    }
}

impl Part {
    pub(super) fn len(&self) -> usize {
        self.id.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= ROWS
    }

    /// The places of traces that are there.
    pub(super) fn present(&self) -> impl Iterator<Item = usize> {
        self.state.iter().enumerate().filter(|(_, state)| **state != State::Gone).map(|(at, _)| at)
    }

    /// Where the spans of a trace are. To make a row for it takes longer.
    pub(super) fn chunks(&self, at: usize) -> impl Iterator<Item = &Chunk> {
        iter::once(&self.first[at]).chain(self.more[at].iter().flat_map(|more| &more.chunks))
    }

    /// Whether all of its traces are gone.
    pub(super) fn is_empty(&self) -> bool {
        self.state.iter().all(|state| *state == State::Gone)
    }

    /// Gives texts and lists other numbers.
    pub(super) fn renumber(&mut self, text: &mut dyn FnMut(TextId) -> TextId, list: &mut dyn FnMut(ListId) -> ListId) {
        for column in [&mut self.experiment, &mut self.name, &mut self.service, &mut self.session, &mut self.user] {
            column.iter_mut().for_each(|id| *id = text(*id));
        }
        for column in [&mut self.shape, &mut self.models, &mut self.prompts, &mut self.metadata] {
            column.iter_mut().for_each(|id| *id = list(*id));
        }
        for more in self.more.iter_mut().flatten() {
            for tag in &mut more.tags {
                (tag.name, tag.value) = (text(tag.name), text(tag.value));
            }
            for assessed in &mut more.assessments {
                (assessed.name, assessed.value) = (text(assessed.name), text(assessed.value));
            }
        }
    }
}

impl Row {
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        iter::once(&self.first).chain(self.more.iter().flat_map(|more| &more.chunks))
    }

    /// The chunk that the span is in which the trace is named after.
    pub(super) fn top_chunk(&self) -> Option<&Chunk> {
        self.chunks().nth(self.top_chunk as usize)
    }

    /// The number that the first of it was written under.
    pub(super) fn since(&self) -> u64 {
        self.chunks().map(|chunk| chunk.as_of).min().unwrap_or_default()
    }

    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

impl More {
    /// Lets go of room for others: a vector that grows takes room for four, which is most of what a trace takes then.
    pub(super) fn fit(&mut self) {
        self.chunks.shrink_to_fit();
        self.tags.shrink_to_fit();
        self.assessments.shrink_to_fit();
    }

    /// Whether no other assessment stands in for this one.
    pub(super) fn counts(&self, assessed: &Assessed) -> bool {
        self.assessments.iter().all(|other| other.overrides != Some(assessed.id))
    }

    /// Feedback, or expectations, of a name that count.
    pub(super) fn said(&self, name: TextId, is_expectation: bool) -> impl Iterator<Item = &Assessed> {
        let of_name = move |said: &&Assessed| (said.name, said.is_expectation) == (name, is_expectation);
        self.assessments.iter().filter(of_name).filter(|said| self.counts(said))
    }

    pub(super) fn speaks_of_session(&self) -> bool {
        self.assessments.iter().any(|said| said.of_session)
    }
}

/// A part with texts of its own: what is written to disk.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Written {
    texts: Vec<String>,
    lists: Vec<Vec<TextId>>,
    part: Part,
}

impl Written {
    pub(super) fn of(part: &Part, strings: &Strings) -> Self {
        let mut part = part.clone();
        let mut texts = Renumbered::default();
        let mut lists = Renumbered::default();
        part.renumber(&mut |id| texts.number(id), &mut |id| lists.number(id));
        let list = |&id: &ListId| strings.list(id).iter().map(|&text| texts.number(text)).collect();
        let lists = lists.order.iter().map(list).collect();
        let text = |&id: &TextId| strings.text(id).unwrap_or_default().to_owned();
        Self { texts: texts.order.iter().map(text).collect(), lists, part }
    }

    /// None where numbers lead nowhere.
    pub(super) fn read(self, strings: &mut Strings) -> Option<Part> {
        let Self { texts, lists, mut part } = self;
        let texts: Vec<TextId> = texts.iter().map(|text| strings.put_whole(text)).collect();
        let mut is_whole = part.is_whole();
        let mut new = |numbers: &[u32], id: u32| match id.checked_sub(1) {
            None => NONE,
            Some(at) => numbers.get(at as usize).copied().unwrap_or_else(|| {
                is_whole = false;
                NONE
            }),
        };
        let mut numbers = Vec::with_capacity(lists.len());
        for list in &lists {
            let list: Vec<TextId> = list.iter().map(|&id| new(&texts, id)).collect();
            numbers.push(strings.put_list(&list));
        }
        let new = RefCell::new(new);
        part.renumber(&mut |id| new.borrow_mut()(&texts, id), &mut |id| new.borrow_mut()(&numbers, id));
        is_whole.then_some(part)
    }
}

/// Numbers from 1, in the order in which they are asked for.
#[derive(Default)]
struct Renumbered {
    numbers: std::collections::HashMap<u32, u32>,
    order: Vec<u32>,
}

impl Renumbered {
    fn number(&mut self, id: u32) -> u32 {
        if id == NONE {
            return NONE;
        }
        *self.numbers.entry(id).or_insert_with(|| {
            self.order.push(id);
            self.order.len() as u32
        })
    }
}
