//! Values that lie apart from the rest. They are marked and never dropped.

use super::variation::NORMAL;
use super::{median, median_absolute_deviation};

/// A value is apart when it is further from the median than this many scaled median absolute deviations.
/// Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993), section 3: |0.6745·(x − median) / MAD| > 3.5.
pub const OUTLIER_DISTANCE: f64 = 3.5;

/// Fewer values have too rough a median absolute deviation to mark anything by.
const FEWEST: usize = 7;

/// The bounds of a sample beyond which its values are marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Values below are marked.
    pub low: f64,
    /// Values above are marked.
    pub high: f64,
}

impl Bounds {
    /// The median less and plus [`OUTLIER_DISTANCE`] times the median absolute deviation, scaled by 1.4826 to a normal
    /// distribution's standard deviation. `None` below 7 values, and where more than half of them are equal: then the rest
    /// has no scale to be measured by.
    pub fn of(values: &[f64]) -> Option<Self> {
        let deviation = median_absolute_deviation(values).filter(|mad| values.len() >= FEWEST && *mad > 0.0)?;
        let (middle, reach) = (median(values)?, OUTLIER_DISTANCE * NORMAL * deviation);
        Some(Self { low: middle - reach, high: middle + reach })
    }

    /// Whether `value` lies beyond.
    pub fn mark(&self, value: f64) -> bool {
        value < self.low || value > self.high
    }
}

/// For each value, in its place, whether it is an outlier. Of normal samples of 7 about one value in 32 is marked, of 20
/// one in 150, of 100 one in 900: a mark is a question and no verdict.
pub fn outliers(values: &[f64]) -> Vec<bool> {
    let bounds = Bounds::of(values);
    values.iter().map(|v| bounds.is_some_and(|b| b.mark(*v))).collect()
}
