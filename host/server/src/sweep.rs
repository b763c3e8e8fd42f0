//! Files that nothing names any more: they go, now and then.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::ports::StoreError;

use crate::shared::Shared;

/// All names have to be read for it.
const EVERY: Duration = Duration::from_secs(3600);

/// Sweeps until it is dropped.
pub(crate) async fn now_and_then(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(EVERY).await;
        match shared.registry.digests().await {
            Ok(used) => sweep(&shared, used).await,
            Err(error) => tracing::warn!(%error, "which files are used can't be read; none is removed"),
        }
    }
}

async fn sweep(shared: &Shared, used: HashSet<String>) {
    let blobs = Arc::clone(&shared.blobs);
    let swept = tokio::task::spawn_blocking(move || blobs.sweep_blobs(&|digest| used.contains(digest))).await;
    match swept.unwrap_or_else(|error| Err(StoreError::Io(std::io::Error::other(error)))) {
        Ok(0) => {}
        Ok(bytes) => tracing::info!(bytes, "files that nothing names any more were removed"),
        Err(error) => tracing::warn!(%error, "files that nothing names any more can't be removed"),
    }
}
