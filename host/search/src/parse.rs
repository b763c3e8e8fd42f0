//! `and`, `or`, `not`, brackets, and which conditions speak of one span.

use model::search::{Filter, SpanFilter};

use crate::problem::Problem;
use crate::token::Kind;
use crate::words::Words;

/// Brackets and `not` within each other: as deep as a filter is that everything after this walks through.
const DEEPEST: usize = 64;

/// Bytes of a text.
pub(crate) const LONGEST: usize = 64 << 10;

/// Reads a filter; there is none in an empty text. `now` is what the text means by that, in nanoseconds since
/// 1970-01-01T00:00:00Z.
///
/// # Errors
///
/// Fails at the first place that is not right.
pub fn parse(text: &str, now: u64) -> Result<Option<Filter>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser::new(text, now)?;
    let part = parser.any(false)?;
    match parser.words.peek().kind {
        Kind::End => Ok(Some(part.filter())),
        _ => Err(parser.no_end()),
    }
}

pub(crate) struct Parser<'t> {
    pub(crate) words: Words<'t>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) now: f64,
    /// Whether it is within `span(…)`.
    pub(crate) in_span: bool,
    /// How many there have been.
    pub(crate) patterns: usize,
    depth: usize,
}

/// What was read, while it is open whether more stands beside it.
pub(crate) enum Part {
    Trace(Filter),
    /// Nothing but conditions of spans: of the one span that those beside it speak of, too.
    Span(SpanFilter),
}

impl Part {
    fn filter(self) -> Filter {
        match self {
            Self::Trace(filter) => filter,
            Self::Span(filter) => Filter::Span(filter),
        }
    }
}

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str, now: u64) -> Result<Self, Problem> {
        if text.len() > LONGEST {
            let message = format!("it is {} bytes long", text.len());
            return Err(Problem::new(text, 0, message, "64 KiB are the most"));
        }
        if text.trim().is_empty() {
            return Err(Problem::new(text, 0, "it is blank", "leave it empty to have every trace"));
        }
        let words = Words::new(text);
        Ok(Self { words, now: now as f64 / 1e6, in_span: false, patterns: 0, depth: 0 })
    }

    /// Parts that `or` joins. Within brackets, conditions of spans stay together.
    fn any(&mut self, is_bracketed: bool) -> Result<Part, Problem> {
        let mut parts = vec![self.all()?];
        while self.words.take_word("or") {
            parts.push(self.all()?);
        }
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let keeps_together = is_bracketed || self.in_span;
        if keeps_together && parts.iter().all(|part| matches!(part, Part::Span(_))) {
            return Ok(Part::Span(SpanFilter::Any(spans(parts))));
        }
        Ok(Part::Trace(Filter::Any(parts.into_iter().map(Part::filter).collect())))
    }

    /// Parts that `and` joins. What they say of spans is said of one span, in the place of the first.
    fn all(&mut self) -> Result<Part, Problem> {
        let mut parts = vec![self.one()?];
        while self.words.take_word("and") {
            parts.push(self.one()?);
        }
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let place = parts.iter().position(|part| matches!(part, Part::Span(_))).unwrap_or_default();
        let (of_span, mut others): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| matches!(part, Part::Span(_)));
        let mut of_span = spans(of_span);
        let together = match of_span.len() {
            0 | 1 => of_span.pop(),
            _ => Some(SpanFilter::All(of_span)),
        };
        match together {
            Some(filter) if others.is_empty() => return Ok(Part::Span(filter)),
            Some(filter) => others.insert(place, Part::Span(filter)),
            None => {}
        }
        Ok(Part::Trace(Filter::All(others.into_iter().map(Part::filter).collect())))
    }

    fn one(&mut self) -> Result<Part, Problem> {
        if self.words.is_word("not") {
            self.deeper()?;
            self.words.next();
            let part = self.one()?;
            self.depth -= 1;
            return Ok(match part {
                Part::Span(filter) if self.in_span => Part::Span(SpanFilter::Not(Box::new(filter))),
                part => Part::Trace(Filter::Not(Box::new(part.filter()))),
            });
        }
        if self.words.is_call("span", "(") {
            return self.span();
        }
        if self.words.peek().kind == Kind::Sign("(") {
            self.deeper()?;
            self.words.next();
            let part = self.any(true)?;
            self.close()?;
            self.depth -= 1;
            return Ok(part);
        }
        self.condition()
    }

    /// `span(…)`: a span of its own, whatever stands beside it.
    fn span(&mut self) -> Result<Part, Problem> {
        if self.in_span {
            let hint = "`and`, `or` and `not` join what is said of one span";
            return Err(self.words.problem(self.words.peek(), "`span(…)` can't be within another", hint));
        }
        self.words.next();
        self.words.next();
        self.in_span = true;
        let part = self.any(true)?;
        self.close()?;
        self.in_span = false;
        Ok(Part::Trace(part.filter()))
    }

    fn close(&mut self) -> Result<(), Problem> {
        match self.words.take_sign(")") {
            true => Ok(()),
            false => Err(self.words.expected("`and`, `or` or `)`", "something opens a bracket that nothing closes")),
        }
    }

    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        match self.depth > DEEPEST {
            true => {
                let hint = "`in` takes a list, and `and` and `or` join as many as there are";
                Err(self.words.problem(self.words.peek(), format!("it nests deeper than {DEEPEST} levels"), hint))
            }
            false => Ok(()),
        }
    }

    fn no_end(&self) -> Problem {
        let hint = match self.words.peek().kind {
            Kind::Sign(")") => "nothing opens this bracket",
            Kind::Sign("&&") => "write `and`",
            Kind::Sign("||") => "write `or`",
            Kind::Sign(",") => "write `and` or `or`",
            Kind::Sign(";") => "it is one filter, without an end mark",
            _ => "texts stand in quotes, conditions are joined by `and` or `or`",
        };
        self.words.expected("`and`, `or` or the end", hint)
    }
}

fn spans(parts: Vec<Part>) -> Vec<SpanFilter> {
    let span = |part| match part {
        Part::Span(filter) => Some(filter),
        Part::Trace(_) => None,
    };
    parts.into_iter().filter_map(span).collect()
}
