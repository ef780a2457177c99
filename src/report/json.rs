//! The report as JSON with a version and a schema.

use schemars::{Schema, schema_for};

use super::text::is_hostile;
use super::{ReportData, ReportError};

/// The report as indented JSON; ends with a line break. A reader gets every text as it is in the record; characters that
/// act on a terminal are written as escapes, so that printing the report does nothing else.
pub fn json(data: &ReportData) -> Result<String, ReportError> {
    serde_json::to_string_pretty(data).map(|text| escaped(&text) + "\n").map_err(ReportError::Json)
}

/// The writer escapes what JSON demands, which is U+0000 to U+001F. Outside of texts JSON is plain ASCII, so any other
/// hostile character is in a text and may be escaped where it stands.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hostile(c) {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}

/// The schema (draft 2020-12) of `report.json`, kept as `schemas/report.schema.json`.
pub fn report_schema() -> Schema {
    schema_for!(ReportData)
}
