//! The raw observations and the estimates as CSV (RFC 4180).

use super::ReportError;
use super::data::{MeasureEstimate, ObservationRow, ReportData, ScenarioReport, VariantReport};
use super::figures::plain;
use super::text::is_hostile;
use super::updates::{self, rebuild};
use crate::measure::Measure;

const OBSERVATIONS: [&str; 20] = [
    "run",
    "scenario",
    "variant",
    "kind",
    "measure",
    "definition",
    "cache_state",
    "edit",
    "event",
    "rebuild",
    "link",
    "phase",
    "base_set",
    "engine",
    "store",
    "iteration",
    "warmup",
    "value",
    "unit",
    "status",
];

/// What a formula begins with, also in the full width of East Asian input.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

const SUMMARY: [&str; 21] = [
    "run",
    "scenario",
    "variant",
    "kind",
    "status",
    "reason",
    "measure",
    "definition",
    "phase",
    "cache_state",
    "edit",
    "unit",
    "n",
    "median",
    "min",
    "max",
    "mad",
    "interval_low",
    "interval_high",
    "interval_coverage",
    "versus_reference_percent",
];

/// All raw observations, one a row: exact values in base units. A trial without figures has no row; `summary.csv` has its
/// variant. Text that a spreadsheet would run as a formula has an apostrophe before it, and no cell
/// holds a control character.
pub fn observations_csv(data: &ReportData) -> Result<String, ReportError> {
    table("observations.csv", &OBSERVATIONS, data.observations.iter().map(|row| observation(data, row)))
}

/// The estimates, one series a row. A variant without figures has one row with its status and the reason.
pub fn summary_csv(data: &ReportData) -> Result<String, ReportError> {
    let rows = data.scenarios.iter().flat_map(|s| s.variants.iter().flat_map(move |v| summary(data, s, v)));
    table("summary.csv", &SUMMARY, rows)
}

fn observation(data: &ReportData, row: &ObservationRow) -> [String; 20] {
    let run = &data.run;
    let link = match row.measure {
        Measure::PushTime | Measure::PullTime => run.link.as_str(),
        Measure::BuildDownload | Measure::BuildTime => run.download_link.as_deref().unwrap_or_default(),
        _ => "",
    };
    let (event, rebuild) = event(row);
    [
        guard(&run.id),
        guard(&row.scenario),
        guard(&row.variant),
        guard(&row.kind),
        row.measure.id().to_owned(),
        guard(row.definition.as_deref().unwrap_or_default()),
        guard(&row.cache_state),
        guard(row.edit.as_deref().unwrap_or_default()),
        event.to_owned(),
        rebuild.to_owned(),
        guard(link),
        guard(row.phase.as_deref().unwrap_or_default()),
        run.base_set.clone(),
        guard(&run.engine),
        guard(&run.store),
        row.iteration.to_string(),
        row.warmup.to_string(),
        plain(row.value),
        row.unit.id().to_owned(),
        row.status.to_owned(),
    ]
}

/// What happened to the app before a trial that is not the first, and with which cache it was built again.
fn event(row: &ObservationRow) -> (&'static str, &'static str) {
    rebuild(&row.cache_state).map_or(("", ""), |rebuild| (updates::event(&row.cache_state, row.edit.as_deref()), rebuild))
}

fn summary(data: &ReportData, scenario: &ScenarioReport, variant: &VariantReport) -> Vec<Vec<String>> {
    let about = [&data.run.id, &scenario.name, &variant.name, &variant.kind, &variant.status];
    let reason = variant.reason.as_deref().unwrap_or_default();
    let about: Vec<String> = about.into_iter().map(String::as_str).chain([reason]).map(guard).collect();
    let row = |figures: Vec<String>| about.iter().cloned().chain(figures).collect();
    if variant.estimates.is_empty() {
        return vec![row(vec![String::new(); SUMMARY.len() - about.len()])];
    }
    variant.estimates.iter().map(|e| row(figures(e))).collect()
}

fn figures(estimate: &MeasureEstimate) -> Vec<String> {
    let text = |text: &Option<String>| guard(text.as_deref().unwrap_or_default());
    let number = |value: Option<f64>| value.map(plain).unwrap_or_default();
    let interval = estimate.interval;
    vec![
        estimate.measure.id().to_owned(),
        text(&estimate.definition),
        text(&estimate.phase),
        guard(&estimate.cache_state),
        text(&estimate.edit),
        estimate.unit.id().to_owned(),
        estimate.n.to_string(),
        plain(estimate.median),
        plain(estimate.min),
        plain(estimate.max),
        plain(estimate.mad),
        number(interval.map(|i| i.low)),
        number(interval.map(|i| i.high)),
        number(interval.map(|i| i.coverage)),
        number(estimate.versus_reference),
    ]
}

pub(super) fn table<R>(file: &'static str, header: &[&str], rows: impl Iterator<Item = R>) -> Result<String, ReportError>
where
    R: IntoIterator<Item = String>,
{
    let failed = |source| ReportError::Csv { file, source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(e.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `text` as a cell that neither a terminal nor a spreadsheet acts on. Every control character, and every character that
/// changes the direction of writing, is U+FFFD: the place shows, the power is gone. An apostrophe stands before what a
/// spreadsheet would take for a formula, and before an apostrophe, so that taking the first one off gives the text back.
pub(super) fn guard(text: &str) -> String {
    let shown: String = text.chars().map(|c| if is_hostile(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let apostrophe = if shown.trim_start().starts_with(FORMULA) || shown.starts_with('\'') { "'" } else { "" };
    format!("{apostrophe}{shown}")
}
