//! What is told of a history: decided once.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::words;
use crate::judge::{Forecast, SlowGrowth, Trend, TrendChange, TrendQuestion};
use crate::measure::{Measure, Unit};
use crate::record::{FormatVersion, History, HistoryRun};
use crate::stats::Change;

/// The version of `trend --format json`.
pub const TREND_VERSION: FormatVersion = FormatVersion { major: 1, minor: 0 };

/// Everything that is told of a history.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrendReport {
    /// Version of this format.
    pub format_version: FormatVersion,
    /// How many runs the history has.
    pub runs: usize,
    /// Start of the first run, UTC, RFC 3339.
    pub from: String,
    /// Start of the newest run.
    pub to: String,
    /// The series with something to tell, or all that were asked for.
    pub series: Vec<TrendSeries>,
    /// How many series are not told, because there is nothing to tell of them.
    pub calm: usize,
    /// How many of those that are not told end before the newest run of their scenario. They are in `calm` too.
    pub ended: usize,
    /// How many are not told, because they are a part of another figure or end under earlier conditions.
    pub aside: usize,
    /// What a reader must know of the history's files.
    pub warnings: Vec<String>,
}

/// One series under conditions that can be compared.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrendSeries {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// What was measured.
    pub measure: Measure,
    /// Unit of every value.
    pub unit: Unit,
    /// Which definition.
    pub definition: Option<String>,
    /// Which part; absent is the whole.
    pub phase: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit.
    pub edit: Option<String>,
    /// In what its conditions differ from those of the newest run; absent for that run's own.
    pub earlier: Option<String>,
    /// The last run that has it, where newer runs of the scenario have no such figure.
    pub ended: Option<TrendEnd>,
    /// The median of every run, in their order.
    pub values: Vec<f64>,
    /// The baseline's value, or the first one.
    pub first: f64,
    /// The newest value.
    pub last: f64,
    /// From first to last, per cent; absent where the first is 0.
    pub change_percent: Option<f64>,
    /// What the newest run was set beside; absent where it was not asked.
    pub baseline: Option<TrendBaseline>,
    /// Where the level changed.
    pub changes: Vec<TrendChangeReport>,
    /// Slow growth that no change explains.
    pub growth: Option<TrendGrowth>,
    /// By how much the newest run differs from the level before.
    pub newest: Option<TrendNewest>,
    /// When the limit is reached.
    pub forecast: Option<TrendForecast>,
}

/// Where a series ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TrendEnd {
    /// Id of the last run that has it.
    pub run: String,
    /// Start of that run, UTC, RFC 3339.
    pub started: String,
}

/// What the newest run was set beside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TrendBaseline {
    /// Ids of the runs; none where there is no baseline.
    pub runs: Vec<String>,
    /// Why there is none.
    pub missing: Option<String>,
}

/// A change of level.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrendChangeReport {
    /// The first run of the new level.
    pub run: String,
    /// Its start, UTC, RFC 3339.
    pub started: String,
    /// The commit of its scenarios.
    pub commit: Option<String>,
    /// Its place in `values`, from 0.
    pub at: usize,
    /// Level before.
    pub before: f64,
    /// Level after.
    pub after: f64,
    /// Per cent; absent where the level before is 0.
    pub change_percent: Option<f64>,
    /// What else was another thing then, in words; where nothing was, what is known to be the same; and what is not recorded.
    pub causes: Vec<String>,
}

/// Slow growth, or shrinking.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrendGrowth {
    /// Start of its first run, UTC, RFC 3339.
    pub since: String,
    /// From its begin to the newest run, per cent.
    pub change_percent: Option<f64>,
    /// In the series' unit; below 0 it shrinks.
    pub per_day: f64,
    /// Low end of the interval of that.
    pub per_day_low: f64,
    /// High end.
    pub per_day_high: f64,
    /// Coverage of the interval, 0 to 1.
    pub coverage: f64,
}

/// The newest run against the level before.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrendNewest {
    /// The newest run.
    pub run: String,
    /// Per cent.
    pub change_percent: f64,
    /// Low end of the interval of that.
    pub low_percent: f64,
    /// High end.
    pub high_percent: f64,
    /// Coverage of the interval, 0 to 1.
    pub coverage: f64,
}

/// When a limit is reached.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrendForecast {
    /// The limit, in the series' unit.
    pub limit: f64,
    /// `over`, `at`, `later` (not within a year) or `not-in-sight` (no growth that goes on is told).
    pub outcome: &'static str,
    /// The day, for `at`.
    pub day: Option<String>,
    /// The earliest day that the growth's interval allows.
    pub earliest: Option<String>,
    /// The latest; absent where that is not within a year.
    pub latest: Option<String>,
}

impl TrendReport {
    /// What is told of `trends`: with `all` of everything, else of the whole figures of the newest conditions that are not calm or have
    /// another value than their baseline.
    pub fn new(history: &History, trends: &[Trend], question: &TrendQuestion, all: bool) -> Self {
        let is_aside = |trend: &&Trend| !all && (trend.key.phase.is_some() || trend.earlier.is_some());
        let is_calm = |trend: &&Trend| !all && trend.is_calm() && !moved(trend, question);
        let (aside, main): (Vec<&Trend>, Vec<&Trend>) = trends.iter().partition(is_aside);
        let (calm, told): (Vec<&Trend>, Vec<&Trend>) = main.into_iter().partition(is_calm);
        let start = |run: Option<&HistoryRun>| run.map(|run| second(run.started)).unwrap_or_default();
        Self {
            format_version: TREND_VERSION,
            runs: history.runs.len(),
            from: start(history.runs.first()),
            to: start(history.runs.last()),
            series: told.into_iter().map(|trend| TrendSeries::new(trend, &history.runs, question)).collect(),
            calm: calm.len(),
            ended: calm.iter().filter(|trend| trend.ended.is_some()).count(),
            aside: aside.len(),
            warnings: history.warnings.iter().map(|warning| warning.message.clone()).collect(),
        }
    }
}

/// Whether the newest run differs from a baseline that was asked for by enough to be told.
fn moved(trend: &Trend, question: &TrendQuestion) -> bool {
    matches!(trend.baseline, Some(Ok(_))) && trend.change().is_none_or(|change| change.abs() >= question.smallest)
}

impl TrendSeries {
    fn new(trend: &Trend, runs: &[HistoryRun], question: &TrendQuestion) -> Self {
        let key = trend.key.clone();
        let run = |place: usize| &runs[trend.points[place].run];
        let newest = trend.points.last().map(|point| &runs[point.run]);
        let limit = question.limits.get(&key.measure).copied();
        Self {
            scenario: key.scenario,
            variant: key.variant,
            measure: key.measure,
            unit: key.measure.unit(),
            definition: key.definition,
            phase: key.phase,
            cache_state: key.cache_state,
            edit: key.edit,
            earlier: trend.earlier.clone(),
            ended: trend.ended.map(|last| TrendEnd { run: runs[last].run_id.clone(), started: second(runs[last].started) }),
            values: trend.points.iter().map(|point| point.value).collect(),
            first: trend.first(),
            last: trend.last(),
            change_percent: trend.change().map(|change| change * 100.0),
            baseline: trend.baseline.as_ref().map(|found| match found {
                Ok(beside) => TrendBaseline { runs: beside.runs.iter().map(|place| runs[*place].run_id.clone()).collect(), missing: None },
                Err(why) => TrendBaseline { runs: Vec::new(), missing: Some(why.to_string()) },
            }),
            changes: trend.changes.iter().map(|change| change_report(change, run(change.at))).collect(),
            growth: trend.growth.map(|growth| growth_report(&growth, run(growth.from))),
            newest: trend.newest.zip(newest).map(|(change, run)| newest_report(&change, run)),
            forecast: trend.forecast.zip(limit).zip(newest).map(|((forecast, limit), run)| forecast_report(forecast, limit, run.started)),
        }
    }
}

fn change_report(change: &TrendChange, run: &HistoryRun) -> TrendChangeReport {
    TrendChangeReport {
        run: run.run_id.clone(),
        started: second(run.started),
        commit: run.commit.clone(),
        at: change.at,
        before: change.before,
        after: change.after,
        change_percent: change.relative().map(|change| change * 100.0),
        causes: change.causes.iter().map(words::cause).collect(),
    }
}

fn growth_report(growth: &SlowGrowth, first: &HistoryRun) -> TrendGrowth {
    TrendGrowth {
        since: second(first.started),
        change_percent: growth.relative().map(|change| change * 100.0),
        per_day: growth.per_day,
        per_day_low: growth.interval.low,
        per_day_high: growth.interval.high,
        coverage: growth.interval.coverage,
    }
}

fn newest_report(change: &Change, run: &HistoryRun) -> TrendNewest {
    TrendNewest {
        run: run.run_id.clone(),
        change_percent: change.value * 100.0,
        low_percent: change.interval.low * 100.0,
        high_percent: change.interval.high * 100.0,
        coverage: change.interval.coverage,
    }
}

fn forecast_report(forecast: Forecast, limit: f64, newest: Timestamp) -> TrendForecast {
    let (outcome, days) = match forecast {
        Forecast::Over => ("over", None),
        Forecast::At { days, earliest, latest } => ("at", Some((days, earliest, latest))),
        Forecast::Later => ("later", None),
        Forecast::NotInSight => ("not-in-sight", None),
    };
    let date = |after: f64| date(newest, after);
    TrendForecast {
        limit,
        outcome,
        day: days.and_then(|(days, ..)| date(days)),
        earliest: days.and_then(|(_, earliest, _)| date(earliest)),
        latest: days.and_then(|(.., latest)| date(latest?)),
    }
}

/// The day that lies so many days after a moment.
fn date(moment: Timestamp, days: f64) -> Option<String> {
    let later = moment.checked_add(jiff::SignedDuration::try_from_secs_f64(days * 86_400.0).ok()?).ok()?;
    Some(later.strftime("%Y-%m-%d").to_string())
}

/// A moment to the second.
fn second(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
