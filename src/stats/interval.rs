//! Where a population's median lies, from order statistics alone.

/// The coverage that an interval reaches where the sample is large enough for it: from 6 values on.
const WANTED_COVERAGE: f64 = 0.95;

/// The largest sample whose 2ⁿ is a floating point number with room to sum below it.
const LARGEST: usize = 1_000;

/// An interval for the median of the population that a sample came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end, one of the sample's values.
    pub low: f64,
    /// Upper end, one of the sample's values.
    pub high: f64,
    /// The probability that an interval made this way holds the population's median: 0 to 1. For a population with ties
    /// it is at least this.
    pub coverage: f64,
}

/// The shortest interval between two order statistics, counted equally far from both ends, that covers the population's
/// median with at least 95 %. Below 6 values even the whole range covers less: then it is the whole range with its true
/// coverage (2 values 50 %, 3 values 75 %, 5 values 93.75 %). One value has no interval; nor has a sample of over
/// 1,000, which the exact sum below does not serve.
///
/// The coverage of \[x₍ₖ₎, x₍ₙ₊₁₋ₖ₎\] is 1 − 2·P(B ≤ k − 1) with B binomial (n, ½), whatever the distribution.
/// Source: David and Nagaraja, Order Statistics, 3rd edition (2003), section 7.1.
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let n = values.len();
    if !(2..=LARGEST).contains(&n) {
        return None;
    }
    let sorted = super::sorted(values)?;
    let ranks = coverages(n).into_iter().enumerate();
    let (skipped, coverage) = ranks.take_while(|(k, coverage)| *k == 0 || *coverage >= WANTED_COVERAGE).last()?;
    Some(Interval { low: sorted[skipped], high: sorted[n - 1 - skipped], coverage })
}

/// The coverage of the interval that skips k values at each end, for every k that leaves two.
fn coverages(n: usize) -> Vec<f64> {
    let all = 2.0_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut choose = 1.0;
    let mut tail = 0.0;
    (0..n / 2)
        .map(|k| {
            tail += choose;
            choose *= (n - k) as f64 / (k + 1) as f64;
            1.0 - 2.0 * tail / all
        })
        .collect()
}
