//! What pairs of times say of a bound. Pure.

use std::fmt;

use loadline::stats::{Change, Interval, VERDICT_VALUES, median, median_interval};

/// Half the width of the interval of a ratio at which there are pairs enough.
pub(crate) const FINE: f64 = 0.01;

/// The coverage below which an interval decides nothing.
const SURE: f64 = 0.95;

/// The same work done twice, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    /// Without what is being asked about, seconds.
    pub(crate) plain: f64,
    /// With it, seconds.
    pub(crate) ours: f64,
}

/// What may be added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// So many seconds: the median of the differences, with its exact interval of order statistics.
    Seconds(f64),
    /// This part of the plain time, 0.02 for 2 %: the estimate of Hodges and Lehmann for paired quotients, with its interval.
    Part(f64),
}

/// What the pairs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The whole interval lies below the bound.
    Holds,
    /// The whole interval lies above the bound.
    Broken,
    /// The interval holds the bound, or covers less than 95 %, or comes of fewer than seven pairs.
    Open,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Broken => "does not hold",
            Self::Open => "not decidable here",
        })
    }
}

/// What was added to the plain time, held against a bound: seconds, or a part of the plain time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Added {
    /// Number of pairs.
    pub(crate) n: usize,
    /// Medians of both sides, seconds.
    pub(crate) plain: f64,
    /// The same with it.
    pub(crate) ours: f64,
    /// What was added, in the unit of the bound.
    pub(crate) value: f64,
    /// Where it lies.
    pub(crate) interval: Interval,
    /// What it is held against.
    pub(crate) bound: Bound,
}

impl Added {
    /// What two or more pairs say; `None` where a time is not positive.
    pub(crate) fn of(pairs: &[Pair], bound: Bound) -> Option<Self> {
        let (plain, ours): (Vec<f64>, Vec<f64>) = pairs.iter().map(|pair| (pair.plain, pair.ours)).unzip();
        let (value, interval) = match bound {
            Bound::Seconds(_) => differences(pairs)?,
            Bound::Part(_) => Change::paired(&plain, &ours).map(|change| (change.value, change.interval))?,
        };
        Some(Self { n: pairs.len(), plain: median(&plain)?, ours: median(&ours)?, value, interval, bound })
    }

    /// What is said of the bound.
    pub(crate) fn verdict(&self) -> Verdict {
        let (Bound::Seconds(most) | Bound::Part(most)) = self.bound;
        match () {
            () if self.n < VERDICT_VALUES || self.interval.coverage < SURE => Verdict::Open,
            () if self.interval.high <= most => Verdict::Holds,
            () if self.interval.low > most => Verdict::Broken,
            () => Verdict::Open,
        }
    }

    /// Whether more pairs would tell little more: the interval of a ratio is within [`FINE`] of its middle.
    pub(crate) fn is_fine(&self) -> bool {
        self.n >= VERDICT_VALUES && self.interval.coverage >= SURE && (self.interval.high - self.interval.low) / 2.0 < FINE
    }
}

fn differences(pairs: &[Pair]) -> Option<(f64, Interval)> {
    let differences: Vec<f64> = pairs.iter().map(|pair| pair.ours - pair.plain).collect();
    Some((median(&differences)?, median_interval(&differences)?))
}
