//! An image put on the scales: every size that its layers alone decide, from counted bytes.

mod file;
mod model;
mod read;

pub use file::{LayerFile, MAX_LAYER_FILES};
pub use model::{BaseShare, LayerContent, LayerWeight, WasteBytes, Weighing};

use super::source::{LayerFacts, LayerName, LayerSource, StoredFacts};
use super::tree::{DuplicateGroup, LayerShare, Tree};
use super::{Digest, ImageConfig, ImageError, Manifest};

/// An image whose bytes agree with each other: manifest, configuration, and what was counted of every layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Digest of the configuration's bytes: the image's id on a classic store.
    pub id: Digest,
    /// Bytes of the configuration.
    pub config_bytes: u64,
    /// The parsed configuration.
    pub config: ImageConfig,
    /// The manifest, where the source has one.
    pub manifest: Option<StoredManifest>,
    /// Lowest first.
    pub layers: Vec<CountedLayer>,
}

/// What was counted of a layer's bytes; what it holds is in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedLayer {
    /// Of the stored bytes; `None` where they were not read.
    pub stored: Option<StoredFacts>,
    /// Hash of the tar.
    pub diff_id: Digest,
    /// Bytes of the tar: the layer's share of D3.
    pub uncompressed: u64,
}

/// A manifest as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: u64,
    /// The parsed manifest.
    pub manifest: Manifest,
}

/// An image that has been weighed, with everything that can be asked about it.
#[derive(Debug)]
pub struct Weighed {
    /// Its documents and layers.
    pub image: Image,
    /// Its layers laid over each other, duplicates marked.
    pub tree: Tree,
    /// Live files with the same content, the most wasteful first.
    pub duplicates: Vec<DuplicateGroup>,
    /// Its sizes.
    pub weighing: Weighing,
}

/// Reads an image from `source` and computes its sizes, verifying every digest and size on the way.
///
/// All disagreements are reported together: a manifest that lies about a size or digest, a layer whose tar does not hash
/// to the configuration's `diff_id`, a layer that cannot be inflated or unpacked because it is broken, and a layer count that
/// differs from `rootfs.diff_ids`, are errors, never numbers.
pub fn weigh(source: &impl LayerSource) -> Result<Weighed, ImageError> {
    let (image, listings) = read::image(source)?;
    let mut tree = Tree::default();
    // What the tree has of a layer needs no list beside it.
    for listing in listings {
        tree.apply(&listing).map_err(|error| ImageError::Invalid { what: "image", why: error.to_string() })?;
    }
    let duplicates = tree.mark_duplicates();
    let weighing = model::weighing(&image, &tree)?;
    Ok(Weighed { image, tree, duplicates, weighing })
}
