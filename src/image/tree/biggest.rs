//! The biggest live files: of all layers together, and of each layer by itself.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bearers::Bearers;
use super::{EntryKind, Item, Tree};

/// A live file: a path that is left, from the root without a leading slash, and its bytes.
pub type LiveFile = (Vec<u8>, u64);
/// Bytes and item of a file, so that the greatest is the first to go: the smallest file, of equal ones the last.
type Kept = Reverse<(u64, Reverse<u32>)>;

impl Tree {
    /// The `count` biggest live files, biggest first, equal ones by path: a path that is left, the layer that has the bytes, and how many.
    pub fn biggest_files(&self, count: usize) -> Vec<(Vec<u8>, usize, u64)> {
        let mut live: Vec<u32> = self.live_files().map(|(at, _)| at).collect();
        if count < live.len() {
            live.select_nth_unstable_by_key(count, |&at| Reverse(self.item(at).size));
            live.truncate(count);
        }
        let bearers = Bearers::of(self);
        let named = |at: u32| (self.path_of(at, &bearers), usize::from(self.item(at).layer), self.item(at).size);
        let mut found: Vec<_> = live.into_iter().map(named).collect();
        found.sort_unstable_by(|(a_path, _, a), (b_path, _, b)| b.cmp(a).then_with(|| a_path.cmp(b_path)));
        found
    }

    /// Of every layer, lowest first, the `count` biggest live files of at least `least` bytes, biggest first, equal ones by path. Of equal
    /// ones for which there is no room, those that came first in the layer are kept. Memory is bounded by what is kept.
    pub fn biggest_files_by_layer(&self, count: usize, least: u64) -> Vec<Vec<LiveFile>> {
        let mut kept: Vec<BinaryHeap<Kept>> = vec![BinaryHeap::new(); self.layers.len()];
        for (at, item) in self.live_files().filter(|(_, item)| item.size >= least) {
            let heap = &mut kept[usize::from(item.layer)];
            heap.push(Reverse((item.size, Reverse(at))));
            if heap.len() > count {
                heap.pop();
            }
        }
        let bearers = Bearers::of(self);
        let named = |Reverse((size, Reverse(at))): Kept| (self.path_of(at, &bearers), size);
        let of_layer = |heap: BinaryHeap<_>| {
            let mut files: Vec<LiveFile> = heap.into_iter().map(named).collect();
            files.sort_unstable_by(|(a_path, a), (b_path, b)| b.cmp(a).then_with(|| a_path.cmp(b_path)));
            files
        };
        kept.into_iter().map(of_layer).collect()
    }

    /// The items of regular files whose bytes are in the final file system.
    fn live_files(&self) -> impl Iterator<Item = (u32, &Item)> {
        (0_u32..).zip(&self.items).filter(|(_, item)| item.kind == EntryKind::File && item.bytes_live())
    }

    /// The path that stands for the bytes of a file.
    fn path_of(&self, at: u32, bearers: &Bearers) -> Vec<u8> {
        let mut path = Vec::new();
        self.path(self.item(bearers.name(at)).node, &mut path);
        path
    }
}
