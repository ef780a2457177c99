//! A weighing as JSON with a version and a schema.

use schemars::{Schema, schema_for};

use super::data::WeighingReport;
use crate::report::ReportError;
use crate::report::json::escaped;

/// The weighing as indented JSON; ends with a line break. Characters that act on a terminal are written as escapes.
pub fn weighing_json(data: &WeighingReport) -> Result<String, ReportError> {
    serde_json::to_string_pretty(data).map(|text| escaped(&text) + "\n").map_err(ReportError::Json)
}

/// The schema (draft 2020-12) of `weigh --format json`, kept as `schemas/weighing.schema.json`.
pub fn weighing_schema() -> Schema {
    schema_for!(WeighingReport)
}
