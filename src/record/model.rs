//! The contents of `run.json`.
//!
//! Field names are the format: a change that an older reader would misread raises [`FORMAT_VERSION`]'s major number, an
//! added optional field its minor one. Sizes are whole bytes, times are seconds, both in `value` with `unit` beside it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MergedRun, NoiseBefore, Resumption, Settings, SmokeRecord, Stopped};
use crate::budget::Budget;
use crate::measure::Measure;
use crate::units::{LinkProfile, LinkShape};

/// The version that this program writes. 1.0: first format; 1.1: `host`; 1.2: what is in the layers; 1.3: warm builds, edits, deltas,
/// what the steps of a build need, links, runs that were gone on with, and shards; 1.4: clean builds, changes of the base image, warm-ups,
/// rules that end a run, and how noisy the machine was; 1.5: starts after the smoke check, what builds
/// download, budgets, why a scenario has no smoke check, and the biggest files of each layer.
pub const FORMAT_VERSION: FormatVersion = FormatVersion { major: 1, minor: 5 };

/// A format's version: a reader takes any minor of its own major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormatVersion {
    /// Raised when older readers would misread.
    pub major: u32,
    /// Raised when a field is added that older readers may ignore.
    pub minor: u32,
}

/// The measures that came with format 1.2.
const SINCE_1_2: [Measure; 5] = [Measure::LiveSize, Measure::AppSize, Measure::ClassicSize, Measure::ClassicSizeBuilt, Measure::FileCount];

impl FormatVersion {
    /// Whether a record of this format can have `measure`.
    pub fn knows(self, measure: Measure) -> bool {
        let since = match measure {
            Measure::BuildDownload => 5,
            Measure::DeltaTransferSize | Measure::StartTime | Measure::AnonymousMemory => 3,
            measure if SINCE_1_2.contains(&measure) => 2,
            _ => 0,
        };
        (self.major, self.minor) >= (1, since)
    }

    /// Whether the layers of a record of this format list their biggest files: in an older one an empty list says nothing.
    pub fn lists_files(self) -> bool {
        (self.major, self.minor) >= (1, 5)
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The contents of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Version of this format.
    pub format_version: FormatVersion,
    /// `<date>-<n>`: the folder's default name.
    pub run_id: String,
    /// Version of loadline that wrote it.
    pub tool_version: String,
    /// Start of the run, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// End of the run, UTC; absent while it runs or when it was cut off.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub finished: Option<Timestamp>,
    /// How the run stands.
    pub state: RunState,
    /// What decides whether two figures may be compared.
    pub conditions: Conditions,
    /// What the machine was, for people.
    pub receipt: Receipt,
    /// What was asked for.
    pub settings: Settings,
    /// The variants of the plan in table order, with what is known of them before a trial.
    pub plan: Vec<PlannedVariant>,
    /// Seed of the block order.
    pub seed: u64,
    /// Where the wall time went that is not measured time.
    pub overhead: Overhead,
    /// Said during the run and not tied to one trial.
    pub warnings: Vec<Warning>,
    /// What a run on the user's own engine met there and left; absent for one on private engines.
    #[serde(default)]
    pub host: Option<HostRun>,
    /// When the run was gone on with after it had been stopped or cut off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<Resumption>,
    /// The runs that this record was put together from, by the number of their shard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedRun>,
    /// The rule that ended the run before its last iteration; absent where none did. Of shards, each has its own in `merged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// How noisy the machine was before the first trial: once for a run, and again for each time that it was gone on with and for each
    /// run that it was put together from. Empty before format 1.4 and for a run without trials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<NoiseBefore>,
    /// What figures may be at most, as the scenarios said when the run began, in the order of the plan and of each file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
    /// Why scenarios have no smoke check, by scenario, where one says so: their figures are unverified on purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub smoke_skipped: BTreeMap<String, String>,
    /// What proves that variants work, by scenario, where there is a smoke check; absent in records from before it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smoke_checks: Option<BTreeMap<String, SmokeRecord>>,
}

/// What a run on the user's own engine met there and left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostRun {
    /// Why the engine does not reach loadline's registry, in the engine's words, so that nothing is pushed or pulled and
    /// compressed sizes are computed; absent where it does.
    pub registry_unreachable: Option<String>,
    /// What is in the engine's build cache that was not there before; absent until the run ends, and where the engine does
    /// not say.
    pub build_cache: Option<BuildCacheLeft>,
    /// References of base images that the engine fetched during the run. They stay.
    pub pulled_bases: Vec<String>,
    /// Things of loadline's that could not be removed.
    pub left_behind: Vec<String>,
    /// The commands that remove what stays, each thing by itself: build cache, base images, things of loadline's.
    pub commands: Vec<String>,
}

/// Records of an engine's build cache that a run left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildCacheLeft {
    /// How many.
    pub records: u64,
    /// Their bytes on the engine's disk.
    pub bytes: u64,
    /// How many records of before are gone, because the engine keeps its cache within a limit.
    pub gone: u64,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Not ended, or cut off without a word.
    Incomplete,
    /// Stopped by the user, or by a time limit before every variant had one whole iteration.
    Interrupted,
    /// Every planned trial has an outcome, but for those that `stopped` names.
    Complete,
}

/// What decides whether two figures may be compared: bytes need base set and digests, platform and compressor equal;
/// times need all of it equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Conditions {
    /// Where the base images come from.
    pub base_set: BaseSet,
    /// Base images by reference, in order of reference: every one of the plan that was resolved.
    pub bases: BTreeMap<String, BaseRecord>,
    /// `linux/amd64`.
    pub platform: String,
    /// Who compressed the layers of D1 and D2: `dockerd 20.10.24 gzip`.
    pub compressor: String,
    /// `private` or `host`.
    pub engine: String,
    /// `20.10.24+dfsg1`.
    pub engine_version: String,
    /// `1.41`.
    pub api_version: String,
    /// `overlay2` or `overlayfs`.
    pub store: String,
    /// `BuildKit`'s version where the engine tells, else the engine's.
    pub builder: String,
    /// The network of RUN steps: `host`, `default`, `none`.
    pub run_network: String,
    /// The link of push and pull: `loopback`, a rate with or without a round trip such as `20mbit,30ms`, `none` where the engine
    /// does not reach the registry, or `to HOST` for a registry that the user named.
    pub link: String,
    /// The link of what builds download through loadline's proxy: `loopback` where it is only counted, or a rate with or without a round
    /// trip; absent where builds fetch by themselves, and before format 1.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_link: Option<String>,
    /// Whose registry was pushed to and pulled from: `own` is loadline's, `named` the user's. Records without it have `own`.
    #[serde(default)]
    pub registry: RegistryKind,
    /// CPU limit of the engine; absent is none.
    pub cpus: Option<f64>,
    /// Memory limit of the engine, bytes; absent is none.
    pub memory: Option<u64>,
    /// File system of the data root: `tmpfs`, `ext4`.
    pub data_root_file_system: String,
    /// Whether `unpigz` was there, which docker then uses to inflate.
    pub unpigz: bool,
    /// A name for the machine that is the same in every run on it and tells nothing about it.
    pub host: String,
}

/// The end of [`Conditions::compressor`] where the engine compresses at every push.
pub const COMPRESSES_AT_PUSH: &str = "gzip at push";

impl Conditions {
    /// What the link of push and pull keeps to; `None` where nothing limits it, and where it is not known.
    pub fn link_shape(&self) -> Option<LinkShape> {
        self.link.parse::<LinkProfile>().ok()?.shape()
    }

    /// Whether a push compresses, as the classic store does, and does not send what is stored.
    pub fn compresses_at_push(&self) -> bool {
        self.compressor.ends_with(COMPRESSES_AT_PUSH)
    }
}

/// Whose registry images are pushed to and pulled from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryKind {
    /// Loadline's own, which counts every byte.
    #[default]
    Own,
    /// One that the user named.
    Named,
}

impl RegistryKind {
    /// The text serde writes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Named => "named",
        }
    }
}

/// Where base images come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseSet {
    /// As published, pulled by name.
    Hub,
    /// Built locally after the published recipes.
    StandIn,
    /// Images that the host engine has or pulls by itself.
    Engine,
    /// The run ended before it was decided, so that it has no figure.
    Undecided,
}

impl BaseSet {
    /// The text serde writes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::StandIn => "stand-in",
            Self::Engine => "engine",
            Self::Undecided => "undecided",
        }
    }
}

/// One base image of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaseRecord {
    /// Manifest digest (hub, and on a host engine where it came from a registry) or image id: what decides sameness.
    pub digest: String,
    /// Uncompressed size of the base (D3), where known.
    pub uncompressed_size: Option<u64>,
    /// For a stand-in: in words, what differs from the published image.
    pub differs: Option<String>,
}

/// What the machine was, for people who read a figure later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Operating system: `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// Kernel release.
    pub kernel: String,
    /// CPU model.
    pub cpu: String,
    /// Logical CPUs.
    pub cpus: usize,
    /// Memory, bytes.
    pub memory: u64,
    /// Git commit of the folder that holds the scenarios; absent outside git.
    pub scenarios_commit: Option<String>,
    /// Whether that folder had changes that were not committed.
    pub scenarios_dirty: Option<bool>,
    /// The command line: as typed, and with what a `loadline.toml` gave as if that had been typed too.
    pub command: Vec<String>,
}

impl Receipt {
    /// The command line for people who repeat it: wherever the program lay, it is called by its name, and where the record was written
    /// (`--out`, `--results`) is left out.
    pub fn command_line(&self) -> String {
        let mut words = self.command.iter().map(String::as_str);
        let program = words.next().map(|path| path.rsplit('/').next().unwrap_or(path));
        let mut said: Vec<&str> = program.into_iter().collect();
        while let Some(word) = words.next() {
            match word {
                "--" => said.extend(std::iter::once(word).chain(words.by_ref())),
                "--out" | "--results" => drop(words.next()),
                place if place.starts_with("--out=") || place.starts_with("--results=") => {}
                word => said.push(word),
            }
        }
        said.join(" ")
    }
}

/// A variant of the plan, as known before it is built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedVariant {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// The scenario's language.
    pub language: String,
    /// `single-stage` or `multi-stage`.
    pub kind: String,
    /// The Dockerfile, relative to the scenario.
    pub dockerfile: String,
    /// Base images by reference that the target needs, spelled as the keys of the conditions' bases.
    pub bases: Vec<String>,
    /// The scenario's edits, in the order in which they are built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
}

/// Wall time of a run by what it was spent on, seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overhead {
    /// The whole run.
    pub wall: f64,
    /// Building, pulling and loading base images.
    pub bases: f64,
    /// Build, push and pull calls, smoke checks until the first answer, and the starts after them.
    pub measured: f64,
    /// The rest, by kind: `engine start`, `prune`, `report`.
    pub kinds: BTreeMap<String, f64>,
}

impl Overhead {
    /// Overhead as a share of the wall time without bases; `None` before anything was timed.
    pub fn share(&self) -> Option<f64> {
        let wall = self.wall - self.bases;
        (wall > 0.0).then(|| ((wall - self.measured) / wall).max(0.0))
    }
}

/// Something a reader of the figures must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What is the matter and what helps, one sentence each.
    pub message: String,
}
