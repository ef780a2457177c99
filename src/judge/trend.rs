//! What became of each series over many runs: changes with their causes, slow growth, and when a limit is reached.
//!
//! Pure. A series is split where its figures cannot be compared: times by every condition, sizes by base set and platform; runs of the
//! same conditions stay together whatever lies between them. Another digest of a base image and another compressor are causes of a
//! change and split nothing. Exact figures change whenever they differ; times where a test by ranks says so.

mod cause;
mod change;
mod forecast;
mod growth;
mod stretch;

use std::collections::BTreeMap;

use super::baseline::{BaselineChoice, Candidate, NoBaseline, baseline};
use crate::measure::{Kind, Measure};
use crate::record::{History, HistoryPoint, HistoryRun, SeriesKey};
use crate::stats::{Change, max, median, min};

pub use cause::Cause;
pub use change::{TrendChange, newest_differs};
pub use forecast::{Forecast, HORIZON_DAYS};
pub use growth::SlowGrowth;
use stretch::Stretches;

/// Changes and growth of less than this share of the level are not told, unless asked for.
pub const SMALLEST_CHANGE: f64 = 0.02;

/// What is asked of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendQuestion {
    /// Upper limits, in the measure's unit.
    pub limits: BTreeMap<Measure, f64>,
    /// What the newest run is set beside; absent is the first run.
    pub baseline: Option<BaselineChoice>,
    /// Changes of times, and growth, of less than this share are not told: 0.02 is 2 %.
    pub smallest: f64,
}

impl Default for TrendQuestion {
    fn default() -> Self {
        Self { limits: BTreeMap::new(), baseline: None, smallest: SMALLEST_CHANGE }
    }
}

/// What became of one series under conditions that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// What the values have in common.
    pub key: SeriesKey,
    /// In what its conditions differ from those of the newest run with this series; absent for the stretch of that run.
    pub earlier: Option<String>,
    /// The place in [`History::runs`] of the last run that has it, where a later run has figures of the scenario and none of this series:
    /// nothing is told of it as current. Absent too where the conditions are earlier ones.
    pub ended: Option<usize>,
    /// A point for each run, in the order of the runs; at least one.
    pub points: Vec<TrendPoint>,
    /// Where the level changed, in order.
    pub changes: Vec<TrendChange>,
    /// Slow growth, or shrinking, that no change explains.
    pub growth: Option<SlowGrowth>,
    /// By how much the newest run differs from the level before, where too few runs followed to call it a level; absent where the series
    /// ended.
    pub newest: Option<Change>,
    /// When the limit is reached; absent where there is none, and where the series ended.
    pub forecast: Option<Forecast>,
    /// What the newest run is set beside, or why it is set beside nothing; absent where it was not asked.
    pub baseline: Option<Result<Beside, NoBaseline>>,
}

/// One run of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendPoint {
    /// The run's place in [`History::runs`].
    pub run: usize,
    /// The median of its values, in the measure's unit.
    pub value: f64,
    /// The smallest value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
    /// Start of the run, days since 1970.
    pub day: f64,
}

/// A baseline of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The runs' places in [`History::runs`]: one, or those of a window.
    pub runs: Vec<usize>,
    /// The median of their values.
    pub value: f64,
}

impl Trend {
    /// The newest value.
    pub fn last(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.value)
    }

    /// The baseline's value, else the first one.
    pub fn first(&self) -> f64 {
        match &self.baseline {
            Some(Ok(beside)) => beside.value,
            _ => self.points.first().map_or(0.0, |point| point.value),
        }
    }

    /// The change from [`first`](Self::first) to [`last`](Self::last), relative: 0.05 is 5 % more; `None` where the first is 0.
    pub fn change(&self) -> Option<f64> {
        Some((self.last() - self.first()) / self.first()).filter(|change| change.is_finite())
    }

    /// Whether there is anything to tell.
    pub fn is_calm(&self) -> bool {
        let near = matches!(self.forecast, Some(Forecast::Over | Forecast::At { .. }));
        self.changes.is_empty() && self.growth.is_none() && self.newest.is_none() && !near
    }
}

/// The trends of all series of a history that `wanted` takes, by series, of each series the oldest conditions first.
pub fn trends(history: &History, question: &TrendQuestion, wanted: impl Fn(&SeriesKey) -> bool) -> Vec<Trend> {
    let stretches = Stretches::of(&history.runs);
    let taken = history.series.iter().filter(|(key, _)| wanted(key));
    taken
        .flat_map(|(key, points)| {
            stretches
                .split(key, points, &history.runs)
                .into_iter()
                .map(|(earlier, points)| trend(key, earlier, &points, &history.runs, question))
        })
        .collect()
}

fn trend(key: &SeriesKey, earlier: Option<String>, values: &[&HistoryPoint], runs: &[HistoryRun], question: &TrendQuestion) -> Trend {
    let points: Vec<TrendPoint> = values.iter().filter_map(|point| TrendPoint::of(point, runs)).collect();
    let (changes, growth) = match key.measure.kind() {
        Kind::Exact => {
            let changes = change::exact(&points);
            let growth = growth::among_steps(&points, &changes, question.smallest);
            (changes, growth)
        }
        Kind::Sampled => change::or_growth(&points, question.smallest),
    };
    let ended = points.last().map(|point| point.run).filter(|last| earlier.is_none() && has_later(&key.scenario, *last, runs));
    let asks_newest = key.measure.kind() == Kind::Sampled && ended.is_none();
    let newest = values.last().filter(|_| asks_newest).and_then(|v| newest_differs(&points, &changes, &v.values));
    let limit = question.limits.get(&key.measure).filter(|_| key.phase.is_none() && earlier.is_none() && ended.is_none());
    let forecast = limit.map(|limit| forecast::forecast(&points, &changes, growth.as_ref(), *limit, key.measure.kind() == Kind::Exact));
    let changes = changes.into_iter().map(|c| c.with_causes(key, &points, runs)).collect();
    let baseline = question.baseline.as_ref().map(|choice| beside(&points, runs, choice));
    Trend { key: key.clone(), earlier, ended, points, changes, growth, newest, forecast, baseline }
}

/// Whether a run after the one at `last` has figures of the scenario.
fn has_later(scenario: &str, last: usize, runs: &[HistoryRun]) -> bool {
    runs[last + 1..].iter().any(|run| run.variants.iter().any(|variant| variant.scenario == scenario))
}

fn beside(points: &[TrendPoint], runs: &[HistoryRun], choice: &BaselineChoice) -> Result<Beside, NoBaseline> {
    let earlier = points.split_last().map_or(&[][..], |(_, earlier)| earlier);
    let candidates: Vec<Candidate<'_>> = earlier.iter().map(|point| Candidate::from(&runs[point.run])).collect();
    let chosen: Vec<&TrendPoint> = baseline(&candidates, choice)?.into_iter().map(|place| &earlier[place]).collect();
    let value = median(&chosen.iter().map(|point| point.value).collect::<Vec<_>>()).ok_or(NoBaseline::First)?;
    Ok(Beside { runs: chosen.iter().map(|point| point.run).collect(), value })
}

impl TrendPoint {
    /// `None` where a value is no finite number, which no history that was read has.
    fn of(point: &HistoryPoint, runs: &[HistoryRun]) -> Option<Self> {
        let (value, low, high) = (median(&point.values)?, min(&point.values)?, max(&point.values)?);
        let day = runs.get(point.run)?.started.as_second() as f64 / 86_400.0;
        Some(Self { run: point.run, value, low, high, day })
    }
}
