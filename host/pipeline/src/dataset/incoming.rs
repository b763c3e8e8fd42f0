//! Rows on their way into a dataset: checked, and written down in one way, where any of them is found by who it is.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;

use model::json::Json;
use model::ports::{BrokenRecord, DataReader, Record, TraceReader};
use model::row::RowRecord;
use model::suite::DataFormat;

use super::DatasetError;
use super::findings::Findings;
use super::hashing::Hashing;
use super::identity::{given_key, inputs_key};
use super::peers::Peer;
use super::row::Flaw;
use super::rows::Shape;
use super::validate::flaw_of;
use crate::problem::Problem;

/// A file with rows, and how it is read.
#[derive(Clone, Copy)]
pub struct File<'a> {
    pub reader: &'a dyn DataReader,
    pub traces: &'a dyn TraceReader,
    pub format: DataFormat,
    /// Whose shape the rows have; none leaves it to their names.
    pub peer: Option<&'static Peer>,
    /// As the user named it.
    pub path: &'a str,
}

/// Rows that are written down in `S`, a line each, with 32 bytes in memory for each.
pub struct Incoming<S> {
    lines: BufReader<S>,
    at: u64,
    /// By key.
    places: Vec<Place>,
    /// BLAKE3 of the bytes that the rows were read from, in hexadecimal.
    digest: String,
}

struct Place {
    key: (u64, u64),
    offset: u64,
    line: u64,
}

impl<S: Read + Write + Seek> Incoming<S> {
    /// Reads a file to its end, and reports everything that is wrong with it. `spool` is empty.
    ///
    /// # Errors
    ///
    /// Fails with the problems of the file, or when it or `spool` fails.
    pub fn read(file: File<'_>, source: &mut dyn Read, spool: S) -> Result<Self, DatasetError> {
        let mut source = Hashing::new(source);
        let mut pass = Pass {
            file,
            shape: Shape::new(None, file.peer),
            findings: Findings::new(file.path),
            places: Vec::new(),
            keys: Keys::default(),
            spool: BufWriter::new(spool),
            offset: 0,
            failed: None,
        };
        let unreadable = |source| DatasetError::Read { path: file.path.to_owned(), source };
        let read = file.reader.read(file.format, &mut source, &mut |record| pass.record(record));
        read.and_then(|()| io::copy(&mut source, &mut io::sink())).map_err(unreadable)?;
        let digest = source.digest();
        pass.finish(digest)
    }

    /// The rows of a version, whose lines are as they have to be.
    ///
    /// # Errors
    ///
    /// Fails when `source` or `spool` does, or something in it is no row.
    pub fn of_version(source: &mut dyn Read, mut spool: S) -> io::Result<Self> {
        let (mut source, mut to) = (BufReader::with_capacity(BUFFER, source), BufWriter::new(&mut spool));
        let (mut places, mut keys, mut offset, mut line) = (Vec::new(), Keys::default(), 0, Vec::new());
        for number in 1.. {
            line.clear();
            if source.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            to.write_all(&line)?;
            let row: RowRecord = serde_json::from_slice(&line)?;
            places.push(Place { key: keys.of(&row, &row.inputs), offset, line: number });
            offset += line.len() as u64;
        }
        to.flush()?;
        drop(to);
        Self::sorted(places, spool, String::new())
    }
}

impl<S: Read + Seek> Incoming<S> {
    fn sorted(mut places: Vec<Place>, mut spool: S, digest: String) -> io::Result<Self> {
        places.sort_unstable_by_key(|place| place.key);
        spool.seek(SeekFrom::Start(0))?;
        Ok(Self { lines: BufReader::with_capacity(BUFFER, spool), at: 0, places, digest })
    }

    pub fn rows(&self) -> u64 {
        self.places.len() as u64
    }

    /// BLAKE3 of the file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The place of the row that a key is of.
    pub(super) fn find(&self, key: (u64, u64)) -> Option<usize> {
        self.places.binary_search_by_key(&key, |place| place.key).ok()
    }

    /// The line at a place, with its end.
    pub(super) fn line(&mut self, place: usize, line: &mut Vec<u8>) -> io::Result<()> {
        self.line_at(self.places[place].offset, line)
    }

    fn line_at(&mut self, offset: u64, line: &mut Vec<u8>) -> io::Result<()> {
        self.lines.seek_relative(offset as i64 - self.at as i64)?;
        line.clear();
        self.at = offset + self.lines.read_until(b'\n', line)? as u64;
        Ok(())
    }

    /// All places in the order of their rows.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.places.len()).collect();
        order.sort_unstable_by_key(|&place| self.places[place].offset);
        order
    }
}

const BUFFER: usize = 64 << 10;

/// Who rows are, in their order.
#[derive(Default)]
pub(super) struct Keys(HashMap<u64, u64>);

impl Keys {
    /// The key of the next row: of its id, else of its inputs and how many had the same. `inputs` are canonical.
    pub(super) fn of(&mut self, row: &RowRecord, inputs: &Json) -> (u64, u64) {
        match &row.id {
            Some(id) => given_key(id),
            None => {
                let hash = inputs_key(inputs);
                let occurrence = self.0.entry(hash).or_default();
                *occurrence += 1;
                (hash & !(1 << 63), *occurrence)
            }
        }
    }
}

struct Pass<'a, S: Write> {
    file: File<'a>,
    shape: Shape,
    findings: Findings,
    places: Vec<Place>,
    keys: Keys,
    spool: BufWriter<S>,
    offset: u64,
    failed: Option<io::Error>,
}

impl<S: Read + Write + Seek> Pass<'_, S> {
    fn record(&mut self, record: Result<Record, BrokenRecord>) -> ControlFlow<()> {
        let Record { line, fields } = match record {
            Ok(record) => record,
            Err(broken) => {
                self.findings.broken(broken);
                return ControlFlow::Continue(());
            }
        };
        match self.shape.row(&fields, &mut []) {
            Ok(row) => self.row(line, &row),
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.findings.flaw(line, flaw));
                ControlFlow::Continue(())
            }
        }
    }

    fn row(&mut self, line: u64, row: &RowRecord) -> ControlFlow<()> {
        if let Some(Err(broken)) = row.trace.as_ref().map(|trace| self.file.traces.read(trace)) {
            self.findings.flaw(line, flaw_of(broken));
            return ControlFlow::Continue(());
        }
        let (Some(text), Some(inputs)) = (row.canonical_line(), row.inputs.canonical()) else {
            let message = "nests deeper than 128 levels".to_owned();
            let hint = Some("pass the value as a text".to_owned());
            self.findings.flaw(line, Flaw { field: None, message, hint });
            return ControlFlow::Continue(());
        };
        let place = Place { key: self.keys.of(row, &inputs), offset: self.offset, line };
        self.places.push(place);
        self.offset += text.len() as u64 + 1;
        match writeln!(self.spool, "{text}") {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn finish(mut self, digest: String) -> Result<Incoming<S>, DatasetError> {
        let unwritable = |source| DatasetError::Spool { source };
        if let Some(error) = self.failed {
            return Err(unwritable(error));
        }
        let spool = self.spool.into_inner().map_err(|error| unwritable(error.into_error()))?;
        let incoming = Incoming::sorted(self.places, spool, digest).map_err(unwritable)?;
        for pair in incoming.places.windows(2).filter(|pair| pair[0].key == pair[1].key) {
            let (first, again) = (pair[0].line.min(pair[1].line), pair[0].line.max(pair[1].line));
            let problem = Problem::new(self.file.path, format!("repeats the id of line {first}"));
            self.findings.add(problem.at(again).field("id").hint("an id names one row"));
        }
        if self.findings.is_empty() && incoming.places.is_empty() {
            self.findings.add(Problem::new(self.file.path, "there are no rows"));
        }
        if self.findings.is_empty() { Ok(incoming) } else { Err(self.findings.finish().into()) }
    }
}

#[cfg(test)]
pub(in crate::dataset) mod tests;
