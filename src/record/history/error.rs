//! Why a history could not be read or added to.

use std::path::PathBuf;

use super::super::RecordError;

/// Why a history could not be read or added to. Reading fails closed: one line that cannot be believed, and nothing is read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file could not be read, written or locked.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// There is no run in a folder, nor below it, nor a history.
    #[error("{path} holds neither a run nor a history; name a run's folder, a folder of them, or a history.jsonl")]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
    /// There is not one run with figures in all that was named.
    #[error("there is no run with figures in {places}; add one with `loadline history add`, or measure with `loadline run`")]
    Empty {
        /// What was named.
        places: String,
    },
    /// Lines or records that cannot be believed, all at once.
    #[error("the history cannot be believed; restore the files, or remove the lines that were never whole:{}{}", list(problems), rest(*more))]
    Broken {
        /// Each with its file and line.
        problems: Vec<String>,
        /// How many there are besides.
        more: usize,
    },
    /// A run that may still be gone on with.
    #[error("the run in {path} has not come to its end, and a history keeps only what does not change; go on with `loadline run --resume`")]
    NotEnded {
        /// The run's folder.
        path: PathBuf,
    },
}

fn list(problems: &[String]) -> String {
    problems.iter().flat_map(|problem| ["\n  ", problem]).collect()
}

fn rest(more: usize) -> String {
    if more == 0 { String::new() } else { format!("\n  and {more} more") }
}
