//! The tree against a naive model of layers laid over each other.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::image::layers::Layer;
use crate::image::listing::{Listing, ListingWriter};
use crate::image::walk::TarWalk;

fn listing(layer: Layer) -> Listing {
    let mut walk = TarWalk::new(ListingWriter::default());
    walk.update(&layer.end());
    walk.finish().expect("a sound layer").finish()
}

fn tree(layers: impl IntoIterator<Item = Layer>) -> Tree {
    let mut tree = Tree::default();
    for layer in layers {
        tree.apply(&listing(layer)).expect("there is room");
    }
    tree
}

fn layer() -> Layer {
    Layer::default()
}

/// Path, layer and fate of every entry.
fn fates(tree: &Tree) -> Vec<(String, usize, Fate)> {
    let mut fates = Vec::new();
    tree.rows(|row| fates.push((String::from_utf8_lossy(row.path).into_owned(), row.layer, row.fate)));
    fates
}

fn fate(tree: &Tree, path: &str, layer: usize) -> Fate {
    fates(tree).into_iter().find(|row| row.0 == path && row.1 == layer).expect("it is there").2
}

fn live(tree: &Tree) -> Vec<String> {
    fates(tree).into_iter().filter(|row| row.2.is_live()).map(|row| row.0).collect()
}

#[test]
fn a_file_that_a_later_layer_deletes_is_buried() {
    let tree = tree([layer().file("a", b"12345").file("b", b"1"), layer().whiteout("a")]);
    assert_eq!(fate(&tree, "a", 0), Fate::Deleted);
    assert_eq!((tree.live_size(), tree.file_count()), (1, 1));
    assert_eq!(tree.waste(), Waste { deleted: 5, ..Waste::default() });
}

#[test]
fn a_file_that_a_later_layer_replaces_is_buried() {
    let tree = tree([layer().file("a", b"12345"), layer().file("a", b"123")]);
    assert_eq!((fate(&tree, "a", 0), fate(&tree, "a", 1)), (Fate::Overwritten, Fate::Live));
    assert_eq!((tree.live_size(), tree.waste().overwritten), (3, 5));
}

#[test]
fn the_same_path_twice_in_a_layer_is_one_file_and_weighs_twice_where_it_is_built() {
    let tree = tree([layer().file("a", b"12345").file("a", b"123")]);
    let share = tree.shares()[0];
    assert_eq!((share.live, share.overwritten, share.classic, share.classic_built), (3, 5, 3, 8));
}

#[test]
fn whiteouts_reach_lower_layers_only_wherever_they_stand() {
    let replaced = || layer().file("d/a", b"12");
    for upper in [
        replaced().whiteout("d/a"),
        layer().whiteout("d/a").file("d/a", b"12"),
        replaced().opaque("d"),
        layer().opaque("d").file("d/a", b"12"),
    ] {
        let tree = tree([layer().file("d/a", b"12345"), upper]);
        assert_eq!((fate(&tree, "d/a", 0), fate(&tree, "d/a", 1), tree.live_size()), (Fate::Deleted, Fate::Live, 2));
    }
    let below = tree([layer().whiteout("a").opaque("d"), layer().file("a", b"1").file("d/x", b"1")]);
    assert_eq!(live(&below), ["a", "d/x"]);
}

#[test]
fn a_whiteout_takes_away_a_folder_with_all_that_is_in_it() {
    let tree = tree([layer().folder("d").file("d/e/f", b"123").file("dd", b"1"), layer().whiteout("d")]);
    assert_eq!((live(&tree), tree.waste().deleted), (vec!["dd".to_owned()], 3));
}

#[test]
fn an_opaque_folder_stays_and_what_was_in_it_goes() {
    let tree = tree([layer().folder("d").file("d/a", b"123").file("e", b"1"), layer().opaque("d").file("d/b", b"12")]);
    assert_eq!(live(&tree), ["d", "d/b", "e"]);
    let all = self::tree([layer().file("a", b"1").file("b/c", b"1"), layer().file(".wh..wh..opq", b"").file("x", b"")]);
    assert_eq!(live(&all), ["x"]);
}

#[test]
fn a_file_becomes_a_folder_and_a_file_again() {
    let tree = tree([layer().file("a", b"1"), layer().folder("a").file("a/b", b"22"), layer().file("a", b"333")]);
    assert_eq!(live(&tree), ["a"]);
    assert_eq!((tree.live_size(), tree.waste().overwritten), (3, 3));
    let implied = self::tree([layer().file("a", b"1"), layer().file("a/b/c", b"22")]);
    assert_eq!(live(&implied), ["a/b/c"]);
}

#[test]
fn a_hard_link_weighs_nothing_of_its_own() {
    let tree = tree([layer().file("a", b"12345").hard_link("b", "a"), layer().hard_link("c", "a")]);
    assert_eq!((tree.live_size(), tree.file_count(), tree.lost_links()), (5, 3, 0));
}

#[test]
fn a_content_lives_as_long_as_one_of_its_names() {
    let two = || layer().file("a", b"12345").hard_link("b", "a");
    let first_gone = tree([two(), layer().whiteout("a")]);
    assert_eq!((first_gone.live_size(), first_gone.waste()), (5, Waste::default()));
    let both_gone = tree([two(), layer().whiteout("a"), layer().whiteout("b")]);
    assert_eq!((both_gone.live_size(), both_gone.waste().deleted), (0, 5));
    let through = tree([two(), layer().whiteout("a"), layer().hard_link("c", "b"), layer().file("b", b"x")]);
    assert_eq!((through.live_size(), through.file_count()), (6, 2));
}

#[test]
fn a_link_to_itself_or_to_nothing_changes_nothing() {
    let own = tree([layer().file("a", b"12345").hard_link("a", "a")]);
    assert_eq!((own.live_size(), own.lost_links()), (5, 0));
    let lost = tree([layer().hard_link("a", "nowhere").hard_link("b", "a").folder("d").hard_link("c", "d")]);
    assert_eq!((lost.live_size(), lost.lost_links()), (0, 3));
}

#[test]
fn all_copies_but_one_are_duplicates() {
    let big = [7; 5000];
    let mut tree = tree([
        layer().file("a", &big).file("b", &big).file("small", b"1").file("small too", b"1"),
        layer().file("c", &big).file("gone", &big).hard_link("linked", "a"),
        layer().whiteout("gone"),
    ]);
    let groups = tree.mark_duplicates();
    let paths = [b"a", b"b", b"c"].map(|path| path.to_vec()).to_vec();
    assert_eq!(groups, [DuplicateGroup { size: 5000, copies: 3, paths }]);
    assert_eq!((groups[0].wasted(), tree.waste().duplicate), (10_000, 10_000));
    assert_eq!([fate(&tree, "a", 0), fate(&tree, "b", 0), fate(&tree, "c", 1)], [Fate::Live, Fate::Duplicate, Fate::Duplicate]);
    assert_eq!((tree.live_size(), tree.mark_duplicates()), (15_002, groups), "marking them takes nothing away");
}

#[test]
fn a_duplicate_whose_first_name_is_gone_is_called_by_the_name_that_is_left() {
    let big = [7; 5000];
    let mut tree = tree([layer().file("a", &big).hard_link("b", "a").file("c", &big), layer().whiteout("a")]);
    assert_eq!(tree.mark_duplicates()[0].paths, [b"b".to_vec(), b"c".to_vec()]);
}

#[test]
fn the_most_wasteful_of_the_duplicates_come_first() {
    let (small, large) = ([1; 4096], [2; 6000]);
    let mut tree = tree([layer().file("a", &small).file("b", &small).file("c", &large).file("d", &large)]);
    let sizes: Vec<u64> = tree.mark_duplicates().iter().map(|group| group.size).collect();
    assert_eq!(sizes, [6000, 4096]);
}

#[test]
fn rows_come_folder_by_folder_and_layer_by_layer() {
    let tree = tree([layer().file("b/c", b"1").file("a", b"1").file("b-", b"1"), layer().file("a", b"2").folder("b")]);
    let rows: Vec<(String, usize)> = fates(&tree).into_iter().map(|row| (row.0, row.1)).collect();
    let expected = [("a", 0), ("a", 1), ("b", 1), ("b/c", 0), ("b-", 0)];
    assert_eq!(rows, expected.map(|(path, layer)| (path.to_owned(), layer)));
}

#[test]
fn the_biggest_files_and_folders_are_told_with_what_is_left_of_them() {
    let tree = tree([layer().file("d/a", &[1; 30]).file("d/e/b", &[1; 20]).file("c", &[1; 25]), layer().whiteout("d/a")]);
    assert_eq!(tree.biggest_files(2), [(b"c".to_vec(), 0, 25), (b"d/e/b".to_vec(), 0, 20)]);
    assert_eq!(tree.biggest_files(9).len(), 2);
    let folders: Vec<(Vec<u8>, u64)> = tree.folders().into_iter().map(|folder| (folder.path, folder.live)).collect();
    assert_eq!(folders, [(b"".to_vec(), 45), (b"d".to_vec(), 20), (b"d/e".to_vec(), 20)]);
}

#[test]
fn more_bytes_than_can_be_counted_are_refused() {
    let head = crate::image::layers::Head::new(b'S', b"a", 0).gnu().with(483, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
    let claim = listing(layer().entry(head, b""));
    assert_eq!(Tree::default().apply(&claim), Err(TreeError::TooMany));
}

#[test]
fn a_layer_once_more_buries_the_one_below() {
    let one = || layer().file("a", b"12345").symlink("l", "a");
    let tree = tree([one(), one(), layer(), layer()]);
    assert_eq!((tree.live_size(), tree.waste().overwritten, tree.shares().len()), (6, 6, 4));
}

/// What a layer does, as the tests make it up.
#[derive(Clone, Debug)]
enum Act {
    File(String, usize),
    Symlink(String, usize),
    Link(String, String),
    Folder(String),
    Whiteout(String),
    Opaque(String),
}

/// What lies at a path: a folder, or a name of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Folder,
    Content(usize),
    Nothing,
}

/// The definition, spelled out: whole paths in a map, contents with their bytes.
#[derive(Debug, Default)]
struct Model {
    paths: BTreeMap<String, Thing>,
    contents: Vec<u64>,
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl Model {
    fn apply(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Whiteout(path) => self.paths.retain(|known, _| known != path && !is_below(known, path)),
                Act::Opaque(path) => self.paths.retain(|known, _| !is_below(known, path)),
                _ => {}
            }
        }
        for act in acts {
            match act {
                Act::File(path, size) | Act::Symlink(path, size) => {
                    self.contents.push(*size as u64);
                    self.put(path, Thing::Content(self.contents.len() - 1));
                }
                Act::Link(path, target) => {
                    self.clear_way(path);
                    let found = self.paths.get(target).copied().filter(|thing| *thing != Thing::Folder);
                    self.put(path, found.unwrap_or(Thing::Nothing));
                }
                Act::Folder(path) => {
                    self.clear_way(path);
                    self.paths.insert(path.clone(), Thing::Folder);
                }
                Act::Whiteout(_) | Act::Opaque(_) => {}
            }
        }
    }

    /// What stands in the way of the folders above a path goes.
    fn clear_way(&mut self, path: &str) {
        self.paths.retain(|known, thing| !(is_below(path, known) && *thing != Thing::Folder));
    }

    fn put(&mut self, path: &str, thing: Thing) {
        self.clear_way(path);
        self.paths.retain(|known, _| !is_below(known, path));
        self.paths.insert(path.to_owned(), thing);
    }

    fn live_size(&self) -> u64 {
        let contents: BTreeSet<usize> =
            self.paths.values().filter_map(|thing| if let Thing::Content(at) = thing { Some(*at) } else { None }).collect();
        contents.into_iter().map(|at| self.contents[at]).sum()
    }

    fn files(&self) -> Vec<String> {
        self.paths.iter().filter(|(_, thing)| **thing != Thing::Folder).map(|(path, _)| path.clone()).collect()
    }
}

fn made(acts: &[Act]) -> Layer {
    acts.iter().fold(Layer::default(), |layer, act| match act {
        Act::File(path, size) => layer.file(path, &vec![b'x'; *size]),
        Act::Symlink(path, size) => layer.symlink(path, &"t".repeat(*size)),
        Act::Link(path, target) => layer.hard_link(path, target),
        Act::Folder(path) => layer.folder(path),
        Act::Whiteout(path) => layer.whiteout(path),
        Act::Opaque(path) => layer.opaque(path),
    })
}

fn some_act() -> impl Strategy<Value = Act> {
    let path = || "[abc](/[abc]){0,3}";
    prop_oneof![
        4 => (path(), 0_usize..50).prop_map(|(path, size)| Act::File(path, size)),
        1 => (path(), 1_usize..50).prop_map(|(path, size)| Act::Symlink(path, size)),
        3 => (path(), path()).prop_map(|(path, target)| Act::Link(path, target)),
        1 => path().prop_map(Act::Folder),
        2 => path().prop_map(Act::Whiteout),
        1 => path().prop_map(Act::Opaque),
    ]
}

fn some_layers() -> impl Strategy<Value = Vec<Vec<Act>>> {
    prop::collection::vec(prop::collection::vec(some_act(), 0..8), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_left_is_what_the_definition_leaves(layers in some_layers()) {
        let mut model = Model::default();
        for acts in &layers {
            model.apply(acts);
        }
        let tree = tree(layers.iter().map(|acts| made(acts)));
        prop_assert_eq!(tree.live_size(), model.live_size());
        let mut files = Vec::new();
        tree.rows(|row| {
            if row.fate.is_live() && row.kind != EntryKind::Directory {
                files.push(String::from_utf8_lossy(row.path).into_owned());
            }
        });
        files.sort();
        prop_assert_eq!(files.len() as u64, tree.file_count());
        prop_assert_eq!(files, model.files());
    }

    #[test]
    fn every_byte_of_a_layer_is_live_or_wasted(layers in some_layers()) {
        let mut tree = tree(layers.iter().map(|acts| made(acts)));
        tree.mark_duplicates();
        for (share, acts) in tree.shares().iter().zip(&layers) {
            let bytes = acts.iter().map(|act| if let Act::File(_, size) | Act::Symlink(_, size) = act { *size as u64 } else { 0 });
            prop_assert_eq!(share.live + share.overwritten + share.deleted, bytes.sum::<u64>());
        }
        let shares = tree.shares();
        let waste = tree.waste();
        prop_assert_eq!(shares.iter().map(|share| share.live).sum::<u64>(), tree.live_size());
        prop_assert_eq!(shares.iter().map(|share| share.overwritten).sum::<u64>(), waste.overwritten);
        prop_assert_eq!(shares.iter().map(|share| share.deleted).sum::<u64>(), waste.deleted);
    }

    #[test]
    fn a_layer_weighs_on_a_classic_store_what_it_would_leave_alone(layers in some_layers()) {
        let whole = tree(layers.iter().map(|acts| made(acts)));
        for (share, acts) in whole.shares().iter().zip(&layers) {
            // A link into a lower layer is lost here and weighs nothing there.
            let adds: Vec<Act> = acts.iter().filter(|act| !matches!(act, Act::Whiteout(_) | Act::Opaque(_) | Act::Link(..))).cloned().collect();
            if adds.len() == acts.len() {
                prop_assert_eq!(share.classic, tree([made(acts)]).live_size());
            }
        }
    }
}
