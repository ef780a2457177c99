//! An image as an engine with the classic store (`overlay2`) keeps it, read where it lies: no daemon works, nothing is exported.
//!
//! The store has, for every layer, what the layer's tar says beside the contents of its files (`tar-split.json.gz`, after
//! github.com/vbatts/tar-split): headers and padding as they were, of each file its length and a checksum. That is enough for D3,
//! the file inventory and D9, and takes few of the layer's bytes. Contents are read of files of at least [`MIN_COMPARED`]
//! bytes alone whose length and checksum occur more than once in the image, so that duplicates are exact.
//!
//! Nothing is hashed on the way: the `diff_id` is the store's word, held against the configuration, whose own hash is checked.
//! [`ClassicImage::verifying`] builds every tar again from the contents and hashes it.
//!
//! Invariants: layers lie as the configuration names them; what is in a store is never written to; no path of an image leads out of
//! the folder of its layer. Memory goes with the number of files. Only root can read a store.

mod content;
mod error;
mod scan;
mod split;
mod store;
mod usage;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use error::ClassicError;
pub use scan::{Key, Scanned, scan};
pub use split::SplitFault;
pub use usage::{ClassicLayers, DiskUse};

use crate::image::{
    Digest, ImageConfig, ImageError, LayerContent, LayerFacts, LayerName, LayerSource, MIN_COMPARED, chain_ids, in_parallel,
};
use store::{Store, StoredLayer};

/// An image of a classic store, read to its end.
#[derive(Debug)]
pub struct ClassicImage {
    config: Vec<u8>,
    stored: Vec<StoredLayer>,
    facts: Vec<LayerFacts>,
}

/// With which form of D4 the engine's own figure for a layer agrees (`docs/sizes.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedAs {
    /// With the form of a layer that it built.
    Built,
    /// With the form of a layer that it pulled or loaded.
    Pulled,
    /// With both, which are the same for this layer.
    Either,
    /// With none of them.
    Neither,
}

impl ClassicImage {
    /// Reads the image `image_id` of the engine whose data root (`docker info`: "Docker Root Dir") is `data_root`.
    ///
    /// # Errors
    ///
    /// There is no classic store, it may not be read, it has no such image, or what it has of it is damaged.
    pub fn open(data_root: &Path, image_id: &Digest) -> Result<Self, ClassicError> {
        let store = Store::open(data_root)?;
        let config = store.config(image_id)?;
        let diff_ids = ImageConfig::parse(&config).map_err(ClassicError::Config)?.diff_ids;
        let stored = chain_ids(&diff_ids).map(|chain_id| store.layer(&chain_id)).collect::<Result<Vec<_>, _>>()?;
        let scanned = in_parallel(stored.len(), |number| stored[number].scan())?;
        let more_than_once = repeated(&scanned);
        let facts = complete_all(&stored, scanned, &more_than_once)?;
        Ok(Self { config, stored, facts })
    }

    /// The same image with the contents of all files read: every tar is built again and hashed, so that what was changed in the
    /// store since shows as a `diff_id` that is not the configuration's.
    ///
    /// # Errors
    ///
    /// A content cannot be read, or has another length than the layer says.
    pub fn verifying(self) -> Result<Self, ClassicError> {
        let facts = in_parallel(self.stored.len(), |number| self.stored[number].rebuild())?;
        Ok(Self { facts, ..self })
    }

    /// What the engine says each layer has, bytes, lowest first; its `docker image inspect` says their sum.
    pub fn reported(&self) -> Vec<u64> {
        self.stored.iter().map(|layer| layer.reported).collect()
    }

    /// With which form of D4 the engine's figure for layer `number` (from 0) agrees, given what was counted in it.
    pub fn counted_as(&self, number: usize, content: &LayerContent) -> CountedAs {
        let reported = self.stored.get(number).map(|layer| layer.reported);
        match (reported == Some(content.classic_size_built), reported == Some(content.classic_size)) {
            (true, true) => CountedAs::Either,
            (true, false) => CountedAs::Built,
            (false, true) => CountedAs::Pulled,
            (false, false) => CountedAs::Neither,
        }
    }
}

impl LayerSource for ClassicImage {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(None)
    }

    fn config(&self, _named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        self.facts.get(layer.number).cloned().ok_or(ImageError::Missing { digest: layer.diff_id })
    }
}

/// The contents that the image may have more than once, by length and checksum.
fn repeated(layers: &[Scanned]) -> HashSet<Key> {
    let mut keys: Vec<Key> = layers.iter().flat_map(|layer| layer.keys.iter().copied()).collect();
    keys.sort_unstable();
    keys.chunk_by(|a, b| a == b).filter(|same| same.len() > 1).map(|same| same[0]).collect()
}

/// What is known of every layer, with the hashes of all contents that may be there more than once.
fn complete_all(stored: &[StoredLayer], scanned: Vec<Scanned>, more_than_once: &HashSet<Key>) -> Result<Vec<LayerFacts>, ClassicError> {
    let scanned: Vec<_> = scanned.into_iter().map(|scanned| Mutex::new(Some(scanned))).collect();
    in_parallel(stored.len(), |number| {
        let scanned = scanned[number].lock().expect("nobody panics while holding it").take();
        complete(&stored[number], scanned.expect("each is taken once"), more_than_once)
    })
}

/// What is known of a layer, with the hashes of all contents that may be there more than once.
fn complete(stored: &StoredLayer, scanned: Scanned, more_than_once: &HashSet<Key>) -> Result<LayerFacts, ClassicError> {
    let Scanned { uncompressed, listing, keys } = scanned;
    let mut listing = match listing {
        Ok(listing) => listing,
        Err(fault) => return Ok(LayerFacts { stored: None, diff_id: stored.diff_id, uncompressed, listing: Err(fault) }),
    };
    if keys.iter().any(|key| more_than_once.contains(key)) {
        let contents = stored.contents()?;
        let (mut keys, mut failed) = (keys.into_iter(), None);
        listing.complete(|entry| {
            if entry.size < MIN_COMPARED || failed.is_some() {
                return None;
            }
            // Names that engines pass over have a key and no entry.
            let key = keys.find(|key| key.size == entry.size)?;
            more_than_once.get(&key)?;
            contents.hash(entry.path, entry.size).map_err(|error| failed = Some(error)).ok()
        });
        failed.map_or(Ok(()), Err)?;
    }
    Ok(LayerFacts { stored: None, diff_id: stored.diff_id, uncompressed, listing: Ok(Arc::new(listing)) })
}

#[cfg(test)]
mod tests;
