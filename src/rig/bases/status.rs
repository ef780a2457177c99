//! What stand-ins there are, which of them are in the cache, and how near each comes to the published image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::cache::{Cache, Lookup};
use super::prune::{Pruned, leftovers};
use super::standin::Workshop;
use super::{BaseError, Recipe, cache_bytes, recipes};

/// A stand-in, made or not.
#[derive(Clone, Debug, PartialEq)]
pub struct BaseStatus {
    /// How it is made, and what it stands in for.
    pub recipe: &'static Recipe,
    /// What is in the cache for this machine and this version of the recipe.
    pub cached: Option<CachedBase>,
}

/// A stand-in in the cache.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedBase {
    /// When it was made.
    pub created: Timestamp,
    /// Hash of its configuration.
    pub image_id: String,
    /// Σ bytes of its layers under [`COMPRESSOR`](super::COMPRESSOR), comparable with [`Published::bytes`](super::Published::bytes).
    pub compressed_size: u64,
    /// Σ bytes of its layers' tars (D3).
    pub uncompressed_size: u64,
    /// Versions found inside.
    pub versions: BTreeMap<String, String>,
}

impl BaseStatus {
    /// Compressed size of the stand-in over that of the published image.
    pub fn ratio(&self) -> Option<f64> {
        self.cached.as_ref().map(|cached| cached.compressed_size as f64 / self.recipe.published.bytes as f64)
    }

    /// Whether the ratio is within the recipe's limit of 1.
    pub fn is_near(&self) -> Option<bool> {
        self.ratio().map(|ratio| (ratio - 1.0).abs() * 100.0 <= self.recipe.limit_percent)
    }
}

/// The stand-ins, and the cache that they are kept in.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Every stand-in, parents first.
    pub bases: Vec<BaseStatus>,
    /// The cache's folder.
    pub folder: PathBuf,
    /// Bytes of all its files.
    pub bytes: u64,
    /// What no recipe refers to any more: [`prune`](super::prune()) removes it.
    pub unused: Pruned,
}

/// Every stand-in and its state in the cache below `folder`. Reads only; layers are not hashed.
pub fn list(folder: &Path) -> Result<Listing, BaseError> {
    let workshop = Workshop::of_machine()?;
    let cache = Cache::at(folder, None);
    let status = |recipe| BaseStatus { recipe, cached: cached(&cache, &workshop.key(recipe)) };
    let (bases, unused) = (recipes().iter().map(status).collect(), leftovers(&cache, &workshop));
    Ok(Listing { bases, folder: folder.to_owned(), bytes: cache_bytes(folder), unused })
}

fn cached(cache: &Cache, key: &str) -> Option<CachedBase> {
    let Lookup::Found(entry) = cache.lookup(key) else { return None };
    let (compressed_size, uncompressed_size) = (entry.compressed(), entry.uncompressed());
    Some(CachedBase { created: entry.created, image_id: entry.image_id, compressed_size, uncompressed_size, versions: entry.versions })
}
