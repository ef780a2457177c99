//! By how much a sample differs from another, and how surely.

use super::Interval;
use super::interval::{WANTED_COVERAGE, between, skipped};
use super::ranks::Ranks;

/// The fewest values a side for a verdict on times.
pub const VERDICT_VALUES: usize = 7;

/// The largest side: above, pairs would take memory out of proportion.
const LARGEST: usize = 1_000;

/// The relative change from one sample to another: what a value is multiplied with, less one. −0.12 is 12 % less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The change, 0 for none.
    pub value: f64,
    /// Where the populations' change lies; its coverage is exact up to 20 values a side (paired: up to 50).
    pub interval: Interval,
    /// Values of the smaller side, or pairs.
    pub n: usize,
    /// Whether value was compared with value of the same block.
    pub paired: bool,
}

/// What a change's interval says of a change that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Fewer than [`VERDICT_VALUES`] a side, or an interval of less than 95 %: an estimate and no verdict.
    TooFew,
    /// The whole interval lies below what matters: less.
    Less,
    /// The whole interval lies within what does not matter: the same.
    Same,
    /// The whole interval lies above what matters: more.
    More,
    /// The interval holds changes that matter and changes that do not: more trials would tell.
    Unclear,
}

impl Change {
    /// The change between two samples that have nothing to do with each other, of 2 to 1,000 positive values each.
    ///
    /// The value is the median of all quotients of a value after and a value before (the estimate of Hodges and Lehmann on
    /// a logarithmic scale), the interval goes from one of these quotients to another as the distribution of Mann and Whitney
    /// tells. It covers what the second population is multiplied with if both have one shape on a logarithmic scale,
    /// whatever the shape. Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition (2014),
    /// sections 4.2 and 4.3.
    pub fn unpaired(before: &[f64], after: &[f64]) -> Option<Self> {
        let n = before.len().min(after.len());
        (are_positive(before) && are_positive(after)).then_some(())?;
        let quotients = after.iter().flat_map(|a| before.iter().map(move |b| a / b)).collect();
        Self::of(quotients, &Ranks::mann_whitney(before.len(), after.len()), n, false)
    }

    /// The change between two samples whose values belong together in pairs, as those of one block do: what slows a block
    /// down slows down both. As many values before as after, 2 to 1,000, all positive.
    ///
    /// The value is the median of the geometric means of two pairs' quotients, each pair with itself too (the estimate of
    /// Hodges and Lehmann, of Walsh averages on a logarithmic scale); the interval goes from one of these means to another
    /// as the distribution of Wilcoxon's signed ranks tells. It covers if the logarithms of the quotients are distributed
    /// symmetrically, which they are where both sides of a pair vary alike. Source: the same, sections 3.2 and 3.3.
    pub fn paired(before: &[f64], after: &[f64]) -> Option<Self> {
        (before.len() == after.len() && are_positive(before) && are_positive(after)).then_some(())?;
        let quotients: Vec<f64> = after.iter().zip(before).map(|(a, b)| a / b).collect();
        let means = quotients.iter().enumerate().flat_map(|(i, a)| quotients[i..].iter().map(move |b| (a * b).sqrt())).collect();
        Self::of(means, &Ranks::signed_rank(quotients.len()), quotients.len(), true)
    }

    fn of(mut quotients: Vec<f64>, ranks: &Ranks, n: usize, paired: bool) -> Option<Self> {
        quotients.sort_unstable_by(f64::total_cmp);
        let sure = between(&quotients, skipped(ranks.coverages(quotients.len()))?)?;
        let interval = Interval { low: sure.low - 1.0, high: sure.high - 1.0, ..sure };
        Some(Self { value: super::median(&quotients)? - 1.0, interval, n, paired })
    }

    /// What the interval says, where a change of less than `smallest` either way (0.05 is 5 %) does not matter.
    pub fn standing(&self, smallest: f64) -> Standing {
        let Interval { low, high, coverage } = self.interval;
        // Less and more are the same distance as factors: 1.05 times, and 1 in 1.05 times.
        let (above, below) = (smallest.max(0.0), 1.0 / (1.0 + smallest.max(0.0)) - 1.0);
        match () {
            () if self.n < VERDICT_VALUES || coverage < WANTED_COVERAGE => Standing::TooFew,
            () if low > above => Standing::More,
            () if high < below => Standing::Less,
            () if below <= low && high <= above => Standing::Same,
            () => Standing::Unclear,
        }
    }
}

fn are_positive(values: &[f64]) -> bool {
    (2..=LARGEST).contains(&values.len()) && values.iter().all(|v| v.is_finite() && *v > 0.0)
}
