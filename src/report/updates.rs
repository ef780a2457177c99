//! What updates of an image move: a table, and a sentence for each edit.

use super::data::{ScenarioReport, UpdateReport, VariantReport};
use super::figures::{Scale, whole};
use super::table::{Table, lines, nothing};
use super::text::one_line;
use crate::measure::{Measure, Unit};
use crate::units;

/// The two forms of D10 as columns.
const FORMS: [(&str, &str); 2] = [("registry lacks (D10-blob)", "D10-blob"), ("classic store fetches (D10-chain)", "D10-chain")];

/// Layers that a cell names.
const NAMED: usize = 2;

/// The longest instruction that is printed.
const LONGEST: usize = 48;

/// A row of the table.
type Row<'a> = (&'a ScenarioReport, &'a VariantReport, &'a UpdateReport);

/// What a host that has the image must fetch after each edit, in both forms of D10: one row a variant and edit. `None` where
/// nothing but cold builds was measured.
pub(super) fn updates(scenarios: &[ScenarioReport]) -> Option<Table> {
    let rows: Vec<Row> = lines(scenarios).into_iter().flat_map(|(s, v)| v.updates.iter().map(move |update| (s, v, update))).collect();
    (!rows.is_empty()).then_some(())?;
    let mut table = Table::new(rows.len());
    if scenarios.len() > 1 {
        table.push_words("scenario", rows.iter().map(|(s, ..)| one_line(&s.name)));
    }
    table.push_words("variant", rows.iter().map(|(_, v, _)| one_line(&v.name)));
    table.push_words("update", rows.iter().map(|(.., update)| one_line(&update.state)));
    for (title, definition) in FORMS {
        let of = |(_, v, update): &Row| v.delta(definition, &update.state);
        let values: Vec<f64> = rows.iter().filter_map(of).collect();
        let scale = Scale::new(Unit::Bytes, values.into_iter());
        let unit = scale.symbol().unwrap_or_default();
        table.push(format!("{title}, {unit}"), rows.iter().map(|row| of(row).map_or_else(nothing, |bytes| scale.number(bytes))));
    }
    table.push_words("layers that move", rows.iter().map(|(.., update)| moved(update))).spare = 1;
    Some(table)
}

/// The biggest layers of an update with what made them.
fn moved(update: &UpdateReport) -> String {
    if update.moved.is_empty() {
        return nothing();
    }
    let named: Vec<String> =
        update.moved.iter().take(NAMED).map(|(made_by, bytes)| format!("{}: {}", instruction(made_by), units::bytes(*bytes))).collect();
    let more = update.moved.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; {more} more") } else { String::new() };
    format!("{}{more}", named.join("; "))
}

fn instruction(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// For each edit one sentence that sets the variant with the smallest update beside the one with the largest.
pub(super) fn sentences(scenario: &ScenarioReport) -> Vec<String> {
    let mut states: Vec<&str> = scenario.variants.iter().flat_map(|v| &v.updates).filter(|u| u.edit).map(|u| u.state.as_str()).collect();
    states.sort_unstable();
    states.dedup();
    states.into_iter().filter_map(|state| sentence(scenario, state)).collect()
}

fn sentence(scenario: &ScenarioReport, state: &str) -> Option<String> {
    let figure = |v: &VariantReport| v.delta("D10-blob", state).map(whole);
    let measured = || scenario.variants.iter().filter_map(|v| Some((v, figure(v)?)));
    let (least, most) = (measured().min_by_key(|(_, bytes)| *bytes)?, measured().max_by_key(|(_, bytes)| *bytes)?);
    let told = |(variant, bytes): (&VariantReport, u64)| {
        let biggest = variant.updates.iter().find(|u| u.state == state).and_then(|u| u.moved.first());
        let made_by = biggest.map(|(made_by, bytes)| format!(" ({}: {})", instruction(made_by), units::bytes(*bytes))).unwrap_or_default();
        format!("{} {}{made_by}", one_line(&variant.name), units::bytes(bytes))
    };
    let all = told(least);
    if least.0.name == most.0.name {
        return Some(format!("After {}, an update is (delta transfer size, D10-blob, with its biggest layer): {all}.", one_line(state)));
    }
    Some(format!(
        "After {}, an update is (delta transfer size, D10-blob, with its biggest layer): {all}, but {}.",
        one_line(state),
        told(most)
    ))
}

impl VariantReport {
    /// The median of D10 in one form after one update, bytes.
    pub(super) fn delta(&self, definition: &str, state: &str) -> Option<f64> {
        let same = |e: &&super::data::MeasureEstimate| {
            e.measure == Measure::DeltaTransferSize && e.definition.as_deref() == Some(definition) && e.state() == state
        };
        self.estimates.iter().find(same).map(|e| e.median)
    }
}
