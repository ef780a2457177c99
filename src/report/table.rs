//! The tables of a scenario, decided once for the terminal and for Markdown.

use super::data::{MeasureEstimate, ScenarioReport, VariantReport};
use super::figures::{Scale, percent};
use super::text::one_line;
use crate::measure::{Measure, Unit};
use crate::record::LAST_LINES;

/// What stands where a figure is not there.
const NOTHING: &str = "–";

/// A table of texts, each of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    /// As many cells as there are columns.
    pub(super) rows: Vec<Vec<String>>,
}

/// A column's heading and how it is treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) heading: String,
    /// Numbers are aligned right.
    pub(super) number: bool,
    /// Whether a narrow page may leave it out.
    pub(super) optional: bool,
}

impl Table {
    fn new(variants: &[VariantReport]) -> Self {
        Self { columns: Vec::new(), rows: variants.iter().map(|_| Vec::new()).collect() }
    }

    fn push(&mut self, heading: impl Into<String>, cells: impl Iterator<Item = String>) -> &mut Column {
        for (row, cell) in self.rows.iter_mut().zip(cells) {
            row.push(cell);
        }
        self.columns.push(Column { heading: heading.into(), number: true, optional: false });
        self.columns.last_mut().expect("one was pushed")
    }

    /// The table without its last column that may be left out; `None` when there is no such column.
    pub(super) fn without_optional(&self) -> Option<Self> {
        let place = self.columns.iter().rposition(|c| c.optional)?;
        let mut table = self.clone();
        table.columns.remove(place);
        for row in &mut table.rows {
            row.remove(place);
        }
        Some(table)
    }
}

/// Transfer size and uncompressed size, each beside the reference's.
pub(super) fn sizes(scenario: &ScenarioReport) -> Table {
    let variants = &scenario.variants;
    let mut table = Table::new(variants);
    names(&mut table, variants);
    table.push("status", variants.iter().map(|v| v.status.clone())).number = false;
    for measure in [Measure::TransferSize, Measure::UncompressedSize] {
        measure_column(&mut table, variants, measure);
        if let Some(reference) = &scenario.reference {
            let versus = |v: &VariantReport| v.estimate(measure).and_then(|e| e.versus_reference).map(percent);
            table.push(format!("vs {}", one_line(reference)), variants.iter().map(|v| versus(v).unwrap_or_else(nothing)));
        }
    }
    measure_column(&mut table, variants, Measure::LayerCount).optional = true;
    table
}

/// The other sizes and counts.
pub(super) fn more_sizes(scenario: &ScenarioReport) -> Table {
    let mut table = Table::new(&scenario.variants);
    names(&mut table, &scenario.variants);
    for measure in [Measure::LayerTransferSize, Measure::ReportedSize, Measure::LayerCount, Measure::ContextSize] {
        measure_column(&mut table, &scenario.variants, measure);
    }
    table
}

/// Build per cache state, push and pull: medians with their intervals, and how many values there are.
pub(super) fn times(scenario: &ScenarioReport) -> Table {
    let variants = &scenario.variants;
    let mut table = Table::new(variants);
    names(&mut table, variants);
    for (measure, state) in time_columns(variants) {
        let estimates = || variants.iter().map(|v| v.estimate_in(measure, &state));
        let scale = scale_of(measure, estimates().flatten());
        let heading =
            if measure == Measure::BuildTime { format!("{}, {}", measure.title(), one_line(&state)) } else { measure.title().to_owned() };
        table.push(format!("{heading}, s"), estimates().map(|e| e.map_or_else(nothing, |e| with_interval(scale, e))));
    }
    table.push("n", variants.iter().map(|v| if v.counted == 0 { nothing() } else { v.counted.to_string() }));
    table
}

/// Every time and cache state that some variant has, in the order of measures; the three plain ones even when none has.
fn time_columns(variants: &[VariantReport]) -> Vec<(Measure, String)> {
    let mut columns = Vec::new();
    for measure in Measure::ALL.into_iter().filter(|m| m.unit() == Unit::Seconds) {
        let estimates = variants.iter().flat_map(|v| &v.estimates).filter(|e| e.measure == measure && e.phase.is_none());
        let mut states: Vec<&str> = estimates.map(|e| e.cache_state.as_str()).collect();
        states.sort_unstable();
        states.dedup();
        if states.is_empty() {
            states.push("cold");
        }
        columns.extend(states.into_iter().map(|s| (measure, s.to_owned())));
    }
    columns
}

fn names(table: &mut Table, variants: &[VariantReport]) {
    table.push("variant", variants.iter().map(|v| one_line(&v.name))).number = false;
    let kind = table.push("kind", variants.iter().map(|v| one_line(&v.kind)));
    kind.number = false;
    kind.optional = true;
}

fn measure_column<'t>(table: &'t mut Table, variants: &[VariantReport], measure: Measure) -> &'t mut Column {
    let scale = scale_of(measure, variants.iter().filter_map(|v| v.estimate(measure)));
    let cells = variants.iter().map(|v| v.estimate(measure).map_or_else(nothing, |e| scale.number(e.median)));
    table.push(heading(measure, scale), cells)
}

/// `transfer size (D2), MB`.
pub(super) fn heading(measure: Measure, scale: Scale) -> String {
    let unit = scale.symbol().map(|symbol| format!(", {symbol}")).unwrap_or_default();
    format!("{}{unit}", name(measure))
}

/// `transfer size (D2)`.
pub(super) fn name(measure: Measure) -> String {
    let definition = measure.definition().map(|d| format!(" ({d})")).unwrap_or_default();
    format!("{}{definition}", measure.title())
}

/// The scale for the medians and intervals of one measure.
pub(super) fn scale_of<'a>(measure: Measure, estimates: impl Iterator<Item = &'a MeasureEstimate> + Clone) -> Scale {
    Scale::new(measure.unit(), estimates.map(|e| e.median))
}

fn with_interval(scale: Scale, estimate: &MeasureEstimate) -> String {
    let median = scale.number(estimate.median);
    match &estimate.interval {
        Some(i) => format!("{median} ({}–{})", scale.number(i.low), scale.number(i.high)),
        None => median,
    }
}

fn nothing() -> String {
    NOTHING.to_owned()
}

/// What the figures of [`times`] are, and how surely, for the numbers of values that occur; `None` without any figure.
pub(super) fn interval_note(scenario: &ScenarioReport) -> Option<String> {
    let times = || scenario.variants.iter().flat_map(|v| &v.estimates).filter(|e| e.unit == Unit::Seconds);
    times().next()?;
    let mut coverages: Vec<(usize, String)> = times().filter_map(|e| Some((e.n, share(e.interval?.coverage)))).collect();
    coverages.sort();
    coverages.dedup();
    let coverages: Vec<String> = coverages.into_iter().map(|(n, coverage)| format!("{coverage} at n = {n}")).collect();
    let brackets = match coverages.as_slice() {
        [] => String::new(),
        some => format!(" In brackets the median's order-statistic interval, which covers {}.", some.join(", ")),
    };
    let single = if times().any(|e| e.n == 1) { " A single trial has no interval." } else { "" };
    Some(format!("Times are medians of n trials.{brackets}{single}"))
}

fn share(coverage: f64) -> String {
    let text = format!("{:.1}", coverage * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// `multi: 6.8 MB to transfer where single has 303.3 MB: −97.8 %` for each variant with both figures.
pub(super) fn headlines(scenario: &ScenarioReport) -> Vec<String> {
    let measure = Measure::TransferSize;
    let Some(reference) = scenario.variants.iter().find(|v| Some(&v.name) == scenario.reference.as_ref()) else { return Vec::new() };
    let Some(plain) = reference.estimate(measure) else { return Vec::new() };
    let scale = scale_of(measure, scenario.variants.iter().filter_map(|v| v.estimate(measure)));
    let line = |v: &VariantReport| {
        let estimate = v.estimate(measure)?;
        let versus = percent(estimate.versus_reference?);
        let (name, other) = (one_line(&v.name), one_line(&reference.name));
        Some(format!("{name} transfers {} where {other} transfers {} ({versus})", scale.text(estimate.median), scale.text(plain.median)))
    };
    scenario.variants.iter().filter_map(line).collect()
}

/// Why variants have no figures, and what is to be known of those that have: `broken: build-failed: …`.
pub(super) fn remarks(scenario: &ScenarioReport) -> Vec<(String, String)> {
    let of_variant = |v: &VariantReport| {
        let missing = v.estimates.is_empty() || v.status == "unverified";
        let why = v.reason.as_deref().map_or_else(|| explanation(&v.status), |r| format!("{}: {}", v.status, sentence(r)));
        let remarks = missing.then_some(why).into_iter().chain(v.notes.iter().cloned());
        remarks.map(|r| (one_line(&v.name), one_line(&r))).collect::<Vec<_>>()
    };
    scenario.variants.iter().flat_map(of_variant).collect()
}

/// A reason without the lines that it quotes: those are in the record and in the trial's log.
fn sentence(reason: &str) -> &str {
    reason.split(LAST_LINES).next().unwrap_or_default()
}

fn explanation(status: &str) -> String {
    match status {
        "unverified" => "unverified: there is no smoke check that proves that it works".to_owned(),
        "interrupted" => "interrupted: the run was stopped during its trial".to_owned(),
        other => other.to_owned(),
    }
}
