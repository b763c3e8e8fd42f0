//! Rows that come: from a file, from traces, from a run.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom};
use std::sync::Arc;

use ::registry::{Error, Made, NewVersion};
use anyhow::Context;
use model::dataset::{Dataset, Provenance};
use model::ports::Store;
use model::search::Query;
use model::suite::DataFormat;
use pipeline::dataset::{self, How, Incoming, Merged, failing_rows, from_trace, merge};
use pipeline::joined::Joined;
use pipeline::plan::Sampled;
use pipeline::traced;
use serde_json::json;

use super::{Kept, format, named, peer, stop};
use crate::args::{AddRows, ImportRows, Said};
use crate::clock::{now, now_in_milliseconds};
use crate::commands::find_run;
use crate::exit::{Exit, Stop};
use crate::quantities::counted;

impl Kept {
    pub(super) async fn import(&self, what: ImportRows) -> Result<Exit, Stop> {
        let path = what.file.display().to_string();
        let format = format(what.format, &path).ok_or_else(|| {
            let stop = Stop::message(format_args!("the ending of `{path}` does not say which format it has"));
            stop.hint("say it with `--format jsonl`, `json`, `csv` or `parquet`")
        })?;
        let peer = peer(what.peer.as_deref(), format)?;
        let mut source = File::open(&what.file).with_context(|| format!("can't read `{path}`"))?;
        let file = dataset::File { reader: &formats::Reader, traces: &telemetry::Reader, format, peer, path: &path };
        let incoming = Incoming::read(file, &mut source, tempfile::tempfile()?)?;
        let stem = what.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = what.name.or(stem).unwrap_or_else(|| path.clone());
        let how = if what.replace { How::Replace } else { How::Merge };
        let provenance = Provenance::File { path, digest: incoming.digest().to_owned() };
        self.take_in(&name, incoming, how, provenance, what.said).await
    }

    pub(super) async fn add(&self, what: AddRows) -> Result<Exit, Stop> {
        let mut lines = BufWriter::new(tempfile::tempfile()?);
        let provenance = match (what.from_traces, what.from_run) {
            (Some(filter), _) => {
                let parsed = search::parse(&filter, now().as_nanos() as u64)
                    .map_err(|problem| Stop::message(format_args!("{problem}\n{}", problem.under(&filter))))?;
                let experiments = Vec::from_iter(what.experiment.clone());
                let query = Query { experiments, filter: parsed, order: Vec::new() };
                let sampled = Sampled { filter: filter.clone(), experiment: what.experiment, sample: None, seed: 0 };
                let writer: traced::Writer = |info, spans| from_trace(&info.id, &telemetry::as_row(info, spans)?);
                traced::write_rows(&*self.store, &query, &sampled, writer, &mut lines).await?;
                Provenance::Traces { filter }
            }
            (None, run) => {
                let run = find_run(&*self.store, run.as_deref().unwrap_or("last")).await?;
                let source = self.store.open_dataset(&run.header.data.digest)?;
                let store: Arc<dyn Store> = Arc::clone(&self.store) as _;
                let results = Joined::new(store, &run.header, Arc::new(formats::Reader), source);
                failing_rows(run.header.id, results, &mut lines).await.map_err(Stop::wrong)?;
                Provenance::Run { run: run.header.id.to_string() }
            }
        };
        let mut lines = lines.into_inner().map_err(io::IntoInnerError::into_error)?;
        if lines.stream_position()? == 0 {
            return Err(Stop::message("there is nothing to add").hint("no trace, or no row of the run, is such"));
        }
        lines.seek(SeekFrom::Start(0))?;
        let (reader, traces) = (&formats::Reader, &telemetry::Reader);
        let file = dataset::File { reader, traces, format: DataFormat::Jsonl, peer: None, path: "rows" };
        let incoming = Incoming::read(file, &mut lines, tempfile::tempfile()?)?;
        self.take_in(&what.dataset, incoming, How::Merge, provenance, what.said).await
    }

    /// Merges rows into a dataset, which is made where there is none.
    async fn take_in(
        &self,
        name: &str,
        mut incoming: Incoming<File>,
        how: How,
        provenance: Provenance,
        said: Said,
    ) -> Result<Exit, Stop> {
        let dataset = match self.registry.dataset_named(name).await {
            Err(Error::Missing { .. }) => {
                let made = self.registry.create_dataset(
                    name,
                    Default::default(),
                    Vec::new(),
                    said.by.clone(),
                    now_in_milliseconds(),
                );
                made.await.map_err(stop)?
            }
            found => found.map_err(stop)?,
        };
        let new = NewVersion { dataset: dataset.id.clone(), provenance, message: said.message, by: said.by };
        let made = self.registry.make_dataset_version(&new, now_in_milliseconds(), |there, to, facts| {
            merge(there, &mut incoming, how, to, &mut |row| facts.add(row))
        });
        self.tell(&dataset, &made.await.map_err(stop)?)
    }

    fn tell(&self, dataset: &Dataset, made: &Made<Merged>) -> Result<Exit, Stop> {
        let Made { version, is_known, told: Merged { added, changed, unchanged, removed } } = made;
        if self.terminal.is_json() {
            self.terminal.json(&json!({
                "dataset": dataset.name, "version": version.number, "digest": version.digest, "rows": version.rows,
                "new": !is_known, "added": added, "changed": changed, "unchanged": unchanged, "removed": removed,
            }))?;
            return Ok(Exit::Done);
        }
        let named = named(dataset, version);
        match is_known {
            true => self.terminal.say(format_args!("nothing has changed: {named} has these rows"))?,
            false => self.terminal.say(format_args!(
                "{named}: {}; {added} added, {changed} changed, {removed} removed, {unchanged} as they were",
                counted(version.rows, "row")
            ))?,
        }
        Ok(Exit::Done)
    }
}
