//! Why an image cannot be read from a classic store.

use std::io;
use std::path::PathBuf;

use super::SplitFault;
use crate::image::{Digest, ImageError};

/// Why an image cannot be read from a classic store.
#[derive(Debug, thiserror::Error)]
pub enum ClassicError {
    /// The engine keeps images in another way.
    #[error(
        "{} is not there: the engine keeps its images in the containerd store or with another graph driver than overlay2, \
         and has to export the image", .path.display()
    )]
    NoStore {
        /// The folder that a classic store has.
        path: PathBuf,
    },
    /// Stores belong to root.
    #[error("{} may be read by root alone; run as root, or let the engine export the image", .path.display())]
    Denied {
        /// The file or folder.
        path: PathBuf,
    },
    /// The store has no such image.
    #[error("the store {} has no image {image}; pull, load or build it first", .path.display())]
    NoImage {
        /// The store.
        path: PathBuf,
        /// Digest of its configuration.
        image: Digest,
    },
    /// The store lacks a layer of the image.
    #[error("the store lacks the layer with the chain id {chain_id}; pull, load or build the image again")]
    NoLayer {
        /// Which layer.
        chain_id: Digest,
    },
    /// The store has a layer of which it did not keep what its tar was.
    #[error("the store did not keep the tar of the layer with the chain id {chain_id}; let the engine export the image")]
    NoTarSplit {
        /// Which layer.
        chain_id: Digest,
    },
    /// Something of the store cannot be read.
    #[error("cannot read {}; check the disk, or let the engine export the image", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// A small file of the store does not hold what engines write there.
    #[error("{} holds no {what}; pull, load or build the image again", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        what: &'static str,
    },
    /// What the store kept of a layer's tar cannot be read.
    #[error("{} is damaged; pull, load or build the image again", .path.display())]
    Split {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: SplitFault,
    },
    /// The content of a file is not what the layer says.
    #[error("{} has {found} B and the layer says {said} B; pull, load or build the image again", .path.escape_debug())]
    Length {
        /// The file, below the folder of its layer.
        path: String,
        /// Bytes that the layer says.
        said: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The content of a file cannot be read.
    #[error("cannot read the file {} of the layer in {}; pull, load or build the image again", .path.escape_debug(), .folder.display())]
    Content {
        /// The file, below the folder of its layer.
        path: String,
        /// The folder of its layer.
        folder: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(ImageError),
}

impl ClassicError {
    /// The error for a file or folder that cannot be opened or read.
    pub(super) fn read(path: PathBuf, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied { Self::Denied { path } } else { Self::Read { path, source } }
    }

    /// Whether the image can still be weighed from the engine's export.
    pub const fn export_helps(&self) -> bool {
        matches!(self, Self::NoStore { .. } | Self::Denied { .. } | Self::NoTarSplit { .. } | Self::Read { .. })
    }
}
