//! Layers laid over each other by the definition in `docs/sizes.md`, the slow way: whole paths in a map, contents in a list.

use std::collections::{BTreeMap, BTreeSet};

use super::layers::Layer;

/// What a layer does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Puts a file of so many equal bytes.
    File(String, usize, u8),
    /// Puts a symbolic link with a target of so many bytes.
    Symlink(String, usize),
    /// Puts a further name of whatever is at the second path.
    Link(String, String),
    /// Puts a device.
    Device(String),
    Folder(String),
    Whiteout(String),
    Opaque(String),
}

/// Bytes that lie in a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    pub(crate) bytes: u64,
    pub(crate) layer: usize,
    /// What a file is filled with; a symbolic link or a device is never the copy of anything.
    fill: Option<u8>,
    /// Whether the name that it came with was taken away rather than taken over.
    deleted: bool,
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Folder,
    /// A name of a content; its own one, or a further one.
    Name {
        content: usize,
        own: bool,
    },
    /// A further name of nothing.
    Lost,
}

/// Bytes that are wasted, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wasted {
    pub(crate) overwritten: u64,
    pub(crate) deleted: u64,
    pub(crate) duplicate: u64,
}

/// A file system in the making.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    paths: BTreeMap<String, Thing>,
    contents: Vec<Content>,
    layers: usize,
    lost: u64,
}

/// Files below this many bytes are not looked at as copies of each other.
const COMPARED: u64 = 4096;

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl Overlay {
    /// Lays one more layer on top: first it takes away what lower ones have, then it adds.
    pub(crate) fn apply(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Whiteout(path) => self.take(true, |known, _| known == path || is_below(known, path)),
                Act::Opaque(path) => self.take(true, |known, _| is_below(known, path)),
                _ => {}
            }
        }
        for act in acts {
            self.add(act);
        }
        self.layers += 1;
    }

    fn add(&mut self, act: &Act) {
        match act {
            Act::File(path, bytes, fill) => self.put_new(path, *bytes as u64, Some(*fill)),
            Act::Symlink(path, bytes) => self.put_new(path, *bytes as u64, None),
            Act::Device(path) => self.put_new(path, 0, None),
            Act::Link(path, target) => self.link(path, target),
            Act::Folder(path) => {
                self.clear_way(path);
                self.take(false, |known, _| known == path);
                self.paths.insert(path.clone(), Thing::Folder);
            }
            Act::Whiteout(_) | Act::Opaque(_) => {}
        }
    }

    fn put_new(&mut self, path: &str, bytes: u64, fill: Option<u8>) {
        self.contents.push(Content { bytes, layer: self.layers, fill, deleted: false });
        self.put(path, Thing::Name { content: self.contents.len() - 1, own: true });
    }

    fn link(&mut self, path: &str, target: &str) {
        self.clear_way(path);
        match self.paths.get(target).copied() {
            // The own name of a content stays what it is when it is linked to that content, by whichever name.
            Some(Thing::Name { content, .. }) if self.paths.get(path) == Some(&Thing::Name { content, own: true }) => {}
            Some(Thing::Name { content, .. }) => self.put(path, Thing::Name { content, own: false }),
            Some(Thing::Folder | Thing::Lost) | None => {
                self.lost += 1;
                self.put(path, Thing::Lost);
            }
        }
    }

    fn put(&mut self, path: &str, thing: Thing) {
        self.clear_way(path);
        self.take(false, |known, _| known == path || is_below(known, path));
        self.paths.insert(path.to_owned(), thing);
    }

    /// What stands in the way of the folders above a path goes.
    fn clear_way(&mut self, path: &str) {
        self.take(false, |known, thing| is_below(path, known) && thing != Thing::Folder);
    }

    fn take(&mut self, deleted: bool, goes: impl Fn(&str, Thing) -> bool) {
        self.paths.retain(|known, thing| {
            let goes = goes(known, *thing);
            if let (true, Thing::Name { content, own: true }) = (goes, *thing) {
                self.contents[content].deleted = deleted;
            }
            !goes
        });
    }

    /// Contents that have a name left.
    fn named(&self) -> BTreeSet<usize> {
        self.paths.values().filter_map(|thing| if let Thing::Name { content, .. } = thing { Some(*content) } else { None }).collect()
    }

    /// D9: each content with a name once.
    pub(crate) fn live_size(&self) -> u64 {
        self.named().into_iter().map(|at| self.contents[at].bytes).sum()
    }

    /// Of a layer: bytes that are left.
    pub(crate) fn live_in(&self, layer: usize) -> u64 {
        self.named().into_iter().map(|at| self.contents[at]).filter(|content| content.layer == layer).map(|content| content.bytes).sum()
    }

    /// Bytes without a name by what became of the one they came with; and of contents with a name all copies but one.
    pub(crate) fn wasted(&self) -> Wasted {
        let named = self.named();
        let mut wasted = Wasted::default();
        let mut seen = BTreeSet::new();
        for (at, content) in self.contents.iter().enumerate() {
            if !named.contains(&at) {
                *(if content.deleted { &mut wasted.deleted } else { &mut wasted.overwritten }) += content.bytes;
            } else if content.bytes >= COMPARED && content.fill.is_some() && !seen.insert((content.fill, content.bytes)) {
                wasted.duplicate += content.bytes;
            }
        }
        wasted
    }

    /// Paths that are left and are no folders.
    pub(crate) fn files(&self) -> Vec<String> {
        self.paths.iter().filter(|(_, thing)| **thing != Thing::Folder).map(|(path, _)| path.clone()).collect()
    }

    /// Further names of nothing, as they came.
    pub(crate) const fn lost_links(&self) -> u64 {
        self.lost
    }
}

/// The bytes that a layer brings.
pub(crate) fn brought(acts: &[Act]) -> u64 {
    acts.iter().map(|act| if let Act::File(_, bytes, _) | Act::Symlink(_, bytes) = act { *bytes as u64 } else { 0 }).sum()
}

/// The layer as a tar.
pub(crate) fn layer_of(acts: &[Act]) -> Layer {
    acts.iter().fold(Layer::default(), |layer, act| match act {
        Act::File(path, bytes, fill) => layer.file(path, &vec![*fill; *bytes]),
        Act::Symlink(path, bytes) => layer.symlink(path, &"t".repeat(*bytes)),
        Act::Link(path, target) => layer.hard_link(path, target),
        Act::Device(path) => layer.device(path),
        Act::Folder(path) => layer.folder(path),
        Act::Whiteout(path) => layer.whiteout(path),
        Act::Opaque(path) => layer.opaque(path),
    })
}
