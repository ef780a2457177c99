//! Why there is no build proxy.

use crate::rig::serving::ServingError;

/// Why there is no build proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No port could be had.
    #[error("the build proxy cannot listen on 127.0.0.1; check that the loopback interface is up")]
    Listen(#[source] std::io::Error),
    /// There is no thread or no timer for it.
    #[error("the build proxy cannot have a thread of its own; check the limits on processes and open files")]
    Thread(#[source] std::io::Error),
    /// There is no secret for a build's account.
    #[error("there are no random bytes for the build proxy's secret; check that /dev/urandom can be read")]
    Secret(#[source] std::io::Error),
    /// The environment names a proxy that is not spoken to in plain HTTP.
    #[error(
        "the environment names the proxy {scheme}://{host}, and the build proxy passes on to http:// proxies alone; name one of those, or do not count downloads"
    )]
    Upstream {
        /// `https`, `socks5`.
        scheme: String,
        /// Its host, without a login.
        host: String,
    },
}

impl From<ServingError> for ProxyError {
    fn from(error: ServingError) -> Self {
        match error {
            ServingError::Listen(source) => Self::Listen(source),
            ServingError::Thread(source) => Self::Thread(source),
        }
    }
}
