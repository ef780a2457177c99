//! Why an engine could not do what was asked.

use super::BuildFailure;
use crate::dockerfile::ContextError;

/// Why an engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No engine answers there.
    #[error("no engine answers at {endpoint}; start it, or use --engine private on Linux as root")]
    Unreachable {
        /// Socket or URL.
        endpoint: String,
        /// The client's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The environment names an engine that is not served, or that cannot be reached for a reason that is known.
    #[error("cannot use the engine that {endpoint} names: {why}")]
    Endpoint {
        /// The setting and its value: `DOCKER_HOST=tcp://…`.
        endpoint: String,
        /// The reason and the cure in words.
        why: String,
    },
    /// The engine died, stopped answering, or the connection broke while a call was under way.
    #[error("the engine at {endpoint} went away during {action}; its log is {log}")]
    Lost {
        /// Socket or URL.
        endpoint: String,
        /// What was under way: `build of go-api/multi`.
        action: String,
        /// Where the engine's log is, or how to read it.
        log: String,
        /// The client's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine answered with an error.
    #[error("{action} failed: {message}")]
    Refused {
        /// What was asked: `push of 127.0.0.1:5000/x:a`.
        action: String,
        /// The engine's message.
        message: String,
        /// HTTP status, where there was one; `None` for an error inside a 200 stream.
        status: Option<u16>,
    },
    /// The container cannot run what its image says, such as a missing program. The engine is fine.
    #[error("a container of {image} did not start: {message}; check the image's ENTRYPOINT and CMD")]
    NotStarted {
        /// The image.
        image: String,
        /// The engine's message.
        message: String,
    },
    /// The container's port could not be published on the engine's machine. The engine is fine.
    #[error("cannot publish a port of {image} on {address} of the engine's machine: {message}; {cure}")]
    Publish {
        /// The image.
        image: String,
        /// Address and port, where the engine told the port.
        address: String,
        /// The engine's message.
        message: String,
        /// What can be done.
        cure: &'static str,
    },
    /// The engine's data root is full.
    #[error(
        "{action} failed because the engine's data root is full: {message}; free space there, or choose another place with --data-root"
    )]
    DataRootFull {
        /// What was asked.
        action: String,
        /// The engine's message.
        message: String,
        /// The build whose step found it full, with what it printed until then.
        failure: Option<Box<BuildFailure>>,
    },
    /// The engine ended a stream without the result that it must carry.
    #[error("{action} ended without {missing}; the engine's answer was incomplete, run again and report this if it stays")]
    Incomplete {
        /// What was asked.
        action: String,
        /// What was not there: `an image id`.
        missing: &'static str,
    },
    /// The engine answered with something that is not of its API.
    #[error("{action} got an answer that is not of the Docker Engine API; check that a Docker engine listens at {endpoint}")]
    Malformed {
        /// What was asked.
        action: String,
        /// Socket or URL.
        endpoint: String,
        /// The client's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The build context could not be read while it was sent.
    #[error("cannot send the context for {action}")]
    Context {
        /// What was asked: `build of go-api:multi`.
        action: String,
        /// Which file, and why.
        #[source]
        source: ContextError,
    },
    /// A file on this side could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// `read`, `write`.
        action: &'static str,
        /// Which file.
        path: String,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// A name that no engine would take as an image reference.
    #[error("{reference:?} is not an image reference; write it as repository:tag")]
    Reference {
        /// The name.
        reference: String,
    },
    /// The engine cannot do this at all.
    #[error("{what} is not possible on this engine: {why}")]
    Unsupported {
        /// `prune`.
        what: &'static str,
        /// The reason in words.
        why: String,
    },
}

impl EngineError {
    /// Whether the engine itself is gone, so that no further trial can run on it.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Lost { .. } | Self::Endpoint { .. })
    }
}
