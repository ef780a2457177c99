//! What became better or worse, as it is read: terminal, Markdown, CSV and JSON, each a pure function of one [`Changes`].
//!
//! Totals come first, then what is incomplete, then the figures that changed, then what changed in the images. Figures that did not change
//! are counted, and listed only where all are asked for; CSV and JSON have all of them. Bytes are printed to the last one. Names, instructions and paths come from
//! records that others wrote, and are made fit by each format.

mod growth;
mod markdown;
mod output;
mod terminal;

use std::collections::BTreeMap;

use super::figures::{Scale, percent};
use super::table::name;
use super::text::one_line;
use crate::judge::{ChangeInterval, ChangeVerdict, Changes, FigureChange, MissingTrials, Side, Tally, VariantChange};
use crate::measure::{Kind, Measure, Unit};
use crate::units;

pub use markdown::changes_markdown;
pub use output::{CHANGES_VERSION, changes_csv, changes_json, changes_schema};
pub use terminal::changes_terminal;

/// Headings of the table of figures.
const HEADINGS: [&str; 5] = ["figure", "before", "after", "change", "verdict"];

/// What is compared with what, and how many figures came out how.
fn title(changes: &Changes) -> [String; 2] {
    let what = match changes.variants.first() {
        Some(v) if changes.paired => format!("Variant {} beside {} of {} in run {}", v.after, v.before, v.scenario, changes.run),
        _ => format!("Run {} beside baseline {}", changes.run, changes.baseline),
    };
    [one_line(&what), totals(changes.tally())]
}

fn totals(tally: Tally) -> String {
    let words = [
        (tally.regressed, "regressed"),
        (tally.improved, "improved"),
        (tally.lost, "lost"),
        (tally.equal, "equal"),
        (tally.within_noise, "within noise"),
        (tally.too_few, "with too few values"),
        (tally.not_comparable, "not comparable"),
    ];
    words
        .into_iter()
        .enumerate()
        .filter(|(at, (n, _))| *n > 0 || *at < 2)
        .map(|(_, (n, what))| format!("{n} {what}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A sentence for everything that one side lacks: a table looks no different where trials are missing.
fn missing(changes: &Changes) -> Vec<String> {
    let names = if changes.paired { ["the first variant", "the second variant"] } else { ["the baseline", "this run"] };
    let sentence = |lack: &MissingTrials| {
        let whose = if lack.side == Side::Baseline { names[0] } else { names[1] };
        let of = lack.scenario.as_ref().zip(lack.variant.as_ref());
        let what = of.map_or_else(String::new, |(scenario, variant)| format!(" lacks trials of {scenario}/{variant}"));
        one_line(&format!("{whose}{what}: {}; its figures are of the trials that there are", lack.why))
    };
    changes.missing.iter().map(sentence).collect()
}

/// The figures to show, each as the cells of a row: those that changed, or all.
fn shown(changes: &Changes, all: bool) -> Vec<[String; 5]> {
    let of = |variant: &VariantChange| -> Vec<[String; 5]> {
        variant
            .figures
            .iter()
            .filter(|figure| all || figure.verdict.is_change() || matches!(figure.verdict, ChangeVerdict::Lost { .. }))
            .map(|figure| row(changes, variant, figure))
            .collect()
    };
    changes.variants.iter().flat_map(of).collect()
}

/// How many figures are not shown, where that are any.
fn left_out(changes: &Changes, all: bool) -> Option<String> {
    let listed = shown(changes, all).len();
    let left = changes.figures().count() - listed;
    let what = units::count(left, if listed > 0 { "more figure" } else { "figure" });
    (left > 0).then(|| format!("{what} did not change, or cannot be told; --all lists them."))
}

fn row(changes: &Changes, variant: &VariantChange, figure: &FigureChange) -> [String; 5] {
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| amount(figure, value));
    [subject(changes, variant, figure), value(figure.before), value(figure.after), change(figure), verdict(figure)]
}

fn subject(changes: &Changes, variant: &VariantChange, figure: &FigureChange) -> String {
    let whose = if changes.paired { String::new() } else { format!("{} {}: ", variant.scenario, variant.after) };
    let definition = figure.definition.as_deref().filter(|_| figure.measure == Measure::DeltaTransferSize);
    let definition = definition.map(|d| format!(" ({d})")).unwrap_or_default();
    let state = crate::record::state(&figure.cache_state, figure.edit.as_deref());
    let state = if state == "cold" { String::new() } else { format!(", {state}") };
    one_line(&format!("{whose}{}{definition}{state}", name(figure.measure, std::iter::empty())))
}

/// A value to the last byte, or a time.
fn amount(figure: &FigureChange, value: f64) -> String {
    if figure.measure.kind() == Kind::Exact && figure.unit == Unit::Bytes {
        return format!("{value} B");
    }
    Scale::new(figure.unit, [figure.before, figure.after].into_iter().flatten()).text(value)
}

/// Of bytes the difference and what that is in per cent, of times per cent and where they lie.
fn change(figure: &FigureChange) -> String {
    let relative = figure.change.map(|change| percent(change * 100.0));
    let (Some(difference), None) = (figure.difference, figure.verdict.condition()) else {
        return "–".to_owned();
    };
    match (figure.measure.kind(), figure.interval, relative) {
        (Kind::Exact, _, _) if difference == 0.0 => "0".to_owned(),
        (Kind::Exact, _, relative) => {
            let unit = if figure.unit == Unit::Bytes { " B" } else { "" };
            let relative = relative.map(|relative| format!(" ({relative})")).unwrap_or_default();
            format!("{}{unit}{relative}", signed(difference))
        }
        (Kind::Sampled, Some(interval), Some(relative)) => format!("{relative} ({})", span(interval)),
        (Kind::Sampled, _, relative) => relative.unwrap_or_else(|| "–".to_owned()),
    }
}

fn span(interval: ChangeInterval) -> String {
    format!("{} to {}", percent(interval.low * 100.0), percent(interval.high * 100.0))
}

/// With its sign, whatever it is.
fn signed(value: f64) -> String {
    if value < 0.0 { format!("−{}", -value) } else { format!("+{value}") }
}

fn verdict(figure: &FigureChange) -> String {
    match &figure.verdict {
        ChangeVerdict::Improved => "improved".to_owned(),
        ChangeVerdict::Regressed => "regressed".to_owned(),
        ChangeVerdict::Equal => "equal".to_owned(),
        ChangeVerdict::WithinNoise => "within noise".to_owned(),
        ChangeVerdict::TooFew { need } => {
            format!("too few: {} and {} values, {need} each are needed", figure.before_values, figure.after_values)
        }
        ChangeVerdict::Lost { .. } => "lost".to_owned(),
        ChangeVerdict::NotComparable { .. } => "not comparable".to_owned(),
    }
}

/// Why figures have no verdict, under a heading for each kind of it, and why some have no other side.
fn unjudged(changes: &Changes) -> Vec<(&'static str, Vec<String>)> {
    let of = |kind: &'static str| {
        changes.figures().map(|figure| &figure.verdict).filter(move |v| v.id() == kind).filter_map(ChangeVerdict::condition)
    };
    let kinds = [("Lost", conditions(of("lost"))), ("Not comparable", conditions(of("not-comparable")))];
    let unasked = changes.unasked.iter().map(|of| format!("{}: {}", units::count(of.figures, "figure"), one_line(&of.why))).collect();
    kinds.into_iter().chain([("Only on one side", unasked)]).filter(|(_, lines)| !lines.is_empty()).collect()
}

/// A sentence for every condition that stands in the way, the most frequent first.
fn conditions<'a>(conditions: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    conditions.for_each(|condition| *found.entry(one_line(condition)).or_default() += 1);
    let mut found: Vec<(String, usize)> = found.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found.into_iter().map(|(condition, count)| format!("{}: {condition}", units::count(count, "figure"))).collect()
}

/// How the verdicts on times were read, where there are any.
fn times_note(changes: &Changes) -> Option<String> {
    let judged = |figure: &&FigureChange| figure.interval.is_some() && !matches!(figure.verdict, ChangeVerdict::TooFew { .. });
    let coverage = changes.figures().filter(judged).filter_map(|f| f.interval).map(|i| i.coverage).fold(f64::INFINITY, f64::min);
    let aside: usize = changes.figures().map(|figure| figure.set_aside).sum();
    let how = if changes.paired { "iteration by iteration, " } else { "" };
    let apart = if aside > 0 { format!(" {} that lay apart were left out of it.", units::count(aside, "value")) } else { String::new() };
    coverage.is_finite().then(|| {
        format!(
            "Times: {how}the change is estimated from all pairs of values, not from the two medians, with the interval that holds it with at least {:.1} %; it counts where all of it is beyond ±{} %.{apart}",
            (coverage * 1_000.0).floor() / 10.0,
            changes.noise * 100.0
        )
    })
}
