//! What a report shows: decided once, written down by every format. Also the format of `report.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::builds::BuildReport;
use super::noise::NoiseReport;
use crate::measure::{Measure, Unit};
use crate::record::{FormatVersion, Stopped, serialize_number, state};

/// The version of `report.json`. 1.0: first format; 1.1: edits and updates, and what bounds a
/// transfer over a link; 1.2: updates by clean builds, warm-ups, rules that ended a run, and `noise`; 1.3: what
/// builds download.
pub const REPORT_VERSION: FormatVersion = FormatVersion { major: 1, minor: 3 };

/// Everything that a report says.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReportData {
    /// Version of this format.
    pub format_version: FormatVersion,
    /// Which run, and what is said of all its figures.
    pub run: RunFacts,
    /// By scenario, in the order of the plan.
    pub scenarios: Vec<ScenarioReport>,
    /// The conditions of the figures, as names and values to read.
    pub conditions: Vec<Fact>,
    /// The base images, in order of reference.
    pub bases: Vec<BaseReport>,
    /// Where the wall time went.
    pub overhead: OverheadReport,
    /// How noisy the machine was; absent where nothing was probed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseReport>,
    /// What a reader of the figures must know.
    pub warnings: Vec<String>,
    /// The raw observations, for CSV. They are in the record, so JSON does not repeat them.
    #[serde(skip)]
    pub observations: Vec<ObservationRow>,
}

/// Which run, and what is said of all its figures.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunFacts {
    /// The run's id.
    pub id: String,
    /// Version of loadline that measured.
    pub tool_version: String,
    /// Start, UTC, RFC 3339.
    pub started: String,
    /// End; absent for a run that was cut off.
    pub finished: Option<String>,
    /// `complete`, `incomplete` or `interrupted`.
    pub state: String,
    /// `hub`, `stand-in` or `engine`.
    pub base_set: String,
    /// `linux/amd64`.
    pub platform: String,
    /// Kind and version: `private 20.10.24+dfsg1`.
    pub engine: String,
    /// `overlay2` or `overlayfs`.
    pub store: String,
    /// The link of push and pull.
    pub link: String,
    /// The link of what builds download, `loopback` where that is only counted; absent where builds fetch by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_link: Option<String>,
    /// Iterations that were asked for, warm-ups not counted; the most where a rule could end the run.
    pub trials: u32,
    /// Iterations before them that are in no figure.
    pub warm_up: u32,
    /// The rules that ended the run before its last iteration: one at most, of each shard one at most.
    pub stopped: Vec<Stopped>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What it was.
    pub value: String,
}

/// A base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaseReport {
    /// As Dockerfiles name it.
    pub reference: String,
    /// What decides sameness.
    pub digest: String,
    /// D3, bytes, where known.
    pub uncompressed_size: Option<u64>,
    /// For a stand-in: what differs from the published image.
    pub differs: Option<String>,
}

/// Wall time of a run, seconds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OverheadReport {
    /// The whole run.
    pub wall: f64,
    /// Building, pulling and loading base images.
    pub bases: f64,
    /// Build, push and pull calls, and smoke checks.
    pub measured: f64,
    /// The rest.
    pub overhead: f64,
    /// The rest as a share of the wall time without bases, 0 to 1; absent before anything was timed.
    pub share: Option<f64>,
    /// The rest by kind, as far as it was timed, seconds.
    pub kinds: std::collections::BTreeMap<String, f64>,
}

/// A scenario's variants.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScenarioReport {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The variant that the others are set beside; absent without a single-stage one.
    pub reference: Option<String>,
    /// In the order of the plan.
    pub variants: Vec<VariantReport>,
}

/// A variant: figures, or the reason why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VariantReport {
    /// Its name.
    pub name: String,
    /// `single-stage` or `multi-stage`.
    pub kind: String,
    /// Its Dockerfile, relative to the scenario.
    pub dockerfile: String,
    /// A status of the record, or `not-run` for a variant without a trial.
    pub status: String,
    /// Why there are no figures, where there is something to say.
    pub reason: Option<String>,
    /// Trials whose figures count.
    pub counted: usize,
    /// What is to be known of it: trials among others that gave no figures, warnings.
    pub notes: Vec<String>,
    /// One per series, in the order of measures. Empty for a variant without figures.
    pub estimates: Vec<MeasureEstimate>,
    /// Where the time of its cold build went; absent where the builder did not tell which step needs which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildReport>,
    /// What an update moves, one per state of the builder's cache but cold: by change in the order of the trials, with a cache before
    /// without one.
    pub updates: Vec<UpdateReport>,
    /// What bounds its cold pushes and pulls over a shaped link; empty without one.
    pub bottlenecks: Vec<BottleneckReport>,
    /// The layers of its first image that counts, lowest first, for the chart. They are in the record, so JSON does not repeat
    /// them. Empty where the record does not say what is in them.
    #[serde(skip)]
    pub layers: Vec<LayerReport>,
}

/// An update of a variant's image: what a host that has the image lacks afterwards. Its bytes are estimates of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UpdateReport {
    /// `warm`, `base`, `clean`, or `edit` or `clean` with the edit's name.
    pub state: String,
    /// Whether the app was changed.
    pub edit: bool,
    /// What had changed: `none`, `edit` or `base`, the base image.
    pub event: String,
    /// The edit's name; absent for any other event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// `warm-cache`: built with the cache of the build before; `clean-ci`: built without any.
    pub rebuild: String,
    /// The layers that a registry with the old image lacks, biggest first: what made them, and their compressed bytes.
    pub moved: Vec<(String, u64)>,
}

/// What bounds the cold pushes or pulls of a variant over a shaped link, all trials together.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BottleneckReport {
    /// `push` or `pull`.
    pub direction: String,
    /// `link`, `round-trips` (too little moves to tell), `gzip`, `extraction`, or `engine` for anything else in it.
    pub bound: String,
    /// Payload between the first and the last byte on the link by what the link's rate would have carried meanwhile.
    pub rate_share: f64,
    /// The time between the first and the last byte on the link by the time of the engine's calls, 1 at most.
    pub time_share: f64,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerReport {
    /// Its share of D3, bytes.
    pub bytes: u64,
    /// Whether it is the base image's; absent where the base is not known.
    pub base: Option<bool>,
    /// The Dockerfile's instruction that made it, where known.
    pub instruction: Option<String>,
}

/// What is said of one series.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MeasureEstimate {
    /// What was measured.
    pub measure: Measure,
    /// Which definition of it.
    pub definition: Option<String>,
    /// Which part; absent is the whole.
    pub phase: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<String>,
    /// Unit of all values here.
    pub unit: Unit,
    /// Number of values.
    pub n: usize,
    /// The middle.
    #[serde(serialize_with = "serialize_number")]
    pub median: f64,
    /// The smallest value.
    #[serde(serialize_with = "serialize_number")]
    pub min: f64,
    /// The largest value.
    #[serde(serialize_with = "serialize_number")]
    pub max: f64,
    /// Median absolute deviation, unscaled.
    #[serde(serialize_with = "serialize_number")]
    pub mad: f64,
    /// Of the median; absent below two values.
    pub interval: Option<IntervalReport>,
    /// Change from the reference variant's median to this one in per cent: −97.8 is 97.8 % less. Absent for the
    /// reference itself, for counts and where the reference has no such figure.
    pub versus_reference: Option<f64>,
}

/// The order-statistic interval of a median.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct IntervalReport {
    /// Lower end.
    #[serde(serialize_with = "serialize_number")]
    pub low: f64,
    /// Upper end.
    #[serde(serialize_with = "serialize_number")]
    pub high: f64,
    /// The probability that it holds the population's median, 0 to 1; nominal from 20 values on.
    pub coverage: f64,
}

/// One raw observation with everything that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationRow {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// `single-stage` or `multi-stage`.
    pub kind: String,
    /// What was measured.
    pub measure: Measure,
    /// Which definition of it.
    pub definition: Option<String>,
    /// Which part.
    pub phase: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    pub edit: Option<String>,
    /// From 1.
    pub iteration: u32,
    /// Whether estimates leave it out.
    pub warmup: bool,
    /// In `unit`.
    pub value: f64,
    /// Unit of the value.
    pub unit: Unit,
    /// The trial's status.
    pub status: &'static str,
}

impl MeasureEstimate {
    /// The cache state with the edit, as people read it: `cold`, `warm`, `edit source`.
    pub fn state(&self) -> String {
        state(&self.cache_state, self.edit.as_deref())
    }
}

impl VariantReport {
    /// The estimate of a whole measure: in the cache state `cold` where there is one, else in the first.
    pub fn estimate(&self, measure: Measure) -> Option<&MeasureEstimate> {
        let whole = || self.estimates.iter().filter(|e| e.measure == measure && e.phase.is_none());
        whole().find(|e| e.cache_state == "cold").or_else(|| whole().next())
    }

    /// The estimate of a whole measure in one cache state, as [`MeasureEstimate::state`] names it.
    pub fn estimate_in(&self, measure: Measure, state: &str) -> Option<&MeasureEstimate> {
        self.estimates.iter().find(|e| e.measure == measure && e.phase.is_none() && e.state() == state)
    }
}
