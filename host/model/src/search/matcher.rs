//! A filter, put to a whole trace.

use crate::assessment::Assessment;
use crate::digest::SpanDigest;
use crate::trace::Span;

use super::found::found_said;
use super::{CompiledTest, Field, Filter, Found, SpanField, SpanFilter, TraceInfo, content, found, found_in_span};

/// A trace with all of its spans, each with what it adds to the whole.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub info: &'a TraceInfo,
    pub spans: &'a [(Span, SpanDigest)],
    /// What was said of its session as a whole, on other traces of it; what counts of that.
    pub session: &'a [Assessment],
}

/// A [`Filter`] whose patterns are compiled.
#[derive(Clone, Debug)]
pub struct Matcher(Node);

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Trace(Field, CompiledTest),
    Span(SpanNode),
}

#[derive(Clone, Debug)]
enum SpanNode {
    All(Vec<SpanNode>),
    Any(Vec<SpanNode>),
    Not(Box<SpanNode>),
    Span(SpanField, CompiledTest),
}

impl Matcher {
    /// # Errors
    ///
    /// Says what is wrong with a pattern in it.
    pub fn new(filter: &Filter) -> Result<Self, String> {
        Node::new(filter).map(Self)
    }

    /// Whether the filter holds of the trace.
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        self.0.matches(subject)
    }
}

impl Node {
    fn new(filter: &Filter) -> Result<Self, String> {
        let all = |filters: &[Filter]| filters.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        Ok(match filter {
            Filter::All(filters) => Self::All(all(filters)?),
            Filter::Any(filters) => Self::Any(all(filters)?),
            Filter::Not(filter) => Self::Not(Box::new(Self::new(filter)?)),
            Filter::Trace(field, test) => Self::Trace(field.clone(), CompiledTest::new(test)?),
            Filter::Span(filter) => Self::Span(SpanNode::new(filter)?),
        })
    }

    fn matches(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(subject)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(subject)),
            Self::Not(node) => !node.matches(subject),
            Self::Trace(Field::Text, test) => {
                let contents = subject.spans.iter().map(|(span, _)| Found::Text(content(span).into()));
                test.holds(&found(&Field::Text, subject.info).into_iter().chain(contents).collect::<Vec<_>>())
            }
            Self::Trace(field, test) => {
                let of_session = found_said(field, subject.session.iter());
                test.holds(&found(field, subject.info).into_iter().chain(of_session).collect::<Vec<_>>())
            }
            Self::Span(node) => subject.spans.iter().any(|(span, digest)| node.matches(span, digest)),
        }
    }
}

impl SpanNode {
    fn new(filter: &SpanFilter) -> Result<Self, String> {
        let all = |filters: &[SpanFilter]| filters.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        Ok(match filter {
            SpanFilter::All(filters) => Self::All(all(filters)?),
            SpanFilter::Any(filters) => Self::Any(all(filters)?),
            SpanFilter::Not(filter) => Self::Not(Box::new(Self::new(filter)?)),
            SpanFilter::Span(field, test) => Self::Span(field.clone(), CompiledTest::new(test)?),
        })
    }

    fn matches(&self, span: &Span, digest: &SpanDigest) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(span, digest)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(span, digest)),
            Self::Not(node) => !node.matches(span, digest),
            Self::Span(field, test) => test.holds(&found_in_span(field, span, digest)),
        }
    }
}
