//! What one says beside what another says, counted.

/// Counts of pairs of labels, which are numbered from 0. Rows are of the truth, columns of what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    labels: usize,
    counts: Vec<u64>,
}

/// How well one label is told from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Of those that were said to have it, the share that has; none where none was said to.
    pub precision: Option<f64>,
    /// Of those that have it, the share that was said to; none where none has it.
    pub recall: Option<f64>,
    /// The harmonic mean of both; none where the label is nowhere.
    pub f1: Option<f64>,
}

/// Means over labels that occur, in which what is not defined counts as 0, as in scikit-learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Macro {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

impl Confusion {
    #[must_use]
    pub fn new(labels: usize) -> Self {
        Self { labels, counts: vec![0; labels * labels] }
    }

    /// # Panics
    ///
    /// For a label that was not announced.
    pub fn add(&mut self, truth: usize, said: usize) {
        self.add_many(truth, said, 1);
    }

    /// # Panics
    ///
    /// For a label that was not announced.
    pub fn add_many(&mut self, truth: usize, said: usize, times: u64) {
        assert!(truth < self.labels && said < self.labels, "a label that was not announced");
        self.counts[truth * self.labels + said] += times;
    }

    #[must_use]
    pub fn labels(&self) -> usize {
        self.labels
    }

    #[must_use]
    pub fn count(&self, truth: usize, said: usize) -> u64 {
        self.counts[truth * self.labels + said]
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How often `label` is the truth.
    #[must_use]
    pub fn true_of(&self, label: usize) -> u64 {
        (0..self.labels).map(|said| self.count(label, said)).sum()
    }

    /// How often `label` was said.
    #[must_use]
    pub fn said_of(&self, label: usize) -> u64 {
        (0..self.labels).map(|truth| self.count(truth, label)).sum()
    }

    /// How often what was said is the truth.
    #[must_use]
    pub fn agreed(&self) -> u64 {
        (0..self.labels).map(|label| self.count(label, label)).sum()
    }

    #[must_use]
    pub fn scores(&self, label: usize) -> Scores {
        let (hits, truth, said) = (self.count(label, label), self.true_of(label), self.said_of(label));
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        Scores { precision: share(hits, said), recall: share(hits, truth), f1: share(2 * hits, truth + said) }
    }

    /// None without pairs.
    #[must_use]
    pub fn macro_scores(&self) -> Option<Macro> {
        let scores: Vec<_> = (0..self.labels).map(|label| self.scores(label)).filter(|of| of.f1.is_some()).collect();
        let mean = |value: fn(&Scores) -> Option<f64>| {
            scores.iter().map(|of| value(of).unwrap_or(0.0)).sum::<f64>() / scores.len() as f64
        };
        (!scores.is_empty()).then(|| Macro {
            precision: mean(|of| of.precision),
            recall: mean(|of| of.recall),
            f1: mean(|of| of.f1),
        })
    }
}
