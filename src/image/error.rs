//! Why an image cannot be weighed.

use super::{BlobFault, Digest, DigestError};

/// Why an image cannot be weighed.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A text is no digest.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// A document is larger than any real one.
    #[error("the {what} has {bytes} B and no more than {limit} B are read; an image with a smaller one can be weighed")]
    TooLarge {
        /// `manifest`, `configuration`.
        what: &'static str,
        /// Its bytes.
        bytes: u64,
        /// The most that is read, bytes.
        limit: u64,
    },
    /// A document is not the JSON that it must be.
    #[error("the {what} cannot be read; build or push the image again")]
    Malformed {
        /// `manifest`, `configuration`.
        what: &'static str,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A document is JSON but breaks a rule of its specification.
    #[error("the {what} {why}; build or push the image again")]
    Invalid {
        /// `manifest`, `configuration`.
        what: &'static str,
        /// The broken rule.
        why: String,
    },
    /// The document names images for several platforms and is none itself.
    #[error("this is an index of {manifests} manifests, not an image; name one of them by its digest")]
    Index {
        /// How many it names.
        manifests: usize,
    },
    /// The manifest is of Docker schema 1, whose layers have no sizes.
    #[error("the manifest is of Docker schema 1, which states no sizes; push the image with Docker 1.10 or newer")]
    SchemaOne,
    /// A layer could not be inflated, so that its content is unknown.
    #[error("the blob {digest} {fault}; {}", fault.cure())]
    Blob {
        /// Which blob.
        digest: Digest,
        /// What is the matter with its bytes.
        fault: BlobFault,
    },
    /// The image names a blob or manifest that its source has not.
    #[error("{digest} is not there; push the image again")]
    Missing {
        /// Which one.
        digest: Digest,
    },
    /// Bytes that were there could not be read.
    #[error("cannot read {digest}; check the disk and the permissions of the folder it is kept in")]
    Read {
        /// Which blob or manifest.
        digest: Digest,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The archive that an engine exports ended early or is none.
    #[error("the engine's export of the image cannot be read; run again")]
    Export(#[source] std::io::Error),
    /// The image contradicts itself: every disagreement that was found.
    #[error("the image is corrupt: {}; build or push it again", .0.join("; "))]
    Mismatch(Vec<String>),
}
