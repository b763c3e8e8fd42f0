//! Datasets, their versions, and what differs between those.

use std::io::{BufRead, BufReader, Write};

use model::dataset::{Dataset, DatasetVersion, Provenance};
use model::json::Json;
use model::ports::BlobStore;
use pipeline::dataset::{Change, Difference, Incoming, diff};
use serde_json::json;

use super::{Kept, is_of_version, named, reference, resolve, stop};
use crate::exit::{Exit, Stop};
use crate::quantities::{count, moment};
use crate::terminal::{printable, printable_line, table};

impl Kept {
    pub(super) async fn list(&self) -> Result<Exit, Stop> {
        let mut datasets = self.registry.datasets().await.map_err(stop)?;
        datasets.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        if self.terminal.is_json() {
            self.terminal.json(&datasets.iter().map(listed).collect::<Vec<_>>())?;
        } else if datasets.is_empty() {
            self.terminal.say("no datasets yet: `karat datasets import FILE` makes one")?;
        } else {
            let row = |dataset: &Dataset| {
                let aliases: Vec<_> =
                    dataset.versions.aliases.iter().map(|(name, of)| format!("{name}@{of}")).collect();
                let columns = [&dataset.name, &dataset.id].map(|text| printable_line(text));
                let [name, id] = columns;
                vec![name, count(dataset.records.count), count(dataset.versions.last), aliases.join(" "), id]
            };
            let header = ["dataset", "rows", "versions", "aliases", "id"];
            self.terminal.data(table(&header, &[1, 2], datasets.iter().map(row)))?;
        }
        Ok(Exit::Done)
    }

    pub(super) async fn show(&self, text: &str, rows: usize) -> Result<Exit, Stop> {
        let reference = reference(text)?;
        if is_of_version(&reference) {
            let (dataset, version) = resolve(&self.registry, &reference).await?;
            return self.show_version(&dataset, &version, rows);
        }
        let dataset = self.registry.dataset_named(&reference.dataset).await.map_err(stop)?;
        let versions = self.registry.dataset_versions(&dataset.id).await.map_err(stop)?;
        if self.terminal.is_json() {
            let mut shown = listed(&dataset);
            shown["versions"] = json!(versions);
            self.terminal.json(&shown)?;
            return Ok(Exit::Done);
        }
        self.terminal.data(format_args!("{} ({})", printable_line(&dataset.name), dataset.id))?;
        for (tag, value) in &dataset.tags {
            self.terminal.data(format_args!("  {} = {}", printable_line(tag), printable_line(value)))?;
        }
        let row = |version: &DatasetVersion| {
            let aliases = dataset.versions.aliases.iter().filter(|(_, of)| **of == version.number);
            let aliases: Vec<_> = aliases.map(|(name, _)| name.as_str()).collect();
            vec![
                version.number.to_string(),
                count(version.rows),
                moment(version.created as u64),
                printable_line(version.created_by.as_deref().unwrap_or_default()),
                printable_line(&came_from(&version.provenance)),
                printable_line(version.message.as_deref().unwrap_or_default()),
                aliases.join(" "),
                version.digest[..12].to_owned(),
            ]
        };
        let header = ["version", "rows", "made", "by", "from", "message", "aliases", "digest"];
        self.terminal.data(table(&header, &[0, 1], versions.iter().rev().map(row)))?;
        Ok(Exit::Done)
    }

    fn show_version(&self, dataset: &Dataset, version: &DatasetVersion, rows: usize) -> Result<Exit, Stop> {
        let lines = BufReader::new(self.store.open_blob(&version.digest)?).lines().take(rows);
        let first = lines.map(|line| Ok(Json::parse(&line?)?)).collect::<Result<Vec<_>, Stop>>()?;
        if self.terminal.is_json() {
            let mut shown = json!(version);
            shown["dataset"] = json!(dataset.name);
            shown["first"] = json!(first);
            self.terminal.json(&shown)?;
            return Ok(Exit::Done);
        }
        self.terminal.data(format_args!(
            "{}: {} rows, {}",
            named(dataset, version),
            count(version.rows),
            version.digest
        ))?;
        for (split, rows) in &version.splits {
            self.terminal.data(format_args!("  {}: {}", printable_line(split), count(*rows)))?;
        }
        for row in first {
            self.terminal.data(printable(row.as_str()))?;
        }
        Ok(Exit::Done)
    }

    pub(super) async fn diff(&self, before: &str, after: &str) -> Result<Exit, Stop> {
        let ((_, before), (_, after)) = (self.version(before).await?, self.version(after).await?);
        let spool = tempfile::tempfile()?;
        let mut after = Incoming::of_version(&mut self.store.open_blob(&after.digest)?, spool)?;
        let (mut out, is_json) = (self.terminal.out(), self.terminal.is_json());
        let (mut removed, mut added, mut changed) = (0_u64, 0_u64, 0_u64);
        let same = diff(&mut self.store.open_blob(&before.digest)?, &mut after, &mut |difference| {
            let (line, shown) = match &difference {
                Difference::Removed { id, row } => {
                    removed += 1;
                    (json!({ "change": "removed", "id": id, "row": row }), format!("- {}", printable_line(id)))
                }
                Difference::Added { id, row } => {
                    added += 1;
                    (json!({ "change": "added", "id": id, "row": row }), format!("+ {}", printable_line(id)))
                }
                Difference::Changed { id, changes } => {
                    changed += 1;
                    let fields: Vec<_> = changes
                        .iter()
                        .map(|Change { field, before, after }| json!({ "field": field, "before": before, "after": after }))
                        .collect();
                    let told: String = changes.iter().map(told).collect();
                    (
                        json!({ "change": "changed", "id": id, "fields": fields }),
                        format!("~ {}{told}", printable_line(id)),
                    )
                }
            };
            if is_json { writeln!(out, "{line}") } else { writeln!(out, "{shown}") }
        })?;
        out.flush()?;
        self.terminal.note(format_args!("{added} added, {removed} removed, {changed} changed, {same} the same"))?;
        Ok(Exit::Done)
    }
}

fn told(Change { field, before, after }: &Change) -> String {
    let value = |json: &Option<Json>| json.as_ref().map_or("nothing".to_owned(), |json| printable_line(json.as_str()));
    format!("\n    {}: {} → {}", printable_line(field), value(before), value(after))
}

fn came_from(provenance: &Provenance) -> String {
    match provenance {
        Provenance::File { path, .. } => path.clone(),
        Provenance::Traces { filter } if filter.is_empty() => "all traces".to_owned(),
        Provenance::Traces { filter } => format!("traces: {filter}"),
        Provenance::Run { run } => format!("run {run}"),
        Provenance::Records => "records".to_owned(),
    }
}

fn listed(dataset: &Dataset) -> serde_json::Value {
    json!({
        "id": dataset.id, "name": dataset.name, "rows": dataset.records.count, "version": dataset.versions.last,
        "aliases": dataset.versions.aliases, "tags": dataset.tags, "created": dataset.created, "updated": dataset.updated,
    })
}
