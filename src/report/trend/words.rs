//! A series, its changes and what follows from them in words.

use super::data::{TrendChangeReport, TrendForecast, TrendSeries};
use crate::judge::Cause;
use crate::measure::Unit;
use crate::record::state;
use crate::report::figures::{Scale, percent};
use crate::report::text::one_line;
use crate::units;

/// Characters of a commit and of a digest that are told.
const SHORT: usize = 10;
/// The most changes that are told of a series; the largest are chosen.
const MOST_CHANGES: usize = 5;

/// What a change can come from.
pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::BaseMoved { reference, from, to } => format!("base image {reference} moved from {} to {}", digest(from), digest(to)),
        Cause::OtherBases { from, to } => format!("base images {} instead of {}", list(to), list(from)),
        Cause::Condition(found) => format!("{} {}, before {}", found.what, found.second, found.first),
        Cause::Commits { from, to } => match (from, to) {
            (Some(from), Some(to)) => format!("commits {}..{}", short(from), short(to)),
            (None, Some(to)) => format!("commit {}, before none known", short(to)),
            (_, None) => "no commit known".to_owned(),
        },
        Cause::Uncommitted => "changes that were not committed".to_owned(),
        Cause::Same(what) => format!("same {}", together(what)),
        Cause::NotRecorded(what) => format!("{} not recorded", together(what)),
    }
}

/// `commit, bases and engine`.
fn together(what: &[&str]) -> String {
    match what {
        [first @ .., before, last] => first.iter().flat_map(|what| [*what, ", "]).chain([*before, " and ", *last]).collect(),
        few => few.concat(),
    }
}

fn list(references: &[String]) -> String {
    if references.is_empty() { "none".to_owned() } else { references.join(", ") }
}

fn short(commit: &str) -> String {
    commit.chars().take(SHORT).collect()
}

fn digest(digest: &str) -> String {
    let hexadecimal = digest.split_once(':').map_or(digest, |(_, rest)| rest);
    short(hexadecimal)
}

/// `go-api/multi: build time, warm`.
pub(super) fn name(series: &TrendSeries) -> String {
    let definition = series.definition.as_deref().map(|d| format!(" ({d})")).unwrap_or_default();
    let phase = series.phase.as_deref().map(|p| format!(", {p}")).unwrap_or_default();
    let cold = series.cache_state == "cold" && series.edit.is_none();
    let state = if cold { String::new() } else { format!(", {}", state(&series.cache_state, series.edit.as_deref())) };
    one_line(&format!("{}/{}: {}{definition}{phase}{state}", series.scenario, series.variant, series.measure.title()))
}

/// First and last value in one unit, and the change between them.
pub(super) fn figures(series: &TrendSeries) -> [String; 3] {
    let scale = Scale::apart(series.unit, [series.first, series.last]);
    let relative = series.change_percent.map(percent);
    let difference = series.last - series.first;
    let hidden = relative.as_deref() == Some(&percent(0.0)) && difference != 0.0 && series.unit == Unit::Bytes;
    let change = if hidden { amount(series.unit, difference) } else { relative.unwrap_or_else(|| "–".to_owned()) };
    [scale.text(series.first), scale.text(series.last), change]
}

/// What is told of a series, each in one line.
pub(super) fn details(series: &TrendSeries) -> Vec<String> {
    let earlier = series.earlier.iter().map(|earlier| format!("earlier conditions: {earlier}"));
    let ended = series.ended.iter().map(|end| {
        let day = end.started.split('T').next().unwrap_or_default();
        format!("ended with run {} of {day}: newer runs of the scenario have no such figure", end.run)
    });
    let baseline = series.baseline.iter().map(|baseline| match (&baseline.missing, baseline.runs.as_slice()) {
        (Some(why), _) => format!("no baseline, so the first run: {why}"),
        (None, [run]) => format!("beside run {run}"),
        (None, runs) => format!("beside the median of the {} before", units::count(runs.len(), "run")),
    });
    let lines =
        earlier.chain(ended).chain(baseline).chain(changes(series)).chain(growth(series)).chain(newest(series)).chain(forecast(series));
    lines.map(|line| one_line(&line)).collect()
}

fn changes(series: &TrendSeries) -> Vec<String> {
    let mut largest: Vec<&TrendChangeReport> = series.changes.iter().collect();
    largest.sort_by(|a, b| (b.after - b.before).abs().total_cmp(&(a.after - a.before).abs()));
    largest.truncate(MOST_CHANGES);
    largest.sort_by_key(|change| change.at);
    let more = series.changes.len() - largest.len();
    let count = (more > 0).then(|| format!("changed {} times; the largest:", series.changes.len()));
    count.into_iter().chain(largest.into_iter().map(|change| one_change(series.unit, change))).collect()
}

fn one_change(unit: Unit, change: &TrendChangeReport) -> String {
    let day = change.started.split('T').next().unwrap_or_default();
    let scale = Scale::apart(unit, [change.before, change.after]);
    let size = sized(unit, change);
    format!("{day} run {}: {} → {} ({size}): {}", change.run, scale.text(change.before), scale.text(change.after), change.causes.join("; "))
}

/// In per cent; a change too small for that, or from nothing, in its unit.
fn sized(unit: Unit, change: &TrendChangeReport) -> String {
    let relative = change.change_percent.map(percent).filter(|text| *text != percent(0.0) || unit != Unit::Bytes);
    relative.unwrap_or_else(|| amount(unit, change.after - change.before))
}

fn growth(series: &TrendSeries) -> Option<String> {
    let growth = series.growth.as_ref()?;
    let verb = if growth.per_day < 0.0 { "shrinks" } else { "grows" };
    let total = growth.change_percent.map(percent).unwrap_or_default();
    let since = growth.since.split('T').next().unwrap_or_default();
    let month = |per_day: f64| amount(series.unit, per_day * 30.0);
    let rate = format!("{} a month, {} to {}", month(growth.per_day), month(growth.per_day_low), month(growth.per_day_high));
    Some(format!("{verb} slowly: {total} since {since} without a step that explains it ({rate})"))
}

/// An amount with its sign.
fn amount(unit: Unit, value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", Scale::new(unit, std::iter::once(value.abs())).text(value.abs()))
}

fn newest(series: &TrendSeries) -> Option<String> {
    let newest = series.newest.as_ref()?;
    let [change, low, high] = [newest.change_percent, newest.low_percent, newest.high_percent].map(percent);
    Some(format!("newest run {}: {change} ({low} to {high}) against the level before; later runs will tell whether it stays", newest.run))
}

fn forecast(series: &TrendSeries) -> Option<String> {
    let forecast = series.forecast.as_ref()?;
    let limit = Scale::new(series.unit, std::iter::once(forecast.limit)).text(forecast.limit);
    Some(format!("limit {limit}: {}", when(forecast)))
}

fn when(forecast: &TrendForecast) -> String {
    let Some(day) = &forecast.day else {
        let words = match forecast.outcome {
            "over" => "reached",
            "later" => "not within a year",
            _ => "not in sight, no growth that goes on is told",
        };
        return words.to_owned();
    };
    let earliest = forecast.earliest.as_deref().unwrap_or(day);
    let latest = forecast.latest.as_deref().unwrap_or("more than a year ahead");
    format!("reached about {day} if it goes on like this ({earliest} to {latest})")
}
