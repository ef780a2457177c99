//! Why base images could not be provided.

use std::io;
use std::path::{Path, PathBuf};

use crate::dockerfile::ContextError;
use crate::rig::EngineError;
use crate::units;

/// Why base images could not be provided.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// A file or folder of the cache could not be read or written.
    #[error("cannot {action} {path}; choose another place for base images with LOADLINE_CACHE_DIR")]
    Cache {
        /// `create`, `read`, `write`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The cache's file system is full.
    #[error(
        "no space is left for base images in {folder} ({}); free some there, remove what no recipe uses with `loadline bases prune`, or choose another place with LOADLINE_CACHE_DIR",
        space(*needed, *free)
    )]
    CacheFull {
        /// The folder of what did not fit.
        folder: PathBuf,
        /// Bytes that are needed there, where that is known.
        needed: Option<u64>,
        /// Bytes that are free there, where the system tells.
        free: Option<u64>,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// No folder can be derived for the cache.
    #[error("there is no place for base images: neither LOADLINE_CACHE_DIR, XDG_CACHE_HOME nor HOME is an absolute path; set one of them")]
    NoCacheFolder,
    /// A certificate of this machine could not be read.
    #[error("cannot read {path}, an extra CA certificate of this machine that stand-in bases must carry; make it readable or remove it")]
    Certificate {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// A program that stand-ins are made with is not installed.
    #[error("stand-in bases need {program}, which cannot be started; install the package {package}, or use --bases hub")]
    Tool {
        /// `mmdebstrap`.
        program: String,
        /// The distribution's package.
        package: &'static str,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The keys of the Debian archive are not installed.
    #[error(
        "stand-in bases need the Debian archive's keys, and none lie in {folder}; install the package debian-archive-keyring, or use --bases hub"
    )]
    Keyring {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// mmdebstrap failed.
    #[error("{program} could not make the Debian root of {name} ({status}): {tail}; check that this machine reaches its package mirror")]
    Root {
        /// The stand-in.
        name: &'static str,
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        tail: String,
    },
    /// The engine's archive of a stand-in cannot be read.
    #[error("the engine's archive of {name} is not usable: {reason}; run again, and report this if it stays")]
    Archive {
        /// The stand-in.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Stand-ins are missing, and the engine may make them of other images than their recipes name.
    #[error(
        "{} must be made first: an engine with containerd's store asks registries for the images that it is made on; run `loadline bases build {}`, then this again",
        .names.join(", "), .names.join(" ")
    )]
    NotMadeHere {
        /// The stand-ins.
        names: Vec<&'static str>,
    },
    /// `bases.lock` cannot be read.
    #[error("{path}:{line}:{column}: {reason}; repair the file, or remove it to have it written anew")]
    LockSyntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// `bases.lock` could not be read or written.
    #[error("cannot {action} {path}")]
    LockFile {
        /// `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// With `--locked`, published images differ from `bases.lock`.
    #[error("--locked: {}; run once without --locked to take what is published now into {path}", .problems.join("; "))]
    Locked {
        /// The file.
        path: PathBuf,
        /// One sentence fragment for each reference, naming both digests of a moved tag.
        problems: Vec<String>,
    },
    /// With `--locked`, only stand-ins could be had.
    #[error(
        "--locked asks for the published images of bases.lock, but {why}; drop --locked, or use --bases hub where the registry answers"
    )]
    LockedStandIn {
        /// Why stand-ins were chosen.
        why: String,
    },
    /// The engine could not do its part.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A recipe's own files could not be read.
    #[error(transparent)]
    Context(#[from] ContextError),
}

impl BaseError {
    /// Whether the engine itself is gone, so that nothing further can run on it.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Engine(source) if source.is_fatal())
    }

    /// Wraps an error about a path of the cache; a full file system is told apart.
    pub(super) fn cache(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| if is_full(&source) { Self::full(&path, None, source) } else { Self::Cache { action, path, source } }
    }

    /// The file system of `path` has no room.
    pub(super) fn full(path: &Path, needed: Option<u64>, source: io::Error) -> Self {
        let folder = path.parent().unwrap_or(path).to_owned();
        let free = free_bytes(path);
        Self::CacheFull { folder, needed, free, source }
    }

    /// An engine's call that writes into the cache: a full file system there is told apart.
    pub(super) fn writing(error: EngineError) -> Self {
        match error {
            EngineError::File { path, source, .. } if is_full(&source) => Self::full(Path::new(&path), None, source),
            other => Self::Engine(other),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Bytes that are free where `path` is, or would be.
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let found = path.ancestors().find_map(|path| rustix::fs::statvfs(path).ok())?;
    Some(found.f_bavail * found.f_frsize)
}

fn space(needed: Option<u64>, free: Option<u64>) -> String {
    let needed = needed.map(|bytes| format!("{} needed", units::bytes(bytes)));
    let free = free.map(|bytes| format!("{} free", units::bytes(bytes)));
    let parts: Vec<_> = needed.into_iter().chain(free).collect();
    if parts.is_empty() { "the system does not tell how much is free".to_owned() } else { parts.join(", ") }
}
