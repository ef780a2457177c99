//! Why a history could not be read or added to.

use std::path::PathBuf;

use super::super::RecordError;

/// Why a history could not be read or added to. Reading fails closed: one line that cannot be believed, and nothing is read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file could not be read, written or locked.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Something to add to that is no regular file: lines could not be read back.
    #[error("{path} is no regular file, and a history is one; name a file such as results/history.jsonl")]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// A file of a run's record in place of its folder.
    #[error("{path} is part of a run's record, and no history; name its folder: {folder}")]
    PartOfARun {
        /// What was named.
        path: PathBuf,
        /// The run's folder.
        folder: PathBuf,
    },
    /// A new history in a folder that is not there.
    #[error("{path} cannot be made: there is no folder {folder}; make it, or name another place")]
    NoFolder {
        /// The history.
        path: PathBuf,
        /// What is not there.
        folder: PathBuf,
    },
    /// A run that says it came to its end and lacks trials of its plan.
    #[error("the run in {path} came to its end and its record lacks trials ({lacks}): it is damaged; restore it, or leave it out")]
    Damaged {
        /// The run's folder.
        path: PathBuf,
        /// What is lacking, in words.
        lacks: String,
    },
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
    /// A run with a line that no history is read with.
    #[error(
        "the run in {run} was not added to {path}: a line of it would have {bytes} bytes, and no line of more than {limit} is read; \
        measure fewer scenarios in one run, or name the run's folder beside the history, as in `loadline trend HISTORY RUN`"
    )]
    LongLine {
        /// The run's folder.
        run: PathBuf,
        /// The history.
        path: PathBuf,
        /// What the line takes.
        bytes: usize,
        /// What a line may take.
        limit: u64,
    },
    /// A history that is as long as can be read.
    #[error(
        "nothing was added to {path}: it would be longer than the {limit} bytes that are read of a history; add to another file: \
        `loadline trend` reads any number of them together"
    )]
    LongFile {
        /// The history.
        path: PathBuf,
        /// What a history may take.
        limit: u64,
    },
}

fn list(problems: &[String]) -> String {
    problems.iter().flat_map(|problem| ["\n  ", problem]).collect()
}

fn rest(more: usize) -> String {
    if more == 0 { String::new() } else { format!("\n  and {more} more") }
}
