//! Intervals that stay valid however often they are looked at, so that one may stop as soon as they decide.

use std::f64::consts::LN_2;

use crate::Interval;

/// A confidence sequence for the mean of bounded values by betting: for each mean that is possible, somebody bets that the
/// true one is higher, and somebody that it is lower; a mean against which a bet has multiplied its money by 2/α is out
/// (Waudby-Smith & Ramdas 2024, JRSS B 86:1–27, the hedged capital process with predictable plug-in bets). Over all times
/// together the true mean is ever outside with a probability of at most α. Means are looked at on a grid of a thousandth of the range, and ends are
/// rounded outwards.
#[derive(Clone, Debug)]
pub struct Sequence {
    range: Interval,
    bets: Bets,
    /// For each mean of the grid what bets on a higher and on a lower one have made of 1.
    capitals: Vec<Capital>,
    /// Places of the highest mean that is too low, and of the lowest that is too high, as far as they are known.
    lower: usize,
    upper: usize,
}

/// The same for one mean: whether the true one is above or below it.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    range: Interval,
    bets: Bets,
    mean: f64,
    capital: Capital,
}

#[derive(Clone, Copy, Debug)]
struct Capital {
    higher: f64,
    lower: f64,
}

/// How much is bet: as much as the values seen so far make good, in the units of a range from 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Bets {
    /// Log of 2/α.
    log_needed: f64,
    seen: f64,
    sum: f64,
    squares: f64,
}

const GRID: usize = 1000;

impl Sequence {
    /// For values within `range`, which is not empty.
    #[must_use]
    pub fn new(range: Interval, alpha: f64) -> Self {
        Self { range, bets: Bets::new(alpha), capitals: vec![Capital::ONE; GRID + 1], lower: 0, upper: GRID }
    }

    /// Takes the next value. The order of values must not depend on them.
    pub fn add(&mut self, value: f64) {
        let value = unit(value, self.range);
        let bet = self.bets.next();
        let needed = self.bets.log_needed.exp();
        for place in self.lower..=self.upper {
            self.capitals[place].add(value, grid_mean(place), bet, needed);
        }
        while self.lower < self.upper && self.capitals[self.lower + 1].higher >= needed {
            self.lower += 1;
        }
        while self.upper > self.lower && self.capitals[self.upper - 1].lower >= needed {
            self.upper -= 1;
        }
        self.bets.saw(value);
    }

    /// Where the true mean is.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let at = |place: usize| self.range.lower + grid_mean(place) * self.range.width();
        Interval { lower: at(self.lower), upper: at(self.upper) }
    }
}

impl Threshold {
    /// For values within `range`, which is not empty.
    #[must_use]
    pub fn new(mean: f64, range: Interval, alpha: f64) -> Self {
        Self { range, bets: Bets::new(alpha), mean: unit(mean, range), capital: Capital::ONE }
    }

    /// Takes the next value. The order of values must not depend on them.
    pub fn add(&mut self, value: f64) {
        let value = unit(value, self.range);
        self.capital.add(value, self.mean, self.bets.next(), self.bets.log_needed.exp());
        self.bets.saw(value);
    }

    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.capital.higher.is_infinite()
    }

    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.capital.lower.is_infinite()
    }
}

impl Capital {
    const ONE: Self = Self { higher: 1.0, lower: 1.0 };

    /// Settles a bet on `value` against `mean`. No bet takes more than half of the money. What was once enough is infinite.
    fn add(&mut self, value: f64, mean: f64, bet: f64, needed: f64) {
        self.higher *= 1.0 + bet.min(0.5 / mean) * (value - mean);
        self.lower *= 1.0 - bet.min(0.5 / (1.0 - mean)) * (value - mean);
        for money in [&mut self.higher, &mut self.lower] {
            if *money >= needed {
                *money = f64::INFINITY;
            }
        }
    }
}

impl Bets {
    fn new(alpha: f64) -> Self {
        Self { log_needed: LN_2 - alpha.ln(), seen: 0.0, sum: 0.5, squares: 0.25 }
    }

    /// The predictable plug-in of the paper's equation 26.
    fn next(&self) -> f64 {
        let time = self.seen + 1.0;
        let variance = self.squares / time;
        (2.0 * self.log_needed / (variance * time * (time + 1.0).ln())).sqrt()
    }

    fn saw(&mut self, value: f64) {
        self.seen += 1.0;
        self.sum += value;
        self.squares += (value - self.sum / (self.seen + 1.0)).powi(2);
    }
}

fn grid_mean(place: usize) -> f64 {
    place as f64 / GRID as f64
}

/// A value as a share of the range; what is outside, or no number, counts as its nearest end.
fn unit(value: f64, range: Interval) -> f64 {
    let share = (value - range.lower) / range.width();
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_any_value_nothing_is_known() {
        let range = Interval { lower: -1.0, upper: 3.0 };
        assert_eq!(Sequence::new(range, 0.05).interval(), range);
    }

    #[test]
    fn a_threshold_decides_as_the_sequence_does() {
        let range = Interval { lower: 0.0, upper: 1.0 };
        let (mut sequence, mut threshold) = (Sequence::new(range, 0.05), Threshold::new(0.7, range, 0.05));
        for index in 0..2000 {
            let value = f64::from(u8::from(index % 10 != 0));
            sequence.add(value);
            threshold.add(value);
            assert_eq!(sequence.interval().lower >= 0.7, threshold.is_exceeded(), "after {index}");
        }
        assert!(threshold.is_exceeded() && !threshold.is_missed());
        assert!(sequence.interval().contains(0.9), "{:?}", sequence.interval());
    }

    #[test]
    fn equal_values_narrow_it_to_where_they_are() {
        for value in [0.0, 0.37, 1.0] {
            let mut sequence = Sequence::new(Interval { lower: 0.0, upper: 1.0 }, 0.05);
            (0..5000).for_each(|_| sequence.add(value));
            let found = sequence.interval();
            assert!(found.contains(value) && found.width() < 0.05, "{value} {found:?}");
        }
    }
}
