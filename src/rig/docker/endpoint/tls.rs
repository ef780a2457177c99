//! Which files TLS goes by.

use std::path::{Path, PathBuf};

/// The files that prove either side to the other, and whether the engine must prove itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rig::docker) struct TlsFiles {
    /// Authorities that may have signed the engine's certificate, besides those of the system; `None` leaves it at those.
    pub(in crate::rig::docker) ca: Option<PathBuf>,
    /// Our certificate and its key; `None` sends none.
    pub(in crate::rig::docker) pair: Option<(PathBuf, PathBuf)>,
    /// Where all of them lie.
    pub(in crate::rig::docker) folder: PathBuf,
    /// Whether the engine's certificate is checked.
    pub(in crate::rig::docker) verify: bool,
}

impl TlsFiles {
    /// As the variables wish: `ca.pem` must be there to check the engine by, `cert.pem` and `key.pem` may be missing both.
    pub(super) fn wished(folder: &Path, verify: bool) -> Self {
        Self { ca: verify.then(|| folder.join("ca.pem")), pair: pair(folder), folder: folder.to_owned(), verify }
    }

    /// As a context's folder has them; `None` when it has none and asks for no TLS otherwise.
    pub(super) fn of_context(folder: &Path, skip_verify: bool) -> Option<Self> {
        let ca = Some(folder.join("ca.pem")).filter(|path| path.exists());
        let pair = pair(folder);
        let wanted = skip_verify || ca.is_some() || pair.is_some();
        wanted.then(|| Self { ca: ca.filter(|_| !skip_verify), pair, folder: folder.to_owned(), verify: !skip_verify })
    }
}

/// Both files as soon as one is there: the missing one is then named when it is read.
fn pair(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    (cert.exists() || key.exists()).then_some((cert, key))
}

/// What is to be said of an engine whose certificate is not checked.
pub(super) fn unverified(url: &str) -> String {
    format!("the certificate of {url} is not checked, so anybody on the way can pose as that engine; set DOCKER_TLS_VERIFY=1")
}
