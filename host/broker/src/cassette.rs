//! Cassettes: what was asked and what came back, so that a run can be had again without anybody being asked.
//!
//! A file of JSON lines, sorted by the digest of the question: the same run makes the same file. It is written beside its
//! place as it comes, and put there when it is whole. No secret is in a question, and those that come back have been taken out
//! of the answer before it gets here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::judge::Exchange;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::judge::taped;

/// The first line of a cassette.
const HEAD: &str = r#"{"karat_cassette":1}"#;

/// A cassette in use.
pub struct Cassette {
    path: PathBuf,
    state: Mutex<State>,
    /// None while one is replayed.
    draft: Option<PathBuf>,
}

struct State {
    entries: BTreeMap<String, Entry>,
    /// What is being recorded, as it comes.
    out: Option<BufWriter<File>>,
    misses: u64,
}

#[derive(Clone, Deserialize, Serialize)]
struct Entry {
    /// Digest of the question.
    key: String,
    /// For a person.
    question: Value,
    answer: Value,
}

impl Cassette {
    /// Begins a cassette that will be at `path`. Where `goes_on`, what an earlier session left unfinished is on it.
    ///
    /// # Errors
    ///
    /// Fails when the file can't be written.
    pub fn record(path: &Path, goes_on: bool) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".recording");
        let draft = path.with_file_name(name);
        let before = [draft.as_path(), path].into_iter().find(|before| goes_on && before.exists());
        // The last line of a draft may be half of one.
        let entries = before.map_or_else(|| Ok(BTreeMap::new()), |before| read(before, before == draft))?;
        let mut out = BufWriter::new(File::create(&draft)?);
        write_all(&mut out, &entries)?;
        let state = State { entries, out: Some(out), misses: 0 };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state), draft: Some(draft) })
    }

    /// Takes a cassette that was recorded.
    ///
    /// # Errors
    ///
    /// Fails when the file can't be read, or is none, with the line.
    pub fn replay(path: &Path) -> io::Result<Self> {
        let state = State { entries: read(path, false)?, out: None, misses: 0 };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state), draft: None })
    }

    /// A cassette with nothing on it, to be [filled](Self::remember) and replayed. It has no file.
    pub fn blank() -> Self {
        let state = State { entries: BTreeMap::new(), out: None, misses: 0 };
        Self { path: PathBuf::new(), state: Mutex::new(state), draft: None }
    }

    /// Puts on it what a judge was asked in an earlier run; where one was asked the same twice, what it replied first, and a reply
    /// rather than a failure.
    pub fn remember(&self, exchange: &Exchange) {
        let Some(answer) = taped(exchange) else { return };
        let entry = Entry { key: exchange.digest.clone(), question: Value::Null, answer };
        let mut state = self.state();
        match state.entries.get(&entry.key) {
            Some(_) if exchange.reply.is_none() => {}
            Some(before) if before.answer.get("reply").is_some() => {}
            _ => drop(state.entries.insert(entry.key.clone(), entry)),
        }
    }

    /// Whether nobody is to be asked.
    pub fn is_replayed(&self) -> bool {
        self.draft.is_none()
    }

    /// What came back when this was asked.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let mut state = self.state();
        let answer = state.entries.get(key).map(|entry| entry.answer.clone());
        let answer = answer.and_then(|answer| serde_json::from_value(answer).ok());
        state.misses += u64::from(answer.is_none() && self.is_replayed());
        answer
    }

    /// Notes down what came back, unless that was done before.
    pub(crate) fn put(&self, key: &str, question: &impl Serialize, answer: &impl Serialize) {
        let mut state = self.state();
        let State { entries, out: Some(out), .. } = &mut *state else { return };
        if entries.contains_key(key) {
            return;
        }
        let value = |value: Result<Value, _>| value.expect("it is plain data");
        let (question, answer) = (value(serde_json::to_value(question)), value(serde_json::to_value(answer)));
        let entry = Entry { key: key.to_owned(), question, answer };
        // What can't be written now is written when the cassette is finished, or fails then.
        let _ = write(out, &entry).and_then(|()| out.flush());
        entries.insert(key.to_owned(), entry);
    }

    /// Puts what was recorded where it belongs.
    ///
    /// # Errors
    ///
    /// Fails when it can't be written; what came so far is beside its place.
    pub fn finish(&self) -> io::Result<()> {
        let mut state = self.state();
        let (Some(draft), Some(_)) = (&self.draft, state.out.take()) else { return Ok(()) };
        write_all(&mut BufWriter::new(File::create(draft)?), &state.entries)?;
        std::fs::rename(draft, &self.path)
    }

    /// Questions that are not on it.
    pub fn misses(&self) -> u64 {
        self.state().misses
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_all(out: &mut impl Write, entries: &BTreeMap<String, Entry>) -> io::Result<()> {
    writeln!(out, "{HEAD}")?;
    entries.values().try_for_each(|entry| write(out, entry))?;
    out.flush()
}

fn write(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    serde_json::to_writer(&mut *out, entry)?;
    out.write_all(b"\n")
}

/// Reads a cassette; a draft up to what can be read of it.
fn read(path: &Path, is_draft: bool) -> io::Result<BTreeMap<String, Entry>> {
    let wrong = |line: usize, why: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {why}"))
    };
    let mut entries = BTreeMap::new();
    for (number, line) in (1..).zip(BufReader::new(File::open(path)?).lines()) {
        let line = line?;
        match (number, &*line) {
            (1, HEAD) => {}
            (1, _) => return Err(wrong(1, &"this is no cassette of Karat's")),
            _ => match serde_json::from_str::<Entry>(&line) {
                Ok(entry) => _ = entries.insert(entry.key.clone(), entry),
                Err(_) if is_draft => break,
                Err(error) => return Err(wrong(number, &error)),
            },
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_replayed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        let recorded = Cassette::record(&path, false).expect("a file");
        recorded.put("b", &"second?", &2);
        recorded.put("a", &"first?", &1);
        recorded.put("a", &"first?", &9);
        assert!(!path.exists());
        recorded.finish().expect("it can be written");
        let lines = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(lines.lines().count(), 3);
        let replayed = Cassette::replay(&path).expect("a cassette");
        assert_eq!((replayed.get("a"), replayed.get("b"), replayed.get::<u32>("c")), (Some(1), Some(2), None));
        assert_eq!(replayed.misses(), 1);
    }

    #[test]
    fn a_session_that_was_cut_off_is_gone_on_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        Cassette::record(&path, false).expect("a file").put("a", &"first?", &1);
        let second = Cassette::record(&path, true).expect("a file");
        assert_eq!(second.get("a"), Some(1));
        second.finish().expect("it can be written");
        assert_eq!(Cassette::replay(&path).expect("a cassette").get("a"), Some(1));
    }

    #[test]
    fn what_is_no_cassette_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        for (text, expected) in [("{}\n", "line 1: this is no cassette"), (&format!("{HEAD}\n{{\n"), "line 2: ")] {
            let path = folder.path().join("x.jsonl");
            std::fs::write(&path, text).expect("a file");
            let error = Cassette::replay(&path).err().expect("it is none").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
