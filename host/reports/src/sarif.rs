//! SARIF 2.1.0 (OASIS): a finding for each verdict that went against a row, for tools that show findings beside files.

use std::io::{self, Write};

use model::report::Verdict;
use model::row::RowRecord;
use model::run::{RowResult, Run};
use serde_json::{Value, json};

use crate::Report;
use crate::failing::{Failing, What};
use crate::quantities::counted;
use crate::sentence;
use crate::text;

/// GitHub shows as many findings of a file, and takes no file with more than five times as many.
const LISTED: usize = 5000;

/// Characters of a message, of a name, and of a path: no system has longer ones.
const LONGEST: usize = 1000;
const NAME: usize = 200;
const PATH: usize = 4096;

pub(crate) struct Sarif<'a, W> {
    run: &'a Run,
    out: W,
    results: Vec<Value>,
    left_out: u64,
}

impl<'a, W: Write> Sarif<'a, W> {
    pub(crate) fn new(run: &'a Run, out: W) -> Self {
        Self { run, out, results: Vec::new(), left_out: 0 }
    }

    fn finding(&self, scorer: usize, result: &RowResult, failing: Failing<'_>) -> Value {
        let key = &self.run.header.plan.scorers[scorer].key;
        let name = text::row_name(result);
        let message = format!("`{key}` on row {name}: {}", text::shown(failing.told(), LONGEST));
        // Whether a row is bad is for gates to say; a scorer that gives no verdict is broken.
        let level = if failing.what == What::False { "warning" } else { "error" };
        json!({
            "ruleId": key,
            "ruleIndex": scorer,
            "level": level,
            "message": { "text": plain(&message) },
            "locations": [{
                "physicalLocation": { "artifactLocation": { "uri": uri(&self.run.header.data.path) } },
                "logicalLocations": [{ "name": name, "kind": "row" }],
            }],
            "partialFingerprints": { "row/v1": format!("{key}:{name}") },
        })
    }

    fn log(&mut self) -> Value {
        let header = &self.run.header;
        let rules = header.plan.scorers.iter().map(|scorer| {
            let plugin = &scorer.plugin;
            let told = format!("`{}` of {} {}", scorer.scorer, plugin.name, plugin.version);
            json!({ "id": scorer.key, "shortDescription": { "text": plain(&text::line(&told, LONGEST)) } })
        });
        let verdict = self.run.report.as_ref().map(|report| report.verdict);
        let mut notes = vec![note("note", &text::shown(&sentence::verdict(self.run), LONGEST))];
        if self.left_out > 0 {
            let left_out = format!("{} left out", counted(self.left_out, "more finding"));
            notes.push(note("warning", &left_out));
        }
        json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "Karat",
                    "semanticVersion": header.version,
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules.collect::<Vec<_>>(),
                } },
                "automationDetails": { "id": format!("karat/{}/{}", text::line(&header.plan.suite, NAME), header.id) },
                "invocations": [{
                    "executionSuccessful": !matches!(verdict, None | Some(Verdict::Incomplete)),
                    "toolExecutionNotifications": notes,
                }],
                "columnKind": "unicodeCodePoints",
                "results": std::mem::take(&mut self.results),
            }],
        })
    }
}

impl<W: Write> Report for Sarif<'_, W> {
    fn add(&mut self, _: &RowRecord, result: &RowResult) -> io::Result<()> {
        let failing = result.outcomes.iter().enumerate();
        for (scorer, failing) in failing.filter_map(|(scorer, outcome)| Some((scorer, Failing::of(result, outcome)?))) {
            if self.results.len() == LISTED {
                self.left_out += 1;
                continue;
            }
            self.results.push(self.finding(scorer, result, failing));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let log = self.log();
        let log = serde_json::to_string_pretty(&log)?;
        self.out.write_all(text::printable_json(&log).as_bytes())?;
        self.out.flush()
    }
}

fn note(level: &str, text: &str) -> Value {
    json!({ "level": level, "message": { "text": plain(text) } })
}

/// A message in which nothing is a link (section 3.11.6 of the standard).
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '[' | ']') {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

/// A path as a reference to a file (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in text::beginning(path, PATH).replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
