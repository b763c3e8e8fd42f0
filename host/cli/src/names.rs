//! What the rows of a run are called.

use model::ports::Store;
use model::run::Run;
use pipeline::dataset;

use crate::exit::Stop;

/// The ids of a run's rows, by their positions.
pub(crate) struct Names(Vec<String>);

impl Names {
    /// Reads the dataset of a run through.
    pub(crate) fn of(store: &dyn Store, run: &Run) -> Result<Self, Stop> {
        let mut source = store.open_dataset(&run.header.data.digest)?;
        let ids = dataset::ids(&formats::Reader, &run.header.plan, &mut source).map_err(Stop::wrong)?;
        Ok(Self(ids))
    }

    /// Nothing where the dataset has no such row.
    pub(crate) fn of_row(&self, index: u64) -> &str {
        usize::try_from(index).ok().and_then(|index| self.0.get(index)).map_or("", String::as_str)
    }

    pub(crate) fn index(&self, id: &str) -> Result<u64, Stop> {
        let found = self.0.iter().position(|known| known == id);
        let found = found.ok_or_else(|| Stop::message(format_args!("the run has no row `{id}`")))?;
        Ok(found as u64)
    }
}
