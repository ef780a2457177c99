//! What is in a tree, told path by path and folder by folder.

use super::bearers::Bearers;
use super::{ContentHash, EntryKind, Fate, NONE, ROOT, Tree};

/// How many folders are told, so that deep paths cannot fill the memory.
const MAX_FOLDERS: usize = 10_000;

/// One path in one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// From the root, without a leading slash.
    pub path: &'a [u8],
    /// Which layer, from 0.
    pub layer: usize,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of a file's content or of a symbolic link's target that stand at this path. Those of a content whose own path is gone
    /// stand at the first hard link that is left of it.
    pub size: u64,
    /// What became of it.
    pub fate: Fate,
    /// Permission bits, owner, group.
    pub owners: (u32, u64, u64),
    /// What tells its content from another's, where that is known: of a hard link, its target's.
    pub content: Option<ContentHash>,
}

/// What is left below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// From the root, without a leading slash.
    pub path: Vec<u8>,
    /// Bytes of the files and symbolic links below it, by the path that stands for them.
    pub live: u64,
}

impl Tree {
    /// Hands every path in every layer to `take`: paths in order of their bytes, folder by folder, layers lowest first.
    pub fn rows(&self, mut take: impl FnMut(&Row<'_>)) {
        let (first, next) = self.items_by_node();
        let (siblings, bearers) = (self.siblings(), Bearers::of(self));
        let (mut path, mut waiting) = (Vec::new(), vec![ROOT]);
        while let Some(node) = waiting.pop() {
            let mut at = first[node as usize];
            if at != NONE {
                self.path(node, &mut path);
            }
            while at != NONE {
                take(&self.row(at, &bearers, &path));
                at = next[at as usize];
            }
            // They lie last name first, so that the first name is taken first.
            let from = siblings.partition_point(|&other| self.node(other).parent < node);
            let to = from + siblings[from..].partition_point(|&other| self.node(other).parent == node);
            waiting.extend_from_slice(&siblings[from..to]);
        }
    }

    /// The folders that have something left below them, biggest first and each before those inside it: ten thousand at most.
    ///
    /// # Panics
    ///
    /// Never: there are fewer nodes than 32 bits count.
    pub fn folders(&self) -> Vec<Folder> {
        let mut sums = vec![0_u64; self.nodes.len()];
        let mut is_folder = vec![false; self.nodes.len()];
        let bearers = Bearers::of(self);
        for (at, item) in (0_u32..).zip(&self.items).filter(|(_, item)| item.bytes_live()) {
            sums[self.item(bearers.name(at)).node as usize] += item.size;
        }
        // A node is younger than its parent, so that every sum is complete before it is passed on.
        for node in (1..self.nodes.len()).rev() {
            let parent = self.nodes[node].parent as usize;
            sums[parent] += sums[node];
            is_folder[parent] |= sums[node] > 0;
        }
        let mut biggest: Vec<usize> = (0..self.nodes.len()).filter(|&node| is_folder[node]).collect();
        biggest.sort_unstable_by_key(|&node| (std::cmp::Reverse(sums[node]), node));
        biggest.truncate(MAX_FOLDERS);
        let folder = |node: usize| {
            let mut path = Vec::new();
            self.path(u32::try_from(node).expect("nodes are counted in 32 bits"), &mut path);
            Folder { path, live: sums[node] }
        };
        biggest.into_iter().map(folder).collect()
    }

    fn row<'a>(&self, at: u32, bearers: &Bearers, path: &'a [u8]) -> Row<'a> {
        let item = self.item(at);
        let content = if item.inode == NONE { NONE } else { self.item(item.inode).content };
        Row {
            path,
            layer: usize::from(item.layer),
            kind: item.kind,
            size: bearers.content(at).map_or(0, |content| self.item(content).size),
            fate: item.fate,
            owners: self.owners[item.owners as usize],
            content: (content != NONE).then(|| self.contents[content as usize]),
        }
    }

    /// Writes the path of a node.
    pub(super) fn path(&self, mut node: u32, path: &mut Vec<u8>) {
        let mut parts = Vec::new();
        while node != ROOT {
            parts.push(self.names.of(self.node(node)));
            node = self.node(node).parent;
        }
        path.clear();
        for (at, part) in parts.into_iter().rev().enumerate() {
            if at > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
    }

    /// Of every node its first item, and of every item the next one of the same node: lowest layers first.
    fn items_by_node(&self) -> (Vec<u32>, Vec<u32>) {
        let (mut first, mut next) = (vec![NONE; self.nodes.len()], vec![NONE; self.items.len()]);
        for (at, item) in self.items.iter().enumerate().rev() {
            let at = u32::try_from(at).expect("items are counted in 32 bits");
            next[at as usize] = std::mem::replace(&mut first[item.node as usize], at);
        }
        (first, next)
    }

    /// All nodes but the root by their folder, those of one folder by name, last name first.
    fn siblings(&self) -> Vec<u32> {
        let count = u32::try_from(self.nodes.len()).expect("nodes are counted in 32 bits");
        let mut siblings: Vec<u32> = (1..count).collect();
        siblings.sort_unstable_by(|&a, &b| {
            let (a, b) = (self.node(a), self.node(b));
            a.parent.cmp(&b.parent).then_with(|| self.names.of(b).cmp(self.names.of(a)))
        });
        siblings
    }
}
