//! Ranks about their middle, and where between two levels a step lies.

use super::{SHORTEST_LEVEL, middle};
use crate::stats::variation::NORMAL;

/// A value further from a level than this many deviations says nothing of which level it belongs to.
const REACH: f64 = 3.0;

/// The rank of each value less the mean rank; equal values have the mean of theirs.
pub(super) fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mean = (values.len() as f64 - 1.0) / 2.0;
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|a, b| values[*a] >= values[*b]) {
        let rank = first as f64 + (equal.len() as f64 - 1.0) / 2.0 - mean;
        for i in equal {
            ranks[*i] = rank;
        }
        first += equal.len();
    }
    ranks
}

/// Whether these are the ranks of values of which no two are equal: their squares then add up to n (n² − 1) / 12, and to less with ties.
pub(super) fn are_distinct(ranks: &[f64]) -> bool {
    let n = ranks.len() as f64;
    // Quarters of whole numbers, which add up without an error.
    ranks.iter().map(|r| r * r).sum::<f64>() >= n * (n * n - 1.0) / 12.0 - 0.1
}

/// What to multiply the sum of the first t centred ranks with, so that it has a deviation of 1 by chance, for every t; ties are in it.
/// `None` where all values are equal. Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition (2014),
/// section 4.1, the variance of a rank sum with ties.
pub(super) fn scale(ranks: &[f64]) -> Option<Vec<f64>> {
    let n = ranks.len() as f64;
    let variance = Some(ranks.iter().map(|r| r * r).sum::<f64>() / (n - 1.0)).filter(|v| *v > 0.0)?;
    let at = |t: usize| (variance * t as f64 * (n - t as f64) / n).sqrt().recip();
    Some((0..=ranks.len()).map(at).collect())
}

/// How clearly the levels before and after `at` differ: the standardised sum of the ranks before it, 0 where one side is too short.
pub(super) fn standing(values: &[f64], at: usize) -> f64 {
    if at.min(values.len() - at) < 2 {
        return 0.0;
    }
    let ranks = centred_ranks(values);
    scale(&ranks).map_or(0.0, |scale| (ranks[..at].iter().sum::<f64>() * scale[at]).abs())
}

/// The place near which `at` lies where two levels fit best: the least sum of squared distances from the median of the own side, each
/// cut off at [`REACH`] deviations.
pub(super) fn place(values: &[f64], at: usize) -> usize {
    let mut at = at;
    for _ in 0..2 {
        let levels = (middle(&values[..at]), middle(&values[at..]));
        let off: Vec<f64> = values.iter().enumerate().map(|(i, v)| (v - if i < at { levels.0 } else { levels.1 }).abs()).collect();
        let deviation = NORMAL * middle(&off);
        if deviation > 0.0 {
            at = fitting(values, at, levels, deviation);
        }
    }
    at
}

fn fitting(values: &[f64], at: usize, levels: (f64, f64), deviation: f64) -> usize {
    let loss = |value: f64, level: f64| ((value - level) / deviation).powi(2).min(REACH * REACH);
    // A side that is shorter than a level already may stay so, and no side becomes it.
    let (first, last) = (SHORTEST_LEVEL.min(at), values.len() - SHORTEST_LEVEL.min(values.len() - at));
    let (mut sum, mut best) = (0.0, (f64::INFINITY, at));
    for (i, value) in values.iter().enumerate().take(last) {
        sum += loss(*value, levels.0) - loss(*value, levels.1);
        if i + 1 >= first && sum < best.0 {
            best = (sum, i + 1);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(centred_ranks(&[3.0, 1.0, 3.0, 2.0]), [1.0, -1.5, 1.0, -0.5]);
        assert_eq!(scale(&centred_ranks(&[1.0, 1.0])), None);
        let many: Vec<f64> = (0..2_000).map(f64::from).collect();
        assert!(are_distinct(&centred_ranks(&many)) && are_distinct(&centred_ranks(&[3.0, 1.0, 2.0])));
        assert!(!are_distinct(&centred_ranks(&[many, vec![7.0]].concat())) && !are_distinct(&centred_ranks(&[3.0, 1.0, 3.0])));
    }

    #[test]
    fn a_step_that_was_put_beside_its_place_is_moved_to_it() {
        let values: Vec<f64> = (0..30).map(|i| if i < 12 { 1.0 } else { 2.0 } + 0.01 * f64::from(i * 7 % 5)).collect();
        for at in [8, 12, 15] {
            assert_eq!(place(&values, at), 12);
        }
        assert!(standing(&values, 12) > 4.0 && standing(&values, 1) <= 0.0);
    }
}
