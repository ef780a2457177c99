//! A line of `trials.jsonl`: one trial's outcome with all that was observed.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{DownloadRecord, NoiseProbe, Start, Warning};
use crate::dockerfile::Line;
use crate::image::Weighing;
use crate::measure::{Measure, Unit};

/// Which trial an outcome belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// Iteration of the block, from 1.
    pub iteration: u32,
    /// `cold`: nothing came from the builder's cache; `warm`: nothing had changed; `edit`: after a change; `base`: after a change
    /// of the base image; `clean`: nothing came from the cache, and the image is an update of the cold one.
    pub cache_state: String,
    /// The scenario's edit that was made, in `edit` and `clean`; absent for an unchanged app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<String>,
    /// Whether it only warms up and is left out of estimates.
    pub warmup: bool,
}

impl Trial {
    /// The cache state with the edit, as people read it: `cold`, `warm`, `edit source`.
    pub fn state(&self) -> String {
        state(&self.cache_state, self.edit.as_deref())
    }
}

/// A cache state with its edit, as people read it.
pub fn state(cache_state: &str, edit: Option<&str>) -> String {
    edit.map_or_else(|| cache_state.to_owned(), |edit| format!("{cache_state} {edit}"))
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, variant, iteration, warmup, .. } = self;
        write!(f, "{scenario}/{variant}, {} {}{iteration}", self.state(), if *warmup { "warm-up " } else { "trial " })
    }
}

/// A line of `trials.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialOutcome {
    /// Which trial.
    pub trial: Trial,
    /// When it began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// How it ended.
    #[serde(flatten)]
    pub status: Status,
    /// All numbers. Empty unless the status is `measured` or `unverified`.
    pub observations: Vec<Observation>,
    /// The build's steps, where the builder told.
    pub steps: Vec<Step>,
    /// The push, by the registry's own count.
    pub push: Option<TransferRecord>,
    /// The pull, by the registry's own count.
    pub pull: Option<TransferRecord>,
    /// The weighed image.
    pub weighing: Option<Weighing>,
    /// What a host that has the image of the same block's cold build must fetch to have this one; absent for cold trials and
    /// where nothing was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<DeltaRecord>,
    /// The starts of the image that passed its smoke check, in order, the smoke check's first; absent for builds after the cold one, where
    /// nothing was proven, and before format 1.5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Start>,
    /// What the build downloaded through loadline's proxy; absent where that is not counted, and before format 1.5. Where its counts do not
    /// agree there is no observation of `build-download`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<DownloadRecord>,
    /// What a reader must know about this trial.
    pub warnings: Vec<Warning>,
    /// The trial's log, relative to the run's folder.
    pub log: Option<String>,
    /// Whether the engine or the registry went away in it or before it: it says nothing of the variant, and a run that is gone on
    /// with measures it again. Absent is false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// How noisy the machine was right before the trial's block; absent for trials that are not the first of one, for blocks that were not
    /// tried, and before format 1.4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseProbe>,
}

impl TrialOutcome {
    /// Whether it stays: a trial that was stopped or lost has no figures and is measured again when its run is gone on with, and a
    /// later line of `trials.jsonl` about it takes its place.
    pub fn is_final(&self) -> bool {
        !self.lost && self.status != Status::Interrupted
    }
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// Built, proven and measured.
    Measured,
    /// Built and measured; there is no smoke check to prove it.
    Unverified,
    /// Failed the way the scenario says it must.
    ExpectedFailure {
        /// What happened, in words.
        reason: String,
    },
    /// Did not build.
    BuildFailed {
        /// What happened, in words.
        reason: String,
    },
    /// Built, but the smoke check did not pass.
    SmokeFailed {
        /// What happened, in words.
        reason: String,
    },
    /// The state that the trial needs did not hold, so its numbers would mean something else.
    Invalid {
        /// What happened, in words.
        reason: String,
    },
    /// Not tried.
    Skipped {
        /// What happened, in words.
        reason: String,
    },
    /// Took longer than allowed.
    TimedOut {
        /// What happened, in words.
        reason: String,
    },
    /// Stopped by the user.
    Interrupted,
}

/// Stands between the sentence of a reason and the lines that it quotes; the rest of its line says whose they are.
pub const LAST_LINES: &str = "\nlast lines of ";

impl Status {
    /// The text of the `status` column.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Unverified => "unverified",
            Self::ExpectedFailure { .. } => "expected-failure",
            Self::BuildFailed { .. } => "build-failed",
            Self::SmokeFailed { .. } => "smoke-failed",
            Self::Invalid { .. } => "invalid",
            Self::Skipped { .. } => "skipped",
            Self::TimedOut { .. } => "timed-out",
            Self::Interrupted => "interrupted",
        }
    }

    /// Why, where there is something to say.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Measured | Self::Unverified | Self::Interrupted => None,
            Self::ExpectedFailure { reason }
            | Self::BuildFailed { reason }
            | Self::SmokeFailed { reason }
            | Self::Invalid { reason }
            | Self::Skipped { reason }
            | Self::TimedOut { reason } => Some(reason),
        }
    }

    /// Whether the trial carries numbers.
    pub const fn has_numbers(&self) -> bool {
        matches!(self, Self::Measured | Self::Unverified)
    }

    /// Whether the plan got what it wanted from this trial, so that it does not raise exit code 3.
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Measured | Self::Unverified | Self::ExpectedFailure { .. })
    }
}

/// One number from a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// What was measured.
    pub measure: Measure,
    /// Which definition of it.
    pub definition: Option<Definition>,
    /// A part of the measure: `context-upload`, `download`, `extract`, `link`; absent is the whole.
    pub phase: Option<Phase>,
    /// The value in `unit`. Bytes are whole numbers, exact up to 2⁵³, and written as such.
    #[serde(serialize_with = "serialize_number")]
    pub value: f64,
    /// Unit of the value.
    pub unit: Unit,
}

/// Writes a whole number without a decimal point, so that bytes read as bytes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference to it")]
pub(crate) fn serialize_number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tested to be whole and within 2⁵³")]
    if value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(value) {
        serializer.serialize_u64(*value as u64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// Which definition of a measure an observation follows: `D1`, `D2`, `D3`, `D1-computed`, `D2-computed`.
pub type Definition = String;
/// A part of a measure.
pub type Phase = String;

/// One step of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// As the builder names it.
    pub name: String,
    /// The builder's flag.
    pub cached: bool,
    /// Seconds after the first step began, daemon's clock.
    pub started: Option<f64>,
    /// Seconds after the first step began, daemon's clock.
    pub completed: Option<f64>,
    /// The builder's message when it failed.
    pub error: Option<String>,
    /// The builder's name for the work; not stable between runs. Absent for the classic builder and before format 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The steps whose results it needs, by place in this list, from 0. Absent where the builder does not tell, and before
    /// format 1.3; empty for a step that needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<usize>>,
}

/// An update of an image: the layers of the new one, and which of them a host with the old one lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeltaRecord {
    /// D10 in the `blob` form, bytes: what a containerd store or another registry lacks. 0 where the manifest is the same.
    pub blob: u64,
    /// D10 in the `chain` form, bytes: what a classic store fetches.
    pub chain: u64,
    /// The form in which the engine that pulled keeps images; absent where nothing was pulled. That pull moved exactly the bytes of
    /// this form.
    pub pulled: Option<DeltaForm>,
    /// The layers of the new image, lowest first.
    pub layers: Vec<DeltaLayer>,
}

/// A form of D10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeltaForm {
    /// Blobs that the old manifest lacks.
    Blob,
    /// Blobs from the first layer on whose chain differs.
    Chain,
}

/// A layer of an updated image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeltaLayer {
    /// Bytes of the compressed layer.
    pub bytes: u64,
    /// Whether it is the base image's; absent where the base is not known.
    pub base: Option<bool>,
    /// The instruction that made it, where the image's history agrees with the Dockerfile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile_line: Option<Line>,
    /// Whether a host that has the old image's blobs lacks it.
    pub blob: bool,
    /// Whether a host that has the old image's chain of layers lacks it.
    pub chain: bool,
}

/// A push or a pull by the registry's own count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransferRecord {
    /// Wall time of the engine's call, seconds.
    pub seconds: f64,
    /// The manifest's digest.
    pub digest: String,
    /// Blob bytes (layers and config) that crossed the registry.
    pub blob_bytes: u64,
    /// Manifest bytes that crossed the registry.
    pub manifest_bytes: u64,
    /// Each blob: digest to bytes moved.
    pub blobs: BTreeMap<String, u64>,
    /// First to last byte of blob traffic by the registry's clock, seconds.
    pub active_seconds: Option<f64>,
    /// What crossed the shaped link meanwhile, by the link's clock; absent without one, and before format 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkRecord>,
}

/// What crossed the shaped link during a push or a pull: payload of TCP, with HTTP's own words in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkRecord {
    /// When the first byte of either direction left the link, seconds after the engine was called.
    pub first_byte: f64,
    /// When the last byte of either direction left the link, seconds after the engine was called.
    pub last_byte: f64,
    /// Bytes from the engine to the registry.
    pub bytes_up: u64,
    /// Bytes from the registry to the engine.
    pub bytes_down: u64,
    /// Connections that were open at any time.
    pub connections: u64,
}

impl LinkRecord {
    /// From the first byte to the last, seconds.
    pub fn seconds(&self) -> f64 {
        self.last_byte - self.first_byte
    }
}
