//! The layers of an image laid over each other: every path in every layer with its fate, and what is left in the end.
//!
//! Layers are [applied](Tree::apply) lowest first. A layer first takes away (whiteouts and opaque folders, which reach lower
//! layers only), then adds (OCI image spec 1.1, layer.md, "Applying Changesets"). Nothing is forgotten: what is hidden stays as
//! a buried item. About 100 bytes for each entry, and the last part of its path.
//!
//! Invariants: a node is younger than its parent; a node has at most one live item; an item that is a file counts the live
//! names of its content. Burying a folder costs as much as was added to it since it was last buried, so that no order of
//! entries makes an image slow to read.

mod apply;
mod bearers;
mod biggest;
mod names;
mod places;
mod rows;
mod waste;

use super::listing::{ContentHash, EntryKind};
use names::Names;

pub use biggest::LiveFile;
pub use places::{PlaceKind, WastePlace};
pub use rows::{Folder, Row};
pub use waste::{DuplicateGroup, MIN_COMPARED, Waste};

/// The most entries that all layers together may have: more is taken for an attack on memory.
pub const MAX_ITEMS: usize = 8 << 20;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It is in the final file system.
    Live,
    /// It is in the final file system, and so is the same content elsewhere.
    Duplicate,
    /// Something later took its path.
    Overwritten,
    /// A later layer took it away.
    Deleted,
}

impl Fate {
    /// As printed: `live`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Duplicate => "duplicate",
            Self::Overwritten => "overwritten",
            Self::Deleted => "deleted",
        }
    }

    const fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::Duplicate)
    }
}

/// Why layers cannot be laid over each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// More entries, folders or bytes than are taken.
    #[error("the layers have more than {MAX_ITEMS} entries or more bytes than can be counted, which no sound image has")]
    TooMany,
}

/// No node, item or content.
const NONE: u32 = u32::MAX;
/// The root folder's node.
const ROOT: u32 = 0;

/// A path.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    /// Where the last part of the path lies in the names, and its length.
    name: u32,
    name_length: u16,
    /// The live item.
    live: u32,
    /// The children below which something may be live; the others hang in no list.
    first_child: u32,
    next_sibling: u32,
    /// Whether it hangs in its parent's list.
    linked: bool,
}

/// An entry of a layer.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Bytes of a file's content or of a symbolic link's target.
    size: u64,
    node: u32,
    /// The item that has the content: itself, or what a hard link points to.
    inode: u32,
    /// Index of the content's hash.
    content: u32,
    /// Index of mode, owner and group.
    owners: u32,
    /// Live names of the content.
    names: u32,
    layer: u16,
    kind: EntryKind,
    fate: Fate,
}

/// What one layer amounts to once all layers are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerShare {
    /// Entries of any kind.
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// The layer's share of D4 where a classic store built it: Σ bytes of regular files, further names not counted.
    pub classic_built: u64,
    /// The layer's share of D4 where a classic store pulled or loaded it: what lies in its folder, symbolic links by the length
    /// of their targets.
    pub classic: u64,
    /// Bytes that are in the final file system.
    pub live: u64,
    /// Bytes that something later took the path of.
    pub overwritten: u64,
    /// Bytes that a later layer took away.
    pub deleted: u64,
}

/// Layers laid over each other.
#[derive(Debug)]
pub struct Tree {
    names: Names,
    nodes: Vec<Node>,
    items: Vec<Item>,
    contents: Vec<ContentHash>,
    owners: Vec<(u32, u64, u64)>,
    /// One for each layer that was applied: what it amounts to by itself.
    layers: Vec<Applied>,
    /// Hard links whose target is nowhere.
    lost_links: u64,
    /// Bytes of all files in all layers.
    bytes: u64,
    /// Bytes of all copies but one, once duplicates are marked.
    duplicate: u64,
}

#[derive(Clone, Copy, Debug)]
struct Applied {
    entries: u64,
    files: u64,
    classic_built: u64,
    classic: u64,
}

impl Default for Tree {
    fn default() -> Self {
        let root = Node { parent: NONE, name: 0, name_length: 0, live: NONE, first_child: NONE, next_sibling: NONE, linked: true };
        Self {
            names: Names::default(),
            nodes: vec![root],
            items: Vec::new(),
            contents: Vec::new(),
            owners: Vec::new(),
            layers: Vec::new(),
            lost_links: 0,
            bytes: 0,
            duplicate: 0,
        }
    }
}

impl Tree {
    /// D9: the bytes of every regular file that has a name left, and of the targets of symbolic links.
    pub fn live_size(&self) -> u64 {
        self.items.iter().filter(|item| item.bytes_live()).map(|item| item.size).sum()
    }

    /// Paths that are left and are no folders.
    pub fn file_count(&self) -> u64 {
        let counted = |item: &&Item| item.fate.is_live() && item.kind != EntryKind::Directory;
        self.items.iter().filter(counted).count() as u64
    }

    /// Hard links whose target is in no layer; an engine cannot unpack such an image everywhere.
    pub const fn lost_links(&self) -> u64 {
        self.lost_links
    }

    /// What each layer amounts to, lowest first.
    pub fn shares(&self) -> Vec<LayerShare> {
        let share = |layer: &Applied| LayerShare {
            entries: layer.entries,
            files: layer.files,
            classic_built: layer.classic_built,
            classic: layer.classic,
            ..LayerShare::default()
        };
        let mut shares: Vec<LayerShare> = self.layers.iter().map(share).collect();
        for item in self.items.iter().filter(|item| item.has_bytes()) {
            let share = &mut shares[usize::from(item.layer)];
            match item.fate {
                _ if item.bytes_live() => share.live += item.size,
                Fate::Deleted => share.deleted += item.size,
                _ => share.overwritten += item.size,
            }
        }
        shares
    }

    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    fn item(&self, item: u32) -> &Item {
        &self.items[item as usize]
    }
}

impl Item {
    /// Whether it stands for bytes of its own.
    const fn has_bytes(&self) -> bool {
        matches!(self.kind, EntryKind::File | EntryKind::Symlink)
    }

    /// Whether its bytes are in the final file system: by whatever name.
    const fn bytes_live(&self) -> bool {
        self.has_bytes() && self.names > 0
    }
}

#[cfg(test)]
mod tests;
