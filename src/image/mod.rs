//! What an image is and what it weighs.
//!
//! Reads manifests and configurations (OCI image spec 1.1 and Docker schema 2), inflates and hashes layers, and computes
//! the sizes of `docs/sizes.md` from bytes that were counted here, never from a figure an engine reported. All input is
//! taken for hostile: documents are bounded, layers pass in memory that their number of files bounds, and what cannot be
//! counted is an error.
//!
//! The way of a layer: stored bytes are `inflate`d, the tar is `walk`ed, what it holds becomes a `listing`, and the listings of all
//! layers are laid over each other in a `tree`. `weigh` adds up.
//!
//! Where the bytes come from is a `source`: an `archive` or a layout on disk, an engine's `export`, and whatever other rooms have.
//! `reading` takes a blob on two threads, `cache` spares those that are known, `select` tells which of several images is meant.

mod ancestry;
mod archive;
mod cache;
mod config;
mod delta;
mod digest;
mod error;
mod export;
mod inflate;
mod listing;
mod manifest;
mod parallel;
mod path;
mod pushed;
mod reading;
mod select;
mod source;
mod tree;
mod walk;
mod weigh;

pub use crate::dockerfile::Line;
pub use ancestry::{NamedBase, named_base};
pub(crate) use archive::resolve;
pub use archive::{DockerArchive, Layout, OciArchive};
pub use cache::{Cached, LayerCache, MAX_CACHED};
pub use config::{ImageConfig, MAX_CONFIG_BYTES};
pub use delta::{Change, Delta, DeltaKind, DeltaRow, DeltaTransfer, Update, delta, update};
pub use digest::{Digest, DigestError};
pub use error::ImageError;
pub use export::{COMPRESSOR, Exported, GZIP_LEVEL, Repack};
pub use inflate::{BlobFacts, BlobFault, BlobMeter, Compression, MAX_UNCOMPRESSED, MeteredBlob};
pub use listing::{ContentHash, Entry, EntryKind, Listing, ListingError, ListingWriter, Totals};
pub use manifest::{AnyManifest, Descriptor, Index, MAX_MANIFEST_BYTES, Manifest};
pub(crate) use parallel::in_parallel;
pub(crate) use path::path_text;
pub use pushed::Pushed;
pub use reading::read_blob;
pub use select::{Select, choose, native_platform};
pub use source::{LayerFacts, LayerName, LayerSource, StoredFacts, chain_ids};
pub use tree::{
    DuplicateGroup, Fate, Folder, LayerShare, LiveFile, MAX_ITEMS, MIN_COMPARED, PlaceKind, Row, Tree, TreeError, Waste, WastePlace,
};
pub use walk::{MAX_EXTENDED, Sink, TarEntry, TarFault, TarKind, TarWalk};
pub use weigh::{
    BaseShare, CountedLayer, Image, LayerContent, LayerFile, LayerWeight, MAX_LAYER_FILES, StoredManifest, WasteBytes, Weighed, Weighing,
    weigh,
};

#[cfg(test)]
#[expect(dead_code, reason = "integration tests share this file, and need more of it")]
#[path = "../../tests/it/support/layers.rs"]
mod layers;
#[cfg(test)]
#[path = "../../tests/it/support/overlay.rs"]
mod overlay;
