//! Traces of the store, written down as rows for a run.

use std::io::{self, BufWriter, Write};

use model::ports::Store;
use model::search::Query;
use pipeline::plan::Sampled;
use pipeline::problem::Problems;
use pipeline::suite::SuiteFile;
use pipeline::traced;
use storage::SharedStore;
use tempfile::{NamedTempFile, TempPath};

use crate::clock;
use crate::commands::find_run;
use crate::exit::Stop;

/// A file with the rows. Those of a run that goes on are what they were, whatever has become of the traces.
pub(crate) async fn file(
    store: &SharedStore,
    suite: &SuiteFile,
    sampled: &Sampled,
    resumed: Option<&str>,
) -> Result<TempPath, Stop> {
    let mut file = BufWriter::new(NamedTempFile::new()?);
    match resumed {
        Some(run) => {
            let run = find_run(store, run).await?;
            io::copy(&mut store.open_dataset(&run.header.data.digest)?, &mut file)?;
        }
        None => {
            let query = query(suite, sampled)?;
            traced::write_rows(store, &query, sampled, telemetry::as_row, &mut file).await?;
        }
    }
    file.flush()?;
    Ok(file.into_inner().map_err(io::IntoInnerError::into_error)?.into_temp_path())
}

fn query(suite: &SuiteFile, sampled: &Sampled) -> Result<Query, Stop> {
    let now = clock::now().as_nanos() as u64;
    let filter = search::parse(&sampled.filter, now).map_err(|problem| {
        let what = format!("{problem}\n{}", problem.under(&sampled.filter));
        let told = suite.source.problem("/data/traces", what);
        Stop::wrong(Problems::from(match problem.hint {
            Some(hint) => told.hint(hint),
            None => told,
        }))
    })?;
    Ok(Query { experiments: Vec::from_iter(sampled.experiment.clone()), filter, order: Vec::new() })
}
