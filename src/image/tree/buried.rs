//! Which paths carry the most bytes that nobody sees.

use std::collections::HashMap;

use super::{Fate, Tree};

/// A path whose bytes are carried and not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    /// From the root, without a leading slash.
    pub path: Vec<u8>,
    /// Bytes of everything buried there.
    pub bytes: u64,
    /// How often something there was buried.
    pub times: u64,
    /// The lowest layer that has it, from 0.
    pub layer: usize,
}

impl Tree {
    /// The `count` paths with the most buried bytes of one kind, biggest first, equal ones by path. What counts as
    /// [`Fate::Deleted`] and what as overwritten is what [`Tree::waste`] says.
    pub fn biggest_buried(&self, deleted: bool, count: usize) -> Vec<Buried> {
        let mut sums: HashMap<u32, (u64, u64, u16)> = HashMap::new();
        for item in self.items.iter().filter(|item| item.has_bytes() && !item.bytes_live() && item.size > 0) {
            if (item.fate == Fate::Deleted) == deleted {
                let sum = sums.entry(item.node).or_insert((0, 0, item.layer));
                *sum = (sum.0 + item.size, sum.1 + 1, sum.2.min(item.layer));
            }
        }
        let mut sums: Vec<(u32, (u64, u64, u16))> = sums.into_iter().collect();
        if count < sums.len() {
            sums.select_nth_unstable_by_key(count, |(node, (bytes, ..))| (std::cmp::Reverse(*bytes), *node));
            sums.truncate(count);
        }
        let named = |(node, (bytes, times, layer))| {
            let mut path = Vec::new();
            self.path(node, &mut path);
            Buried { path, bytes, times, layer: usize::from(layer) }
        };
        let mut found: Vec<Buried> = sums.into_iter().map(named).collect();
        found.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        found
    }
}
