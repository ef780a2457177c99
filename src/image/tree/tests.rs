//! The tree against a naive model of layers laid over each other.

use proptest::prelude::*;

use super::*;
use crate::image::layers::{Head, Layer};
use crate::image::listing::{Listing, ListingWriter};
use crate::image::overlay::{Act, Overlay, Wasted, brought, layer_of};
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
fn the_biggest_files_and_folders_are_called_by_paths_that_are_left() {
    let tree = tree([layer().file("d/a", &[1; 30]).hard_link("e/b", "d/a"), layer().file("d/a", &[2; 7])]);
    assert_eq!(tree.biggest_files(9), [(b"e/b".to_vec(), 0, 30), (b"d/a".to_vec(), 1, 7)]);
    let folders: Vec<(Vec<u8>, u64)> = tree.folders().into_iter().map(|folder| (folder.path, folder.live)).collect();
    assert_eq!(folders, [(b"".to_vec(), 37), (b"e".to_vec(), 30), (b"d".to_vec(), 7)]);
}

#[test]
fn the_biggest_files_of_a_layer_are_those_that_are_left_of_it() {
    let low = layer().file("gone", &[1; 90]).file("small", &[1; 4]).file("b", &[1; 20]).file("a", &[1; 20]).file("big", &[1; 30]);
    let tree = tree([low, layer().whiteout("gone").file("new", &[1; 25])]);
    let told = |count| tree.biggest_files_by_layer(count, 5);
    assert_eq!(told(2), [vec![(b"big".to_vec(), 30), (b"b".to_vec(), 20)], vec![(b"new".to_vec(), 25)]]);
    assert_eq!(told(9)[0], [(b"big".to_vec(), 30), (b"a".to_vec(), 20), (b"b".to_vec(), 20)], "equal ones by path");
    assert_eq!(told(0), [vec![], vec![]]);
}

/// Fate by fate the bytes of all rows.
fn rows_by_fate(tree: &Tree) -> [u64; 4] {
    let mut sums = [0; 4];
    tree.rows(|row| sums[row.fate as usize] += row.size);
    sums
}

#[test]
fn the_bytes_of_a_content_stand_at_the_name_that_is_left() {
    let tree = tree([layer().file("a", b"12345").hard_link("b", "a").hard_link("c", "a"), layer().whiteout("a")]);
    let mut sizes = Vec::new();
    tree.rows(|row| sizes.push((row.path.to_vec(), row.size, row.fate)));
    let expected = [("a", 0, Fate::Deleted), ("b", 5, Fate::Live), ("c", 0, Fate::Live)];
    assert_eq!(sizes, expected.map(|(path, size, fate)| (path.as_bytes().to_vec(), size, fate)));
}

/// Path, kind, bytes and files of the places of deleted bytes.
fn deleted(tree: &Tree) -> Vec<(String, PlaceKind, u64, u64)> {
    let told = |place: WastePlace| (String::from_utf8(place.path).expect("text"), place.kind, place.bytes, place.files);
    tree.buried_places(true, 9).into_iter().map(told).collect()
}

#[test]
fn many_small_files_are_told_by_the_deepest_folder_that_has_them_all() {
    let cached = (0..200).fold(layer(), |layer, at| layer.file(format!("root/.cache/build/{}/{at}", at % 50), &[1; 50]));
    let tree = tree([cached, layer().whiteout("root/.cache")]);
    assert_eq!(deleted(&tree), [("root/.cache/build".to_owned(), PlaceKind::Folder, 10_000, 200)]);
    assert_eq!(tree.buried_places(true, 9)[0].layers, (0, 0));
    assert!(tree.buried_places(false, 9).is_empty());
}

#[test]
fn a_big_file_among_small_ones_is_told_beside_the_rest_of_its_folder() {
    let cached = (0..100)
        .fold(layer().file("tmp/big", &[1; 3000]).file("var/x/one", &[1; 2000]), |layer, at| layer.file(format!("tmp/{at}"), &[1; 50]));
    let tree = tree([cached, layer().whiteout("tmp").whiteout("var")]);
    let expected = [("tmp", PlaceKind::Rest, 5000, 100), ("tmp/big", PlaceKind::File, 3000, 1), ("var/x/one", PlaceKind::File, 2000, 1)];
    assert_eq!(deleted(&tree), expected.map(|(path, kind, bytes, files)| (path.to_owned(), kind, bytes, files)));
}

#[test]
fn a_path_that_was_a_file_and_a_folder_stands_for_both() {
    let tree = tree([layer().file("a", &[1; 100]), layer().folder("a").file("a/b", &[1; 300]), layer().file("a", b"")]);
    let told: Vec<_> = tree.buried_places(false, 9).into_iter().map(|place| (place.path, place.bytes, place.layers)).collect();
    assert_eq!(told, [(b"a/b".to_vec(), 300, (1, 1)), (b"a".to_vec(), 100, (0, 0))]);
}

#[test]
fn copies_that_have_no_group_of_their_own_are_told_by_folder() {
    let copied = |folder: &str| {
        let content = |at: u8| vec![at; 5000];
        (0..40).fold(layer(), |layer, at| layer.file(format!("{folder}/{at}"), &content(at)))
    };
    let mut tree = tree([copied("a/src"), copied("b/lib")]);
    let groups = tree.mark_duplicates();
    let places = tree.copied_places(&[], 9);
    assert_eq!((places.len(), places[0].path.as_slice(), places[0].bytes, places[0].files), (1, &b"b/lib"[..], 200_000, 40));
    assert_eq!(tree.copied_places(&groups[..10], 9)[0].files, 30);
    assert!(tree.copied_places(&groups, 9).is_empty());
}

#[test]
fn more_bytes_than_can_be_counted_are_refused() {
    let head = Head::new(b'S', b"a", 0).gnu().with(483, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
    let claim = listing(layer().entry(head, b""));
    assert_eq!(Tree::default().apply(&claim), Err(TreeError::TooMany));
}

#[test]
fn a_layer_once_more_buries_the_one_below() {
    let one = || layer().file("a", b"12345").symlink("l", "a");
    let tree = tree([one(), one(), layer(), layer()]);
    assert_eq!((tree.live_size(), tree.waste().overwritten, tree.shares().len()), (6, 6, 4));
}

fn some_act() -> impl Strategy<Value = Act> {
    let path = || "[abc](/[abc]){0,3}";
    let size = || prop_oneof![6 => 0_usize..50, 1 => Just(4096), 1 => Just(5000)];
    prop_oneof![
        4 => (path(), size(), 0_u8..2).prop_map(|(path, size, fill)| Act::File(path, size, fill)),
        1 => (path(), 1_usize..50).prop_map(|(path, size)| Act::Symlink(path, size)),
        3 => (path(), path()).prop_map(|(path, target)| Act::Link(path, target)),
        1 => path().prop_map(Act::Device),
        1 => path().prop_map(Act::Folder),
        2 => path().prop_map(Act::Whiteout),
        1 => path().prop_map(Act::Opaque),
    ]
}

fn some_layers() -> impl Strategy<Value = Vec<Vec<Act>>> {
    prop::collection::vec(prop::collection::vec(some_act(), 0..8), 0..6)
}

fn laid(layers: &[Vec<Act>]) -> (Tree, Overlay) {
    let mut model = Overlay::default();
    for acts in layers {
        model.apply(acts);
    }
    (tree(layers.iter().map(|acts| layer_of(acts))), model)
}

fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: asked.cases.max(1000), ..asked }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_left_is_what_the_definition_leaves(layers in some_layers()) {
        let (tree, model) = laid(&layers);
        prop_assert_eq!((tree.live_size(), tree.lost_links()), (model.live_size(), model.lost_links()));
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
    fn what_is_wasted_is_what_the_definition_says(layers in some_layers()) {
        let (mut tree, model) = laid(&layers);
        let groups = tree.mark_duplicates();
        let waste = tree.waste();
        let found = Wasted { overwritten: waste.overwritten, deleted: waste.deleted, duplicate: waste.duplicate };
        prop_assert_eq!(found, model.wasted());
        prop_assert_eq!(groups.iter().map(DuplicateGroup::wasted).sum::<u64>(), waste.duplicate);
    }

    #[test]
    fn every_byte_of_a_layer_is_live_or_wasted(layers in some_layers()) {
        let (mut tree, model) = laid(&layers);
        tree.mark_duplicates();
        for (number, (share, acts)) in tree.shares().iter().zip(&layers).enumerate() {
            prop_assert_eq!(share.live, model.live_in(number));
            prop_assert_eq!(share.live + share.overwritten + share.deleted, brought(acts));
        }
        let shares = tree.shares();
        let waste = tree.waste();
        prop_assert_eq!(shares.iter().map(|share| share.live).sum::<u64>(), tree.live_size());
        prop_assert_eq!(shares.iter().map(|share| share.overwritten).sum::<u64>(), waste.overwritten);
        prop_assert_eq!(shares.iter().map(|share| share.deleted).sum::<u64>(), waste.deleted);
    }

    #[test]
    fn what_is_told_folder_by_folder_and_path_by_path_adds_up(layers in some_layers()) {
        let (tree, _) = laid(&layers);
        prop_assert_eq!(tree.folders().first().map_or(0, |root| root.live), tree.live_size());
        for (deleted, bytes) in [(false, tree.waste().overwritten), (true, tree.waste().deleted)] {
            let are_told = tree.buried_places(deleted, usize::MAX).iter().all(|place| place.bytes > 0 && !place.path.is_empty());
            prop_assert!(are_told);
            prop_assert_eq!(tree.buried_places(deleted, usize::MAX).iter().map(|place| place.bytes).sum::<u64>(), bytes);
        }
    }

    #[test]
    fn the_rows_of_a_fate_add_up_to_what_is_said_of_it(layers in some_layers()) {
        let (mut tree, _) = laid(&layers);
        tree.mark_duplicates();
        let [live, duplicate, overwritten, deleted] = rows_by_fate(&tree);
        prop_assert_eq!(live + duplicate, tree.live_size());
        prop_assert_eq!(Waste { overwritten, deleted, duplicate }, tree.waste());
        let copied: u64 = tree.copied_places(&[], usize::MAX).iter().map(|place| place.bytes).sum();
        prop_assert_eq!(copied, duplicate);
        let by_layer: usize = tree.biggest_files_by_layer(usize::MAX, 0).iter().map(Vec::len).sum();
        prop_assert_eq!(by_layer, tree.biggest_files(usize::MAX).len());
        let biggest = tree.biggest_files(usize::MAX);
        prop_assert!(biggest.iter().all(|(path, ..)| self::live(&tree).iter().any(|live| live.as_bytes() == path)));
    }

    #[test]
    fn a_layer_weighs_on_a_classic_store_what_it_would_leave_alone(layers in some_layers()) {
        let whole = tree(layers.iter().map(|acts| layer_of(acts)));
        for (share, acts) in whole.shares().iter().zip(&layers) {
            // A link into a lower layer is lost here and weighs nothing there.
            if !acts.iter().any(|act| matches!(act, Act::Whiteout(_) | Act::Opaque(_) | Act::Link(..))) {
                prop_assert_eq!(share.classic, tree([layer_of(acts)]).live_size());
            }
        }
    }
}
