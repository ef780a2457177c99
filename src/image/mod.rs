//! What an image is and what it weighs.
//!
//! Reads manifests and configurations (OCI image spec 1.1 and Docker schema 2), inflates and hashes layers, and computes
//! the sizes of `docs/sizes.md` from bytes that were counted here, never from a figure an engine reported. All input is
//! taken for hostile: documents are bounded, layers pass in bounded memory, and what cannot be counted is an error.

mod config;
mod digest;
mod error;
mod export;
mod inflate;
mod manifest;
mod pushed;
mod weigh;

pub use config::{ImageConfig, MAX_CONFIG_BYTES};
pub use digest::{Digest, DigestError};
pub use error::ImageError;
pub use export::{COMPRESSOR, Exported, GZIP_LEVEL};
pub use inflate::{BlobFacts, BlobFault, BlobMeter, Compression, MAX_UNCOMPRESSED, MeteredBlob};
pub use manifest::{AnyManifest, Descriptor, Index, MAX_MANIFEST_BYTES, Manifest};
pub use pushed::Pushed;
pub use weigh::{Image, LayerSource, LayerWeight, Weighing, weigh};
