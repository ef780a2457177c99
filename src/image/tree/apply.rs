//! Laying one more layer on top.

use super::{Applied, Fate, Item, MAX_ITEMS, NONE, Node, ROOT, Tree, TreeError};
use crate::image::listing::{ContentHash, Entry, EntryKind, Listing};

/// The most bytes that all files together may have: sums of anything below cannot overflow.
const MAX_BYTES: u64 = 1 << 62;

impl Tree {
    /// Lays a layer over those that are there.
    ///
    /// # Errors
    ///
    /// [`TreeError::TooMany`]; the tree is of no use afterwards.
    pub fn apply(&mut self, layer: &Listing) -> Result<(), TreeError> {
        let number = u16::try_from(self.layers.len()).map_err(|_| TreeError::TooMany)?;
        let totals = layer.totals();
        let first_item = self.items.len();
        if totals.entries > (MAX_ITEMS - first_item) as u64 {
            return Err(TreeError::TooMany);
        }
        self.bytes = self.bytes.checked_add(totals.file_bytes).filter(|&bytes| bytes <= MAX_BYTES).ok_or(TreeError::TooMany)?;
        self.items.reserve_exact(usize::try_from(totals.entries).map_err(|_| TreeError::TooMany)?);
        layer.for_each(|entry| self.take_away(entry));
        let mut full = false;
        layer.for_each(|entry| full |= self.add(number, entry).is_none());
        if full {
            return Err(TreeError::TooMany);
        }
        let classic = self.items[first_item..].iter().filter(|item| item.bytes_live()).map(|item| item.size).sum();
        self.layers.push(Applied { entries: totals.entries, files: totals.files, classic_built: totals.file_bytes, classic });
        Ok(())
    }

    /// The first pass: what lower layers have and this one hides.
    fn take_away(&mut self, entry: &Entry<'_>) {
        if !matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque) {
            return;
        }
        match self.find(entry.path) {
            Some(node) if entry.kind == EntryKind::Opaque => self.bury_below(node, Fate::Deleted),
            Some(node) if node != ROOT => self.bury(node, Fate::Deleted),
            _ => {}
        }
    }

    /// The second pass: what this layer has. `None` when there is no room.
    fn add(&mut self, layer: u16, entry: &Entry<'_>) -> Option<()> {
        if matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque) {
            return Some(());
        }
        let node = self.make(entry.path)?;
        // The target is looked for before the path is taken: a link may replace what it points to.
        let inode = (entry.kind == EntryKind::HardLink).then(|| self.target(entry.link));
        if inode.is_some_and(|inode| inode != NONE && self.item(inode).node == node && self.node(node).live == inode) {
            // A link to itself changes nothing.
            return Some(());
        }
        self.hide(node, entry.kind);
        let item = index(self.items.len());
        let inode = inode.unwrap_or(item);
        let (content, owners) = (self.content(entry), self.owners(entry));
        let names = u32::from(entry.kind != EntryKind::HardLink);
        let (kind, size) = (entry.kind, entry.size);
        self.items.push(Item { size, node, inode, content, owners, names, layer, kind, fate: Fate::Live });
        self.nodes[node as usize].live = item;
        if kind == EntryKind::HardLink {
            if inode == NONE {
                self.lost_links += 1;
            } else {
                self.items[inode as usize].names += 1;
            }
        }
        Some(())
    }

    /// What the path of a new entry hides.
    fn hide(&mut self, node: u32, by: EntryKind) {
        if by == EntryKind::Directory {
            self.bury_item(node, Fate::Overwritten);
        } else {
            self.bury(node, Fate::Overwritten);
        }
    }

    /// The item that has the content which a hard link names: [`NONE`] where there is no such file.
    fn target(&self, path: &[u8]) -> u32 {
        let live = self.find(path).map_or(NONE, |node| self.node(node).live);
        if live == NONE || self.item(live).kind == EntryKind::Directory { NONE } else { self.item(live).inode }
    }

    fn content(&mut self, entry: &Entry<'_>) -> u32 {
        let hash = match entry.kind {
            EntryKind::Symlink => Some(ContentHash::of(entry.link)),
            _ => entry.content,
        };
        let Some(hash) = hash else { return NONE };
        self.contents.push(hash);
        index(self.contents.len() - 1)
    }

    /// Layers use few combinations, and mostly the one before.
    fn owners(&mut self, entry: &Entry<'_>) -> u32 {
        let owners = (entry.mode, entry.uid, entry.gid);
        let near = self.owners.iter().rev().take(16).position(|known| *known == owners);
        if let Some(back) = near {
            return index(self.owners.len() - 1 - back);
        }
        self.owners.push(owners);
        index(self.owners.len() - 1)
    }

    /// The node of a path, where there is one.
    pub(super) fn find(&self, path: &[u8]) -> Option<u32> {
        parts(path).try_fold(ROOT, |node, name| self.names.find(&self.nodes, node, name))
    }

    /// The node of a path. Whatever stands in the way of its folders is overwritten by them.
    fn make(&mut self, path: &[u8]) -> Option<u32> {
        let mut node = ROOT;
        for name in parts(path) {
            let live = self.node(node).live;
            if live != NONE && self.item(live).kind != EntryKind::Directory {
                self.bury_item(node, Fate::Overwritten);
            }
            node = match self.names.find(&self.nodes, node, name) {
                Some(known) => known,
                None => self.names.insert(&mut self.nodes, node, name)?,
            };
            self.link(node);
        }
        Some(node)
    }

    fn link(&mut self, node: u32) {
        let Node { parent, linked: false, .. } = *self.node(node) else { return };
        let next_sibling = std::mem::replace(&mut self.nodes[parent as usize].first_child, node);
        let node = &mut self.nodes[node as usize];
        (node.next_sibling, node.linked) = (next_sibling, true);
    }

    /// Buries a path and everything below it.
    fn bury(&mut self, node: u32, fate: Fate) {
        self.bury_item(node, fate);
        self.bury_below(node, fate);
    }

    /// Buries everything below a path, and takes it out of the lists of children.
    fn bury_below(&mut self, top: u32, fate: Fate) {
        let mut lists = vec![std::mem::replace(&mut self.nodes[top as usize].first_child, NONE)];
        while let Some(mut node) = lists.pop() {
            while node != NONE {
                self.bury_item(node, fate);
                let next = &mut self.nodes[node as usize];
                lists.push(std::mem::replace(&mut next.first_child, NONE));
                next.linked = false;
                node = std::mem::replace(&mut next.next_sibling, NONE);
            }
        }
    }

    fn bury_item(&mut self, node: u32, fate: Fate) {
        let live = std::mem::replace(&mut self.nodes[node as usize].live, NONE);
        if live == NONE {
            return;
        }
        self.items[live as usize].fate = fate;
        let inode = self.item(live).inode;
        if inode != NONE {
            self.items[inode as usize].names -= 1;
        }
    }
}

/// The parts of a cleaned path; the root has none.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|part| !part.is_empty())
}

/// Lengths stay below [`MAX_ITEMS`].
fn index(length: usize) -> u32 {
    u32::try_from(length).expect("there are no more items than fit")
}
