//! An evaluation as JSON with a version and a schema.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use crate::judge::{Evaluation, Ruling};
use crate::record::FormatVersion;
use crate::report::ReportError;
use crate::report::json::escaped;

/// The version of `check --format json`. 1.0: first format. 1.1: `unlimited` and `redefined`.
pub const CHECK_VERSION: FormatVersion = FormatVersion { major: 1, minor: 1 };

/// What `check --format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Version of this format.
    pub format_version: FormatVersion,
    /// What follows from all checks together.
    pub verdict: Ruling,
    /// All checks.
    #[serde(flatten)]
    pub evaluation: Evaluation,
}

impl CheckReport {
    /// The evaluation with what follows from it.
    pub fn new(evaluation: Evaluation) -> Self {
        Self { format_version: CHECK_VERSION, verdict: evaluation.ruling(), evaluation }
    }
}

/// The evaluation as indented JSON; ends with a line break. Characters that act on a terminal are written as escapes.
pub fn check_json(evaluation: &Evaluation) -> Result<String, ReportError> {
    let report = CheckReport::new(evaluation.clone());
    serde_json::to_string_pretty(&report).map(|text| escaped(&text) + "\n").map_err(ReportError::Json)
}

/// The schema (draft 2020-12) of [`CheckReport`], kept as `schemas/check.schema.json`.
pub fn check_schema() -> Schema {
    schema_for!(CheckReport)
}
