//! A chart in words, for readers who do not see it.

use super::plan::{Bars, Column, Row};

/// Every figure of the chart, column by column, in the order of its rows.
pub(super) fn description(columns: &[Column], rows: &[Row]) -> String {
    let column = |(index, column): (usize, &Column)| format!("{}. {}", column.title, words(index, rows));
    columns.iter().enumerate().map(column).collect::<Vec<_>>().join("\n")
}

fn words(column: usize, rows: &[Row]) -> String {
    let word = |row: &Row| match row {
        Row::Group(name) => format!("{name}:"),
        Row::Bars(bars) => format!("{} {};", bars.label, figure(column, bars)),
    };
    rows.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn figure(column: usize, bars: &Bars) -> &str {
    let bar = bars.cells.get(column).and_then(Option::as_ref);
    bar.map_or_else(|| bars.missing.as_deref().unwrap_or("no figure"), |bar| &bar.text)
}
