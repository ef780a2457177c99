//! An image in a registry that is not loadline's: its manifest as that registry keeps it, its contents as the engine exports them.
//!
//! What the layers weigh compressed is what the manifest states, whose bytes hash to the digest that the engine pushed.

use std::collections::HashMap;

use super::{Compression, Digest, Exported, ImageError, LayerFacts, LayerName, LayerSource, Manifest, StoredFacts, chain_ids, weigh};

/// The two put together, layer by layer.
#[derive(Clone, Debug)]
pub struct Pushed {
    manifest: Vec<u8>,
    config: Vec<u8>,
    layers: HashMap<Digest, LayerFacts>,
}

impl Pushed {
    /// Puts `manifest` and `exported` together.
    ///
    /// # Errors
    ///
    /// [`ImageError::Mismatch`] when they do not have as many layers or not the same configuration, and whatever is wrong with
    /// either of them.
    pub fn new(manifest: Vec<u8>, exported: &Exported) -> Result<Self, ImageError> {
        let export = weigh(exported)?.image;
        let named = Manifest::parse(&manifest)?;
        let (there, here) = (named.layers.len(), export.layers.len());
        if there != here {
            return Err(ImageError::Mismatch(vec![format!("the registry's manifest has {there} layers, the engine's export {here}")]));
        }
        let config = exported.config(Some(&named.config.digest))?;
        let diff_ids: Vec<Digest> = export.layers.iter().map(|layer| layer.diff_id).collect();
        let layers = named.layers.iter().zip(&diff_ids).zip(chain_ids(&diff_ids)).enumerate();
        let layers = layers.map(|(number, ((stored, &diff_id), chain_id))| {
            let facts = exported.layer(&LayerName { number, diff_id, chain_id, stored: None })?;
            let compression = if stored.digest == diff_id { Compression::None } else { Compression::Gzip };
            let said = StoredFacts { digest: stored.digest, size: stored.size, compression };
            Ok((stored.digest, LayerFacts { stored: Some(said), ..facts }))
        });
        Ok(Self { config, layers: layers.collect::<Result<_, ImageError>>()?, manifest })
    }
}

impl LayerSource for Pushed {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(Some(self.manifest.clone()))
    }

    fn config(&self, _named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let digest = layer.stored.as_ref().map_or(layer.diff_id, |stored| stored.digest);
        self.layers.get(&digest).cloned().ok_or(ImageError::Missing { digest })
    }
}
