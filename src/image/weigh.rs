//! An image put on the scales: sizes D1, D2 and D3 from counted bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BlobFacts, Descriptor, Digest, ImageConfig, ImageError, Manifest};

/// Where an image's bytes come from. The measuring registry is one; archives and engines are others.
pub trait LayerSource {
    /// The manifest's bytes as stored.
    fn manifest(&self) -> Result<Vec<u8>, ImageError>;
    /// The configuration's bytes as stored.
    fn config(&self, digest: &Digest) -> Result<Vec<u8>, ImageError>;
    /// What was counted of a layer: stored bytes, inflated bytes and both hashes. One that cannot be inflated is
    /// [`ImageError::Blob`].
    fn layer(&self, digest: &Digest) -> Result<BlobFacts, ImageError>;
}

/// An image whose bytes agree with each other: manifest, configuration, and what was counted of every layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Digest of the manifest's bytes.
    pub digest: Digest,
    /// The manifest's bytes.
    pub manifest_bytes: u64,
    /// The parsed manifest.
    pub manifest: Manifest,
    /// The parsed configuration.
    pub config: ImageConfig,
    /// In the order of the manifest.
    pub layers: Vec<BlobFacts>,
}

/// The sizes of one image, every one by its definition in `docs/sizes.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Weighing {
    /// Digest of the manifest.
    pub digest: String,
    /// D1, bytes.
    pub layer_transfer_size: u64,
    /// D2 = D1 + config + manifest, bytes.
    pub transfer_size: u64,
    /// D3, bytes.
    pub uncompressed_size: u64,
    /// Bytes of the configuration.
    pub config_size: u64,
    /// Bytes of the manifest.
    pub manifest_size: u64,
    /// In order of the manifest.
    pub layers: Vec<LayerWeight>,
}

/// One layer's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerWeight {
    /// Digest of the stored (compressed) bytes.
    pub digest: String,
    /// Digest of the tar.
    pub diff_id: String,
    /// Media type from the manifest.
    pub media_type: String,
    /// Stored bytes.
    pub compressed: u64,
    /// Tar bytes.
    pub uncompressed: u64,
    /// The history line that made the layer, where history tells.
    pub created_by: Option<String>,
}

/// Reads an image from `source` and computes its sizes, verifying every digest and size on the way.
///
/// All disagreements are reported together: a manifest that lies about a size or digest, a layer whose tar does not hash
/// to the configuration's `diff_id`, a layer that cannot be inflated because it is broken, and a layer count that differs
/// from `rootfs.diff_ids`, are errors, never numbers.
pub fn weigh(source: &impl LayerSource) -> Result<(Image, Weighing), ImageError> {
    let manifest_bytes = source.manifest()?;
    let manifest = Manifest::parse(&manifest_bytes)?;
    let config_bytes = source.config(&manifest.config.digest)?;
    let mut wrong = Vec::new();
    check_bytes("config", &manifest.config, Digest::of(&config_bytes), config_bytes.len() as u64, &mut wrong);
    let layers = read_layers(source, &manifest, &mut wrong)?;
    // A configuration that is not what the manifest names may not parse either; the cause comes first.
    let config = ImageConfig::parse(&config_bytes).map_err(|error| if wrong.is_empty() { error } else { mismatch(&wrong) })?;
    check_diff_ids(&config, &layers, &mut wrong);
    if !wrong.is_empty() {
        return Err(ImageError::Mismatch(wrong));
    }
    let layers = layers.into_iter().flatten().collect();
    let image = Image { digest: Digest::of(&manifest_bytes), manifest_bytes: manifest_bytes.len() as u64, manifest, config, layers };
    let weighing = image.weighing()?;
    Ok((image, weighing))
}

impl Image {
    fn weighing(&self) -> Result<Weighing, ImageError> {
        let layer_transfer_size = total(self.layers.iter().map(|layer| layer.compressed))?;
        let config_size = self.manifest.config.size;
        Ok(Weighing {
            digest: self.digest.to_string(),
            layer_transfer_size,
            transfer_size: total([layer_transfer_size, config_size, self.manifest_bytes])?,
            uncompressed_size: total(self.layers.iter().map(|layer| layer.uncompressed))?,
            config_size,
            manifest_size: self.manifest_bytes,
            layers: self.layer_weights(),
        })
    }

    fn layer_weights(&self) -> Vec<LayerWeight> {
        let told = self.manifest.layers.iter().zip(&self.config.created_by);
        let weight = |(facts, (descriptor, created_by)): (&BlobFacts, (&Descriptor, &Option<String>))| LayerWeight {
            digest: facts.digest.to_string(),
            diff_id: facts.diff_id.to_string(),
            media_type: descriptor.media_type.clone(),
            compressed: facts.compressed,
            uncompressed: facts.uncompressed,
            created_by: created_by.clone(),
        };
        self.layers.iter().zip(told).map(weight).collect()
    }
}

/// What was counted of every layer; `None` for one whose content is broken, which is noted in `wrong`.
fn read_layers(source: &impl LayerSource, manifest: &Manifest, wrong: &mut Vec<String>) -> Result<Vec<Option<BlobFacts>>, ImageError> {
    let mut layers = Vec::with_capacity(manifest.layers.len());
    for (number, descriptor) in manifest.layers.iter().enumerate() {
        match source.layer(&descriptor.digest) {
            Ok(facts) => {
                check_bytes(&format!("layer {}", number + 1), descriptor, facts.digest, facts.compressed, wrong);
                layers.push(Some(facts));
            }
            Err(ImageError::Blob { digest, fault }) if fault.is_corruption() => {
                wrong.push(format!("layer {}: the blob {digest} {fault}", number + 1));
                layers.push(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(layers)
}

fn check_bytes(what: &str, said: &Descriptor, digest: Digest, size: u64, wrong: &mut Vec<String>) {
    if said.digest != digest {
        wrong.push(format!("{what}: the manifest says {} and the bytes hash to {digest}", said.digest));
    }
    if said.size != size {
        wrong.push(format!("{what}: the manifest says {} B and there are {size} B", said.size));
    }
}

fn check_diff_ids(config: &ImageConfig, layers: &[Option<BlobFacts>], wrong: &mut Vec<String>) {
    if config.diff_ids.len() != layers.len() {
        wrong.push(format!("the manifest has {} layers and the configuration {}", layers.len(), config.diff_ids.len()));
    }
    for (number, (said, counted)) in config.diff_ids.iter().zip(layers).enumerate() {
        if let Some(facts) = counted
            && facts.diff_id != *said
        {
            wrong.push(format!("layer {}: the configuration says {said} and the tar hashes to {}", number + 1, facts.diff_id));
        }
    }
}

fn total(sizes: impl IntoIterator<Item = u64>) -> Result<u64, ImageError> {
    let sum = sizes.into_iter().try_fold(0_u64, u64::checked_add);
    sum.ok_or_else(|| mismatch(&["the layers together have more bytes than can be counted".to_owned()]))
}

fn mismatch(wrong: &[String]) -> ImageError {
    ImageError::Mismatch(wrong.to_vec())
}
