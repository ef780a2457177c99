//! Images of layers that engines and other tools write, and of layers that nobody should.

mod damage;
mod go;
mod long;
mod properties;

use loadline::image::{EntryKind, Fate, ImageError, Weighed, weigh};

use crate::support::golden::Golden;
use crate::support::layers::{Head, Layer, layer};
use crate::support::stored::{gzip, gzip_members, zstd};

fn weighed(tars: &[Vec<u8>]) -> Weighed {
    Golden::of(tars).weighed()
}

/// D3, both forms of D4, D9 and the number of files.
fn sizes(tars: &[Vec<u8>]) -> (u64, [u64; 2], u64, u64) {
    let weighing = weighed(tars).weighing;
    let classic = [weighing.classic_size, weighing.classic_size_built].map(|size| size.expect("it was counted"));
    let (live, files) = (weighing.live_size.expect("it was counted"), weighing.file_count.expect("it was counted"));
    (weighing.uncompressed_size, classic, live, files)
}

fn wrong(image: &Golden) -> String {
    match weigh(image) {
        Err(ImageError::Mismatch(wrong)) => wrong.join("\n"),
        other => panic!("a corrupt image, not {other:?}"),
    }
}

#[test]
fn images_without_layers_or_with_empty_ones_weigh_what_their_tars_do() {
    assert_eq!(sizes(&[]), (0, [0, 0], 0, 0));
    assert_eq!(sizes(&[Vec::new()]), (0, [0, 0], 0, 0));
    assert_eq!(sizes(&[Layer::default().end(), Layer::default().unended()]), (1024, [0, 0], 0, 0));
}

#[test]
fn a_layer_of_every_kind_of_entry_is_weighed_by_definition() {
    let tar = Layer::default()
        .folder("d")
        .file("d/a", &[1; 1000])
        .hard_link("d/b", "d/a")
        .symlink("d/c", "a")
        .device("dev/null")
        .pax(&[("path", "d/\u{e4}".as_bytes()), ("SCHILY.xattr.security.capability", b"\x01\0\0\x02")])
        .file("d/x", b"12")
        .gnu_long(b'L', &[b'n'; 200])
        .file("short", b"3")
        .end();
    assert_eq!(sizes(std::slice::from_ref(&tar)), (tar.len() as u64, [1004, 1003], 1004, 6));
}

#[test]
fn duplicate_layers_are_read_once_and_each_of_them_weighs() {
    let tar = layer(&[1; 5000]);
    let weighed = weighed(&[tar.clone(), tar.clone()]);
    assert_eq!(weighed.weighing.uncompressed_size, 2 * tar.len() as u64);
    assert_eq!((weighed.weighing.live_size, weighed.weighing.classic_size), (Some(5000), Some(10_000)));
    let waste = weighed.weighing.waste.expect("it was counted");
    assert_eq!((waste.overwritten, waste.deleted, waste.duplicate), (5000, 0, 0));
}

#[test]
fn deleted_and_replaced_bytes_are_told_for_the_layer_that_carries_them() {
    let lower = Layer::default().file("a/x", &[1; 100]).file("a/y", &[2; 10]).file("b", &[3; 1]).end();
    let upper = Layer::default().opaque("a").file("a/x", &[4; 1000]).whiteout("b").end();
    let weighed = weighed(&[lower, upper]);
    let content = weighed.weighing.layers[0].content.expect("it was counted");
    assert_eq!((content.live, content.overwritten, content.deleted), (0, 0, 111));
    let mut rows = Vec::new();
    weighed.tree.rows(|row| rows.push((String::from_utf8_lossy(row.path).into_owned(), row.layer, row.kind, row.fate)));
    let row = |path: &str, layer, fate| (path.to_owned(), layer, EntryKind::File, fate);
    let expected = [row("a/x", 0, Fate::Deleted), row("a/x", 1, Fate::Live), row("a/y", 0, Fate::Deleted), row("b", 0, Fate::Deleted)];
    assert_eq!(rows, expected);
}

#[test]
fn the_same_layers_weigh_the_same_however_they_are_compressed() {
    let tars = [Layer::default().file("a", &vec![1; 70_000]).end(), Layer::default().whiteout("a").end()];
    let plain = weighed(&tars).weighing;
    for store in [gzip, gzip_members, zstd] {
        assert_eq!(Golden::of(&tars).stored(store).weighed().weighing, plain);
    }
}

#[test]
fn a_sparse_file_of_fifty_gigabytes_costs_no_memory_and_counts_as_unpacked() {
    let gnu = Head::new(b'S', b"disk", 0).gnu().with(483, b"\x80\0\0\0\0\0\0\x0c\x80\0\0\0");
    let tar = Layer::default().entry(gnu, b"").end();
    assert_eq!(sizes(std::slice::from_ref(&tar)), (tar.len() as u64, [50 << 30, 50 << 30], 50 << 30, 1));
}

#[test]
fn layers_that_engines_would_refuse_are_corrupt_and_say_where() {
    let tars = [
        Layer::default().file("a", b"x").file("../../etc/passwd", b"x").end(),
        b"no tar at all, and shorter than a block".to_vec(),
        [layer(b"x").as_slice(), &[7; 512]].concat()[..1024].iter().map(|byte| byte ^ 1).collect(),
        layer(&[1; 5000])[..3000].to_vec(),
    ];
    let wrong = wrong(&Golden::of(&tars));
    let lines: Vec<&str> = wrong.lines().collect();
    assert_eq!(lines.len(), 4, "{wrong}");
    assert!(lines[0].starts_with("layer 1 is no sound tar near byte 1024 (the path ../../etc/passwd leads out"), "{wrong}");
    assert!(lines[1].contains("middle of a header") && lines[3].contains("middle of a file"), "{wrong}");
}

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let tars = [layer(&vec![0; 3 << 20])];
    for store in [gzip, gzip_members, zstd] {
        let error = weigh(&Golden::of(&tars).stored(store).with_limit(1 << 20)).expect_err("it inflates to more").to_string();
        assert!(error.contains("inflates to more than 1048576 B"), "{error}");
    }
}

#[test]
fn an_absolute_path_and_one_with_dots_are_the_path_that_they_lead_to() {
    let lower = Layer::default().file("etc/a", &[1; 100]).file("usr/b", &[2; 10]).end();
    let upper = Layer::default().file("/etc/a", &[1; 7]).file("./usr/../etc//.wh.none", b"").file("/../usr/./.wh.b", b"").end();
    assert_eq!(sizes(&[lower, upper]).2, 7);
}

#[test]
fn a_hard_link_into_a_lower_layer_keeps_its_content_when_the_first_name_goes() {
    let lower = Layer::default().file("a", &[1; 5000]).end();
    let linked = Layer::default().hard_link("b", "a").end();
    let tars = [lower, linked, Layer::default().whiteout("a").end(), Layer::default().file("b", b"new").end()];
    let at = |count: usize| weighed(&tars[..count]).weighing;
    assert_eq!([1, 2, 3, 4].map(|count| at(count).live_size), [5000, 5000, 5000, 3].map(Some));
    assert_eq!([1, 2, 3, 4].map(|count| at(count).file_count), [1, 2, 1, 1].map(Some));
    let waste = at(4).waste.expect("it was counted");
    assert_eq!((waste.overwritten, waste.deleted, waste.duplicate), (0, 5000, 0), "the name that it came with was taken away");
}

#[test]
fn extended_attributes_and_owners_are_carried_and_weigh_nothing() {
    let plain = Layer::default().file("a", b"12345").end();
    let adorned = Layer::default()
        .pax(&[("SCHILY.xattr.user.big", &[b'x'; 3000]), ("uid", b"3000000"), ("LIBARCHIVE.xattr.user.b", b"eA==")])
        .file("a", b"12345")
        .end();
    assert_eq!((sizes(&[plain]).2, sizes(std::slice::from_ref(&adorned)).2), (5, 5));
    let (header, text) = (512, 3584);
    assert_eq!(sizes(std::slice::from_ref(&adorned)).0, header + text + 512 + 512 + 1024, "and count in the tar");
}

#[test]
fn a_claim_of_exabytes_is_refused_and_not_added_up() {
    let claim = || Head::new(b'S', b"disk", 0).gnu().with(483, b"\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff");
    let tar = Layer::default().entry(claim(), b"").entry(claim().with(0, b"more"), b"").end();
    assert!(weigh(&Golden::of(&[tar])).is_err_and(|error| error.to_string().contains("more bytes than can be counted")));
}

#[test]
fn a_path_of_a_thousand_folders_again_and_again_costs_no_more_than_its_bytes() {
    let deep = "d/".repeat(2000);
    let mut tar = Layer::default();
    for number in 0..300 {
        tar = tar.pax(&[("path", format!("{deep}{number}").as_bytes())]).file("x", b"1");
    }
    let weighed = weighed(&[tar.end(), Layer::default().whiteout("d").end()]);
    assert_eq!((weighed.weighing.live_size, weighed.weighing.waste.expect("counted").deleted), (Some(0), 300));
}
