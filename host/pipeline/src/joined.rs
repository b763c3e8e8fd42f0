//! The results of a run, each with its row.

use std::io::Read;
use std::sync::Arc;

use model::ports::{DataReader, Store, StoreError};
use model::row::RowRecord;
use model::run::{RowResult, RunHeader};
use tokio::task::{JoinError, JoinHandle};

use crate::dataset::queue::{Queue, feed};
use crate::dataset::{RowsError, records};
use crate::stop::{self, Decision};

/// Why results and rows don't come together.
#[derive(Debug, thiserror::Error)]
pub enum JoinedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Rows(#[from] RowsError),
    #[error("the dataset ends before the row of result {index}")]
    Short { index: u64 },
    #[error("a part of Karat crashed")]
    Crashed(#[from] JoinError),
}

/// Walks through the results of a run that its numbers rest on, in dataset order. Holds a page of results and a few rows at a time.
pub struct Joined {
    store: Arc<dyn Store>,
    header: RunHeader,
    /// None until the first result is asked for.
    decision: Option<Option<Decision>>,
    rows: Queue<(u64, RowRecord)>,
    /// None when it has been asked how it ended.
    producer: Option<JoinHandle<Result<(), RowsError>>>,
    current: Option<(u64, Arc<RowRecord>)>,
    page: std::vec::IntoIter<RowResult>,
    after: Option<(u64, u32)>,
}

impl Joined {
    /// `source` has the bytes of the run's dataset. Needs a tokio runtime.
    pub fn new(
        store: Arc<dyn Store>,
        header: &RunHeader,
        reader: Arc<dyn DataReader>,
        mut source: Box<dyn Read + Send>,
    ) -> Self {
        let plan = header.plan.clone();
        let (rows, producer) =
            feed(move |each| records(reader.as_ref(), &plan, &mut source, &mut |index, record| each((index, record))));
        let page = Vec::new().into_iter();
        let header = header.clone();
        Self { store, header, decision: None, rows, producer: Some(producer), current: None, page, after: None }
    }

    /// The next result and its row; none behind the last.
    ///
    /// # Errors
    ///
    /// Fails when the store or the dataset can't be read, or don't belong together.
    pub async fn next(&mut self) -> Result<Option<(Arc<RowRecord>, RowResult)>, JoinedError> {
        let Some(result) = self.next_result().await? else { return Ok(None) };
        let row = self.row(result.index).await?;
        Ok(Some((row, result)))
    }

    /// The next result that the run's numbers rest on.
    async fn next_result(&mut self) -> Result<Option<RowResult>, StoreError> {
        const PAGE: usize = 1000;
        if self.decision.is_none() {
            self.decision = Some(stop::decision(&*self.store, &self.header).await?);
        }
        loop {
            if self.page.len() == 0 {
                self.page = self.store.results(self.header.id, self.after, PAGE).await?.into_iter();
            }
            let Some(result) = self.page.next() else { return Ok(None) };
            self.after = Some((result.index, result.trial));
            let decision = self.decision.as_ref().and_then(Option::as_ref);
            if decision.is_none_or(|decision| decision.rests_on(result.index)) {
                return Ok(Some(result));
            }
        }
    }

    async fn row(&mut self, index: u64) -> Result<Arc<RowRecord>, JoinedError> {
        loop {
            if let Some((_, row)) = self.current.as_ref().filter(|(at, _)| *at == index) {
                return Ok(Arc::clone(row));
            }
            match self.rows.next().await {
                Some((at, row)) => self.current = Some((at, Arc::new(row))),
                None => {
                    if let Some(producer) = self.producer.take() {
                        producer.await??;
                    }
                    return Err(JoinedError::Short { index });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Lines, Memory, header, plan, result};

    fn joined(indexes: &[u64], text: &'static str) -> Joined {
        let memory = Memory::default();
        let results = indexes.iter().map(|index| ((*index, 0), result(*index, Vec::new())));
        memory.results.lock().expect("no panic").extend(results);
        Joined::new(Arc::new(memory), &header(plan(vec![])), Arc::new(Lines), Box::new(text.as_bytes()))
    }

    #[tokio::test]
    async fn every_result_comes_with_the_row_it_belongs_to() {
        let text = "{\"inputs\":{\"n\":0}}\n{\"inputs\":{\"n\":1}}\n{\"inputs\":{\"n\":2}}\n";
        let mut joined = joined(&[0, 2], text);
        let mut seen = Vec::new();
        while let Some((row, result)) = joined.next().await.expect("a run") {
            seen.push(format!("{} {}", result.id, row.inputs));
        }
        assert_eq!(seen, [r#"q0 {"n":0}"#, r#"q2 {"n":2}"#]);
    }

    #[tokio::test]
    async fn a_dataset_that_is_too_short_is_an_error() {
        let result = joined(&[1], "{\"inputs\":{}}\n").next().await;
        assert!(matches!(result, Err(JoinedError::Short { index: 1 })));
    }
}
