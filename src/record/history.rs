//! Many runs over time: folders of runs, and the compact form for long histories, `history.jsonl`.
//!
//! A line of `history.jsonl` is one run (what decides whether its figures may be compared) or one of its series (the values of one
//! measure). The lines of a run name it by its key, so that their order says nothing, a line that is there twice is there once, and two
//! files put together line by line are a history again: `merge=union` is all that git needs to be told. A file needs no other file.
//! Lines are only added. `docs/history.md` describes the file for people, `schemas/history.schema.json` a line of it for machines.
//!
//! Invariants of a history that was read: every run is there once, in the order in which they began; every value is one that its
//! measure can have; every series belongs to a run.

mod append;
mod error;
mod gather;
mod line;
mod read;

use std::collections::BTreeMap;

use super::{SeriesKey, Warning};

pub use append::{Added, append_to_history};
pub use error::HistoryError;
pub use line::{HISTORY_VERSION, HistoryLine, HistoryRun, HistorySeries, HistoryVariant, history_schema};

/// The usual name of a history's file.
pub const HISTORY_FILE: &str = "history.jsonl";

/// Runs over time with their series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Every run once, in the order in which they began.
    pub runs: Vec<HistoryRun>,
    /// The points of each series, in the order of the runs.
    pub series: BTreeMap<SeriesKey, Vec<HistoryPoint>>,
    /// What a reader must know about the files themselves.
    pub warnings: Vec<Warning>,
}

/// The values of one series in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPoint {
    /// The run's place in [`History::runs`].
    pub run: usize,
    /// The values, in the measure's unit and in the order of the iterations; at least one.
    pub values: Vec<f64>,
}
