//! The client's errors as the seam's.

use std::error::Error as StdError;

use bollard::errors::Error;

use super::{Docker, EngineError, Reach, text};

impl Docker {
    /// What a failed call means. `action` reads before "failed": `push of 127.0.0.1:5000/x:a`.
    pub(super) fn failed(&self, action: &str, error: Error) -> EngineError {
        let action = action.to_owned();
        let (status, message) = match error {
            Error::DockerResponseServerError { status_code, message } => (Some(status_code), message),
            Error::DockerStreamError { error } => (None, error),
            Error::JsonDataError { .. } | Error::JsonSerdeError { .. } | Error::APIVersionParseError {} => {
                return EngineError::Malformed { action, endpoint: self.endpoint.to_string(), source: error.into() };
            }
            other => return self.lost(&action, other),
        };
        refused(action, &message, status)
    }

    /// The engine went away during `action`.
    pub(super) fn lost(&self, action: &str, source: impl StdError + Send + Sync + 'static) -> EngineError {
        let (endpoint, log) = (self.endpoint.to_string(), self.log.to_string());
        let source = match &self.reach {
            Reach::Through(ssh) => ssh.last_words().map_or_else(|| source.into(), |why| Broken(why).into()),
            Reach::Here | Reach::At(_) => source.into(),
        };
        EngineError::Lost { endpoint, action: action.to_owned(), log, source }
    }
}

/// Why the connection broke, as the one who held it says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

/// The engine's refusal, or its full data root.
pub(super) fn refused(action: String, message: &str, status: Option<u16>) -> EngineError {
    let full = text::says_disk_full(message);
    let message = text::message(message);
    if full { EngineError::DataRootFull { action, message, failure: None } } else { EngineError::Refused { action, message, status } }
}

/// The HTTP status of a refused call.
pub(super) const fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// The message of an `errorDetail` without a message, which the client lets pass as progress.
pub(super) fn bare(detail: Option<&bollard::models::ErrorDetail>) -> Result<(), Error> {
    detail.map_or(Ok(()), |detail| {
        Err(Error::DockerStreamError { error: format!("error without a message, code {}", detail.code.unwrap_or_default()) })
    })
}
