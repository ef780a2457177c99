//! Images of layers that engines and other tools write, and of layers that nobody should.

use std::collections::BTreeMap;
use std::io::Write as _;

use loadline::image::{BlobMeter, Digest, EntryKind, Fate, ImageError, LayerFacts, LayerName, LayerSource, Weighed, weigh};
use proptest::prelude::*;
use serde_json::json;

use crate::support::layers::{Head, Layer, layer};

/// An image without a manifest: what each layer is stored as, by what it is said to hold.
struct Image {
    config: Vec<u8>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    limit: u64,
}

impl Image {
    fn of(tars: &[Vec<u8>]) -> Self {
        Self::stored(tars, <[u8]>::to_vec)
    }

    fn stored(tars: &[Vec<u8>], store: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let ids: Vec<Digest> = tars.iter().map(|tar| Digest::of(tar)).collect();
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids}});
        let blobs = tars.iter().map(|tar| (Digest::of(tar), store(tar))).collect();
        Self { config: config.to_string().into_bytes(), blobs, limit: 1 << 30 }
    }
}

impl LayerSource for Image {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(None)
    }

    fn config(&self, _: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let mut meter = BlobMeter::with_limit(self.limit);
        self.blobs[&layer.diff_id].chunks(1000).for_each(|piece| meter.update(piece));
        meter.finish().map(LayerFacts::from)
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn weighed(tars: &[Vec<u8>]) -> Weighed {
    weigh(&Image::of(tars)).expect("a sound image")
}

/// D3, both forms of D4, D9 and the number of files.
fn sizes(tars: &[Vec<u8>]) -> (u64, [u64; 2], u64, u64) {
    let weighing = weighed(tars).weighing;
    let classic = [weighing.classic_size, weighing.classic_size_built].map(|size| size.expect("it was counted"));
    let (live, files) = (weighing.live_size.expect("it was counted"), weighing.file_count.expect("it was counted"));
    (weighing.uncompressed_size, classic, live, files)
}

fn wrong(image: &Image) -> String {
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
    let members = |tar: &[u8]| tar.chunks(700).flat_map(gzip).collect();
    for store in [&gzip as &dyn Fn(&[u8]) -> Vec<u8>, &members] {
        assert_eq!(weigh(&Image::stored(&tars, store)).expect("a sound image").weighing, plain);
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
    let wrong = wrong(&Image::of(&tars));
    let lines: Vec<&str> = wrong.lines().collect();
    assert_eq!(lines.len(), 4, "{wrong}");
    assert!(lines[0].starts_with("layer 1 is no sound tar near byte 1024 (the path ../../etc/passwd leads out"), "{wrong}");
    assert!(lines[1].contains("middle of a header") && lines[3].contains("middle of a file"), "{wrong}");
}

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let tars = [layer(&vec![0; 3 << 20])];
    let mut image = Image::stored(&tars, gzip);
    image.limit = 1 << 20;
    let error = weigh(&image).expect_err("it inflates to more").to_string();
    assert!(error.contains("inflates to more than 1048576 B"), "{error}");
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_bit_that_flips_is_never_a_wrong_number(at in any::<prop::sample::Index>(), bit in 0_u8..8, content in prop::collection::vec(any::<u8>(), 1..3000)) {
        let tars = [Layer::default().file("a", &content).end()];
        let mut image = Image::stored(&tars, gzip);
        let blob = image.blobs.values_mut().next().expect("there is a layer");
        let at = at.index(blob.len());
        blob[at] ^= 1 << bit;
        match weigh(&image) {
            // Time and system in a gzip header, and what fills the last byte of its data, are no part of the content.
            Ok(weighed) => prop_assert_eq!(weighed.weighing.live_size, Some(content.len() as u64), "bit {} of byte {}", bit, at),
            Err(error) => prop_assert!(matches!(error, ImageError::Mismatch(_)), "{error}"),
        }
    }

    #[test]
    fn the_sizes_of_an_image_add_up(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9000), 0..5), base in 0_usize..6) {
        let tars: Vec<Vec<u8>> = contents.iter().map(|content| layer(content)).collect();
        let mut weighing = weighed(&tars).weighing;
        let hashed: u64 = tars.iter().map(|tar| tar.len() as u64).sum();
        prop_assert_eq!(weighing.uncompressed_size, hashed);
        for (layer, content) in weighing.layers.iter().zip(&contents) {
            let share = layer.content.expect("it was counted");
            prop_assert_eq!(share.live + share.overwritten + share.deleted, content.len() as u64);
        }
        let ids: Vec<Digest> = tars.iter().take(base).map(|tar| Digest::of(tar)).collect();
        if weighing.split("base", &ids) {
            let base = weighing.base.expect("it was split");
            prop_assert_eq!(base.uncompressed_size + base.app_size, hashed);
        } else {
            prop_assert!(ids.is_empty());
        }
    }
}
