//! How much values vary, in proportion to their middle.

use super::{median, median_absolute_deviation};

/// What a median absolute deviation is multiplied with to be a normal distribution's standard deviation: 1 / Φ⁻¹(¾).
pub(super) const NORMAL: f64 = 1.482_602_218_505_602;

/// Standard deviation (with n − 1) as a share of the mean. `None` below two values and where the mean is not positive.
pub fn coefficient_of_variation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (n - 1.0)).sqrt() / mean).filter(|share| mean > 0.0 && share.is_finite())
}

/// Median absolute deviation, scaled to a normal distribution's standard deviation, as a share of the median: one trial that
/// was disturbed does not move it. `None` below two values and where the median is not positive. Source: Arachchige,
/// Prendergast and Staudte, Robust analogs to the coefficient of variation, Journal of Applied Statistics 49 (2022).
pub fn robust_coefficient_of_variation(values: &[f64]) -> Option<f64> {
    let middle = median(values).filter(|m| values.len() > 1 && *m > 0.0)?;
    Some(NORMAL * median_absolute_deviation(values)? / middle)
}
