//! An image in a registry that is not loadline's: its manifest as that registry keeps it, its contents as the engine exports them.
//!
//! What the layers weigh compressed is what the manifest states, whose bytes hash to the digest that the engine pushed.

use std::collections::HashMap;

use super::{BlobFacts, Compression, Digest, Exported, ImageError, LayerSource, Manifest, weigh};

/// The two put together, layer by layer.
#[derive(Clone, Debug)]
pub struct Pushed {
    manifest: Vec<u8>,
    config: Vec<u8>,
    layers: HashMap<Digest, BlobFacts>,
}

impl Pushed {
    /// Puts `manifest` and `exported` together.
    ///
    /// # Errors
    ///
    /// [`ImageError::Mismatch`] when they do not have as many layers or not the same configuration, and whatever is wrong with
    /// either of them.
    pub fn new(manifest: Vec<u8>, exported: &Exported) -> Result<Self, ImageError> {
        let (export, _) = weigh(exported)?;
        let named = Manifest::parse(&manifest)?;
        let (there, here) = (named.layers.len(), export.layers.len());
        if there != here {
            return Err(ImageError::Mismatch(vec![format!("the registry's manifest has {there} layers, the engine's export {here}")]));
        }
        let config = exported.config(&named.config.digest)?;
        let layers = named.layers.iter().zip(&export.layers).map(|(stored, facts)| {
            let compression = if stored.digest == facts.diff_id { Compression::None } else { Compression::Gzip };
            (stored.digest, BlobFacts { digest: stored.digest, compressed: stored.size, compression, ..facts.clone() })
        });
        Ok(Self { config, layers: layers.collect(), manifest })
    }
}

impl LayerSource for Pushed {
    fn manifest(&self) -> Result<Vec<u8>, ImageError> {
        Ok(self.manifest.clone())
    }

    fn config(&self, _digest: &Digest) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, digest: &Digest) -> Result<BlobFacts, ImageError> {
        self.layers.get(digest).cloned().ok_or(ImageError::Missing { digest: *digest })
    }
}
