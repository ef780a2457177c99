//! What the cache holds that nothing refers to any more, and removing it.
//!
//! A stand-in is used while a recipe of this loadline has its key on this machine; a published image until a newer one of its
//! name was pulled; a layer while an image names it. Folders of other layouts are used by other versions of loadline only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::cache::{Cache, Entry, FORMAT};
use super::hold::hold;
use super::owner::Owner;
use super::standin::Workshop;
use super::{BaseError, BaseSetKind, cache_bytes};
use crate::rig::ProgressSink;

/// What was removed from the cache, or what would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Names of images, with the day each was stored: `golang:1.23 (2025-04-28)`.
    pub images: Vec<String>,
    /// How many files and folders, those of the images counted.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes what nothing refers to any more from the cache in `folder`; with `all`, everything.
pub async fn prune(folder: &Path, all: bool, sink: &ProgressSink) -> Result<Pruned, BaseError> {
    let workshop = Workshop::of_machine()?;
    prune_with(folder, all, sink, &workshop).await
}

pub(super) async fn prune_with(folder: &Path, all: bool, sink: &ProgressSink, workshop: &Workshop) -> Result<Pruned, BaseError> {
    let cache = Cache::at(folder, Owner::of_caller());
    if !cache.root.exists() {
        return Ok(Pruned::default());
    }
    let _held = hold(&cache, sink).await?;
    cache.sweep();
    let unused = unused(&cache, workshop, all);
    for path in &unused.paths {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.map_err(BaseError::cache("remove", path))?;
    }
    Ok(unused.pruned)
}

/// What nothing refers to any more.
pub(super) fn leftovers(cache: &Cache, workshop: &Workshop) -> Pruned {
    unused(cache, workshop, false).pruned
}

#[derive(Default)]
struct Unused {
    paths: Vec<PathBuf>,
    pruned: Pruned,
}

fn unused(cache: &Cache, workshop: &Workshop, all: bool) -> Unused {
    let known = cache.known();
    let keys: BTreeSet<String> = workshop.recipes.iter().map(|recipe| workshop.key(recipe)).collect();
    let newest = newest(&known);
    let used =
        |entry: &&Entry| !all && if entry.set == BaseSetKind::StandIn { keys.contains(&entry.key) } else { newest.contains(&entry.key) };
    let (used, unused): (Vec<&Entry>, Vec<&Entry>) = known.iter().partition(used);
    let kept: BTreeSet<PathBuf> = used.iter().flat_map(|entry| paths(cache, entry)).collect();
    let files = ["images", "layers"].iter().flat_map(|name| files(&cache.root.join(name))).filter(|path| !kept.contains(path));
    let paths: Vec<PathBuf> = files.chain(other_layouts(cache)).collect();
    let bytes = paths.iter().map(|path| cache_bytes(path)).sum();
    let mut images: Vec<String> =
        unused.iter().map(|entry| format!("{} ({})", entry.reference, entry.created.strftime("%Y-%m-%d"))).collect();
    images.sort();
    Unused { pruned: Pruned { images, files: paths.len(), bytes }, paths }
}

/// Keys of published images of which no newer one was pulled.
fn newest(known: &[Entry]) -> BTreeSet<String> {
    let mut newest: BTreeMap<(&str, &str), &Entry> = BTreeMap::new();
    for entry in known.iter().filter(|entry| entry.set == BaseSetKind::Hub) {
        let found = newest.entry((&entry.reference, &entry.platform)).or_insert(entry);
        if entry.created > found.created {
            *found = entry;
        }
    }
    newest.into_values().map(|entry| entry.key.clone()).collect()
}

fn paths(cache: &Cache, entry: &Entry) -> Vec<PathBuf> {
    let layers = entry.layers.iter().map(|layer| cache.layer_path(&layer.diff_id));
    layers.chain([cache.image_path(&entry.key)]).collect()
}

/// Folders beside this layout's that an older one left.
fn other_layouts(cache: &Cache) -> Vec<PathBuf> {
    let older = |path: &PathBuf| {
        let version = path.file_name().and_then(|name| name.to_str()?.strip_prefix('v')?.parse::<u32>().ok());
        version.is_some_and(|version| version < FORMAT)
    };
    cache.root.parent().map(files).unwrap_or_default().into_iter().filter(older).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
