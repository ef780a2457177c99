//! Where waste is: the files and folders that carry it, so that no more than a few of them say where most of it is.
//!
//! A folder stands for what is below it, except for a part that is a fifth of it or more and a twentieth of all: that is told by itself,
//! and the folder stands for the rest. A folder with a single part is that part. The root stands for nothing, so that each of its folders
//! is told. Invariant: places do not overlap, and all of them together are what is wasted.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::bearers::Bearers;
use super::{ContentHash, DuplicateGroup, Fate, NONE, ROOT, Tree};

/// What is a fifth of its folder or more may be told by itself: no folder has more than five of them.
const PART: u64 = 5;

/// What is less than a twentieth of all is not told by itself: there are not more than twenty of the others side by side.
const WORTH: u64 = 20;

/// What of a path is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// What was there itself.
    File,
    /// Everything below it.
    Folder,
    /// What is below it, apart from what has a place of its own.
    Rest,
}

/// A path with bytes that are carried for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WastePlace {
    /// From the root, without a leading slash.
    pub path: Vec<u8>,
    /// Whether the path stands for itself or for what is below it.
    pub kind: PlaceKind,
    /// The wasted bytes.
    pub bytes: u64,
    /// How many paths have them.
    pub files: u64,
    /// How many contents they are: a path may be taken several times.
    pub times: u64,
    /// The lowest and the highest layer that has them, from 0.
    pub layers: (usize, usize),
}

/// What is wasted at a path, or below it.
#[derive(Clone, Copy, Debug)]
struct Sum {
    bytes: u64,
    files: u32,
    times: u32,
    layers: (u16, u16),
}

/// What is known of a node beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Whether it is told by itself, as far as it has something left.
    told: bool,
    folder: bool,
    /// Whether something below it is told by itself.
    parted: bool,
}

impl Tree {
    /// The `count` places with the most buried bytes of one kind, biggest first, equal ones by path. What counts as
    /// [`Fate::Deleted`] and what as overwritten is what [`Tree::waste`] says.
    pub fn buried_places(&self, deleted: bool, count: usize) -> Vec<WastePlace> {
        let mut sums = Sums::new(self.nodes.len());
        for item in self.items.iter().filter(|item| item.has_bytes() && !item.bytes_live()) {
            if (item.fate == Fate::Deleted) == deleted {
                sums.add(item.node, item.size, item.layer);
            }
        }
        self.places(sums, count)
    }

    /// The `count` places with the most bytes of [marked](Tree::mark_duplicates) copies, apart from those of the groups in `named`.
    pub fn copied_places(&self, named: &[DuplicateGroup], count: usize) -> Vec<WastePlace> {
        let named: HashSet<(u64, ContentHash)> = named.iter().filter_map(|group| self.content_at(group.paths.first()?)).collect();
        let bearers = Bearers::of(self);
        let mut sums = Sums::new(self.nodes.len());
        for (at, item) in (0_u32..).zip(&self.items).filter(|(_, item)| item.bytes_live()) {
            let name = self.item(bearers.name(at));
            if name.fate == Fate::Duplicate && !named.contains(&self.same(at)) {
                sums.add(name.node, item.size, item.layer);
            }
        }
        self.places(sums, count)
    }

    /// What tells the content of the live file at a path from others.
    fn content_at(&self, path: &[u8]) -> Option<(u64, ContentHash)> {
        let live = self.find(path).map(|node| self.node(node).live).filter(|live| *live != NONE)?;
        let inode = Some(self.item(live).inode).filter(|inode| *inode != NONE && self.item(*inode).content != NONE)?;
        Some(self.same(inode))
    }

    fn places(&self, mut left: Sums, count: usize) -> Vec<WastePlace> {
        if left.sums.is_empty() {
            return Vec::new();
        }
        let marks = self.marks(&left);
        let mut told: Vec<(usize, Sum)> = Vec::new();
        // A node is younger than its parent, so that what is left of it is complete before it is told or passed on.
        for (node, mark) in marks.iter().enumerate().skip(1).rev() {
            let Some(sum) = left.get(node) else { continue };
            if mark.told {
                told.push((node, sum));
            } else {
                left.join(self.nodes[node].parent as usize, sum);
            }
        }
        if count < told.len() {
            told.select_nth_unstable_by_key(count, |(node, sum)| (std::cmp::Reverse(sum.bytes), *node));
            told.truncate(count);
        }
        let mut places: Vec<_> = told.into_iter().map(|(node, sum)| self.place(node, marks[node], sum)).collect();
        places.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        places
    }

    /// Which nodes are told by themselves, given what lies at each of them.
    fn marks(&self, own: &Sums) -> Vec<Mark> {
        let mut bytes: Vec<u64> = (0..self.nodes.len()).map(|node| own.get(node).map_or(0, |sum| sum.bytes)).collect();
        let mut marks = vec![Mark::default(); bytes.len()];
        for node in (1..bytes.len()).rev() {
            let parent = self.nodes[node].parent as usize;
            bytes[parent] += bytes[node];
            marks[parent].folder |= bytes[node] > 0;
        }
        marks[ROOT as usize].told = true;
        let all = bytes[ROOT as usize];
        for node in 1..bytes.len() {
            let (here, parent) = (bytes[node], self.nodes[node].parent as usize);
            let part = here.saturating_mul(PART) >= bytes[parent] && here.saturating_mul(WORTH) >= all;
            let apart = part || here == bytes[parent] || parent == ROOT as usize;
            marks[node].told = here > 0 && apart && marks[parent].told;
            marks[parent].parted |= marks[node].told;
        }
        marks
    }

    fn place(&self, node: usize, mark: Mark, sum: Sum) -> WastePlace {
        let mut path = Vec::new();
        self.path(u32::try_from(node).unwrap_or(ROOT), &mut path);
        let kind = match mark {
            Mark { folder: false, .. } => PlaceKind::File,
            Mark { parted: true, .. } => PlaceKind::Rest,
            Mark { .. } => PlaceKind::Folder,
        };
        let layers = (usize::from(sum.layers.0), usize::from(sum.layers.1));
        WastePlace { path, kind, bytes: sum.bytes, files: u64::from(sum.files), times: u64::from(sum.times), layers }
    }
}

/// What is wasted at every node, in little memory where that is at few of them.
struct Sums {
    /// Of every node where its sum is.
    at: Vec<u32>,
    sums: Vec<Sum>,
}

impl Sums {
    fn new(nodes: usize) -> Self {
        Self { at: vec![NONE; nodes], sums: Vec::new() }
    }

    fn get(&self, node: usize) -> Option<Sum> {
        self.sums.get(self.at[node] as usize).copied()
    }

    /// Adds a content that lies at a node itself.
    fn add(&mut self, node: u32, bytes: u64, layer: u16) {
        let files = u32::from(self.at[node as usize] == NONE);
        if bytes > 0 {
            self.join(node as usize, Sum { bytes, files, times: 1, layers: (layer, layer) });
        }
    }

    fn join(&mut self, node: usize, sum: Sum) {
        let Some(here) = self.sums.get_mut(self.at[node] as usize) else {
            // There are no more sums than nodes, which are counted in 32 bits.
            self.at[node] = u32::try_from(self.sums.len()).unwrap_or(NONE);
            return self.sums.push(sum);
        };
        here.bytes += sum.bytes;
        here.files += sum.files;
        here.times += sum.times;
        here.layers = (here.layers.0.min(sum.layers.0), here.layers.1.max(sum.layers.1));
    }
}
