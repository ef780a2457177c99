//! Bytes that an image carries and nobody sees, or sees twice.

use std::cmp::Reverse;
use std::ops::Range;

use super::bearers::Bearers;
use super::{ContentHash, EntryKind, Fate, Item, NONE, Tree};

/// Files with fewer bytes are not looked at as duplicates: what they could save is less than a block of a file system.
pub const MIN_COMPARED: u64 = 4096;

/// The three ways in which bytes are wasted. They do not overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waste {
    /// Bytes whose path something later took.
    pub overwritten: u64,
    /// Bytes that a later layer took away.
    pub deleted: u64,
    /// Bytes of live files whose content is there once more: N−1 of N copies.
    pub duplicate: u64,
}

/// How many groups of equal files are named, and how many files of each; all of them count.
const MAX_GROUPS: usize = 1000;
const MAX_COPIES: usize = 100;

/// Live files with the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateGroup {
    /// Bytes of one copy.
    pub size: u64,
    /// How many copies there are.
    pub copies: u64,
    /// The paths of the first hundred copies, the one that counts as the original first.
    pub paths: Vec<Vec<u8>>,
}

impl DuplicateGroup {
    /// What all copies but one amount to.
    pub const fn wasted(&self) -> u64 {
        self.size.saturating_mul(self.copies - 1)
    }
}

impl Tree {
    /// Finds live files of at least [`MIN_COMPARED`] bytes with the same content, and marks all but the first of each: the one
    /// of the lowest layer, and in it of the first entry. Most wasteful groups first, a thousand at most.
    pub fn mark_duplicates(&mut self) -> Vec<DuplicateGroup> {
        let compared = self.compared();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut end = 0;
        for same in compared.chunk_by(|&a, &b| self.same(a) == self.same(b)) {
            end += same.len();
            if same.len() > 1 {
                ranges.push(end - same.len()..end);
            }
        }
        ranges.sort_by_cached_key(|range| Reverse(self.same(compared[range.start]).0.saturating_mul(range.len() as u64 - 1)));
        let bearers = Bearers::of(self);
        self.duplicate = 0;
        for range in &ranges {
            self.duplicate = self.duplicate.saturating_add(self.group(&compared[range.clone()], &bearers, 0).wasted());
            for at in &compared[range.start + 1..range.end] {
                self.items[bearers.name(*at) as usize].fate = Fate::Duplicate;
            }
        }
        ranges.truncate(MAX_GROUPS);
        let mut groups: Vec<_> = ranges.into_iter().map(|range| self.group(&compared[range], &bearers, MAX_COPIES)).collect();
        groups.sort_by(|a, b| b.wasted().cmp(&a.wasted()).then_with(|| a.paths.cmp(&b.paths)));
        groups
    }

    /// Live files that are large enough, equal ones side by side and the original first.
    fn compared(&self) -> Vec<u32> {
        let is_compared =
            |item: &Item| item.kind == EntryKind::File && item.bytes_live() && item.size >= MIN_COMPARED && item.content != NONE;
        let mut compared: Vec<u32> = (0_u32..).zip(&self.items).filter(|(_, item)| is_compared(item)).map(|(at, _)| at).collect();
        compared.sort_unstable_by_key(|&at| (self.same(at), at));
        compared
    }

    /// What equal files have in common.
    pub(super) fn same(&self, item: u32) -> (u64, ContentHash) {
        let item = self.item(item);
        (item.size, self.contents[item.content as usize])
    }

    /// A group of equal files, of which the first few are named.
    fn group(&self, items: &[u32], bearers: &Bearers, named: usize) -> DuplicateGroup {
        let paths = items.iter().take(named).map(|at| self.item_path(bearers.name(*at))).collect();
        DuplicateGroup { size: self.item(items[0]).size, copies: items.len() as u64, paths }
    }

    /// What is wasted. Duplicates count once they are [marked](Self::mark_duplicates).
    pub fn waste(&self) -> Waste {
        let mut waste = Waste { duplicate: self.duplicate, ..Waste::default() };
        for item in self.items.iter().filter(|item| item.has_bytes() && !item.bytes_live()) {
            match item.fate {
                Fate::Deleted => waste.deleted += item.size,
                _ => waste.overwritten += item.size,
            }
        }
        waste
    }

    /// The path of an item.
    fn item_path(&self, item: u32) -> Vec<u8> {
        let mut path = Vec::new();
        self.path(self.item(item).node, &mut path);
        path
    }
}
