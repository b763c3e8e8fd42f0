//! Results of a run, row by row.

use model::ports::{Store, StoreError};
use model::run::{RowResult, RunId};

/// Calls `each` with the trials of every row, in dataset order. Holds a page of results at a time.
///
/// # Errors
///
/// Fails when the store does.
pub(crate) async fn each_row(
    store: &dyn Store,
    run: RunId,
    mut each: impl FnMut(&[RowResult]) + Send,
) -> Result<(), StoreError> {
    const PAGE: usize = 1000;
    let (mut row, mut after) = (Vec::<RowResult>::new(), None);
    loop {
        let page = store.results(run, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.index, last.trial));
        for result in page {
            if row.first().is_some_and(|first| first.index != result.index) {
                each(&row);
                row.clear();
            }
            row.push(result);
        }
    }
    if !row.is_empty() {
        each(&row);
    }
    Ok(())
}
