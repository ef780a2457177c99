//! Why a link cannot be started.

/// Why a link cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No port could be had.
    #[error("the link cannot listen on 127.0.0.1; check that the loopback interface is up")]
    Listen(#[source] std::io::Error),
    /// There is no thread or no timer for it.
    #[error("the link cannot have a thread of its own; check the limits on processes and open files")]
    Thread(#[source] std::io::Error),
}
