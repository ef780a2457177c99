//! The seam between an image's bytes and what is computed of them.

use std::sync::Arc;

use super::listing::Listing;
use super::walk::TarFault;
use super::{BlobFacts, Compression, Descriptor, Digest, ImageError};

/// Where an image's bytes come from: a registry, an archive, a layout, an engine's store. Layers may be asked for from several
/// threads at once.
pub trait LayerSource: Sync {
    /// The manifest's bytes as stored; `None` where the source keeps an image without one that a registry would have.
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError>;

    /// The configuration's bytes as stored. `named` is what the manifest calls it.
    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError>;

    /// About how many bytes are read of a layer, so that the biggest can be begun first; 0 where that is not known.
    fn load(&self, layer: &LayerName) -> u64 {
        layer.stored.as_ref().map_or(0, |stored| stored.size)
    }

    /// Whether a layer that is known need not be read: what is stored of it is there and has the length that a layer with a tar of
    /// `tar` bytes must have, as far as that can be told without reading it. `false` where it does not fit: reading it says why.
    ///
    /// A source that cannot look without fetching the layer says `true`.
    fn fits(&self, layer: &LayerName, tar: u64) -> bool {
        let _ = (layer, tar);
        true
    }

    /// What was counted of a layer. One that cannot be inflated is [`ImageError::Blob`].
    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError>;
}

/// A layer as the image's documents name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerName {
    /// Its place in the image, from 0.
    pub number: usize,
    /// What the configuration says its tar hashes to.
    pub diff_id: Digest,
    /// The `diff_id`s of this layer and all below it, lowest first, as one hash (OCI image spec 1.1, config.md, "Layer `ChainID`").
    pub chain_id: Digest,
    /// What the manifest says is stored of it; `None` where there is no manifest.
    pub stored: Option<Descriptor>,
}

/// The chain id of every layer, lowest first (OCI image spec 1.1, config.md, "Layer `ChainID`").
pub fn chain_ids(diff_ids: &[Digest]) -> impl Iterator<Item = Digest> {
    diff_ids.iter().scan(None, |below: &mut Option<Digest>, diff_id| {
        let chain_id = below.map_or(*diff_id, |below| Digest::of(format!("{below} {diff_id}").as_bytes()));
        *below = Some(chain_id);
        Some(chain_id)
    })
}

/// What was counted of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFacts {
    /// Of the stored bytes; `None` where the source keeps a layer in another form than a blob, or it was not read because its
    /// content is known already.
    pub stored: Option<StoredFacts>,
    /// Hash of the tar.
    pub diff_id: Digest,
    /// Bytes of the tar: the layer's share of D3.
    pub uncompressed: u64,
    /// What the tar holds.
    pub listing: Result<Arc<Listing>, TarFault>,
}

/// What was counted of a layer's stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFacts {
    /// Hash of the stored bytes.
    pub digest: Digest,
    /// Stored bytes.
    pub size: u64,
    /// How they are compressed.
    pub compression: Compression,
}

impl From<BlobFacts> for LayerFacts {
    fn from(blob: BlobFacts) -> Self {
        let stored = StoredFacts { digest: blob.digest, size: blob.compressed, compression: blob.compression };
        Self { stored: Some(stored), diff_id: blob.diff_id, uncompressed: blob.uncompressed, listing: blob.listing }
    }
}
