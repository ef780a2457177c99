//! What is said of an image: decided once, written down by every format.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::host::HostReport;
use crate::image::{BaseShare, LayerContent, Line, PlaceKind};
use crate::measure::{Measure, Unit};
use crate::record::FormatVersion;

/// The version of `weigh --format json`. 1.0: first format. 1.1: waste by file and folder.
pub const WEIGHING_VERSION: FormatVersion = FormatVersion { major: 1, minor: 1 };

/// Everything that is said of one image.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WeighingReport {
    /// Version of this format.
    pub format_version: FormatVersion,
    /// The image as it was asked for.
    pub image: String,
    /// `os/architecture`.
    pub platform: String,
    /// Digest of the configuration: the image's id on a classic store.
    pub image_id: String,
    /// Digest of the manifest; absent where the source has none.
    pub digest: Option<String>,
    /// Where the bytes came from.
    pub source: SourceReport,
    /// What was held against what, a sentence each.
    pub verified: Vec<String>,
    /// Every size and count by the id of its measure.
    pub sizes: BTreeMap<Measure, SizeReport>,
    /// Lowest first.
    pub layers: Vec<WeighedLayer>,
    /// The lowest layers, where the base image is known.
    pub base: Option<BaseShare>,
    /// What the image itself says that it is built on; may be wrong.
    pub base_named: Option<BaseNamed>,
    /// Bytes that are carried for nothing.
    pub waste: WasteReport,
    /// Files with the same content, the most wasteful first: 20 at most.
    pub duplicates: Vec<DuplicateReport>,
    /// The biggest files that are left, biggest first: 20 at most.
    pub biggest_files: Vec<FileReport>,
    /// The biggest folders, biggest first: 20 at most. One that is nearly all in a folder inside it is left out.
    pub biggest_folders: Vec<FileReport>,
    /// What a reader must know, a sentence each.
    pub warnings: Vec<String>,
    /// How it differs from another image, where one was named.
    pub against: Option<AgainstReport>,
    /// What it takes on this host, where that was asked for: facts that depend on more than the image.
    pub on_this_host: Option<HostReport>,
}

/// Where an image's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A container engine.
    Engine,
    /// A registry.
    Registry,
    /// What `docker save` writes.
    DockerArchive,
    /// An OCI layout in a folder.
    Oci,
    /// An OCI layout in a tar.
    OciArchive,
}

impl SourceKind {
    /// The word before the colon: `docker-archive`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Registry => "registry",
            Self::DockerArchive => "docker-archive",
            Self::Oci => "oci",
            Self::OciArchive => "oci-archive",
        }
    }
}

/// Where an image's bytes came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceReport {
    /// What sort of place.
    pub kind: SourceKind,
    /// Which one: a path, an engine's address, a registry's host.
    pub place: String,
    /// The engine's store.
    pub store: Option<String>,
    /// What the engine says that the image's size is, bytes.
    pub reported_size: Option<u64>,
    /// How its layers were read.
    pub read: ReadHow,
    /// How many layers were not read, because what they hold is known from before.
    pub known_layers: usize,
}

/// How layers were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadHow {
    /// Every byte of them was hashed.
    EveryByte,
    /// The engine's store was asked what they hold; nothing was hashed but what may be a duplicate.
    StoreIndex,
    /// Headers of layers were read, and contents that may be duplicates; nothing was held against a digest.
    Headers,
}

/// A size or a count, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SizeReport {
    /// It was counted.
    Known {
        /// In whole units.
        value: u64,
        /// Bytes or a count.
        unit: Unit,
        /// Its number in `docs/sizes.md`, where it has one; of a reported size the engine's store.
        definition: Option<String>,
    },
    /// It cannot be had.
    Unavailable {
        /// Why, in words.
        unavailable: String,
        /// Its number in `docs/sizes.md`, where it has one.
        definition: Option<String>,
    },
}

impl SizeReport {
    /// The figure, where there is one.
    pub const fn value(&self) -> Option<u64> {
        match self {
            Self::Known { value, .. } => Some(*value),
            Self::Unavailable { .. } => None,
        }
    }

    /// The number of its definition, where it has one.
    pub fn definition(&self) -> Option<&str> {
        match self {
            Self::Known { definition, .. } | Self::Unavailable { definition, .. } => definition.as_deref(),
        }
    }
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WeighedLayer {
    /// From 1, lowest first.
    pub number: usize,
    /// Digest of the tar.
    pub diff_id: String,
    /// Digest of the stored bytes; absent without a manifest.
    pub digest: Option<String>,
    /// Media type from the manifest; absent without one.
    pub media_type: Option<String>,
    /// Bytes of the tar: the share of D3.
    pub uncompressed: u64,
    /// Stored bytes: the share of D1; absent without a manifest.
    pub compressed: Option<u64>,
    /// What the image's history says of it, as it stands there.
    pub created_by: Option<String>,
    /// The same as a line of a Dockerfile would say it.
    pub instruction: Option<String>,
    /// The line of the Dockerfile that made it, where one was named and says so.
    pub dockerfile_line: Option<Line>,
    /// Whether it is one of the base image's.
    pub of_base: bool,
    /// What is in it, and what became of that.
    pub content: Option<LayerContent>,
}

/// A base image that an image names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaseNamed {
    /// `docker.io/library/debian:trixie-slim`.
    pub name: Option<String>,
    /// Digest of its manifest.
    pub digest: Option<String>,
}

/// Bytes that are carried for nothing. The three do not overlap.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WasteReport {
    /// Their path was taken by something later.
    pub overwritten: u64,
    /// A later layer took them away.
    pub deleted: u64,
    /// The same content is in the final file system once more: N−1 of N copies.
    pub duplicate: u64,
    /// All three.
    pub total: u64,
    /// The three in per cent of all files' bytes in all layers; absent where there are none.
    pub percent: Option<f64>,
    /// The files and folders with the most overwritten bytes, biggest first: 20 at most, which do not overlap.
    pub worst_overwritten: Vec<WastePlaceReport>,
    /// The files and folders with the most deleted bytes, biggest first: 20 at most, which do not overlap.
    pub worst_deleted: Vec<WastePlaceReport>,
    /// The files and folders with the most bytes of copies, apart from those of the first five of `duplicates` that are a hundredth of
    /// all waste or more: 20 at most, which do not overlap.
    pub worst_copies: Vec<WastePlaceReport>,
}

/// A file or a folder with bytes that are carried for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WastePlaceReport {
    /// From the root; a byte that is no UTF-8 is written `\xff`.
    pub path: String,
    /// Whether the path stands for itself, for what is below it, or for what is left of that beside other places in the list.
    pub what: PlaceKind,
    /// The wasted bytes.
    pub bytes: u64,
    /// How many paths have them.
    pub files: u64,
    /// How many contents they are: a path may be taken several times.
    pub times: u64,
    /// The lowest layer that has them, from 1.
    pub layer: usize,
    /// The highest layer that has them, from 1.
    pub last_layer: usize,
}

/// Files with the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DuplicateReport {
    /// Bytes of one copy.
    pub bytes: u64,
    /// How many there are.
    pub copies: u64,
    /// Bytes of all copies but one.
    pub wasted: u64,
    /// Where they are, the one that counts as the original first: 10 at most.
    pub paths: Vec<String>,
}

/// A file or a folder that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileReport {
    /// From the root; a byte that is no UTF-8 is written `\xff`.
    pub path: String,
    /// Bytes; of a folder those of all that is below it.
    pub bytes: u64,
    /// The layer that it is from, from 1; absent for folders.
    pub layer: Option<usize>,
}

/// How an image differs from another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgainstReport {
    /// The other image as it was asked for.
    pub image: String,
    /// Digest of its configuration.
    pub image_id: String,
    /// Every size that both have.
    pub sizes: BTreeMap<Measure, SizeChange>,
    /// Paths of the final file systems.
    pub files: FilesChange,
    /// The biggest changes, biggest first: 50 at most.
    pub biggest: Vec<ChangedFile>,
    /// D10: what a host with the other image must fetch; absent where an image has no manifest.
    pub delta_transfer_size: Option<TransferReport>,
}

/// A size before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SizeChange {
    /// Of the other image.
    pub before: u64,
    /// Of this one.
    pub after: u64,
}

/// How two file systems differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FilesChange {
    /// In this image alone.
    pub added: FileChange,
    /// In the other image alone.
    pub removed: FileChange,
    /// In both, with another content, mode, owner or group.
    pub changed: FileChange,
    /// The same in both, out of another layer.
    pub moved: FileChange,
    /// Files whose content was not seen, compared by size.
    pub compared_by_size: u64,
}

/// So many files with so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileChange {
    /// Paths.
    pub files: u64,
    /// Their bytes in the other image.
    pub before: u64,
    /// Their bytes in this image.
    pub after: u64,
}

/// A path that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangedFile {
    /// From the root; a byte that is no UTF-8 is written `\xff`.
    pub path: String,
    /// `added`, `removed`, `changed`, `moved`.
    pub change: &'static str,
    /// Bytes in the other image.
    pub before: u64,
    /// Bytes in this image.
    pub after: u64,
}

/// D10 in both its forms, bytes, the manifest apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TransferReport {
    /// The configuration and the layer blobs that the other image lacks: registries and the containerd store.
    pub blob: u64,
    /// The configuration and every layer from the first that differs: classic stores.
    pub chain: u64,
}
