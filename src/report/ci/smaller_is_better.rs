//! The JSON that github-action-benchmark reads with `tool: customSmallerIsBetter`: an array of `name`, `unit`, `value`, `range`, `extra`.
//!
//! The action compares plain numbers and does not know units, so a unit never changes between runs.

use serde_json::{Map, Value, json};

use super::super::json::escaped;
use super::super::text::one_line;
use super::figures::{self, Figure, whole_figures};
use crate::judge::Evaluation;
use crate::record::Record;

/// All whole figures as such an array.
pub(super) fn smaller_is_better(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let entries: Vec<Value> = whole_figures(evaluation, record).iter().map(entry).collect();
    escaped(&format!("{:#}\n", Value::from(entries)))
}

fn entry(figure: &Figure) -> Value {
    let name = format!("{}: {}", figures::benchmark(&figure.key), one_line(&figures::measure(&figure.key)));
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(name));
    entry.insert("unit".to_owned(), json!(figures::unit(figure.key.measure)));
    entry.insert("value".to_owned(), figures::number(figure.value));
    if let Some(interval) = figure.interval {
        let range = format!("{} to {}", figures::number(interval.low), figures::number(interval.high));
        entry.insert("range".to_owned(), json!(range));
    }
    entry.insert("extra".to_owned(), json!(extra(figure)));
    Value::Object(entry)
}

fn extra(figure: &Figure) -> String {
    let values = figure.values.map(|n| format!("median of {n}; ")).unwrap_or_default();
    let covers = figure.interval.map(|i| format!("; the range covers the median with {:.1} %", i.coverage * 100.0)).unwrap_or_default();
    format!("{values}{}{covers}", figure.key.measure.about())
}
