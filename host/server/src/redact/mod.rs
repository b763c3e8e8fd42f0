//! Takes out of spans what should not be kept, before anything is made of them or stored.
//!
//! Rules go by looks and by names, not by meaning: this is the second line, behind what an application does not say in the
//! first place. Values of attributes are looked through, of spans, events, links, resources and scopes, and what a status
//! says, and likewise what is said of traces from outside. Ids, names of spans, events and attributes stay, since they are what things are found by; keys within an attribute
//! are looked through.

mod json;
mod pattern;
mod said;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::redaction::{Action, KeyRule, Redactions, Rules};
use model::trace::{Attributes, Source, Span, Status};
use regex::Regex;

pub use self::pattern::BadPattern;
use self::pattern::Pattern;

/// The rules of all experiments, ready for use.
pub struct Redactor {
    everywhere: Sought,
    /// With those that hold everywhere.
    experiments: BTreeMap<String, Sought>,
}

/// What is looked for in the spans of one experiment.
#[derive(Clone, Default)]
struct Sought {
    patterns: Vec<Pattern>,
    keys: Vec<(Regex, Action)>,
    pseudonyms: [u8; 32],
}

impl Redactor {
    /// # Errors
    ///
    /// Fails with the first pattern that is no regular expression.
    pub fn new(redactions: &Redactions, pseudonyms: [u8; 32]) -> Result<Self, BadPattern> {
        let everywhere = Sought::new(&redactions.everywhere, pseudonyms)?;
        let more = redactions.experiments.iter().map(|(name, rules)| {
            let Sought { patterns, keys, .. } = Sought::new(rules, pseudonyms)?;
            let mut sought = everywhere.clone();
            sought.patterns.extend(patterns);
            sought.keys.extend(keys);
            Ok((name.clone(), sought))
        });
        let experiments = more.collect::<Result<_, _>>()?;
        Ok(Self { everywhere, experiments })
    }

    /// Whether nothing is taken out of anything.
    pub fn is_empty(&self) -> bool {
        self.everywhere.is_empty() && self.experiments.values().all(Sought::is_empty)
    }

    /// For the spans of one request.
    pub fn of(&self, experiment: &str) -> Redacting<'_> {
        Redacting { sought: self.experiments.get(experiment).unwrap_or(&self.everywhere), sources: Vec::new() }
    }
}

impl Sought {
    fn new(rules: &Rules, pseudonyms: [u8; 32]) -> Result<Self, BadPattern> {
        let patterns = rules.patterns.iter().map(|rule| Pattern::new(rule, pseudonyms)).collect::<Result<_, _>>()?;
        Ok(Self { patterns, keys: rules.keys.iter().map(key).collect(), pseudonyms })
    }

    fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.keys.is_empty()
    }

    /// What becomes of the value behind a name; `path` has the names above it, too.
    fn action(&self, name: &str, path: &str) -> Option<Action> {
        let named = |(glob, _): &&(Regex, Action)| glob.is_match(name) || glob.is_match(path);
        self.keys.iter().find(named).map(|(_, action)| *action)
    }

    fn attributes(&self, attributes: &mut Attributes) {
        attributes.retain_mut(|(name, value)| match json::attribute(self, name, value) {
            json::Left::Same => true,
            json::Left::Other(other) => {
                *value = other;
                true
            }
            json::Left::Nothing => false,
        });
    }

    fn source(&self, source: &Source) -> Source {
        let mut source = source.clone();
        self.attributes(Arc::make_mut(&mut source.resource));
        self.attributes(&mut source.scope_attributes);
        source
    }
}

/// A glob in which `*` is all that is special.
fn key(rule: &KeyRule) -> (Regex, Action) {
    let parts: Vec<_> = rule.key.split('*').map(regex::escape).collect();
    let glob = Regex::new(&format!("(?is)^{}$", parts.join(".*")));
    (glob.expect("what is escaped is a regular expression"), rule.action)
}

/// Goes through the spans of one request.
pub struct Redacting<'a> {
    sought: &'a Sought,
    /// Spans of one export share who made them: each source with what is left of it.
    sources: Vec<(Arc<Source>, Arc<Source>)>,
}

impl Redacting<'_> {
    pub fn span(&mut self, span: &mut Span) {
        let sought = self.sought;
        if sought.is_empty() {
            return;
        }
        sought.attributes(&mut span.attributes);
        span.events.iter_mut().for_each(|event| sought.attributes(&mut event.attributes));
        span.links.iter_mut().for_each(|link| sought.attributes(&mut link.attributes));
        if let Status::Error(said) = &mut span.status {
            *said = pattern::text(&sought.patterns, said).map(|text| text.into_owned()).unwrap_or_default();
        }
        if let Some(source) = &mut span.source {
            *source = self.source(source);
        }
    }

    fn source(&mut self, source: &Arc<Source>) -> Arc<Source> {
        // A request lists its sources one after another.
        if let Some((_, left)) = self.sources.iter().rev().find(|(known, _)| Arc::ptr_eq(known, source)) {
            return Arc::clone(left);
        }
        let left = Arc::new(self.sought.source(source));
        self.sources.push((Arc::clone(source), Arc::clone(&left)));
        left
    }
}

#[cfg(test)]
mod tests;
