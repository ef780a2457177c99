//! The sizes of an image as they are written down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{LayerFile, biggest};
use super::{Image, LayerShare, Tree};
use crate::dockerfile::Line;
use crate::image::{Digest, ImageError};

/// The sizes of one image, every one by its definition in `docs/sizes.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Weighing {
    /// Digest of the manifest; absent where the source has none.
    pub digest: Option<String>,
    /// Digest of the configuration: the image's id on a classic store. Absent in records of format 1.1 and before.
    #[serde(default)]
    pub image_id: Option<String>,
    /// D1, bytes; absent without a manifest.
    pub layer_transfer_size: Option<u64>,
    /// D2 = D1 + config + manifest, bytes; absent without a manifest.
    pub transfer_size: Option<u64>,
    /// D3, bytes.
    pub uncompressed_size: u64,
    /// D4 as an engine counts that pulled or loaded the image, bytes.
    #[serde(default)]
    pub classic_size: Option<u64>,
    /// D4 as an engine counts that built the image, bytes.
    #[serde(default)]
    pub classic_size_built: Option<u64>,
    /// D9, bytes.
    #[serde(default)]
    pub live_size: Option<u64>,
    /// Paths in the final file system that are no folders.
    #[serde(default)]
    pub file_count: Option<u64>,
    /// Bytes that are carried for nothing.
    #[serde(default)]
    pub waste: Option<WasteBytes>,
    /// What the image shares with the image that it was built on, where that is known.
    #[serde(default)]
    pub base: Option<BaseShare>,
    /// Bytes of the configuration.
    pub config_size: u64,
    /// Bytes of the manifest; absent where the source has none.
    pub manifest_size: Option<u64>,
    /// Lowest first.
    pub layers: Vec<LayerWeight>,
}

/// Bytes that are carried for nothing. The three do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WasteBytes {
    /// Their path was taken by something later.
    pub overwritten: u64,
    /// A later layer took them away.
    pub deleted: u64,
    /// The same content is in the final file system once more: N−1 of N copies.
    pub duplicate: u64,
}

/// The lowest layers of an image that are those of its base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaseShare {
    /// The base image as it was named.
    pub name: String,
    /// How many layers are the base's.
    pub layers: usize,
    /// Their share of D3, bytes.
    pub uncompressed_size: u64,
    /// Their share of D1, bytes; absent without a manifest.
    pub layer_transfer_size: Option<u64>,
    /// D3 without the base: `app-size`, bytes.
    pub app_size: u64,
}

/// One layer's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerWeight {
    /// Digest of the stored (compressed) bytes; absent without a manifest.
    pub digest: Option<String>,
    /// Digest of the tar.
    pub diff_id: String,
    /// Media type from the manifest; absent without one.
    pub media_type: Option<String>,
    /// Stored bytes; absent without a manifest.
    pub compressed: Option<u64>,
    /// Tar bytes.
    pub uncompressed: u64,
    /// The history line that made the layer, where history tells.
    pub created_by: Option<String>,
    /// The instruction that made the layer, where a Dockerfile was given and history agrees with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile_line: Option<Line>,
    /// What is in the layer. Absent in records of format 1.1 and before.
    #[serde(default)]
    pub content: Option<LayerContent>,
    /// The biggest of its files that are in the final file system, biggest first, equal ones by path: those of 4,096 bytes or more, 20 at
    /// most. Empty for the layers of a known base image in a record, and before format 1.5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub biggest: Vec<LayerFile>,
}

/// What is in a layer, and what became of it in the layers above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerContent {
    /// Entries of any kind.
    pub entries: u64,
    /// Regular files, further names not counted.
    pub files: u64,
    /// The share of D4 where an engine pulled or loaded the layer, bytes.
    pub classic_size: u64,
    /// The share of D4 where an engine built the layer, bytes.
    pub classic_size_built: u64,
    /// The share of D9, bytes.
    pub live: u64,
    /// Bytes whose path something later took.
    pub overwritten: u64,
    /// Bytes that a later layer took away.
    pub deleted: u64,
}

/// The sizes of an image whose layers are laid over each other in `tree`.
pub(super) fn weighing(image: &Image, tree: &Tree) -> Result<Weighing, ImageError> {
    let manifest = image.manifest.as_ref();
    let sizes = manifest.map(|stored| stored.manifest.layers.iter().map(|layer| layer.size));
    let layer_transfer_size = sizes.map(total).transpose()?;
    let manifest_size = manifest.map(|stored| stored.bytes);
    let documents = [image.config_bytes, manifest_size.unwrap_or(0)];
    let transfer_size = layer_transfer_size.map(|layers| total(documents.into_iter().chain([layers]))).transpose()?;
    let (shares, waste) = (tree.shares(), tree.waste());
    Ok(Weighing {
        digest: manifest.map(|stored| stored.digest.to_string()),
        image_id: Some(image.id.to_string()),
        layer_transfer_size,
        transfer_size,
        uncompressed_size: total(image.layers.iter().map(|layer| layer.uncompressed))?,
        classic_size: Some(total(shares.iter().map(|share| share.classic))?),
        classic_size_built: Some(total(shares.iter().map(|share| share.classic_built))?),
        live_size: Some(tree.live_size()),
        file_count: Some(tree.file_count()),
        waste: Some(WasteBytes { overwritten: waste.overwritten, deleted: waste.deleted, duplicate: waste.duplicate }),
        base: None,
        config_size: image.config_bytes,
        manifest_size,
        layers: image.layer_weights(&shares, biggest(tree)),
    })
}

impl Weighing {
    /// Splits the image at its base, whose layers must be its lowest. Whether they are; a base without layers, as `scratch`, has none
    /// that could differ.
    pub fn split(&mut self, name: &str, base: &[Digest]) -> bool {
        let same = |(ours, theirs): &(&LayerWeight, &Digest)| ours.diff_id == theirs.to_string();
        let layers = self.layers.iter().zip(base).take_while(same).count();
        if layers < base.len() {
            return false;
        }
        let shared = &self.layers[..layers];
        let uncompressed_size = shared.iter().map(|layer| layer.uncompressed).sum();
        self.base = Some(BaseShare {
            name: name.to_owned(),
            layers,
            uncompressed_size,
            layer_transfer_size: shared.iter().map(|layer| layer.compressed).sum(),
            app_size: self.uncompressed_size - uncompressed_size,
        });
        true
    }
}

impl Image {
    fn layer_weights(&self, shares: &[LayerShare], biggest: Vec<Vec<LayerFile>>) -> Vec<LayerWeight> {
        let weight = |(number, (facts, biggest)): (usize, (&super::CountedLayer, Vec<LayerFile>))| {
            let stored = self.manifest.as_ref().map(|stored| &stored.manifest.layers[number]);
            LayerWeight {
                digest: stored.map(|stored| stored.digest.to_string()),
                diff_id: facts.diff_id.to_string(),
                media_type: stored.map(|stored| stored.media_type.clone()),
                compressed: stored.map(|stored| stored.size),
                uncompressed: facts.uncompressed,
                created_by: self.config.created_by[number].clone(),
                dockerfile_line: None,
                content: Some(LayerContent::from(&shares[number])),
                biggest,
            }
        };
        self.layers.iter().zip(biggest).enumerate().map(weight).collect()
    }
}

impl From<&LayerShare> for LayerContent {
    fn from(share: &LayerShare) -> Self {
        Self {
            entries: share.entries,
            files: share.files,
            classic_size: share.classic,
            classic_size_built: share.classic_built,
            live: share.live,
            overwritten: share.overwritten,
            deleted: share.deleted,
        }
    }
}

fn total(sizes: impl IntoIterator<Item = u64>) -> Result<u64, ImageError> {
    let sum = sizes.into_iter().try_fold(0_u64, u64::checked_add);
    let too_many = || ImageError::Mismatch(vec!["the layers together have more bytes than can be counted".to_owned()]);
    sum.ok_or_else(too_many)
}
