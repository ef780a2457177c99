//! Why a record could not be written or read.

use std::io;
use std::path::PathBuf;

use super::FormatVersion;

/// Why a record could not be written or read. Reading fails closed: a record that is only partly believable is refused.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder for a new record has something in it already.
    #[error("{path} is not empty; name a new or an empty folder")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The path for a new record is there and is not a folder.
    #[error("{path} is not a folder; name a new or an empty folder")]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes the record.
    #[error("{path} is being written by another process; wait for its end, or stop it")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// Every number that a default folder name could carry is taken.
    #[error("{path} holds a folder for every number of {date}; remove old runs or name a folder")]
    NoFreeName {
        /// The folder of all runs.
        path: PathBuf,
        /// The day.
        date: String,
    },
    /// The system refused an operation.
    #[error("could not {action} {path}; {}", cure(source))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no record in the folder.
    #[error("{path} is not a run's folder: it has no run.json; name the folder that a run wrote")]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// A newer program wrote the record, in a format that this one would misread.
    #[error("{path} has format {found}, and this version of loadline reads up to {supported}; use a newer loadline")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: FormatVersion,
        /// The version of this program.
        supported: FormatVersion,
    },
    /// A file or a line is longer than any that a run writes.
    #[error("{path} is longer than {limit} bytes where a run writes less; the file is damaged, restore it")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit that was passed, bytes.
        limit: u64,
    },
    /// A run was handed to the store that a reader would refuse.
    #[error("{path} cannot be written: {problem}; this is a defect of loadline, report it")]
    BadRun {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// `run.json` does not parse.
    #[error("{path} does not hold a run's record; the file is damaged, restore it")]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A line of `trials.jsonl` that is not the torn last one does not parse.
    #[error("{path}, line {line} does not hold a trial's outcome; the file is damaged, restore it")]
    BadLine {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A file parses but says something that no run says.
    #[error("{path}{} says what no run says: {problem}; the file was changed, restore it", line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Unbelievable {
        /// The file.
        path: PathBuf,
        /// From 1; absent for a file without lines.
        line: Option<usize>,
        /// What it says.
        problem: String,
    },
    /// An outcome was handed to the store that a reader would refuse.
    #[error("the outcome of {subject} cannot be recorded: {problem}; this is a defect of loadline, report it")]
    BadOutcome {
        /// `scenario/variant, iteration n`.
        subject: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value could not be written as JSON.
    #[error("could not write {path} as JSON; this is a defect of loadline, report it")]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        #[source]
        source: serde_json::Error,
    },
}

/// What helps where the system refuses an operation on a file.
fn cure(refused: &io::Error) -> &'static str {
    match refused.kind() {
        io::ErrorKind::NotFound => "it is not there: correct the path, or restore the file",
        io::ErrorKind::PermissionDenied => "check its permissions",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on its disk",
        _ => "check its permissions and the free space",
    }
}

impl RecordError {
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
