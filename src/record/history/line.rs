//! The two kinds of lines, and the lines of a record.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize, Serializer};

use super::super::check::check_value;
use super::super::{BaseRecord, Conditions, FormatVersion, PlannedVariant, Record, RunRecord, Series, SeriesKey};
use crate::image::Digest;
use crate::measure::Measure;

/// The version of a history's lines that this program writes.
pub const HISTORY_VERSION: FormatVersion = FormatVersion { major: 1, minor: 0 };

/// A line of `history.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryLine {
    /// A run, once for all of its series.
    Run(Box<HistoryRun>),
    /// The values of one measure in one run.
    Series(HistorySeries),
}

/// A run, as far as its figures need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryRun {
    /// Version of the lines of this run.
    pub format_version: FormatVersion,
    /// What its series name it by: the same for the same run, and another for every other one, also where two folders on two machines
    /// have one name.
    pub key: String,
    /// The run's id: its folder's name.
    pub run_id: String,
    /// Start of the run, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// Version of loadline that measured.
    pub tool_version: String,
    /// Git commit of the folder that holds the scenarios; absent outside git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether that folder had changes that were not committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// What decides whether its figures may be compared; of the base images the digests.
    pub conditions: Conditions,
    /// The variants that have figures, with the base images that each needs.
    pub variants: Vec<HistoryVariant>,
    /// How many series the run has. Where fewer are there, adding it was cut off.
    pub series: usize,
}

/// A variant with figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryVariant {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// Base images by reference, spelled as the keys of the conditions' bases.
    pub bases: Vec<String>,
}

/// The values of one measure of one variant in one run, warm-ups left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistorySeries {
    /// The run's key.
    pub run: String,
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// What was measured; its unit follows from it.
    pub measure: Measure,
    /// Which definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Which part; absent is the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<String>,
    /// In the order of the iterations, in bytes, seconds or a count.
    #[serde(serialize_with = "serialize_numbers")]
    pub values: Vec<f64>,
}

/// The schema (draft 2020-12) of a line of `history.jsonl`, kept as `schemas/history.schema.json`.
pub fn history_schema() -> Schema {
    schema_for!(HistoryLine)
}

impl HistoryRun {
    /// The bases of a variant, by reference; `None` where the run has no figure of it.
    pub fn bases_of(&self, scenario: &str, variant: &str) -> Option<&[String]> {
        let found = self.variants.iter().find(|v| v.scenario == scenario && v.variant == variant);
        found.map(|v| v.bases.as_slice())
    }

    fn new(record: &Record, series: &[Series]) -> Self {
        let run = &record.run;
        let measured = |p: &&PlannedVariant| series.iter().any(|s| s.key.scenario == p.scenario && s.key.variant == p.variant);
        let variant =
            |p: &PlannedVariant| HistoryVariant { scenario: p.scenario.clone(), variant: p.variant.clone(), bases: p.bases.clone() };
        Self {
            format_version: HISTORY_VERSION,
            key: key(run),
            run_id: run.run_id.clone(),
            started: run.started,
            tool_version: run.tool_version.clone(),
            commit: run.receipt.scenarios_commit.clone(),
            dirty: run.receipt.scenarios_dirty,
            conditions: short(&run.conditions),
            variants: run.plan.iter().filter(measured).map(variant).collect(),
            series: series.len(),
        }
    }
}

impl HistorySeries {
    fn new(run: &str, series: Series) -> Self {
        let Series { key: SeriesKey { scenario, variant, measure, definition, phase, cache_state, edit }, sample: values } = series;
        Self { run: run.to_owned(), scenario, variant, measure, definition, phase, cache_state, edit, values }
    }

    /// What the values have in common, and the values.
    pub(super) fn apart(self) -> (SeriesKey, Vec<f64>) {
        let Self { scenario, variant, measure, definition, phase, cache_state, edit, values, .. } = self;
        (SeriesKey { scenario, variant, measure, definition, phase, cache_state, edit }, values)
    }

    /// Whether the values are some that the measure can have; the error is the problem in words.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.values.is_empty() {
            return Err(format!("{} has no value", self.measure.id()));
        }
        self.values.iter().try_for_each(|value| check_value(self.measure, self.phase.as_deref(), *value))
    }
}

/// The lines of a record: the run, then its series in the order of the plan.
pub(super) fn lines(record: &Record) -> (HistoryRun, Vec<HistorySeries>) {
    let series = record.series();
    let run = HistoryRun::new(record, &series);
    let series = series.into_iter().map(|s| HistorySeries::new(&run.key, s)).collect();
    (run, series)
}

/// 16 hexadecimal digits of what no two runs have in common: their id, start to the nanosecond, machine and seed.
fn key(run: &RunRecord) -> String {
    let facts = format!("{}\n{}\n{}\n{}", run.run_id, run.started, run.conditions.host, run.seed);
    let digest = Digest::of(facts.as_bytes()).to_string();
    let hexadecimal = digest.rsplit(':').next().unwrap_or(&digest);
    hexadecimal.chars().take(16).collect()
}

/// The conditions without words for people.
fn short(conditions: &Conditions) -> Conditions {
    let digest = |base: &BaseRecord| BaseRecord { digest: base.digest.clone(), uncompressed_size: base.uncompressed_size, differs: None };
    let bases = conditions.bases.iter().map(|(name, base)| (name.clone(), digest(base))).collect();
    Conditions { bases, ..conditions.clone() }
}

#[derive(Serialize)]
struct Number(#[serde(serialize_with = "crate::record::serialize_number")] f64);

fn serialize_numbers<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().copied().map(Number))
}
