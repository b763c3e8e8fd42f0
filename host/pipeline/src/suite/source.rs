//! Where in the suite file something stands.

use std::collections::HashMap;

use crate::pointer;
use crate::problem::Problem;
use crate::schema::Violation;

/// The file of a suite and the line of everything in it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    file: String,
    /// By JSON pointer.
    lines: HashMap<String, u64>,
}

impl Source {
    /// Of a file of which no lines are known.
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), lines: HashMap::new() }
    }

    pub(super) fn put(&mut self, pointer: String, line: u64) {
        self.lines.insert(pointer, line);
    }

    /// A problem of what a JSON pointer such as `/scorers/0/use` points to. What is not in the file gets the line of
    /// what would hold it.
    pub fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.line(pointer),
            field: pointer::field(pointer),
            message: message.into(),
            hint: None,
        }
    }

    /// A problem of what a JSON pointer points to, or else of what would hold it.
    pub(crate) fn nearest_problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        match pointer::parent(pointer) {
            Some(parent) if !self.lines.contains_key(pointer) => self.problem(parent, message),
            _ => self.problem(pointer, message),
        }
    }

    /// What a schema found in the value at `base`.
    pub(crate) fn violation(&self, base: &str, violation: Violation) -> Problem {
        let Violation { place, subject, message, hint } = violation;
        let line = self.line(&format!("{base}{place}"));
        Problem { line, hint, ..self.problem(&format!("{base}{subject}"), message) }
    }

    fn line(&self, pointer: &str) -> Option<u64> {
        let mut pointer = Some(pointer);
        while let Some(at) = pointer {
            if let Some(line) = self.lines.get(at) {
                return Some(*line);
            }
            pointer = pointer::parent(at);
        }
        None
    }
}
