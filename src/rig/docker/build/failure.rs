//! Whether a build that ended in an error failed in its Dockerfile, or the engine did.

use std::time::Duration;

use bollard::errors::Error;

use super::{Reading, Report};
use crate::rig::docker::{Docker, EngineError, text};
use crate::rig::engine::{BuildFailure, BuildOutcome};

/// How many of the failed step's last lines can tell that the disk was full.
const LINES_READ: usize = 50;

/// Messages that only an engine that is going down sends: nobody cancels a build that is still listened to.
const GOING_DOWN: [&str; 3] = ["context canceled", "code = Canceled", "the connection is draining"];

/// Messages about the connection between engine and client, not about the Dockerfile.
const OUR_SESSION: [&str; 2] = ["no active session", "session healthcheck failed"];

/// The outcome of a build that ended in `error`.
pub(super) fn outcome(
    docker: &Docker,
    action: &str,
    error: Error,
    reading: Box<dyn Reading + Send>,
    wall: Duration,
) -> Result<BuildOutcome, EngineError> {
    // The engine refuses a malformed Dockerfile with a 4xx; a 5xx is its own trouble.
    let raw = match &error {
        Error::DockerStreamError { error } => error.clone(),
        Error::DockerResponseServerError { status_code: 400..500, message } => message.clone(),
        _ => return Err(docker.failed(action, error)),
    };
    let message = text::message(&raw);
    let Report { vertices, failed_step: step, log, .. } = reading.end(Some(&message));
    let failure = BuildFailure { message, step, wall, vertices, log };
    if says_disk_full(&failure, &raw) {
        let (action, message) = (action.to_owned(), failure.message.clone());
        return Err(EngineError::DataRootFull { action, message, failure: Some(Box::new(failure)) });
    }
    let of_engine = |marks: &[&str]| failure.step.is_none() && marks.iter().any(|mark| raw.contains(mark));
    if of_engine(&GOING_DOWN) {
        return Err(docker.lost(action, error));
    }
    if of_engine(&OUR_SESSION) {
        return Err(docker.failed(action, error));
    }
    Ok(BuildOutcome::Failed(failure))
}

/// A full disk shows in the engine's message, or only in what the failed step printed.
fn says_disk_full(failure: &BuildFailure, raw: &str) -> bool {
    text::says_disk_full(raw) || failure.last_lines(LINES_READ).iter().any(|line| text::says_disk_full(line))
}
