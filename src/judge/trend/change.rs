//! Where the level of a series changed.

use super::TrendPoint;
use super::cause::{Cause, causes};
use super::growth::{self, SlowGrowth};
use crate::judge::TIME_EFFECT;
use crate::record::{HistoryRun, SeriesKey};
use crate::stats::{self, Change, SHORTEST_LEVEL, Standing, VERDICT_VALUES};

/// The most values of a level that the newest run is held against.
const LEVEL_VALUES: usize = 100;

/// A change of a series' level.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendChange {
    /// The place of the first point after it.
    pub at: usize,
    /// The level before: of an exact figure its value, of a time the median since the change before.
    pub before: f64,
    /// The level after.
    pub after: f64,
    /// What else was another thing then; at least one.
    pub causes: Vec<Cause>,
}

impl TrendChange {
    /// The change relative to the level before: 0.05 is 5 % more. `None` where that is 0.
    pub fn relative(&self) -> Option<f64> {
        Some((self.after - self.before) / self.before).filter(|change| change.is_finite())
    }

    pub(super) fn with_causes(self, key: &SeriesKey, points: &[TrendPoint], runs: &[HistoryRun]) -> Self {
        let causes = causes(key, &runs[points[self.at - 1].run], &runs[points[self.at].run]);
        Self { causes, ..self }
    }
}

/// Every difference from the run before: of bytes and counts each is a change. Where the trials of the run before differed (archive
/// headers carry times, which compress to other lengths), anything from its smallest to its largest value is the same.
pub(super) fn exact(points: &[TrendPoint]) -> Vec<TrendChange> {
    let pairs = points.windows(2).enumerate();
    let differ = pairs.filter(|(_, pair)| pair[1].value < pair[0].low || pair[1].value > pair[0].high);
    differ.map(|(i, pair)| TrendChange { at: i + 1, before: pair[0].value, after: pair[1].value, causes: Vec::new() }).collect()
}

/// The changes of times, and the growth after the last of them. Where one straight line tells the whole series better than levels do,
/// there is growth and no change.
pub(super) fn or_growth(points: &[TrendPoint], smallest: f64) -> (Vec<TrendChange>, Option<SlowGrowth>) {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let steps = stats::change_points(&values);
    let line = growth::since(points, 0, smallest);
    if let Some(line) = line.filter(|line| growth::tells_better(line, &values, &steps)) {
        return (Vec::new(), Some(line));
    }
    let matters = steps.into_iter().filter(|step| step.relative().is_none_or(|change| change.abs() >= smallest));
    let changes: Vec<TrendChange> =
        matters.map(|step| TrendChange { at: step.at, before: step.before, after: step.after, causes: Vec::new() }).collect();
    let growth = growth::since(points, changes.last().map_or(0, |last| last.at), smallest);
    (changes, growth)
}

/// By how much the newest run's `values` differ from the level before, if they do: where the interval of the change lies beyond
/// [`TIME_EFFECT`], and the run's median beyond all runs of the level. The runs right before it are left out of the level, since they
/// may be of the new one already; it takes [`VERDICT_VALUES`] of either.
pub fn newest_differs(points: &[TrendPoint], changes: &[TrendChange], values: &[f64]) -> Option<Change> {
    let begin = changes.last().map_or(0, |last| last.at);
    let end = points.len().checked_sub(SHORTEST_LEVEL).filter(|end| *end >= begin + VERDICT_VALUES)?;
    let level: Vec<f64> = points[begin.max(end.saturating_sub(LEVEL_VALUES))..end].iter().map(|point| point.value).collect();
    let newest = points.last()?.value;
    let beyond = stats::max(&level).is_some_and(|max| newest > max) || stats::min(&level).is_some_and(|min| newest < min);
    let change = Change::unpaired(&level, values).filter(|_| beyond)?;
    matches!(change.standing(TIME_EFFECT), Standing::More | Standing::Less).then_some(change)
}
