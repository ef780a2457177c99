//! Layers laid over each other: what is left, wasted and told is what the slow model says, and nothing outgrows what came in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::image::{EntryKind, Fate, ListingWriter, TarWalk, Tree};

use crate::overlay::{Act, Overlay, Wasted, brought, layer_of};

#[allow(dead_code, reason = "the tests share this file, and need more of it")]
#[path = "../../tests/it/support/layers.rs"]
mod layers;
#[allow(dead_code, reason = "the tests share this file, and need more of it")]
#[path = "../../tests/it/support/overlay.rs"]
mod overlay;

/// A path of up to four parts, in six bits: names are few, so that they meet.
fn path(byte: u8) -> String {
    let parts = ["a", "b", "c"];
    (0..=byte >> 6).map(|at| parts[usize::from(byte >> (2 * at) & 3) % 3]).collect::<Vec<_>>().join("/")
}

/// Three bytes make an act, or end the layer.
fn layers_of(data: &[u8]) -> Vec<Vec<Act>> {
    let mut layers = vec![Vec::new()];
    for act in data.chunks_exact(3).take(300) {
        let (one, other) = (path(act[1]), act[2]);
        let act = match act[0] % 10 {
            0..=2 => Act::File(one, [0, 1, 7, 511, 512, 4095, 4096, 5000][usize::from(other & 7)], other >> 6),
            3 => Act::Symlink(one, usize::from(other % 100)),
            4 | 5 => Act::Link(one, path(other)),
            6 => {
                if other & 1 == 0 {
                    Act::Folder(one)
                } else {
                    Act::Device(one)
                }
            }
            7 => Act::Whiteout(one),
            8 => Act::Opaque(if other == 0 { String::new() } else { one }),
            _ => {
                layers.push(Vec::new());
                continue;
            }
        };
        layers.last_mut().expect("there is one").push(act);
    }
    layers
}

fn laid(layers: &[Vec<Act>]) -> Tree {
    let mut tree = Tree::default();
    for acts in layers {
        let mut walk = TarWalk::new(ListingWriter::default());
        walk.update(&layer_of(acts).end());
        tree.apply(&walk.finish().expect("a sound layer").finish()).expect("there is room");
    }
    tree
}

fuzz_target!(|data: &[u8]| {
    let layers = layers_of(data);
    let mut model = Overlay::default();
    for acts in &layers {
        model.apply(acts);
    }
    let mut tree = laid(&layers);
    let groups = tree.mark_duplicates();
    assert_eq!((tree.live_size(), tree.lost_links()), (model.live_size(), model.lost_links()));
    let (waste, wasted) = (tree.waste(), model.wasted());
    assert_eq!(Wasted { overwritten: waste.overwritten, deleted: waste.deleted, duplicate: waste.duplicate }, wasted);
    let all: u64 = layers.iter().map(|acts| brought(acts)).sum();
    assert_eq!(tree.live_size() + waste.overwritten + waste.deleted, all);
    assert!(waste.duplicate <= tree.live_size());
    assert_eq!(groups.iter().map(|group| group.wasted()).sum::<u64>(), waste.duplicate);
    for (number, (share, acts)) in tree.shares().iter().zip(&layers).enumerate() {
        assert_eq!((share.live, share.live + share.overwritten + share.deleted), (model.live_in(number), brought(acts)));
    }
    told(&tree, &model, &layers);
});

/// Rows, folders and what is buried agree with the sums.
fn told(tree: &Tree, model: &Overlay, layers: &[Vec<Act>]) {
    let (mut files, mut rows, mut bytes) = (Vec::new(), 0, [0; 4]);
    tree.rows(|row| {
        rows += 1;
        bytes[row.fate as usize] += row.size;
        if matches!(row.fate, Fate::Live | Fate::Duplicate) && row.kind != EntryKind::Directory {
            files.push(String::from_utf8_lossy(row.path).into_owned());
        }
    });
    files.sort();
    assert_eq!(files, model.files());
    assert_eq!(files.len() as u64, tree.file_count());
    assert!(rows <= layers.iter().map(Vec::len).sum::<usize>());
    assert_eq!(tree.folders().first().map_or(0, |root| root.live), tree.live_size());
    let buried = |deleted| tree.buried_places(deleted, usize::MAX).iter().map(|place| place.bytes).sum::<u64>();
    let waste = tree.waste();
    assert_eq!((buried(false), buried(true)), (waste.overwritten, waste.deleted));
    assert_eq!(bytes, [tree.live_size() - waste.duplicate, waste.duplicate, waste.overwritten, waste.deleted]);
    assert_eq!(tree.copied_places(&[], usize::MAX).iter().map(|place| place.bytes).sum::<u64>(), waste.duplicate);
}
