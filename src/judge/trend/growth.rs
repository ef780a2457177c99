//! Slow growth that no single change shows.

use super::{TrendChange, TrendPoint};
use crate::stats::{self, ChangePoint, Interval, SLOPE_VALUES, Slope};

/// A change of an exact figure that is at least this share of all growth explains it.
const EXPLAINS: f64 = 0.5;

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

/// The growth of an exact figure that is made of many changes, of which none is half of it.
pub(super) fn among_steps(points: &[TrendPoint], changes: &[TrendChange], smallest: f64) -> Option<SlowGrowth> {
    let growth = since(points, 0, smallest)?;
    let largest = changes.iter().map(|change| (change.after - change.before).abs()).fold(0.0, f64::max);
    (largest < EXPLAINS * (growth.end - growth.begin).abs()).then_some(growth)
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
