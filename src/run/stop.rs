//! Why a block ends before its end, and how that reads.

use std::time::Duration;

use crate::record::Status;
use crate::rig::EngineError;

use super::Gone;

/// Why a block ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The trial has an outcome without numbers.
    Status(Status),
    /// The engine is gone: no further trial can run.
    Lost(EngineError),
    /// Something else that all trials need is gone.
    Gone(Gone),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        match error {
            error if error.is_fatal() => Self::Lost(error),
            error @ EngineError::Context { .. } => Self::Status(Status::BuildFailed { reason: chain(&error) }),
            error => Self::Status(Status::Invalid { reason: chain(&error) }),
        }
    }
}

/// A call that took longer than it may.
pub(super) fn timed_out(what: &str, limit: Duration) -> Stop {
    let limit = crate::units::seconds(limit.as_secs_f64());
    Stop::Status(Status::TimedOut { reason: format!("{what} took longer than {limit}{}", cure(what)) })
}

/// The option that allows more, for what has one.
fn cure(what: &str) -> &'static str {
    match what {
        "the build" => "; allow more with --build-timeout",
        "the push" | "the pull" | "the export" => "; allow more with --transfer-timeout",
        _ => "",
    }
}

/// A trial whose numbers mean something else than they should.
pub(super) fn invalid(reason: impl Into<String>) -> Stop {
    Stop::Status(Status::Invalid { reason: reason.into() })
}

/// An error and its sources in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
