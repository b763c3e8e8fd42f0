//! The SQLite database of an MLflow server, read only.
//!
//! What a release does not have yet, a column or a table, is looked for once, and left out. Questions are answered where they
//! are asked, on the thread that asks: nothing else waits for it meanwhile.

mod files;
mod named;
mod reviewed;
mod revisions;
mod traces;
mod tracked;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use model::app::AppVersion;
use model::dataset::{Dataset, DatasetRecord};
use model::issue::Issue;
use model::prompt::{Prompt, PromptVersion};
use model::registered::{RegisteredScorer, ScorerVersion};
use model::review::{LabelSchema, ReviewItem, ReviewQueue};
use model::trace::Span;
use model::tracking::{Experiment, Metric, TrackedRun};
use rusqlite::{Connection, ErrorCode, OpenFlags, Params, Row};

use crate::source::{Entry, Owner, Page, Source, ToldTrace};
use crate::{Error, Kind, Report};

/// How long is waited for somebody who writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rows of a page, where what each of them takes is bounded.
const PAGE: usize = 500;

/// The workspace of whoever knows of none.
const WORKSPACE: &str = "default";

pub(crate) struct Sqlite {
    connection: Connection,
    /// Absolute, as `artifacts`.
    file: PathBuf,
    /// Where files are whose place is only known to the server.
    artifacts: PathBuf,
    /// Of each table, its columns.
    columns: HashMap<String, HashSet<String>>,
}

impl Sqlite {
    /// # Errors
    ///
    /// Fails where there is no such file, where it is no database of MLflow's, and where its schema is not known here.
    pub(crate) fn open(file: &Path, artifacts: Option<&Path>) -> Result<Self, Error> {
        let shown = file.display();
        std::fs::metadata(file).map_err(|error| Error::place(format!("`{shown}` can't be opened: {error}")))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(|error| told(file, &error))?;
        connection.busy_timeout(PATIENCE).map_err(|error| told(file, &error))?;
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|error| Error::place(format!("`{}`: {error}", path.display())))
        };
        let file = absolute(file)?;
        let beside = file.with_file_name("mlartifacts");
        let artifacts = artifacts.map_or(Ok(beside), absolute)?;
        let mut opened = Self { connection, file, artifacts, columns: HashMap::new() };
        opened.columns = opened.all_columns()?;
        opened.check_schema()?;
        Ok(opened)
    }

    fn check_schema(&self) -> Result<(), Error> {
        let shown = self.file.display();
        if !self.has("alembic_version") || !self.has("experiments") || !self.has("runs") {
            return Err(Error::place(format!("`{shown}` is no database of MLflow's: it has not its tables")));
        }
        let revisions = self.rows("SELECT version_num FROM alembic_version", [], |row| row.get::<_, String>(0))?;
        let revision = revisions.first().map(String::as_str).unwrap_or_default();
        if revisions::KNOWN.contains(&revision) {
            return Ok(());
        }
        if revisions::TOO_OLD.contains(&revision) {
            let message = format!("`{shown}` was written by an MLflow before 2.0 (schema `{revision}`)");
            return Err(
                Error::place(message).hint(format!("`mlflow db upgrade sqlite:///{shown}` brings a copy of it up"))
            );
        }
        let message = format!("`{shown}` was written by an MLflow that is newer than 3.18 (schema `{revision}`)");
        Err(Error::place(message).hint("start that MLflow on it, and name the server's address instead"))
    }

    fn all_columns(&self) -> Result<HashMap<String, HashSet<String>>, Error> {
        let sql = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
        let mut columns: HashMap<String, HashSet<String>> = HashMap::new();
        for (table, column) in self.rows(sql, [], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
            columns.entry(table).or_default().insert(column);
        }
        Ok(columns)
    }

    fn has(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    /// The name of a column, or NULL where this release does not have it.
    fn column<'c>(&self, table: &str, column: &'c str) -> &'c str {
        let has = self.columns.get(table).is_some_and(|columns| columns.contains(column));
        if has { column } else { "NULL" }
    }

    fn rows<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let rows = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map(parameters, read)?.collect()
        };
        rows().map_err(|error| told(&self.file, &error))
    }

    /// Keys with values, of a query for both.
    fn pairs(&self, sql: &str, parameters: impl Params) -> Result<BTreeMap<String, String>, Error> {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default()));
        Ok(self.rows(sql, parameters, read)?.into_iter().collect())
    }

    fn count(&self, table: &str, condition: &str) -> Result<u64, Error> {
        if !self.has(table) {
            return Ok(0);
        }
        let counts =
            self.rows(&format!("SELECT count(*) FROM {table} WHERE {condition}"), [], |row| row.get::<_, i64>(0))?;
        Ok(counts.first().copied().unwrap_or_default().unsigned_abs())
    }
}

/// Where a page of rows begins: behind the one with this number.
fn begins(after: Option<&str>) -> i64 {
    after.and_then(|after| after.parse().ok()).unwrap_or(i64::MIN)
}

/// Rows with their numbers as a page.
fn page<T>(rows: Vec<(i64, T)>, size: usize) -> Page<T> {
    let next = rows.last().filter(|_| rows.len() == size).map(|(number, _)| number.to_string());
    Page { next, ..Page::whole(rows.into_iter().map(|(_, row)| row).collect()) }
}

/// What is wrong with a database, in words.
fn told(file: &Path, error: &rusqlite::Error) -> Error {
    let shown = file.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::place(format!("`{shown}` is no SQLite database")),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::place(format!("`{shown}` is locked by another process"))
                .hint("end the MLflow server that uses it, or name the server's address instead")
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            Error::place(format!("`{shown}` is damaged: {error}")).hint("`sqlite3 FILE .recover` saves what is whole")
        }
        _ => Error::place(format!("`{shown}` can't be read: {error}")),
    }
}

#[async_trait]
impl Source for Sqlite {
    async fn experiments(&mut self) -> Result<Vec<Experiment>, Error> {
        self.all_experiments()
    }

    async fn runs(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<TrackedRun>, Error> {
        self.page_of_runs(experiment, after)
    }

    async fn complete(&mut self, _run: &mut TrackedRun) -> Result<(), Error> {
        Ok(())
    }

    async fn history(&mut self, run: &str, metric: &str, after: Option<&str>) -> Result<Page<Metric>, Error> {
        self.page_of_history(run, metric, after)
    }

    async fn models(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<(AppVersion, String)>, Error> {
        self.page_of_models(experiment, after)
    }

    async fn traces(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<ToldTrace>, Error> {
        self.page_of_traces(experiment, after)
    }

    async fn spans(&mut self, trace: &ToldTrace, after: Option<&str>) -> Result<Page<Span>, Error> {
        self.page_of_spans(trace, after)
    }

    async fn linked(&mut self, _experiment: &str, run: &str, _after: Option<&str>) -> Result<Page<String>, Error> {
        self.all_linked(run)
    }

    async fn datasets(&mut self, after: Option<&str>) -> Result<Page<Dataset>, Error> {
        self.page_of_datasets(after)
    }

    async fn records(&mut self, dataset: &str, after: Option<&str>) -> Result<Page<DatasetRecord>, Error> {
        self.page_of_records(dataset, after)
    }

    async fn prompts(&mut self, after: Option<&str>) -> Result<Page<Prompt>, Error> {
        self.page_of_prompts(after)
    }

    async fn versions(&mut self, prompt: &Prompt) -> Result<Page<PromptVersion>, Error> {
        self.all_versions(prompt)
    }

    async fn scorers(&mut self, experiment: &str) -> Result<Page<(RegisteredScorer, Vec<ScorerVersion>)>, Error> {
        self.all_scorers(experiment)
    }

    async fn label_schemas(&mut self, experiment: &str) -> Result<Page<LabelSchema>, Error> {
        self.all_label_schemas(experiment)
    }

    async fn review_queues(&mut self, experiment: &str) -> Result<Page<ReviewQueue>, Error> {
        self.all_review_queues(experiment)
    }

    async fn review_items(&mut self, queue: &str, after: Option<&str>) -> Result<Page<ReviewItem>, Error> {
        self.page_of_review_items(queue, after)
    }

    async fn issues(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<Issue>, Error> {
        self.page_of_issues(experiment, after)
    }

    async fn files(&mut self, _owner: &Owner, uri: &str, folder: &str) -> Result<Option<Vec<Entry>>, Error> {
        self.entries(uri, folder)
    }

    async fn file(&mut self, _owner: &Owner, uri: &str, path: &str, to: &mut (dyn Write + Send)) -> Result<(), Error> {
        self.copy_file(uri, path, to)
    }

    async fn others(&mut self, report: &mut Report) -> Result<(), Error> {
        let elsewhere = "they are of another workspace, and prompts and models have one name each here";
        for (table, what, condition, why) in [
            ("webhooks", "webhooks", "true", "their secrets are encrypted; make them anew"),
            (
                "endpoints",
                "endpoints of the gateway",
                "true",
                "their keys are encrypted; `karat serve --gateway` has its own file",
            ),
            ("budget_policies", "budgets of the gateway", "true", "`karat serve --gateway` has its own"),
            ("mcp_servers", "MCP servers", "true", "Karat keeps none"),
            ("skills", "skills", "true", "Karat keeps none"),
            ("jobs", "jobs", "true", "they belong to the server that ran them"),
            ("registered_models", "prompts and models", "workspace <> 'default'", elsewhere),
        ] {
            if condition == "true" || self.column(table, "workspace") == "workspace" {
                report.leave_out_all(Kind::Other(what), self.count(table, condition)?, why);
            }
        }
        Ok(())
    }
}
