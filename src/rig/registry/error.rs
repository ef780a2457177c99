//! Why the registry cannot do what the program asks of it.

use std::net::IpAddr;
use std::path::PathBuf;

/// Why the registry cannot do what the program asks of it.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The folder for blobs cannot be used.
    #[error("cannot {action} {path}; check that it is writable and its disk not full", path = .path.display())]
    Folder {
        /// `create`, `read`, `empty`.
        action: &'static str,
        /// Which folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The folder holds something already, which would be removed with the registry's own files.
    #[error("{path} is not empty; name a new or empty folder for the registry", path = .path.display())]
    NotEmpty {
        /// Which folder.
        path: PathBuf,
    },
    /// The registry has no passwords and therefore listens on this machine only.
    #[error("the registry does not listen on {address}; use an address of this machine alone, such as 127.0.0.1")]
    NotLoopback {
        /// The address asked for.
        address: IpAddr,
    },
    /// No port could be had.
    #[error("the registry cannot listen on {address}; check that the loopback interface is up")]
    Bind {
        /// The address asked for.
        address: IpAddr,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// A name is none that a registry takes.
    #[error("'{}' is no {what}; registries take lower-case letters, digits and single separators", .name.escape_debug())]
    Name {
        /// `repository`, `tag or digest`.
        what: &'static str,
        /// The text given.
        name: String,
    },
    /// Nothing was pushed under that name.
    #[error("the registry has no {image}; push it first")]
    UnknownImage {
        /// `repository:tag` or `repository@digest`.
        image: String,
    },
}
