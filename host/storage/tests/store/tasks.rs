//! Tasks that work on one store at once: those of even numbers take in traces, the others commit documents.

use std::collections::BTreeMap;

use model::ports::{DocumentStore, StoreError, TraceStore};

use crate::{commits, workload};

/// Operation number `number` of a task.
pub(crate) async fn operate<S: TraceStore + DocumentStore>(
    store: &S,
    task: u64,
    number: u64,
) -> Result<(), StoreError> {
    match task % 2 {
        0 => workload::operate(store, task, number).await,
        _ => commits::operate(store, task, number).await,
    }
}

/// Everything in a store, each trace under its id, each document under its key.
pub(crate) async fn everything<S: TraceStore + DocumentStore>(
    store: &S,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut everything = workload::everything(store).await?;
    everything.extend(commits::everything(store).await?);
    Ok(everything)
}
