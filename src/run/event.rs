//! What a run tells while it goes on.

use std::time::Duration;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use crate::record::{Overhead, Stopped, Trial, TrialOutcome};

/// Something that happened, with the seconds since the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Seconds since the run began, monotonic.
    pub at: f64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The plan is made.
    RunStarted {
        /// The run's id.
        run_id: String,
        /// Number of trials.
        trials: usize,
    },
    /// A stretch of preparation began: an engine starts, a base is built.
    Preparing {
        /// What, in words.
        what: String,
    },
    /// It was decided which engine measures.
    EngineChosen {
        /// `private` or `host`.
        engine: String,
        /// Why, in words.
        reason: String,
    },
    /// It was decided where base images come from.
    BaseSet {
        /// `hub` or `stand-in`.
        set: String,
        /// Why, in words.
        reason: String,
    },
    /// A trial began.
    TrialStarted {
        /// Which.
        trial: Trial,
        /// From 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// A trial entered its next part.
    Phase {
        /// `build`, `smoke`, `starts`, `push`, `pull`.
        phase: String,
    },
    /// An image was built: the first figure of a trial, long before its end.
    SizeSoFar {
        /// Which trial.
        trial: Trial,
        /// What the engine says the image weighs, bytes; other than the sizes of the report.
        reported_size: u64,
        /// Seconds of the build.
        build_seconds: f64,
        /// Whether a smoke check comes now; without one the figure stays unverified.
        to_be_verified: bool,
    },
    /// A build step began.
    StepStarted {
        /// The step's name.
        name: String,
    },
    /// A build step ended.
    StepCompleted {
        /// The step's name.
        name: String,
        /// The builder's flag.
        cached: bool,
    },
    /// Bytes of a push or a pull so far.
    TransferProgress {
        /// `push` or `pull`.
        direction: String,
        /// Bytes so far.
        bytes: u64,
        /// Bytes expected, where known.
        total: Option<u64>,
    },
    /// A line that a step printed.
    Log {
        /// The step, may be empty.
        step: String,
        /// The line.
        line: String,
    },
    /// A trial ended.
    TrialFinished {
        /// Everything about it.
        outcome: Box<TrialOutcome>,
    },
    /// A rule ends the run before its last iteration.
    Stopped {
        /// Which one, and what is left out.
        stopped: Stopped,
    },
    /// Something a reader of the figures must know.
    Warning {
        /// What is the matter and what helps.
        message: String,
    },
    /// The run ended.
    RunFinished {
        /// Where the wall time went.
        overhead: Overhead,
        /// Seconds.
        seconds: f64,
    },
}

impl EventKind {
    /// Told as soon as it is known: push and pull of a large image take minutes.
    pub(super) fn size_so_far(trial: Trial, reported_size: u64, build: Duration, to_be_verified: bool) -> Self {
        Self::SizeSoFar { trial, reported_size, build_seconds: build.as_secs_f64(), to_be_verified }
    }
}

/// The schema (draft 2020-12) of one event, kept as `schemas/event.schema.json`.
pub fn event_schema() -> Schema {
    schema_for!(Event)
}

/// Receives events. Must return at once.
pub type Listener = std::sync::Arc<dyn Fn(Event) + Send + Sync>;
