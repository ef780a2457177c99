//! Whether values rise or fall with the order in which they were measured.

use super::median;
use super::ranks::{Ranks, normal_cdf};

/// The fewest values whose order can say anything at [`DRIFT_SIGNIFICANCE`]: 5 have too few orders.
const FEWEST: usize = 6;
/// The largest sample, for the number of its pairs.
const LARGEST: usize = 1_000;

/// A drift is there where chance alone gives one as clear in at most this share of samples. Small, since every series of a
/// run is asked.
pub const DRIFT_SIGNIFICANCE: f64 = 0.01;

/// A tendency over the order of the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Kendall's rank correlation with the order, −1 (ever smaller) to 1 (ever larger); pairs of equal values count half.
    pub tau: f64,
    /// The probability that chance alone orders the values at least as much, one way or the other.
    pub p: f64,
    /// Whether `p` is counted out over all orders; else it is the normal approximation, corrected for ties and continuity.
    pub exact: bool,
    /// How far the values went from the first to the last, as a share of their median: 0.1 is 10 % more. By the median of the
    /// slopes of all pairs (Theil and Sen); absent where the median is not positive.
    pub relative: Option<f64>,
}

impl Drift {
    /// The test of Mann and Kendall on `values` in the order in which they were measured, with 6 to 1,000 of them.
    /// Sources: Mann, Nonparametric tests against trend, Econometrica 13 (1945); Kendall, Rank Correlation Methods, 4th edition
    /// (1975), chapters 4 and 5; Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968).
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if !(FEWEST..=LARGEST).contains(&n) || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let pairs = n * (n - 1) / 2;
        let score = score(values);
        let ties = tied(values);
        let counted = Ranks::inversions(n).filter(|_| ties.is_empty());
        let p = match &counted {
            Some(ranks) => 2.0 * ranks.at_most((pairs - score.unsigned_abs()) / 2),
            None => normal_p(n, score, &ties),
        };
        Some(Self { tau: score as f64 / pairs as f64, p: p.min(1.0), exact: counted.is_some(), relative: relative(values) })
    }

    /// Whether there is a drift, at [`DRIFT_SIGNIFICANCE`].
    pub fn is_there(&self) -> bool {
        self.p <= DRIFT_SIGNIFICANCE
    }
}

/// Pairs that rise less pairs that fall.
fn score(values: &[f64]) -> isize {
    let later = |(i, first): (usize, &f64)| values[i + 1..].iter().map(|v| isize::from(v > first) - isize::from(v < first)).sum::<isize>();
    values.iter().enumerate().map(later).sum()
}

/// The sizes of the groups of equal values.
fn tied(values: &[f64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a >= b).map(<[f64]>::len).filter(|n| *n > 1).collect()
}

fn normal_p(n: usize, score: isize, ties: &[usize]) -> f64 {
    let weight = |n: usize| (n * (n - 1) * (2 * n + 5)) as f64;
    let variance = (weight(n) - ties.iter().map(|t| weight(*t)).sum::<f64>()) / 18.0;
    let beyond = score.unsigned_abs().saturating_sub(1) as f64;
    if variance > 0.0 { 2.0 * normal_cdf(-beyond / variance.sqrt()) } else { 1.0 }
}

fn relative(values: &[f64]) -> Option<f64> {
    let middle = median(values).filter(|m| *m > 0.0)?;
    let slopes = |(i, first): (usize, &f64)| {
        let first = *first;
        values[i + 1..].iter().enumerate().map(move |(further, v)| (v - first) / (further + 1) as f64).collect::<Vec<_>>()
    };
    let slopes: Vec<f64> = values.iter().enumerate().flat_map(slopes).collect();
    Some(median(&slopes)? * (values.len() - 1) as f64 / middle)
}
