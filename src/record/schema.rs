//! JSON Schemas of the record's files, generated from the types that read and write them.

use schemars::{Schema, schema_for};

use super::{RunRecord, TrialOutcome};

/// The schema (draft 2020-12) of `run.json`, kept as `schemas/run.schema.json`.
pub fn run_schema() -> Schema {
    schema_for!(RunRecord)
}

/// The schema (draft 2020-12) of a line of `trials.jsonl`, kept as `schemas/trial.schema.json`.
pub fn trial_schema() -> Schema {
    schema_for!(TrialOutcome)
}
