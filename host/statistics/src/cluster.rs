//! Means of values that come in clusters, or with weights.

use crate::Estimate;

/// Weighted sums of values by cluster: 24 bytes for each cluster.
#[derive(Clone, Debug, Default)]
pub struct Clustered {
    clusters: Vec<Sums>,
    count: u64,
    /// The first value. Sums are of distances from it, so that they don't cancel where values are large and alike.
    shift: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    weight: f64,
    /// Weight times distance from `shift`.
    distance: f64,
    count: u32,
}

impl Clustered {
    /// Adds a value to a cluster; clusters are numbered from 0 without gaps, as far as memory matters. A weight that is not
    /// positive is of a value that does not count.
    pub fn add(&mut self, cluster: usize, weight: f64, value: f64) {
        if weight.is_nan() || weight <= 0.0 {
            return;
        }
        if self.count == 0 {
            self.shift = value;
        }
        if cluster >= self.clusters.len() {
            self.clusters.resize(cluster + 1, Sums::default());
        }
        let sums = &mut self.clusters[cluster];
        sums.weight += weight;
        sums.distance += weight * (value - self.shift);
        sums.count += 1;
        self.count += 1;
    }

    /// Values that count.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    #[must_use]
    pub fn weight(&self) -> f64 {
        self.clusters.iter().map(|sums| sums.weight).sum()
    }

    /// The weighted mean; none without values.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let distance: f64 = self.clusters.iter().map(|sums| sums.distance).sum();
        let mean = self.shift + distance / self.weight();
        (self.count > 0 && mean.is_finite()).then_some(mean)
    }

    /// The weighted mean with its linearised error, robust to whatever ties the values of a cluster together (Liang & Zeger
    /// 1986, Biometrika 73:13–22), with the correction CR1 for few clusters and one degree of freedom less than clusters
    /// (Cameron & Miller 2015, Journal of Human Resources 50:317–372): what statsmodels' `WLS` on a constant has with
    /// `cov_type="cluster"`. Where each value is its own cluster, that is the error of a weighted mean of independent values
    /// (HC1). None for fewer than two clusters.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        self.robust(|_| 1.0, |clusters| clusters / (clusters - 1.0))
    }

    /// The same with the error of leaving out one cluster after another (CV3; Bell & McCaffrey 2002, Survey Methodology
    /// 28:169–181, of a mean in closed form), and Satterthwaite's degrees of freedom, one less than clusters of equal weight would
    /// be as many (Carter, Schnepel & Steigerwald 2017, Review of Economics and Statistics 99:698–709): more cautious where clusters
    /// are few and of different sizes.
    #[must_use]
    pub fn jackknife(&self) -> Option<Estimate> {
        let whole = self.weight();
        let found = self.robust(|sums| whole / (whole - sums.weight), |clusters| (clusters - 1.0) / clusters)?;
        let power = |exponent: i32| self.clusters.iter().map(|sums| (sums.weight / whole).powi(exponent)).sum::<f64>();
        Some(Estimate { freedom: (power(2).powi(2) / power(4) - 1.0).max(1.0), ..found })
    }

    /// The error from what each cluster's sum is off, times `leverage`; the sum of squares is scaled by the number of clusters.
    fn robust(&self, leverage: impl Fn(&Sums) -> f64, scale: impl Fn(f64) -> f64) -> Option<Estimate> {
        let mean = self.mean()?;
        let off = mean - self.shift;
        let (mut clusters, mut squares) = (0.0, 0.0);
        for sums in self.clusters.iter().filter(|sums| sums.count > 0) {
            clusters += 1.0;
            squares += ((sums.distance - off * sums.weight) * leverage(sums)).powi(2);
        }
        if clusters < 2.0 {
            return None;
        }
        let variance = scale(clusters) * squares / self.weight().powi(2);
        Estimate::new(mean, variance.sqrt(), clusters - 1.0)
    }
}

/// The mean of independent values with weights, as (weight, value), and its linearised error; see [`Clustered::estimate`].
#[must_use]
pub fn weighted(values: impl IntoIterator<Item = (f64, f64)>) -> Option<Estimate> {
    let mut sums = Clustered::default();
    values.into_iter().enumerate().for_each(|(cluster, (weight, value))| sums.add(cluster, weight, value));
    sums.estimate()
}
