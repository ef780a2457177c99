//! Why an image cannot be weighed.

use std::path::PathBuf;

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
    /// There is not exactly one image that fits what was asked for.
    #[error("{subject}; choose one of: {}", listed(.candidates))]
    Choice {
        /// Where, and what was asked for; fit for a terminal.
        subject: String,
        /// What could have been asked for, as the source says it.
        candidates: Vec<String>,
    },
    /// A file or folder that should hold an image cannot be read.
    #[error("{} cannot be read as {what}; check the path, or save the image again", .path.to_string_lossy().escape_debug())]
    Archive {
        /// `a docker archive`, `an OCI layout`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A blob did not come whole over the network.
    #[error("the transfer of {digest} broke off after {bytes} B ({why}); check the network and run again")]
    Transfer {
        /// Which blob.
        digest: Digest,
        /// Bytes that had come.
        bytes: u64,
        /// The cause in words.
        why: String,
    },
    /// The archive that an engine exports ended early or is none.
    #[error("the engine's export of the image cannot be read; run again")]
    Export(#[source] std::io::Error),
    /// The image contradicts itself: every disagreement that was found.
    #[error("the image is corrupt: {}; build or push it again", .0.join("; "))]
    Mismatch(Vec<String>),
}

/// Foreign names, without what a terminal would obey and not too many of them.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut shown: Vec<String> = names.iter().take(MOST).map(|name| name.escape_debug().take(200).collect()).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    if shown.is_empty() { "nothing, for it holds no image".to_owned() } else { shown.join(", ") }
}
