//! A pushed image as a source of layers to weigh.

use std::io::{self, Read as _};
use std::sync::Arc;

use super::State;
use super::name::RepositoryName;
use crate::image::{Digest, ImageError, LayerFacts, LayerName, LayerSource};

/// An image in the registry. What was counted of its layers while they were pushed is at hand: nothing is read twice but
/// the manifest and the configuration.
#[derive(Clone, Debug)]
pub struct StoredImage {
    pub(super) state: Arc<State>,
    pub(super) repository: RepositoryName,
    pub(super) digest: Digest,
}

impl StoredImage {
    /// The manifest's digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

impl LayerSource for StoredImage {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        let bytes = self.state.store.manifest_bytes(&self.digest);
        bytes.map(Some).map_err(|source| ImageError::Read { digest: self.digest, source })
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        let digest = named.unwrap_or(&self.digest);
        let opened = self.state.store.open_blob(&self.repository, digest).ok_or(ImageError::Missing { digest: *digest })?;
        let read = |(file, size): (std::fs::File, u64)| -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            // A configuration is bounded where it is parsed; one byte more than that bound is enough to be refused there.
            file.take(size.min(crate::image::MAX_CONFIG_BYTES + 1)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        opened.and_then(read).map_err(|source| ImageError::Read { digest: *digest, source })
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let digest = layer.stored.as_ref().map_or(layer.diff_id, |stored| stored.digest);
        let blob = self.state.store.blob(&self.repository, &digest).ok_or(ImageError::Missing { digest })?;
        blob.facts.clone().map(LayerFacts::from).map_err(|fault| ImageError::Blob { digest, fault })
    }
}
