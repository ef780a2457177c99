//! Slow growth that no single change shows.

use super::{TrendChange, TrendPoint};
use crate::stats::{self, ChangePoint, Interval, SLOPE_VALUES, Slope};

/// A change of an exact figure that is at least this share of all growth explains it.
const EXPLAINS: f64 = 0.5;

/// So many times the median of all changes is a change that stands by itself.
const STANDS_OUT: f64 = 10.0;

/// Slow growth, or shrinking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowGrowth {
    /// The place of the first point of it.
    pub from: usize,
    /// Level of the line at that point.
    pub begin: f64,
    /// Level of the line at the newest point.
    pub end: f64,
    /// By how much it grows a day, in the measure's unit; below 0 it shrinks.
    pub per_day: f64,
    /// Where that lies.
    pub interval: Interval,
    /// Days from the first point to the newest.
    pub days: f64,
    /// Σ of the distances of the points from the line.
    distance: f64,
}

impl SlowGrowth {
    /// All of it relative to its begin: 0.05 is 5 % more. `None` where that is 0.
    pub fn relative(&self) -> Option<f64> {
        Some((self.end - self.begin) / self.begin).filter(|change| change.is_finite())
    }
}

/// The growth since the point at `from`, if there is one of at least `smallest`.
pub(super) fn since(points: &[TrendPoint], from: usize, smallest: f64) -> Option<SlowGrowth> {
    let over: Vec<(f64, f64)> = points[from..].iter().map(|point| (point.day, point.value)).collect();
    let slope = Slope::of(&over).filter(Slope::is_there)?;
    let growth = SlowGrowth {
        from,
        begin: slope.begin(),
        end: slope.end,
        per_day: slope.slope,
        interval: slope.interval,
        days: slope.span,
        distance: slope.distance,
    };
    Some(growth).filter(|growth| growth.relative().is_some_and(|change| change.abs() >= smallest))
}

/// The growth of an exact figure that is made of many changes. Changes that stand out among them, and those that would be half of it, are
/// told by themselves and left out of it.
pub(super) fn among_steps(points: &[TrendPoint], changes: &[TrendChange], smallest: f64) -> Option<SlowGrowth> {
    let mut steps: Vec<(usize, f64)> = changes.iter().map(|change| (change.at, change.after - change.before)).collect();
    steps.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
    let median = |values: Vec<f64>| stats::median(&values).unwrap_or_default();
    let large = STANDS_OUT * median(steps.iter().map(|step| step.1.abs()).collect());
    let usual = median(steps.iter().map(|step| step.1).collect());
    let mut points = points.to_vec();
    for (at, by) in steps {
        let is_large = by.abs() >= large;
        if !is_large && since(&points, 0, smallest).is_none_or(|growth| by.abs() < EXPLAINS * (growth.end - growth.begin).abs()) {
            break;
        }
        // What changes at every run changed there too.
        let by = if is_large { by - usual } else { by };
        points[at..].iter_mut().for_each(|point| point.value -= by);
    }
    since(&points, 0, smallest)
}

/// Whether the line tells `values` better than levels with `steps` between them: by the information criterion of Bayes with noise
/// of Laplace, whose scale is the mean distance. A line has two numbers, k steps have 2k + 1. Source: Schwarz, Estimating the
/// dimension of a model, Annals of Statistics 6 (1978), pp. 461–464.
pub(super) fn tells_better(line: &SlowGrowth, values: &[f64], steps: &[ChangePoint]) -> bool {
    if steps.is_empty() || values.len() < 2 * SLOPE_VALUES {
        return false;
    }
    let n = values.len() as f64;
    let criterion = |distance: f64, numbers: usize| 2.0 * n * (distance / n).ln() + numbers as f64 * n.ln();
    criterion(line.distance, 2) <= criterion(off_levels(values, steps), 2 * steps.len() + 1)
}

/// Σ of the distances of the values from the median of their level.
fn off_levels(values: &[f64], steps: &[ChangePoint]) -> f64 {
    let ends = steps.iter().map(|step| step.at).chain([values.len()]);
    let levels = ends.scan(0, |from, to| Some(&values[std::mem::replace(from, to)..to]));
    levels.map(|level| stats::median(level).map_or(0.0, |middle| level.iter().map(|v| (v - middle).abs()).sum())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run a day whose figure rises from 1,000,000 by `each` and, at the run 20, by `step` more.
    fn grown(each: f64, step: f64) -> Vec<TrendPoint> {
        let value = |day: usize| 1_000_000.0 + each * day as f64 + if day >= 20 { step } else { 0.0 };
        let point = |day: usize| TrendPoint { run: day, value: value(day), low: value(day), high: value(day), day: day as f64 };
        (0..40).map(point).collect()
    }

    fn growth(points: &[TrendPoint]) -> Option<SlowGrowth> {
        among_steps(points, &super::super::change::exact(points), 0.02)
    }

    #[test]
    fn a_step_among_many_changes_is_neither_growth_nor_hides_it() {
        for step in [0.0, 120_000.0, 5_000_000.0, -900_000.0] {
            let growth = growth(&grown(10_000.0, step)).expect("it grows by 10,000 a day");
            assert!((growth.per_day - 10_000.0).abs() < 1.0, "a step of {step}: {growth:?}");
        }
    }

    #[test]
    fn one_step_is_no_growth() {
        assert_eq!(growth(&grown(0.0, 500_000.0)), None);
        let mut twice = grown(0.0, 500_000.0);
        twice[30..].iter_mut().for_each(|point| point.value += 500_000.0);
        assert_eq!(growth(&twice), None);
    }
}
