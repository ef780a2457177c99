//! Which name of a content stands for its bytes: the one that it came with, or, where that one is gone, the first that is left.
//!
//! So the bytes of a content stand at one path, and that path is in the final file system if and only if the content is.

use std::collections::HashMap;

use super::{EntryKind, NONE, Tree};

/// The contents whose own path is gone while a hard link to them is left.
#[derive(Debug, Default)]
pub(super) struct Bearers {
    /// Of such a content the name that stands for it.
    left: HashMap<u32, u32>,
    /// Of such a name its content.
    content: HashMap<u32, u32>,
}

impl Bearers {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut found = Self::default();
        for (at, item) in (0_u32..).zip(&tree.items) {
            let is_left = item.kind == EntryKind::HardLink && item.inode != NONE && item.fate.is_live();
            if is_left && !tree.item(item.inode).fate.is_live() && !found.left.contains_key(&item.inode) {
                found.left.insert(item.inode, at);
                found.content.insert(at, item.inode);
            }
        }
        found
    }

    /// The item whose path stands for the bytes of the content `item`.
    pub(super) fn name(&self, item: u32) -> u32 {
        self.left.get(&item).copied().unwrap_or(item)
    }

    /// The content whose bytes stand at the path of `item`; `None` where they stand elsewhere.
    pub(super) fn content(&self, item: u32) -> Option<u32> {
        if self.left.contains_key(&item) { None } else { Some(self.content.get(&item).copied().unwrap_or(item)) }
    }
}
