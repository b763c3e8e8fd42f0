//! Two exports side by side.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use serde::Serialize;
use serde_json::Value;

/// A row that is not the same in both.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Differing {
    pub(in crate::commands) id: String,
    pub(in crate::commands) trial: u64,
    /// `outputs`, `error`, keys of scorers, or that it is in one of the two only.
    pub(in crate::commands) what: Vec<String>,
}

pub(super) struct Compared {
    pub(super) lines: u64,
    pub(super) differing_rows: u64,
    pub(super) differing: Vec<Differing>,
}

/// Both are in dataset order. Up to `most` differing rows are named.
pub(super) fn compare(was: impl BufRead, is: impl BufRead, most: usize) -> io::Result<Compared> {
    let mut compared = Compared { lines: 0, differing_rows: 0, differing: Vec::new() };
    let mut note = |line: &str, what: Vec<String>| {
        compared.differing_rows += 1;
        if compared.differing.len() < most {
            let (id, trial) = place(&read(line));
            compared.differing.push(Differing { id, trial, what });
        }
    };
    let (mut was, mut is) = (was.lines(), is.lines());
    while let Some(before) = was.next().transpose()? {
        compared.lines += 1;
        loop {
            match is.next().transpose()? {
                None => note(&before, vec!["it is missing now".to_owned()]),
                Some(now) if now == before => {}
                Some(now) => {
                    let (old, new) = (read(&before), read(&now));
                    if place(&old) != place(&new) {
                        // A run that was not whole lacks rows.
                        note(&now, vec!["it was missing then".to_owned()]);
                        continue;
                    }
                    note(&before, differences(&old, &new));
                }
            }
            break;
        }
    }
    while let Some(now) = is.next().transpose()? {
        note(&now, vec!["it was missing then".to_owned()]);
    }
    Ok(compared)
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

fn place(row: &Value) -> (String, u64) {
    (row["id"].as_str().unwrap_or_default().to_owned(), row["trial"].as_u64().unwrap_or_default())
}

fn differences(was: &Value, is: &Value) -> Vec<String> {
    let mut what: Vec<String> = ["inputs", "outputs", "expectations", "error"]
        .into_iter()
        .filter(|field| was[field] != is[field])
        .map(str::to_owned)
        .collect();
    let verdicts = |row: &Value| row["feedback"].as_array().cloned().unwrap_or_default();
    let (was, is) = (verdicts(was), verdicts(is));
    let others = |of: &[Value], than: &[Value]| -> Vec<String> {
        let others = of.iter().filter(|verdict| !than.contains(verdict));
        others.filter_map(|verdict| Some(verdict["scorer"].as_str()?.to_owned())).collect()
    };
    let scorers: BTreeSet<_> = others(&was, &is).into_iter().chain(others(&is, &was)).collect();
    what.extend(scorers);
    what
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_with_what_differs_in_them() {
        let line = |id: &str, outputs: u8, value: bool| {
            format!(
                "{{\"id\":\"{id}\",\"trial\":0,\"outputs\":{outputs},\"feedback\":[{{\"scorer\":\"s\",\"value\":{value}}}]}}\n"
            )
        };
        let was = [line("a", 1, true), line("c", 1, true), line("d", 1, true), line("e", 1, true)].concat();
        let is = [line("a", 1, true), line("b", 1, true), line("c", 2, false), line("d", 1, true)].concat();
        let compared = compare(was.as_bytes(), is.as_bytes(), 2).expect("memory");
        assert_eq!((compared.lines, compared.differing_rows), (4, 3));
        let named: Vec<_> = compared.differing.iter().map(|row| (&*row.id, row.what.join(", "))).collect();
        assert_eq!(named, [("b", "it was missing then".to_owned()), ("c", "outputs, s".to_owned())]);
        assert_eq!(compare(was.as_bytes(), was.as_bytes(), 2).expect("memory").differing_rows, 0);
    }
}
