//! What was observed: the versioned format of a run's record, its conditions and receipt, the store on disk, and the history of many runs.
//!
//! A run's folder holds `run.json` (everything known before the first trial, rewritten at the end), `trials.jsonl` (one
//! outcome a line, appended and synced after each trial) and `log/` (one file a block). Raw observations are the truth:
//! estimates are computed when they are read. A folder is readable at every moment of a run. `docs/record-format.md`
//! describes the files for people, `schemas/` for machines.

mod chain;
mod check;
mod conditions;
mod download;
mod error;
mod files;
mod git;
mod history;
mod host;
mod merge;
mod model;
mod noise;
mod owner;
mod parts;
mod proof;
mod read;
mod schema;
mod series;
mod settings;
mod start;
mod stopped;
mod store;
mod trial;

pub use chain::{Chain, Gap, Link, NoChain, Part, chain};
pub use conditions::Difference;
pub use download::{DownloadRecord, NotCounted};
pub use error::RecordError;
pub(crate) use files::create_folders;
pub use files::replace_file;
pub use git::{GitState, git_state, is_in_repository, merge_base_line, release_commits};
pub use history::{
    Added, HISTORY_FILE, HISTORY_VERSION, History, HistoryError, HistoryLine, HistoryPoint, HistoryRun, HistorySeries, HistoryVariant,
    append_to_history, history_schema,
};
pub use host::{HostFacts, HostProbe, UNKNOWN, file_system, unpigz_on_path};
pub use merge::merge;
pub use model::{
    BaseRecord, BaseSet, BuildCacheLeft, COMPRESSES_AT_PUSH, Conditions, FORMAT_VERSION, FormatVersion, HostRun, Overhead, PlannedVariant,
    Receipt, RegistryKind, RunRecord, RunState, Warning,
};
pub use noise::{Jitter, NoiseBefore, NoiseProbe, Told};
pub use owner::Owner;
pub use parts::{MergedRun, Resumption, Shard};
pub use proof::SmokeRecord;
pub use read::Record;
pub use schema::{run_schema, trial_schema};
pub use series::{Series, SeriesKey};
pub use settings::{Build, Settings};
pub use start::{REPEATED, Start};
pub use stopped::{BlocksLeft, StopRule, Stopped};
pub use store::Store;
pub(crate) use trial::serialize_number;
pub use trial::{
    Definition, DeltaForm, DeltaLayer, DeltaRecord, LAST_LINES, LinkRecord, Observation, Phase, Status, Step, TransferRecord, Trial,
    TrialOutcome, state,
};
