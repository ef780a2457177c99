//! Why a bench could not be made ready.

use crate::rig::EngineError;
use crate::rig::bases::BaseError;
use crate::rig::link::LinkError;
use crate::rig::private::PrivateError;
use crate::rig::proxy::ProxyError;
use crate::rig::registry::RegistryError;
use crate::rig::remote::RemoteError;
use crate::units::LinkProfile;

/// Why the bench could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// A private engine did not start or stop.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// An engine did not do what was asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The registry did not start.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The registry that the user named cannot be measured with.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The link did not start.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A link was asked for where nothing would cross it.
    #[error("pushes and pulls cannot go over a link of {link}: {why}; leave out --link")]
    NoLink {
        /// What was asked for.
        link: LinkProfile,
        /// Why nothing would cross it.
        why: String,
    },
    /// The build proxy did not start.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Downloads were to be counted where no build can come to the proxy.
    #[error(
        "what builds download cannot be counted on your own engine: their network need not be this machine's, and loadline's proxy listens \
         on 127.0.0.1 alone; use --engine private, or leave out --count-downloads and --download-link"
    )]
    NoDownloads,
    /// A base image could not be had.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// Images built on stand-ins would leave this machine.
    #[error(
        "{registry} is another machine, and images on stand-in bases must not leave this one, because they carry its extra CA \
         certificates; take a registry on 127.0.0.1, or published bases by --bases hub"
    )]
    StandInsLeave {
        /// The registry that the user named.
        registry: String,
    },
    /// There is no place for the registry's blobs.
    #[error("cannot make a temporary folder for the registry; free space there or set TMPDIR")]
    Blobs(#[source] std::io::Error),
    /// The user stopped the run while it was made ready.
    #[error("stopped before the first trial; nothing was measured")]
    Interrupted,
}
