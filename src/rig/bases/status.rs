//! What stand-ins there are, which of them are in the cache, and how near each comes to the published image.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use super::cache::{Cache, Lookup};
use super::certificates::Certificates;
use super::debian::Tools;
use super::standin::Workshop;
use super::{BaseError, Recipe, layer::COMPRESSOR, recipes};
use crate::units::ByteUnit;

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
    /// Σ bytes of its layers under [`COMPRESSOR`], comparable with [`Published::bytes`](super::Published::bytes).
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

/// Every stand-in and its state in the cache below `cache`, parents first. Reads only; layers are not hashed.
pub fn list(cache: &Path) -> Result<Vec<BaseStatus>, BaseError> {
    let platform = format!("{}/{}", std::env::consts::OS, architecture(std::env::consts::ARCH));
    let workshop = Workshop { recipes: recipes(), tools: Tools::default(), certificates: Certificates::of_machine()?, platform };
    let cache = Cache::at(cache, None);
    let status = |recipe| BaseStatus { recipe, cached: cached(&cache, &workshop.key(recipe)) };
    Ok(recipes().iter().map(status).collect())
}

fn cached(cache: &Cache, key: &str) -> Option<CachedBase> {
    let Lookup::Found(entry) = cache.lookup(key) else { return None };
    let (compressed_size, uncompressed_size) = (entry.compressed(), entry.uncompressed());
    Some(CachedBase { created: entry.created, image_id: entry.image_id, compressed_size, uncompressed_size, versions: entry.versions })
}

/// Rust's name of an architecture as an engine writes it.
const fn architecture(rust: &'static str) -> &'static str {
    match rust.as_bytes() {
        b"x86_64" => "amd64",
        b"aarch64" => "arm64",
        _ => rust,
    }
}

/// The list as a Markdown table, with the compressor named below it.
pub fn markdown(list: &[BaseStatus]) -> String {
    let mut text =
        "| Stand-in for | Published, MB | Of | Ours, MB | Ratio | Limit | What differs |\n|---|--:|---|--:|--:|--:|---|\n".to_owned();
    for status in list {
        let Recipe { name, published, limit_percent, differs, .. } = status.recipe;
        let megabytes = |bytes| ByteUnit::Mega.number(bytes);
        let ours = status.cached.as_ref().map_or_else(|| "not built".to_owned(), |cached| megabytes(cached.compressed_size));
        let ratio = status.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"));
        let (bytes, of) = (megabytes(published.bytes), format!("{}, {}", published.version, published.date));
        let differs = differs.join("; ");
        writeln!(text, "| `{name}` | {bytes} | {of} | {ours} | {ratio} | ±{limit_percent} % | {differs} |")
            .expect("a String takes every write");
    }
    write!(
        text,
        "\nSizes are compressed: published = Σ layers of the registry's manifest for linux/amd64; ours = Σ layers under {COMPRESSOR}.\n"
    )
    .expect("a String takes every write");
    text
}
