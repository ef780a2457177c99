//! The measuring registry: a small OCI distribution server inside the process that counts every byte. The only place that names axum.
//!
//! It listens on a loopback address only and asks for no password. Every blob is hashed and inflated as it passes, so that
//! weighing a pushed image costs no second transfer; every transfer is entered in the books with its bytes and times. A
//! blob known to one repository is unknown to all others and is never mounted across, so that a push to a new repository
//! is a cold push. It serves as a registry mirror too: `library/<name>:<tag>` is what an engine asks a mirror for.
//!
//! State: blobs and manifests by digest in the folder that was named at the start, everything else in memory. Specification:
//! OCI distribution spec 1.1. Left out of it: deleting blobs, listing repositories, referrers.

mod blobs;
mod error;
mod image;
mod ledger;
mod manifests;
mod name;
mod range;
mod reply;
mod route;
mod serve;
mod store;
mod upload;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::ledger::Ledger;
use self::name::{Reference, RepositoryName};
use self::store::Store;
use self::upload::Uploads;
use crate::image::Digest;

pub use self::error::RegistryError;
pub use self::image::StoredImage;
pub use self::ledger::{BlobTransfer, ManifestTransfer, Mark, Moved, Traffic};

/// How to start the registry.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Folder for blobs, new or empty; created, and emptied when the registry stops.
    pub directory: PathBuf,
    /// The loopback address to listen on. Engines take `127.0.0.0/8` without TLS.
    pub address: IpAddr,
}

impl RegistryOptions {
    /// A registry on a free port of 127.0.0.1.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), address: Ipv4Addr::LOCALHOST.into() }
    }
}

/// A running registry. Dropping it stops it too.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    server: Mutex<Option<JoinHandle<()>>>,
}

/// What requests share.
#[derive(Debug)]
struct State {
    directory: PathBuf,
    store: Store,
    uploads: Uploads,
    ledger: Ledger,
}

impl Registry {
    /// Starts a registry as tasks of the current runtime, on a free port.
    pub async fn start(options: RegistryOptions) -> Result<Self, RegistryError> {
        let RegistryOptions { directory, address } = options;
        if !address.is_loopback() {
            return Err(RegistryError::NotLoopback { address });
        }
        let listener = TcpListener::bind((address, 0)).await.map_err(|source| RegistryError::Bind { address, source })?;
        let bound = listener.local_addr().map_err(|source| RegistryError::Bind { address, source })?;
        let state = Arc::new(State::create(directory)?);
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve::serve(listener, Arc::clone(&state), stop.clone()));
        Ok(Self { address: bound, state, stop, server: Mutex::new(Some(server)) })
    }

    /// Where it listens: `127.0.0.1:<port>`.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, cuts every open connection, also in the middle of a transfer, and empties the folder. A second
    /// call does nothing. The books can still be read.
    pub async fn stop(&self) -> Result<(), RegistryError> {
        self.stop.cancel();
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(server) = server else { return Ok(()) };
        // The task holds nothing that a panic could spoil: whatever became of it, its connections are gone with it.
        let _ = server.await;
        self.reset_matching(|_| false)?;
        self.state.remove_folders().map_err(|source| self.folder_error("empty", source))
    }

    /// Returns when it was told to stop, at once if that was before.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Marks this moment, to ask later what crossed the registry [`since`](Self::since).
    pub fn mark(&self) -> Mark {
        self.state.ledger.mark()
    }

    /// Everything that crossed the registry since `mark`.
    pub fn since(&self, mark: &Mark) -> Traffic {
        self.state.ledger.since(mark)
    }

    /// Blob bytes that crossed the registry since `mark`, by whichever transfer: cheap, for showing progress.
    pub fn moved_since(&self, mark: &Mark) -> Moved {
        self.state.ledger.moved_since(mark)
    }

    /// The image that was pushed as `repository` with `reference`, a tag or a digest, ready to be weighed.
    pub fn image(&self, repository: &str, reference: &str) -> Result<StoredImage, RegistryError> {
        let name = parse_name(repository)?;
        let parsed = Reference::parse(reference);
        let parsed = parsed.ok_or_else(|| RegistryError::Name { what: "tag or digest", name: reference.to_owned() })?;
        let separator = if matches!(parsed, Reference::Tag(_)) { ':' } else { '@' };
        let unknown = || RegistryError::UnknownImage { image: format!("{repository}{separator}{reference}") };
        let digest = self.state.store.manifest(&name, &parsed).ok_or_else(unknown)?.digest;
        Ok(StoredImage { state: Arc::clone(&self.state), repository: name, digest })
    }

    /// The digest of the manifest that a tag points to.
    pub fn digest_of_tag(&self, repository: &str, tag: &str) -> Result<Digest, RegistryError> {
        self.image(repository, tag).map(|image| image.digest())
    }

    /// Forgets a repository with its uploads, and every blob that no other repository names.
    pub fn forget_repository(&self, repository: &str) -> Result<(), RegistryError> {
        let name = parse_name(repository)?;
        self.reset_matching(|other| *other != name)
    }

    /// Forgets all of a repository but the image with this tag: other tags and manifests, and blobs that this image does not name.
    pub fn keep_tag(&self, repository: &str, tag: &str) -> Result<(), RegistryError> {
        let unknown = || RegistryError::UnknownImage { image: format!("{repository}:{tag}") };
        let name = parse_name(repository)?;
        let Some(Reference::Tag(tag)) = Reference::parse(tag) else { return Err(unknown()) };
        let found = self.state.store.keep_tag(&name, &tag).map_err(|source| self.folder_error("empty", source))?;
        if found { Ok(()) } else { Err(unknown()) }
    }

    /// Forgets every repository whose name does not begin with `keep_prefix`. The books stay.
    pub fn reset(&self, keep_prefix: &str) -> Result<(), RegistryError> {
        self.reset_matching(|name| !keep_prefix.is_empty() && name.as_str().starts_with(keep_prefix))
    }

    fn reset_matching(&self, keep: impl Fn(&RepositoryName) -> bool) -> Result<(), RegistryError> {
        self.state.uploads.retain(&keep);
        self.state.store.retain(keep).map_err(|source| self.folder_error("empty", source))
    }

    fn folder_error(&self, action: &'static str, source: io::Error) -> RegistryError {
        RegistryError::Folder { action, path: self.state.directory.clone(), source }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop.cancel();
        // The server may still be cutting connections; what it writes meanwhile is in files that have no name any more.
        let _ = self.state.remove_folders();
    }
}

fn parse_name(repository: &str) -> Result<RepositoryName, RegistryError> {
    RepositoryName::parse(repository).ok_or_else(|| RegistryError::Name { what: "repository name", name: repository.to_owned() })
}

impl State {
    fn create(directory: PathBuf) -> Result<Self, RegistryError> {
        let wrong = |action| {
            let path = directory.clone();
            move |source| RegistryError::Folder { action, path, source }
        };
        std::fs::create_dir_all(&directory).map_err(wrong("create"))?;
        if std::fs::read_dir(&directory).map_err(wrong("read"))?.next().is_some() {
            return Err(RegistryError::NotEmpty { path: directory });
        }
        let store = Store::create(&directory).map_err(wrong("create"))?;
        let uploads = Uploads::create(&directory).map_err(wrong("create"))?;
        Ok(Self { directory, store, uploads, ledger: Ledger::new() })
    }

    /// Removes the folders that [`create`](Self::create) made and leaves theirs empty.
    fn remove_folders(&self) -> io::Result<()> {
        [self.store.folders().as_slice(), &[self.uploads.folder()]].concat().into_iter().try_for_each(remove)
    }
}

/// Removes a folder with all that is in it; one that is gone already is success.
fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
