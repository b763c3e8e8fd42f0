//! What a comparison has to know of rows beside their results.

use std::sync::Arc;

use decisions::Labels;
use model::ports::{DataReader, Store};
use model::run::RunHeader;
use model::slice::SliceKey;

use crate::dataset::ids;
use crate::joined::JoinedError;
use crate::membership::Membership;

/// What the rows of a run belong to, by their ids; sliced by these keys.
///
/// # Errors
///
/// Fails when the run's dataset can't be read.
pub async fn labels(
    store: &dyn Store,
    header: &RunHeader,
    reader: Arc<dyn DataReader>,
    slices: &[SliceKey],
) -> Result<Labels, JoinedError> {
    let mut labels = Labels::default();
    if !header.data.grouped && slices.is_empty() {
        return Ok(labels);
    }
    let membership = Membership::sliced(store, header, Arc::clone(&reader), slices).await?;
    let (mut source, plan) = (store.open_dataset(&header.data.digest)?, header.plan.clone());
    let ids = tokio::task::spawn_blocking(move || ids(reader.as_ref(), &plan, &mut source)).await??;
    let names: Vec<_> = membership.slices().iter().map(ToString::to_string).collect();
    for (index, id) in (0..).zip(&ids) {
        let cluster = membership.cluster(index).map(|cluster| cluster.to_string());
        let slices = membership.slices_of(index).map(|slice| names[slice].as_str());
        labels.add(id, cluster.as_deref(), Some(membership.weight(index)), slices);
    }
    Ok(labels)
}
