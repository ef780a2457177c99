//! The tables of scenarios, decided once for the terminal and for Markdown.

use super::data::{MeasureEstimate, RunFacts, ScenarioReport, VariantReport};
use super::figures::{Scale, percent, times_smaller};
use super::text::one_line;
use crate::measure::{Measure, Unit};
use crate::record::FormatVersion;

/// What stands where a figure is not there.
const NOTHING: &str = "–";

/// The measures that have the first tables to themselves.
const HEADLINES: [Measure; 2] = [Measure::TransferSize, Measure::UncompressedSize];

/// The first format of records: what came later is told only where a record has it.
const FIRST: FormatVersion = FormatVersion { major: 1, minor: 0 };

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
    /// How early a narrow page leaves it out, highest first; 0 stays on every page.
    pub(super) spare: u8,
}

/// A variant with the scenario that it belongs to.
pub(super) type Line<'a> = (&'a ScenarioReport, &'a VariantReport);

pub(super) fn lines(scenarios: &[ScenarioReport]) -> Vec<Line<'_>> {
    scenarios.iter().flat_map(|s| s.variants.iter().map(move |v| (s, v))).collect()
}

impl Table {
    /// A table of so many empty rows.
    pub(super) fn new(rows: usize) -> Self {
        Self { columns: Vec::new(), rows: vec![Vec::new(); rows] }
    }

    /// Adds a column of numbers.
    pub(super) fn push(&mut self, heading: impl Into<String>, cells: impl Iterator<Item = String>) -> &mut Column {
        for (row, cell) in self.rows.iter_mut().zip(cells) {
            row.push(cell);
        }
        self.columns.push(Column { heading: heading.into(), number: true, spare: 0 });
        self.columns.last_mut().expect("one was pushed")
    }

    /// Adds a column of words.
    pub(super) fn push_words(&mut self, heading: impl Into<String>, cells: impl Iterator<Item = String>) -> &mut Column {
        let column = self.push(heading, cells);
        column.number = false;
        column
    }

    /// The table without the column that is left out first; `None` when all that are left stay.
    pub(super) fn without_spare(&self) -> Option<Self> {
        let (place, _) = self.columns.iter().enumerate().filter(|(_, c)| c.spare > 0).max_by_key(|(_, c)| c.spare)?;
        let mut table = self.clone();
        table.columns.remove(place);
        for row in &mut table.rows {
            row.remove(place);
        }
        Some(table)
    }
}

/// Transfer size and uncompressed size, each beside the reference's: by how much it differs, and how many times smaller
/// it is. One row a variant, one group a scenario.
pub(super) fn sizes(scenarios: &[ScenarioReport]) -> Table {
    let lines = lines(scenarios);
    let mut table = names(scenarios, &lines);
    table.push_words("status", lines.iter().map(|(_, v)| v.status.clone()));
    for (measure, spare) in [(Measure::TransferSize, 1), (Measure::UncompressedSize, 3)] {
        measure_column(&mut table, &lines, measure);
        if let Some(reference) = reference_name(scenarios) {
            let change = |v: &VariantReport| v.estimate(measure)?.versus_reference;
            table.push(format!("vs {reference}"), lines.iter().map(|(_, v)| change(v).map_or_else(nothing, percent)));
            let smaller = |v: &VariantReport| times_smaller(change(v)?);
            table.push("times smaller", lines.iter().map(|(_, v)| smaller(v).unwrap_or_else(nothing))).spare = spare;
        }
    }
    measure_column(&mut table, &lines, Measure::LayerCount).spare = 4;
    table
}

/// The other sizes and counts. Those that records of format 1.1 and before lack have a column where some variant has a figure.
pub(super) fn more_sizes(scenario: &ScenarioReport) -> Table {
    let scenarios = std::slice::from_ref(scenario);
    let lines = lines(scenarios);
    let mut table = names(scenarios, &lines);
    let own_table = |m: &Measure| HEADLINES.contains(m) || matches!(m, Measure::DeltaTransferSize | Measure::BuildDownload);
    let measures = Measure::ALL.into_iter().filter(|m| m.unit() != Unit::Seconds && !own_table(m));
    for measure in measures.filter(|m| is_told(*m, lines.iter().map(|(_, v)| *v))) {
        measure_column(&mut table, &lines, measure);
    }
    table
}

/// Whether a report speaks of `measure`: one that came with a later format of the record only where some variant has a figure.
pub(super) fn is_told<'a>(measure: Measure, mut variants: impl Iterator<Item = &'a VariantReport>) -> bool {
    FIRST.knows(measure) || variants.any(|v| v.estimate(measure).is_some())
}

/// Build per cache state, push and pull with the link that they went over: medians with their intervals, and how many values there
/// are.
pub(super) fn times(run: &RunFacts, scenarios: &[ScenarioReport]) -> Table {
    let lines = lines(scenarios);
    let mut table = names(scenarios, &lines);
    for (measure, state) in time_columns(&lines) {
        let estimates = || lines.iter().map(|(_, v)| v.estimate_in(measure, &state));
        let scale = scale_of(measure, estimates().flatten());
        let plain = measure != Measure::BuildTime && state == "cold";
        let title = format!("{}{}", measure.title(), run.over(measure));
        let heading = if plain { title } else { format!("{title}, {}", one_line(&state)) };
        let column = table.push(format!("{heading}, s"), estimates().map(|e| e.map_or_else(nothing, |e| with_interval(scale, e))));
        column.spare = if state == "cold" { 0 } else { spare(measure, &state) };
    }
    table.push("n", lines.iter().map(|(_, v)| if v.counted == 0 { nothing() } else { v.counted.to_string() }));
    table
}

/// Every time and cache state that some variant has, in the order of measures; the three plain ones even when none has.
fn time_columns(lines: &[Line]) -> Vec<(Measure, String)> {
    let mut columns = Vec::new();
    for measure in Measure::ALL.into_iter().filter(|m| m.unit() == Unit::Seconds) {
        let mut states = states_of(measure, lines);
        if states.is_empty() && FIRST.knows(measure) {
            states.push("cold".to_owned());
        }
        columns.extend(states.into_iter().map(|state| (measure, state)));
    }
    columns
}

/// The cache states in which some variant has a figure of `measure`, in their order.
pub(super) fn states_of(measure: Measure, lines: &[Line]) -> Vec<String> {
    let estimates = lines.iter().flat_map(|(_, v)| &v.estimates).filter(|e| e.measure == measure && e.phase.is_none());
    let mut states: Vec<String> = estimates.map(MeasureEstimate::state).collect();
    states.sort_unstable_by_key(|state| (place(state), state.clone()));
    states.dedup();
    states
}

/// Cold comes first, then warm, then edits by name, then a changed base, then clean builds.
fn place(state: &str) -> usize {
    let word = state.split(' ').next().unwrap_or(state);
    ["cold", "warm", "edit", "base", "clean"].iter().position(|known| *known == word).unwrap_or(5)
}

/// How early a narrow page leaves out a time that is of no cold trial: transfers first, their bytes being in a table of their own, and of the
/// builds those without a cache first.
fn spare(measure: Measure, state: &str) -> u8 {
    match (measure, place(state)) {
        (Measure::BuildTime, 4..) => 4,
        (Measure::BuildTime, _) => 3,
        _ => 5,
    }
}

/// A table with the columns that say which row is whose. A scenario's name stands in the first row of its group.
pub(super) fn names(scenarios: &[ScenarioReport], lines: &[Line]) -> Table {
    let mut table = Table::new(lines.len());
    if scenarios.len() > 1 {
        let first = |(s, v): &Line| s.variants.first().is_some_and(|first| std::ptr::eq(first, *v));
        let name = |line: &Line| if first(line) { one_line(&line.0.name) } else { String::new() };
        table.push_words("scenario", lines.iter().map(name));
    }
    table.push_words("variant", lines.iter().map(|(_, v)| one_line(&v.name)));
    table.push_words("kind", lines.iter().map(|(_, v)| one_line(&v.kind))).spare = 2;
    table
}

/// The longest reference's name that a heading takes.
const LONGEST_REFERENCE: usize = 16;

/// What the variants are set beside, where any are: the name that all references share, else the word.
pub(super) fn reference_name(scenarios: &[ScenarioReport]) -> Option<String> {
    let mut names = scenarios.iter().filter_map(|s| s.reference.as_deref());
    let first = names.next()?;
    let short = first.chars().count() <= LONGEST_REFERENCE;
    Some(if short && names.all(|name| name == first) { one_line(first) } else { "reference".to_owned() })
}

fn measure_column<'t>(table: &'t mut Table, lines: &[Line], measure: Measure) -> &'t mut Column {
    let scale = scale_of(measure, lines.iter().filter_map(|(_, v)| v.estimate(measure)));
    let cells = lines.iter().map(|(_, v)| v.estimate(measure).map_or_else(nothing, |e| scale.number(e.median)));
    table.push(heading(measure, scale, lines.iter().map(|(_, v)| *v)), cells)
}

/// `transfer size (D2), MB`.
pub(super) fn heading<'a>(measure: Measure, scale: Scale, variants: impl Iterator<Item = &'a VariantReport>) -> String {
    let unit = scale.symbol().map(|symbol| format!(", {symbol}")).unwrap_or_default();
    format!("{}{unit}", name(measure, variants))
}

/// `transfer size (D2)`, with every definition that the variants' figures follow: `transfer size (D2-computed)`.
pub(super) fn name<'a>(measure: Measure, variants: impl Iterator<Item = &'a VariantReport>) -> String {
    let mut followed: Vec<&str> = variants.filter_map(|v| v.estimate(measure)?.definition.as_deref()).collect();
    followed.sort_unstable();
    followed.dedup();
    let definition = if followed.is_empty() { measure.definition().map(str::to_owned) } else { Some(one_line(&followed.join(", "))) };
    format!("{}{}", measure.title(), definition.map(|d| format!(" ({d})")).unwrap_or_default())
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

pub(super) fn nothing() -> String {
    NOTHING.to_owned()
}
