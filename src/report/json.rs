//! The report as JSON with a version and a schema.

use schemars::{Schema, schema_for};

use super::{ReportData, ReportError};

/// The report as indented JSON; ends with a line break. Texts are as in the record, not escaped for any display.
pub fn json(data: &ReportData) -> Result<String, ReportError> {
    serde_json::to_string_pretty(data).map(|text| text + "\n").map_err(ReportError::Json)
}

/// The schema (draft 2020-12) of `report.json`, kept as `schemas/report.schema.json`.
pub fn report_schema() -> Schema {
    schema_for!(ReportData)
}
