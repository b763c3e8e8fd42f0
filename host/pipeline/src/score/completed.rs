//! Which trials of which rows have their result already.

use model::ports::{Store, StoreError};
use model::run::RunId;

/// A bit for each row, for each trial.
#[derive(Clone, Debug, Default)]
pub struct Completed {
    trials: Vec<Vec<u64>>,
    count: u64,
}

impl Completed {
    /// Reads what the store has of a run.
    ///
    /// # Errors
    ///
    /// Fails when the store does.
    pub async fn read(store: &dyn Store, run: RunId) -> Result<Self, StoreError> {
        const PAGE: usize = 1000;
        let mut completed = Self::default();
        let mut after = None;
        loop {
            let page = store.results(run, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(completed) };
            after = Some((last.index, last.trial));
            page.iter().for_each(|result| completed.insert(result.index, result.trial));
        }
    }

    /// How many results there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn insert(&mut self, index: u64, trial: u32) {
        let (trial, word) = (trial as usize, (index / 64) as usize);
        if self.trials.len() <= trial {
            self.trials.resize(trial + 1, Vec::new());
        }
        let words = &mut self.trials[trial];
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        self.count += u64::from(words[word] >> (index % 64) & 1 == 0);
        words[word] |= 1 << (index % 64);
    }

    pub(super) fn contains(&self, index: u64, trial: u32) -> bool {
        let word = self.trials.get(trial as usize).and_then(|words| words.get((index / 64) as usize));
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_there_and_nothing_else() {
        let mut completed = Completed::default();
        for (index, trial) in [(0, 0), (64, 0), (63, 2), (64, 0)] {
            completed.insert(index, trial);
        }
        let there: Vec<_> = (0..200)
            .flat_map(|index| (0..4).map(move |trial| (index, trial)))
            .filter(|(index, trial)| completed.contains(*index, *trial))
            .collect();
        assert_eq!(there, [(0, 0), (63, 2), (64, 0)]);
        assert_eq!(completed.count(), 3);
    }
}
