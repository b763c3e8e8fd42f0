//! What strangers write, in every shape: components, answers of guests, manifests, URLs, suites, searches, spans, files of
//! traces.
//!
//! A target is an ordinary function that takes any bytes and panics where the host does not do with them as it should.
//! The tests here run each over what is kept of it and over changes of that, seeded, for some seconds
//! (`KARAT_MUTATE_SECONDS`, else ten); `scripts/fuzz` runs the same functions under a fuzzer that looks at coverage.

#![expect(clippy::unwrap_used, reason = "a target ends where its world breaks")]

pub mod answer;
pub mod component;
pub mod manifest;
pub mod otlp;
pub mod search;
pub mod suite;
pub mod trace_files;
pub mod url;

mod plugin;

#[cfg(test)]
mod mutate;

use std::path::Path;

/// A function to be tried with everything.
pub struct Target {
    pub name: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    /// Does something with an input, says whether it was taken, and panics where that was not right.
    pub check: fn(&[u8]) -> bool,
}

pub const TARGETS: [Target; 8] = [
    Target { name: "component", seeds: component::seeds, check: component::check },
    Target { name: "answer", seeds: answer::seeds, check: answer::check },
    Target { name: "manifest", seeds: manifest::seeds, check: manifest::check },
    Target { name: "url", seeds: url::seeds, check: url::check },
    Target { name: "suite", seeds: suite::seeds, check: suite::check },
    Target { name: "search", seeds: search::seeds, check: search::check },
    Target { name: "otlp", seeds: otlp::seeds, check: otlp::check },
    Target { name: "trace_files", seeds: trace_files::seeds, check: trace_files::check },
];

/// # Panics
///
/// Panics when there is none of this name.
pub fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target `{name}`"))
}

impl Target {
    /// What any search begins with: its seeds, and what an earlier one found and is kept in `corpus/`.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name);
        let found = std::fs::read_dir(folder).into_iter().flatten();
        let found = found.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        (self.seeds)().into_iter().chain(found).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries a target; some inputs are taken, some are not, or it would test nothing.
    fn tried(name: &str) {
        let Target { check, .. } = target(name);
        let (mut taken, mut refused) = (0, 0);
        mutate::mutations(&target(name).kept(), |input| match check(input) {
            true => taken += 1,
            false => refused += 1,
        });
        assert!(taken > 3 && refused > 3, "{name}: {taken} taken, {refused} refused");
    }

    #[test]
    fn a_component_that_is_almost_one_is_refused_or_runs_within_its_limits() {
        tried("component");
    }

    #[test]
    fn whatever_lies_in_memory_is_an_answer_or_a_failure() {
        tried("answer");
    }

    #[test]
    fn a_manifest_that_is_read_can_be_written_and_read_again() {
        tried("manifest");
    }

    #[test]
    fn what_is_let_through_leads_where_it_was_granted() {
        tried("url");
    }

    #[test]
    fn a_suite_that_is_almost_one_is_read_or_refused_with_reasons() {
        tried("suite");
    }
    #[test]
    fn a_search_that_is_read_can_be_written_and_read_again() {
        tried("search");
    }

    #[test]
    fn what_is_received_adds_up_and_can_be_sent_on() {
        tried("otlp");
    }

    #[test]
    fn whatever_is_in_a_file_of_traces_is_read_or_told() {
        tried("trace_files");
    }
}
