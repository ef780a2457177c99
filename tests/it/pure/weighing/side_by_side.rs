//! How two images differ, held against two file systems worked out in the plainest way.

use std::collections::BTreeSet;

use loadline::image::Change;
use proptest::prelude::*;

use super::*;

/// What a layer does to one of a few paths.
#[derive(Clone, Debug)]
enum Deed {
    File { path: usize, content: u8, mode: u32 },
    Symlink { path: usize, target: u8 },
    HardLink { path: usize, target: usize },
    Remove { path: usize },
}

const PATHS: [&str; 5] = ["a", "b", "d/x", "d-x", "d/y"];

fn deed() -> impl Strategy<Value = Deed> {
    let path = || 0..PATHS.len();
    prop_oneof![
        4 => (path(), 1_u8..4, prop_oneof![Just(0o644), Just(0o755)]).prop_map(|(path, content, mode)| Deed::File { path, content, mode }),
        1 => (path(), 0_u8..2).prop_map(|(path, target)| Deed::Symlink { path, target }),
        1 => (path(), path()).prop_map(|(path, target)| Deed::HardLink { path, target }),
        2 => path().prop_map(|path| Deed::Remove { path }),
    ]
}

/// A path as the definition in `docs/sizes.md` and the module of deltas see it: what it is, whose, of how many bytes, from which layer.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    content: Vec<u8>,
    symlink: bool,
    mode: u32,
    bytes: u64,
    layer: usize,
    /// The same for all names of one content.
    inode: usize,
    /// Which of all names came later.
    order: usize,
}

type Model = BTreeMap<&'static str, Plain>;

/// The image, and its final file system worked out in the plainest way.
fn imagined(layers: &[Vec<Deed>]) -> (Golden, Model) {
    let (mut image, mut model) = (Golden::new(), Model::new());
    for (number, deeds) in layers.iter().enumerate() {
        let lower = model.clone();
        let mut removed: Vec<usize> =
            deeds.iter().filter_map(|deed| if let Deed::Remove { path } = deed { Some(*path) } else { None }).collect();
        removed.retain(|path| lower.contains_key(PATHS[*path]));
        for path in &removed {
            model.remove(PATHS[*path]);
        }
        image = image.layer("", |mut layer| {
            for path in removed {
                layer = layer.whiteout(PATHS[path]);
            }
            deeds.iter().fold(layer, |layer, deed| done(layer, deed, number, &mut model))
        });
    }
    carried(&mut model);
    (image, model)
}

/// The bytes of a content whose first name is gone stand at the first of those that are left.
fn carried(model: &mut Model) {
    let inodes: BTreeSet<usize> = model.values().map(|plain| plain.inode).collect();
    for inode in inodes {
        let mut names: Vec<&mut Plain> = model.values_mut().filter(|plain| plain.inode == inode).collect();
        names.sort_by_key(|plain| plain.order);
        if names.iter().all(|plain| plain.bytes == 0) {
            names[0].bytes = names[0].content.len() as u64;
        }
    }
}

fn done(layer: Layer, deed: &Deed, number: usize, model: &mut Model) -> Layer {
    let inode = model.values().map(|plain| plain.inode + 1).max().unwrap_or_default();
    let order = model.values().map(|plain| plain.order + 1).max().unwrap_or_default();
    match *deed {
        Deed::File { path, content, mode } => {
            let content = vec![content; usize::from(content)];
            model.insert(
                PATHS[path],
                Plain { bytes: content.len() as u64, symlink: false, mode, layer: number, inode, order, content: content.clone() },
            );
            layer.mode(PATHS[path], &content, mode)
        }
        Deed::Symlink { path, target } => {
            let target = if target == 0 { "e" } else { "f" };
            let content = target.as_bytes().to_vec();
            model.insert(PATHS[path], Plain { bytes: 1, symlink: true, mode: 0o777, layer: number, inode, order, content });
            layer.symlink(PATHS[path], target)
        }
        Deed::HardLink { path, target } => match model.get(PATHS[target]).cloned() {
            Some(to) if path != target && !to.symlink => {
                // The name under which the content came stays what it is; any other is a link of this layer.
                if model.get(PATHS[path]).is_none_or(|at| at.inode != to.inode || at.bytes == 0) {
                    model.insert(PATHS[path], Plain { bytes: 0, mode: 0o644, layer: number, order, ..to });
                }
                layer.hard_link(PATHS[path], PATHS[target])
            }
            _ => layer,
        },
        Deed::Remove { .. } => layer,
    }
}

/// Added, removed, changed and moved, as two file systems laid side by side say.
fn expected(old: (&Weighed, &Model), new: (&Weighed, &Model)) -> [Change; 4] {
    let mut found = [Change::default(); 4];
    let mut note = |at: usize, before: u64, after: u64| {
        found[at] = Change { files: found[at].files + 1, before: found[at].before + before, after: found[at].after + after };
    };
    for (path, after) in new.1 {
        let Some(before) = old.1.get(path) else {
            note(0, 0, after.bytes);
            continue;
        };
        let same = (&before.content, before.symlink, before.mode) == (&after.content, after.symlink, after.mode);
        if !same {
            note(2, before.bytes, after.bytes);
        } else if diff_ids(old.0)[before.layer] != diff_ids(new.0)[after.layer] {
            note(3, before.bytes, after.bytes);
        }
    }
    for before in old.1.iter().filter(|(path, _)| !new.1.contains_key(*path)) {
        note(1, before.1.bytes, 0);
    }
    found
}

proptest! {
    #[test]
    fn a_delta_is_what_two_file_systems_side_by_side_say(
        old in prop::collection::vec(prop::collection::vec(deed(), 0..6), 0..4),
        new in prop::collection::vec(prop::collection::vec(deed(), 0..6), 0..4),
        shared in 0_usize..3,
    ) {
        // The images have their lowest layers in common, as an image and the next build of it have.
        let new: Vec<Vec<Deed>> = old.iter().take(shared).cloned().chain(new).collect();
        let ((old, before), (new, after)) = (imagined(&old), imagined(&new));
        let (old, new) = (old.weighed(), new.weighed());
        let found = delta(&old, &new);
        prop_assert_eq!(found.by_size, 0);
        let expected = expected((&old, &before), (&new, &after));
        prop_assert_eq!([found.added, found.removed, found.changed, found.moved], expected);
        let files: u64 = expected.iter().map(|change| change.files).sum();
        prop_assert_eq!(found.biggest.len() as u64, files);
    }
}
