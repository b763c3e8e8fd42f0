//! Krippendorff's alpha.

use crate::Interval;
use crate::bootstrap::percentile;
use crate::mean::Moments;
use crate::random::{Stream, numbers};

/// What may be said of two different values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// That they differ.
    Nominal,
    /// How many others lie between.
    Ordinal,
    /// How far they are apart.
    Interval,
}

/// What was said of each of many units, by any number of raters, some of which may be missing.
#[derive(Clone, Debug)]
pub struct Ratings {
    /// All values, ascending.
    values: Vec<f64>,
    /// Places in `values`, of units that at least two have rated.
    units: Vec<Vec<u32>>,
    level: Level,
}

impl Ratings {
    /// Takes what was said of each unit. Units of fewer than two ratings say nothing of agreement and are left out.
    #[must_use]
    pub fn new<'a>(units: impl IntoIterator<Item = &'a [f64]>, level: Level) -> Self {
        let rated: Vec<&[f64]> = units.into_iter().filter(|unit| unit.len() > 1).collect();
        let mut values: Vec<f64> = rated.iter().copied().flatten().copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        let place = |value: &f64| values.partition_point(|known| known.total_cmp(value).is_lt()) as u32;
        let units = rated.iter().map(|unit| unit.iter().map(place).collect()).collect();
        Self { values, units, level }
    }

    /// Agreement beyond chance among any number of raters (Krippendorff 2004, "Content Analysis", chapter 11). None without
    /// units that two have rated, or where all values are equal.
    #[must_use]
    pub fn alpha(&self) -> Option<f64> {
        self.of(self.units.iter())
    }

    /// The percentile interval of alpha over `resamples` of the units, which `seed` decides. A resample whose values are all
    /// equal counts as full agreement, which it is.
    #[must_use]
    pub fn interval(&self, confidence: f64, resamples: usize, seed: u64) -> Option<Interval> {
        self.alpha()?;
        let count = u32::try_from(self.units.len()).ok()?;
        let draw = |stream: &mut Stream| {
            let drawn: Vec<&Vec<u32>> = (0..count).map(|_| &self.units[stream.below(count)]).collect();
            self.of(drawn.into_iter()).unwrap_or(1.0)
        };
        percentile(numbers(seed, resamples, draw), confidence)
    }

    /// Disagreement within units beside that of all values together. For ordinal values the distance of two is that of their
    /// mean ranks, so that both orders come down to sums of squares.
    fn of<'a>(&self, units: impl Iterator<Item = &'a Vec<u32>> + Clone) -> Option<f64> {
        let mut counts = vec![0_u64; self.values.len()];
        units.clone().flatten().for_each(|&place| counts[place as usize] += 1);
        let (observed, expected) = match self.level {
            Level::Nominal => {
                let within = units.map(|unit| {
                    let mut unit = unit.clone();
                    unit.sort_unstable();
                    let sizes = unit.chunk_by(|left, right| left == right).map(|equal| equal.len() as f64);
                    differing(unit.len() as f64, sizes)
                });
                let total = counts.iter().sum::<u64>() as f64;
                (within.sum::<f64>(), differing(total, counts.iter().map(|&count| count as f64)))
            }
            Level::Ordinal => self.apart(units, &mean_ranks(&counts)),
            Level::Interval => self.apart(units, &self.values),
        };
        let alpha = 1.0 - observed / expected;
        alpha.is_finite().then_some(alpha)
    }

    fn apart<'a>(&self, units: impl Iterator<Item = &'a Vec<u32>>, positions: &[f64]) -> (f64, f64) {
        let mut all = Moments::default();
        let mut within = 0.0;
        for unit in units {
            let moments: Moments = unit.iter().map(|&place| positions[place as usize]).collect();
            unit.iter().for_each(|&place| all.add(positions[place as usize]));
            within += squared_distances(&moments);
        }
        (within, squared_distances(&all))
    }
}

/// The sum over ordered pairs of squared distances, over one less than the count.
fn squared_distances(moments: &Moments) -> f64 {
    let count = moments.count() as f64;
    2.0 * count * moments.squares() / (count - 1.0)
}

/// The number of ordered pairs that differ, over one less than the count.
fn differing(count: f64, sizes: impl Iterator<Item = f64>) -> f64 {
    (count * count - sizes.map(|size| size * size).sum::<f64>()) / (count - 1.0)
}

fn mean_ranks(counts: &[u64]) -> Vec<f64> {
    let mut before = 0.0;
    counts
        .iter()
        .map(|&count| {
            let rank = before + count as f64 / 2.0;
            before += count as f64;
            rank
        })
        .collect()
}
