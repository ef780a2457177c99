//! What an update of an image changes: path by path in the final file systems, and in bytes that a host has to fetch.
//!
//! Two files are the same when kind, content, permission bits, owner and group are. Folders are not compared; a further name of
//! a file counts as a file. Where the content of either was not seen, sizes decide, and [`Delta::by_size`] says how often.
//! Both trees hand out their paths in one order, so that they are compared side by side in one pass.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::{ContentHash, EntryKind, Fate, Row, Weighed, Weighing};

/// How many changes are kept by name.
const KEPT: usize = 50;

/// How the new image differs from the old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// In the new image alone.
    pub added: Change,
    /// In the old image alone.
    pub removed: Change,
    /// In both, with another content, mode, owner or group.
    pub changed: Change,
    /// The same in both, but out of another layer: carried again for nothing.
    pub moved: Change,
    /// Files that were compared by size, because the content of one was not seen.
    pub by_size: u64,
    /// The biggest changes, biggest first, equal ones by path.
    pub biggest: Vec<DeltaRow>,
    /// D10; `None` where an image has no manifest.
    pub transfer: Option<DeltaTransfer>,
}

/// What changed in one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Paths.
    pub files: u64,
    /// Their bytes in the old image.
    pub before: u64,
    /// Their bytes in the new image.
    pub after: u64,
}

/// The way in which a path changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind {
    /// In the new image alone.
    Added,
    /// In the old image alone.
    Removed,
    /// Another content, mode, owner or group.
    Changed,
    /// Out of another layer.
    Moved,
}

impl DeltaKind {
    /// As printed: `added`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }
}

/// One path that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaRow {
    /// From the root, without a leading slash.
    pub path: Vec<u8>,
    /// How.
    pub kind: DeltaKind,
    /// Bytes in the old image.
    pub before: u64,
    /// Bytes in the new image.
    pub after: u64,
}

/// D10: what the update moves, the manifest apart, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaTransfer {
    /// The configuration and the layer blobs that the old manifest lacks: registries and the containerd store.
    pub blob: u64,
    /// The configuration and every layer from the first on whose chain of layers differs: classic stores.
    pub chain: u64,
}

/// Compares the final file systems of two images, and what a host that has `old` must fetch to have `new`.
pub fn delta(old: &Weighed, new: &Weighed) -> Delta {
    let mut side = SideBySide { old: Final::of(old), at: 0, layers: (layers(old), layers(new)), delta: Delta::default() };
    new.tree.rows(|row| {
        if counts(row) {
            side.take(row);
        }
    });
    side.finish(transfer(old, new))
}

/// What a host that has one image must fetch to have another, layer by layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// D10 in the `blob` form, bytes.
    pub blob: u64,
    /// D10 in the `chain` form, bytes.
    pub chain: u64,
    /// Bytes of the configuration in both; 0 where it is the same.
    pub config: u64,
    /// Of every layer of the new image whether it is in the `blob` form, and whether it is in the `chain` form.
    pub layers: Vec<(bool, bool)>,
}

/// D10 from two weighings: `None` where one of them has no manifest.
pub fn update(old: &Weighing, new: &Weighing) -> Option<Update> {
    let config = if old.image_id.as_ref()? == new.image_id.as_ref()? { 0 } else { new.config_size };
    let mut there = old.layers.iter().map(|layer| layer.digest.as_deref()).collect::<Option<HashSet<_>>>()?;
    let same = old.layers.iter().zip(&new.layers).take_while(|(ours, theirs)| ours.diff_id == theirs.diff_id).count();
    // A classic store fetches a layer that is in the image twice once.
    let mut fetched = HashSet::new();
    let mut update = Update { blob: config, chain: config, config, layers: Vec::new() };
    for (number, layer) in new.layers.iter().enumerate() {
        let digest = layer.digest.as_deref()?;
        let (blob, chain) = (there.insert(digest), number >= same && fetched.insert(digest));
        let bytes = layer.compressed?;
        update.blob += if blob { bytes } else { 0 };
        update.chain += if chain { bytes } else { 0 };
        update.layers.push((blob, chain));
    }
    Some(update)
}

fn layers(image: &Weighed) -> Vec<super::Digest> {
    image.image.layers.iter().map(|layer| layer.diff_id).collect()
}

/// Whether a row is a path of the final file system that is no folder.
fn counts(row: &Row<'_>) -> bool {
    matches!(row.fate, Fate::Live | Fate::Duplicate) && row.kind != EntryKind::Directory
}

/// What is known of a path.
#[derive(Clone, Copy)]
struct Fact {
    kind: EntryKind,
    size: u64,
    layer: usize,
    owners: (u32, u64, u64),
    content: Option<ContentHash>,
}

impl From<&Row<'_>> for Fact {
    fn from(row: &Row<'_>) -> Self {
        Self { kind: row.kind, size: row.size, layer: row.layer, owners: row.owners, content: row.content }
    }
}

impl Fact {
    /// Whether the content is the same; `Err` holds the answer of the sizes where it was not seen.
    fn same_content(&self, other: &Self) -> Result<bool, bool> {
        let plain = |kind| if kind == EntryKind::HardLink { EntryKind::File } else { kind };
        if plain(self.kind) != plain(other.kind) {
            return Ok(false);
        }
        match (self.content, other.content) {
            (Some(ours), Some(theirs)) => Ok(ours == theirs),
            // Nothing is to be seen of what has no content.
            (None, None) if plain(self.kind) != EntryKind::File => Ok(true),
            (None, None) if self.size == 0 && other.size == 0 && self.kind == other.kind && self.kind == EntryKind::File => Ok(true),
            // A further name has no size of its own.
            _ if self.kind == EntryKind::HardLink || other.kind == EntryKind::HardLink => Err(true),
            _ => Err(self.size == other.size),
        }
    }
}

/// The final file system of the old image, in the order of its paths.
struct Final {
    names: Vec<u8>,
    /// Where each path ends in the names.
    facts: Vec<(usize, Fact)>,
}

impl Final {
    fn of(image: &Weighed) -> Self {
        let mut all = Self { names: Vec::new(), facts: Vec::new() };
        image.tree.rows(|row| {
            if counts(row) {
                all.names.extend_from_slice(row.path);
                all.facts.push((all.names.len(), Fact::from(row)));
            }
        });
        all
    }

    fn get(&self, at: usize) -> Option<(&[u8], Fact)> {
        let &(end, fact) = self.facts.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| self.facts[before].0);
        Some((&self.names[start..end], fact))
    }
}

struct SideBySide {
    old: Final,
    at: usize,
    layers: (Vec<super::Digest>, Vec<super::Digest>),
    delta: Delta,
}

impl SideBySide {
    /// The next path of the new image.
    fn take(&mut self, row: &Row<'_>) {
        let new = Fact::from(row);
        self.removed_before(Some(row.path));
        let old = self.old.get(self.at).filter(|(path, _)| *path == row.path).map(|(_, fact)| fact);
        let Some(old) = old else { return self.note(row.path, DeltaKind::Added, 0, new.size) };
        self.at += 1;
        let same = old.same_content(&new).unwrap_or_else(|by_size| {
            self.delta.by_size += 1;
            by_size
        });
        if !same || old.owners != new.owners {
            self.note(row.path, DeltaKind::Changed, old.size, new.size);
        } else if self.layers.0[old.layer] != self.layers.1[new.layer] {
            self.note(row.path, DeltaKind::Moved, old.size, new.size);
        }
    }

    /// Old paths that come before `path` are gone; all that are left where it is `None`.
    fn removed_before(&mut self, path: Option<&[u8]>) {
        while let Some((old, fact)) = self.old.get(self.at) {
            if path.is_some_and(|path| order(old, path) != Ordering::Less) {
                return;
            }
            let old = old.to_vec();
            self.note(&old, DeltaKind::Removed, fact.size, 0);
            self.at += 1;
        }
    }

    fn note(&mut self, path: &[u8], kind: DeltaKind, before: u64, after: u64) {
        let delta = &mut self.delta;
        let change = match kind {
            DeltaKind::Added => &mut delta.added,
            DeltaKind::Removed => &mut delta.removed,
            DeltaKind::Changed => &mut delta.changed,
            DeltaKind::Moved => &mut delta.moved,
        };
        *change = Change { files: change.files + 1, before: change.before + before, after: change.after + after };
        delta.biggest.push(DeltaRow { path: path.to_vec(), kind, before, after });
        if delta.biggest.len() >= 8 * KEPT {
            keep_biggest(&mut delta.biggest);
        }
    }

    fn finish(mut self, transfer: Option<DeltaTransfer>) -> Delta {
        self.removed_before(None);
        keep_biggest(&mut self.delta.biggest);
        Delta { transfer, ..self.delta }
    }
}

fn keep_biggest(rows: &mut Vec<DeltaRow>) {
    let bytes = |row: &DeltaRow| row.before.max(row.after);
    rows.sort_unstable_by(|a, b| bytes(b).cmp(&bytes(a)).then_with(|| order(&a.path, &b.path)));
    rows.truncate(KEPT);
}

/// The order in which a tree hands out paths: folder by folder. No name has a NUL.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    let key = |&byte: &u8| if byte == b'/' { 0 } else { byte };
    a.iter().map(key).cmp(b.iter().map(key))
}

fn transfer(old: &Weighed, new: &Weighed) -> Option<DeltaTransfer> {
    update(&old.weighing, &new.weighing).map(|Update { blob, chain, .. }| DeltaTransfer { blob, chain })
}
