//! The comparison for programs: CSV and JSON.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use crate::judge::{Changes, FigureChange, Tally, VariantChange};
use crate::record::FormatVersion;
use crate::report::ReportError;
use crate::report::csv::{guard, table};
use crate::report::figures::plain;
use crate::report::json::escaped;

/// The version of `compare --format json`. 1.0: first format. 1.1: `redefined` and `unasked`.
pub const CHANGES_VERSION: FormatVersion = FormatVersion { major: 1, minor: 1 };

const HEADER: [&str; 22] = [
    "baseline",
    "run",
    "scenario",
    "variant_before",
    "variant_after",
    "measure",
    "definition",
    "cache_state",
    "edit",
    "unit",
    "before",
    "after",
    "before_values",
    "after_values",
    "set_aside",
    "difference",
    "change",
    "interval_low",
    "interval_high",
    "interval_coverage",
    "verdict",
    "condition",
];

/// What `compare --format json` prints.
#[derive(Serialize, JsonSchema)]
struct ChangesDocument<'a> {
    /// Version of this format.
    format_version: FormatVersion,
    /// How many figures have which verdict.
    totals: Tally,
    /// Everything else.
    #[serde(flatten)]
    changes: &'a Changes,
}

/// All figures as indented JSON; ends with a line break. Characters that act on a terminal are written as escapes.
pub fn changes_json(changes: &Changes) -> Result<String, ReportError> {
    let document = ChangesDocument { format_version: CHANGES_VERSION, totals: changes.tally(), changes };
    serde_json::to_string_pretty(&document).map(|text| escaped(&text) + "\n").map_err(ReportError::Json)
}

/// The schema (draft 2020-12) of `compare --format json`, kept as `schemas/compare.schema.json`.
pub fn changes_schema() -> Schema {
    schema_for!(ChangesDocument<'_>)
}

/// All figures as CSV (RFC 4180), one a row, in base units. Text that a spreadsheet would run has an apostrophe before it.
pub fn changes_csv(changes: &Changes) -> Result<String, ReportError> {
    let rows = changes.variants.iter().flat_map(|variant| variant.figures.iter().map(move |figure| row(changes, variant, figure)));
    table("the comparison", &HEADER, rows)
}

fn row(changes: &Changes, variant: &VariantChange, figure: &FigureChange) -> [String; 22] {
    let number = |value: Option<f64>| value.map(plain).unwrap_or_default();
    let text = |text: &Option<String>| guard(text.as_deref().unwrap_or_default());
    let interval = figure.interval;
    let condition = figure.verdict.condition().map(guard).unwrap_or_default();
    [
        guard(&changes.baseline),
        guard(&changes.run),
        guard(&variant.scenario),
        guard(&variant.before),
        guard(&variant.after),
        figure.measure.id().to_owned(),
        text(&figure.definition),
        guard(&figure.cache_state),
        text(&figure.edit),
        figure.unit.id().to_owned(),
        number(figure.before),
        number(figure.after),
        figure.before_values.to_string(),
        figure.after_values.to_string(),
        figure.set_aside.to_string(),
        number(figure.difference),
        number(figure.change),
        number(interval.map(|i| i.low)),
        number(interval.map(|i| i.high)),
        number(interval.map(|i| i.coverage)),
        figure.verdict.id().to_owned(),
        condition,
    ]
}
