//! How fast values rise or fall.

use super::{Interval, median};

/// The fewest values that have a slope.
pub const SLOPE_VALUES: usize = 10;
/// The coverage of a slope's interval.
pub const SLOPE_COVERAGE: f64 = 0.99;
/// The normal distribution's quantile of 1 − (1 − [`SLOPE_COVERAGE`]) / 2.
const QUANTILE: f64 = 2.575_829_303_548_901;
/// The most points whose pairs are looked at; of more, the medians of neighbours stand for them.
const MOST: usize = 250;

/// A straight line through values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// By how much the values rise for each unit of what they are over.
    pub slope: f64,
    /// Where the slope lies; it holds no 0 where there is a trend.
    pub interval: Interval,
    /// The line's value at the last point.
    pub end: f64,
    /// From the first point to the last, in units of what the values are over.
    pub span: f64,
    /// Σ of the distances of the points from the line.
    pub distance: f64,
}

impl Slope {
    /// The line of Theil and Sen through `points`, each (over what, value) in ascending order: its slope is the median of the slopes
    /// of all pairs, its height the median of what is left. The interval goes from one slope of a pair to another as the distribution
    /// of Mann's and Kendall's statistic tells, with ties in its variance; it holds 0 exactly where that test finds no trend. `None`
    /// below [`SLOPE_VALUES`] points, without any span, and where a number is not finite. A tenth of the points wrong moves it little.
    ///
    /// It takes points for independent: what wanders from one to the next looks like a trend too often.
    /// Source: Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968), sections 3 and 6; Hollander, Wolfe
    /// and Chicken, Nonparametric Statistical Methods, 3rd edition (2014), section 9.3.
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < SLOPE_VALUES || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return None;
        }
        let few = thinned(points);
        let mut slopes = slopes(&few);
        let (last, interval) = (points.last()?.0, interval(&mut slopes, &few)?);
        let middle = slopes.len() / 2;
        let slope = nth(&mut slopes, middle)?;
        let height = median(&points.iter().map(|(x, y)| y - slope * x).collect::<Vec<_>>())?;
        let distance = points.iter().map(|(x, y)| (y - slope * x - height).abs()).sum();
        Some(Self { slope, interval, end: height + slope * last, span: last - points.first()?.0, distance })
    }

    /// Whether the values rise or fall for more than chance explains, at one less [`SLOPE_COVERAGE`].
    pub fn is_there(&self) -> bool {
        self.interval.low > 0.0 || self.interval.high < 0.0
    }

    /// The line's value at the first point.
    pub fn begin(&self) -> f64 {
        self.end - self.slope * self.span
    }
}

/// At most [`MOST`] points: medians of as many neighbours each as it takes.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let of = |part: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| median(&part.iter().map(pick).collect::<Vec<_>>());
    let parts = points.chunks(points.len().div_ceil(MOST));
    parts.filter_map(|part| Some((of(part, |p| p.0)?, of(part, |p| p.1)?))).collect()
}

fn slopes(points: &[(f64, f64)]) -> Vec<f64> {
    let pairs = points.iter().enumerate().flat_map(|(i, first)| points[i + 1..].iter().map(move |second| (first, second)));
    pairs.filter(|(first, second)| second.0 > first.0).map(|(first, second)| (second.1 - first.1) / (second.0 - first.0)).collect()
}

fn interval(slopes: &mut [f64], points: &[(f64, f64)]) -> Option<Interval> {
    let (pairs, reach) = (slopes.len() as f64, QUANTILE * variance(points).sqrt());
    let skipped = ((pairs - reach) / 2.0).floor();
    if skipped < 1.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to the number of slopes")]
    let skipped = skipped as usize;
    let highest = slopes.len() - skipped;
    let (low, high) = (nth(slopes, skipped - 1)?, nth(slopes, highest)?);
    Some(Interval { low, high, coverage: SLOPE_COVERAGE })
}

/// Of the number of pairs that rise less those that fall, by chance.
fn variance(points: &[(f64, f64)]) -> f64 {
    let weight = |n: usize| (n * (n - 1) * (2 * n + 5)) as f64 / 18.0;
    let ties = |pick: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = points.iter().map(pick).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.chunk_by(|a, b| a >= b).map(|equal| weight(equal.len())).sum::<f64>()
    };
    (weight(points.len()) - ties(|p| p.1)).max(0.0)
}

fn nth(values: &mut [f64], n: usize) -> Option<f64> {
    (n < values.len()).then(|| *values.select_nth_unstable_by(n, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(n: u32, slope: f64, noise: impl Fn(u32) -> f64) -> Vec<(f64, f64)> {
        (0..n).map(|i| (f64::from(i), 10.0 + slope * f64::from(i) + noise(i))).collect()
    }

    #[test]
    fn a_straight_line_has_its_own_slope() {
        let slope = Slope::of(&line(30, 0.25, |_| 0.0)).expect("points enough");
        assert!((slope.slope - 0.25).abs() < 1e-9 && (slope.end - 17.25).abs() < 1e-9 && (slope.begin() - 10.0).abs() < 1e-9, "{slope:?}");
        assert!(slope.is_there());
    }

    #[test]
    fn values_that_are_all_equal_have_no_trend() {
        let slope = Slope::of(&line(12, 0.0, |_| 0.0)).expect("points enough");
        assert!(!slope.is_there() && slope.slope.abs() < 1e-12, "{slope:?}");
    }

    #[test]
    fn a_tenth_of_the_points_wrong_moves_a_slope_little() {
        let slope = Slope::of(&line(40, 0.1, |i| if i % 10 == 3 { 50.0 } else { 0.01 * f64::from(i * 7 % 5) })).expect("points enough");
        assert!((slope.slope - 0.1).abs() < 0.01 && slope.is_there(), "{slope:?}");
    }

    #[test]
    fn few_points_and_points_of_one_moment_have_no_slope() {
        assert_eq!(Slope::of(&line(9, 1.0, |_| 0.0)), None);
        assert_eq!(Slope::of(&[(1.0, 2.0); 20]), None);
        assert_eq!(Slope::of(&line(20, 1.0, |i| if i == 4 { f64::NAN } else { 0.0 })), None);
    }

    #[test]
    fn a_trend_is_rarely_found_where_there_is_none() {
        let mut random = fastrand::Rng::with_seed(31);
        let mut found = 0;
        for _ in 0..1_000 {
            let points: Vec<(f64, f64)> = (0..30).map(|i| (f64::from(i), random.f64())).collect();
            found += u32::from(Slope::of(&points).expect("points enough").is_there());
        }
        assert!(found <= 22, "{found} of 1000 at 1 %");
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_slope(values in prop::collection::vec(-1e6..1e6_f64, 10..600)) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
            let slope = Slope::of(&points).expect("points enough");
            prop_assert!(slope.interval.low <= slope.slope && slope.slope <= slope.interval.high, "{slope:?}");
        }
    }
}
