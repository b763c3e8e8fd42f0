//! `karat traces import` and `export`: traces in files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context;
use model::json::Json;
use model::ports::{Annotation, AnnotationChange, DataReader, SpanBatch, TraceStore};
use model::search::{Query, TraceInfo};
use model::suite::DataFormat;
use model::trace::Span;
use serde_json::json;
use server::Redactor;
use storage::SharedStore;
use telemetry::files::{self, BrokenFile, Imported, Output};
use tokio::sync::mpsc::{self, Sender};

use super::parsed;
use crate::args::{ExportTraces, ImportTraces, TraceFormat};
use crate::commands::serve;
use crate::exit::{Exit, Stop};
use crate::export::{temporary, unwritable};
use crate::quantities::counted;
use crate::terminal::{Terminal, printable_line};
use crate::wiring;

/// What is read ahead of the store.
const AHEAD: usize = 64;

/// Spans that are put into the store at once.
const MOST_SPANS: usize = 1000;

/// Traces of a page, and spans of one that are read at once.
const PAGE: usize = 100;

/// Problems that are told; further ones are counted.
const SHOWN: u64 = 20;

const DEFAULT: &str = "default";

#[tokio::main(flavor = "current_thread")]
pub(super) async fn import(what: ImportTraces, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let files = what.files.iter().map(|path| Ok((path, open(path)?))).collect::<Result<Vec<_>, Stop>>()?;
    let folder = wiring::store_folder(store)?;
    let store = wiring::store(&folder)?;
    let redactor = serve::redactor(what.redact.as_deref(), &folder)?;
    let mut importing =
        Importing { store: &store, experiment: what.experiment, redactor, waiting: Vec::new(), spans: 0 };
    let (mut spans, mut broken) = (0_u64, 0_u64);
    for (path, file) in files {
        let (sender, mut found) = mpsc::channel(AHEAD);
        let reading = thread::spawn(move || read(file, &sender));
        while let Some(found) = found.recv().await {
            match found {
                Ok(imported) => {
                    spans += imported.trace.spans.len() as u64;
                    importing.add(imported).await?;
                }
                Err(what) => {
                    broken += 1;
                    if broken <= SHOWN {
                        terminal.say(format_args!("{}: {}", path.display(), printable_line(&what.to_string())))?;
                    }
                }
            }
        }
        importing.put().await?;
        let read = reading.join().map_err(|_| Stop::message("reading failed"))?;
        read.with_context(|| format!("can't read `{}`", path.display()))?;
    }
    if terminal.is_json() {
        terminal.json(&json!({ "spans": spans, "broken": broken }))?;
    } else {
        let told = if broken > 0 { format!(", {} could not be read", counted(broken, "part")) } else { String::new() };
        terminal.data(format_args!("imported {}{told}", counted(spans, "span")))?;
    }
    Ok(if broken > 0 { Exit::Failed } else { Exit::Done })
}

fn open(path: &Path) -> Result<File, Stop> {
    Ok(File::open(path).with_context(|| format!("can't read `{}`", path.display()))?)
}

/// Reads a file on a thread of its own, until nobody listens any more.
fn read(file: File, sender: &Sender<Result<Imported, BrokenFile>>) -> io::Result<()> {
    let mut each = |found| match sender.blocking_send(found) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let mut file = BufReader::new(file);
    if files::is_parquet(file.fill_buf()?) {
        return files::read_rows(|row| formats::Reader.read(DataFormat::Parquet, &mut file, row), &mut each);
    }
    files::read(&mut file, &mut each)
}

/// Traces on their way into the store.
struct Importing<'a> {
    store: &'a SharedStore,
    /// Where all of them go; else where the file says.
    experiment: Option<String>,
    redactor: Redactor,
    waiting: Vec<Imported>,
    /// Of those that wait.
    spans: usize,
}

impl Importing<'_> {
    async fn add(&mut self, imported: Imported) -> Result<(), Stop> {
        self.spans += imported.trace.spans.len() + 1;
        self.waiting.push(imported);
        if self.spans < MOST_SPANS { Ok(()) } else { self.put().await }
    }

    /// Spans first: what is said of a trace needs one.
    async fn put(&mut self) -> Result<(), Stop> {
        self.spans = 0;
        for Imported { trace, experiment, tags, assessments } in std::mem::take(&mut self.waiting) {
            let experiment = self.experiment.clone().or(experiment).unwrap_or_else(|| DEFAULT.to_owned());
            if !trace.spans.is_empty() {
                let batch = self.batch(&experiment, trace.id.clone(), trace.spans);
                self.store.put_spans(&experiment, vec![batch]).await.map_err(wiring::store_error)?;
            }
            let tags = tags.into_iter().map(|(name, value)| AnnotationChange::Tag { name, value: Some(value) });
            let said = tags.chain(assessments.into_iter().map(AnnotationChange::Assess));
            let said = Annotation::all(&trace.id, said);
            if !said.is_empty() {
                self.store.annotate(said).await.map_err(wiring::store_error)?;
            }
        }
        Ok(())
    }

    fn batch(&self, experiment: &str, trace: String, mut spans: Vec<Span>) -> SpanBatch {
        let mut redacting = self.redactor.of(experiment);
        spans.iter_mut().for_each(|span| redacting.span(span));
        let digests = telemetry::digest(&spans, &wiring::prices);
        SpanBatch { trace, spans: spans.into_iter().zip(digests).collect() }
    }
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn export(what: ExportTraces, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let query = Query { experiments: what.experiment, filter: parsed(&what.filter)?, ..Query::default() };
    let output = match what.format {
        TraceFormat::Jsonl => Some(Output::Karat),
        TraceFormat::OtlpJson => Some(Output::OtlpJson { evaluations: what.evaluations }),
        TraceFormat::OtlpProtobuf => Some(Output::OtlpProtobuf { evaluations: what.evaluations }),
        TraceFormat::Parquet => None,
    };
    let store = wiring::existing_store(&wiring::store_folder(store)?)?;
    let store = store.ok_or_else(|| Stop::message("there are no traces in this store"))?;
    match what.output {
        None => write(&*store, &query, output, &mut terminal.out()).await.map(drop)?,
        Some(path) => {
            let draft = temporary(&path)?;
            let mut out = BufWriter::new(File::create(&draft).map_err(|error| unwritable(&path, error))?);
            let written = write(&*store, &query, output, &mut out).await;
            let traces = match written {
                Ok(traces) => traces,
                Err(stop) => {
                    let _ = std::fs::remove_file(&draft);
                    return Err(stop);
                }
            };
            std::fs::rename(&draft, &path).map_err(|error| unwritable(&path, error))?;
            terminal.note(format_args!("wrote {} to `{}`", counted(traces, "trace"), path.display()))?;
        }
    }
    Ok(Exit::Done)
}

/// Writes traces in the order of the search, as a table where no other output is asked for. Returns how many.
async fn write(
    store: &dyn TraceStore,
    query: &Query,
    output: Option<Output>,
    out: &mut (dyn Write + Send),
) -> Result<u64, Stop> {
    let traces = match output {
        Some(output) => each(store, query, |info, spans| out.write_all(&files::write(output, info, spans))).await?,
        None => write_table(store, query, out).await?,
    };
    out.flush()?;
    Ok(traces)
}

/// Rows are gone through twice, to find the columns first: so they are put aside.
async fn write_table(store: &dyn TraceStore, query: &Query, out: &mut (dyn Write + Send)) -> Result<u64, Stop> {
    let aside = tempfile::tempfile()?;
    let mut lines = BufWriter::new(&aside);
    let traces = each(store, query, |info, spans| writeln!(lines, "{}", files::row(info, spans))).await?;
    lines.flush()?;
    let mut rows = |each: &mut dyn FnMut(&Json) -> Result<(), Stop>| {
        (&aside).rewind()?;
        BufReader::new(&aside).lines().try_for_each(|line| each(&Json::parse(&line?)?))
    };
    formats::write(DataFormat::Parquet, &mut rows, out)?;
    Ok(traces)
}

async fn each(
    store: &dyn TraceStore,
    query: &Query,
    mut write: impl FnMut(&TraceInfo, &[Span]) -> io::Result<()>,
) -> Result<u64, Stop> {
    let (mut traces, mut after) = (0, None);
    loop {
        let page = store.search(query, after.as_ref(), PAGE).await.map_err(wiring::store_error)?;
        for info in &page.traces {
            let spans = store.spans(&info.id, 0, usize::MAX).await.map_err(wiring::store_error)?;
            let spans: Vec<Span> = spans.into_iter().map(|(span, _)| span).collect();
            write(info, &spans)?;
            traces += 1;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(traces),
        }
    }
}
