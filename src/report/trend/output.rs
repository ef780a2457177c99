//! A trend as JSON with a schema, as CSV and as Markdown.

use schemars::{Schema, schema_for};

use super::data::{TrendReport, TrendSeries};
use super::spark::{Glyphs, sparkline};
use super::terminal::{calm, head};
use super::words::{details, figures, name};
use crate::report::ReportError;
use crate::report::csv::{guard, table};
use crate::report::figures::plain;
use crate::report::json::escaped;
use crate::report::markdown::{escape, push, rows};

const HEADER: [&str; 20] = [
    "scenario",
    "variant",
    "measure",
    "definition",
    "phase",
    "cache_state",
    "edit",
    "earlier_conditions",
    "unit",
    "runs",
    "first",
    "last",
    "change_percent",
    "event",
    "run",
    "started",
    "commit",
    "before",
    "after",
    "cause",
];

/// The report as indented JSON; ends with a line break. Characters that act on a terminal are written as escapes.
pub fn trend_json(report: &TrendReport) -> Result<String, ReportError> {
    serde_json::to_string_pretty(report).map(|text| escaped(&text) + "\n").map_err(ReportError::Json)
}

/// The schema (draft 2020-12) of `trend --format json`, kept as `schemas/trend.schema.json`.
pub fn trend_schema() -> Schema {
    schema_for!(TrendReport)
}

/// One row for each series, its `event` empty, one for each `change` of it, and one where it `ended`; exact values in base units.
pub fn trend_csv(report: &TrendReport) -> Result<String, ReportError> {
    table("trend.csv", &HEADER, report.series.iter().flat_map(series_rows))
}

fn series_rows(series: &TrendSeries) -> Vec<Vec<String>> {
    let text = |text: &Option<String>| guard(text.as_deref().unwrap_or_default());
    let about = [
        guard(&series.scenario),
        guard(&series.variant),
        series.measure.id().to_owned(),
        text(&series.definition),
        text(&series.phase),
        guard(&series.cache_state),
        text(&series.edit),
        text(&series.earlier),
        series.unit.id().to_owned(),
        series.values.len().to_string(),
        plain(series.first),
        plain(series.last),
        series.change_percent.map(plain).unwrap_or_default(),
    ];
    let row = |event: [String; 7]| about.iter().cloned().chain(event).collect::<Vec<_>>();
    let changes = series.changes.iter().map(|change| {
        row([
            "change".to_owned(),
            guard(&change.run),
            change.started.clone(),
            text(&change.commit),
            plain(change.before),
            plain(change.after),
            guard(&change.causes.join("; ")),
        ])
    });
    let ended = series.ended.iter().map(|end| {
        let about_run = ["ended".to_owned(), guard(&end.run), end.started.clone()];
        row(std::array::from_fn(|i| about_run.get(i).cloned().unwrap_or_default()))
    });
    std::iter::once(row(Default::default())).chain(changes).chain(ended).collect()
}

/// The report as GitHub-flavoured Markdown: a table with one row a series.
pub fn trend_markdown(report: &TrendReport) -> String {
    let mut page = String::new();
    push(&mut page, &format!("### Trend: {}\n", escape(&head(report))));
    let row = |series: &TrendSeries| {
        let [first, last, change] = figures(series);
        let told: Vec<String> = details(series).iter().map(|line| escape(line)).collect();
        let bars = sparkline(&series.values, 24, Glyphs::Blocks);
        vec![escape(&name(series)), bars, escape(&first), escape(&last), escape(&change), told.join("<br>")]
    };
    if !report.series.is_empty() {
        let headings = ["series", "trend", "first", "last", "change", "what happened"].map(str::to_owned);
        push(&mut page, &rows(&headings, &[false, false, true, true, true, false], report.series.iter().map(row)));
    }
    push(&mut page, &escape(&calm(report)));
    for warning in &report.warnings {
        push(&mut page, &format!("\n- **warning**: {}", escape(warning)));
    }
    page
}
