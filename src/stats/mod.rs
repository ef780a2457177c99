//! Pure statistics on slices of observations.
//!
//! Owns nothing. Every function names its formula's source. Values are finite numbers; an empty sample has no statistic,
//! nor has one with a value that is not finite. The same values give the same statistic, everywhere and always. But for drift, change
//! points and slopes the order of the values says nothing.

mod change;
mod change_points;
mod drift;
mod interval;
mod outlier;
mod ranks;
mod ratio;
mod slope;
mod stop;
mod variation;

pub use change::{Change, Standing, VERDICT_VALUES};
pub use change_points::{CHANGE_POINT_SIGNIFICANCE, ChangePoint, LONGEST_SERIES, SHORTEST_LEVEL, change_points};
pub use drift::{DRIFT_SIGNIFICANCE, Drift};
pub use interval::{Interval, median_interval};
pub use outlier::{Bounds, OUTLIER_DISTANCE, outliers};
pub use ratio::Ratio;
pub use slope::{SLOPE_COVERAGE, SLOPE_VALUES, Slope};
pub use stop::{Precision, enough};
pub use variation::{coefficient_of_variation, robust_coefficient_of_variation};

/// What is said of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Number of values.
    pub n: usize,
    /// The middle.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// Median absolute deviation, unscaled.
    pub mad: f64,
    /// Where the population's median lies, and how surely; absent below two values.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// The estimate of a sample; `None` for an empty one.
    pub fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            n: values.len(),
            median: median(values)?,
            min: min(values)?,
            max: max(values)?,
            mad: median_absolute_deviation(values)?,
            interval: median_interval(values),
        })
    }
}

/// The median: the middle value, or the mean of the two middle ones. `None` for an empty sample.
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values)?;
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(sorted[sorted.len() / 2 - 1], upper))
}

/// The smallest value. `None` for an empty sample.
pub fn min(values: &[f64]) -> Option<f64> {
    sorted(values)?.first().copied()
}

/// The largest value. `None` for an empty sample.
pub fn max(values: &[f64]) -> Option<f64> {
    sorted(values)?.last().copied()
}

/// The median of the distances from the median, not scaled to a normal distribution's standard deviation. `None` for an
/// empty sample. Source: Hampel, The influence curve and its role in robust estimation, JASA 69 (1974), p. 388.
pub fn median_absolute_deviation(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    median(&distances)
}

/// The values in ascending order; `None` when one of them is not finite.
fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    values.iter().all(|v| v.is_finite()).then_some(sorted)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
