//! What `doctor` found, as it is printed and as JSON.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

/// Of the JSON form; raised when a reader of the old one would misread the new one.
pub(super) const FORMAT_VERSION: u32 = 1;

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Diagnosis {
    /// Of this format.
    pub format_version: u32,
    /// Of the program.
    pub tool_version: String,
    /// Whether at least one measure can be taken on at least one engine.
    pub can_measure: bool,
    /// One thing looked at each.
    pub rows: Vec<Row>,
    /// Each measure on each engine.
    pub measures: Vec<Measurable>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Row {
    /// Which.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// In words.
    pub words: String,
    /// What mends it.
    pub cure: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// As a run needs it.
    Ok,
    /// Something is missing.
    No,
    /// Worth knowing.
    Note,
}

/// Whether something can be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Measurable {
    /// `builds`, `smoke checks`, `sizes`, `push times`, `pull times`.
    pub measure: &'static str,
    /// `private` or `host`.
    pub engine: &'static str,
    /// Whether.
    pub possible: bool,
    /// Why not.
    pub reason: Option<String>,
    /// What mends it.
    pub cure: Option<String>,
}

impl Row {
    /// As a run needs it.
    pub(super) fn ok(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, state: State::Ok, words: words.into(), cure: None }
    }

    /// Something is missing.
    pub(super) fn no(what: &'static str, words: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { what, state: State::No, words: words.into(), cure: Some(cure.into()).filter(|cure: &String| !cure.is_empty()) }
    }

    /// Worth knowing.
    pub(super) fn note(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, state: State::Note, words: words.into(), cure: None }
    }

    /// The same, with a cure.
    pub(super) fn cured(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

/// The schema (draft 2020-12) of `doctor --format json`, kept as `schemas/doctor.schema.json`.
pub fn doctor_schema() -> Schema {
    schema_for!(Diagnosis)
}
