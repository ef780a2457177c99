//! Growth between images whose layers are known.

use proptest::prelude::*;

use super::*;
use crate::image::{BaseShare, LayerContent};

/// A layer: what tells its content, the instruction that made it, its bytes, and its files.
type Brief = (u8, u8, u64, Vec<(u8, u64)>);

fn layer((content, maker, bytes, files): &Brief) -> LayerWeight {
    let mut biggest: Vec<LayerFile> = files.iter().map(|(name, size)| LayerFile { path: format!("/{name}"), size: *size }).collect();
    biggest.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    LayerWeight {
        digest: None,
        diff_id: format!("sha256:{content}"),
        media_type: None,
        compressed: None,
        uncompressed: *bytes,
        created_by: Some(format!("RUN {maker}")),
        dockerfile_line: None,
        content: None::<LayerContent>,
        biggest,
    }
}

/// An image of the first `base` layers and the others.
fn image(layers: &[Brief], base: Option<usize>) -> Weighing {
    let layers: Vec<LayerWeight> = layers.iter().map(layer).collect();
    let sum = |layers: &[LayerWeight]| layers.iter().map(|layer| layer.uncompressed).sum::<u64>();
    let share = |base: usize| BaseShare {
        name: "debian".to_owned(),
        layers: base,
        uncompressed_size: sum(&layers[..base]),
        layer_transfer_size: None,
        app_size: sum(&layers[base..]),
    };
    Weighing {
        digest: None,
        image_id: None,
        layer_transfer_size: None,
        transfer_size: None,
        uncompressed_size: sum(&layers),
        classic_size: None,
        classic_size_built: None,
        live_size: None,
        file_count: None,
        waste: None,
        base: base.map(share),
        config_size: 9,
        manifest_size: None,
        layers,
    }
}

/// History line, bytes before and after of every layer that differs.
fn told(growth: &Growth) -> Vec<(&str, Option<u64>, Option<u64>)> {
    growth.layers.iter().map(|layer| (layer.created_by.as_deref().unwrap_or_default(), layer.before, layer.after)).collect()
}

#[test]
fn an_image_beside_itself_has_nothing_to_tell() {
    let same = image(&[(1, 1, 10_000, vec![(1, 9_000)]), (2, 2, 20_000, vec![(2, 9_000)])], Some(1));
    assert_eq!(between(&same, &same), Growth { base: Some(0), app: Some(0), ..Growth::default() });
}

#[test]
fn the_layer_that_grew_is_named_with_the_file_that_did() {
    let before = image(&[(1, 1, 10_000, vec![]), (2, 2, 20_000, vec![(7, 9_000), (8, 5_000)]), (3, 3, 5_000, vec![])], Some(1));
    let after = image(&[(1, 1, 10_000, vec![]), (4, 2, 32_000, vec![(7, 21_000), (8, 5_000)]), (3, 3, 5_000, vec![])], Some(1));
    let growth = between(&before, &after);
    assert_eq!((growth.total, growth.base, growth.app), (12_000, Some(0), Some(12_000)));
    assert_eq!(told(&growth), [("RUN 2", Some(20_000), Some(32_000))]);
    let file = FileGrowth { path: "/7".to_owned(), before: Some(9_000), after: Some(21_000), dockerfile_line: None };
    assert_eq!(growth.files, [file]);
}

#[test]
fn a_base_that_grew_is_parted_from_the_app() {
    let before = image(&[(1, 1, 10_000, vec![]), (2, 2, 20_000, vec![])], Some(1));
    let after = image(&[(5, 1, 11_000, vec![]), (6, 9, 1_000, vec![]), (2, 2, 20_000, vec![])], Some(2));
    let growth = between(&before, &after);
    assert_eq!((growth.total, growth.base, growth.app), (2_000, Some(2_000), Some(0)));
    assert!(growth.layers.is_empty() && growth.files.is_empty(), "{growth:?}");
}

#[test]
fn without_a_known_base_all_layers_are_told() {
    let growth = between(&image(&[(1, 1, 10_000, vec![])], None), &image(&[(2, 1, 9_000, vec![])], Some(1)));
    assert_eq!((growth.total, growth.base, growth.app), (-1_000, None, None));
    assert_eq!(told(&growth), [("RUN 1", Some(10_000), Some(9_000))]);
}

#[test]
fn a_layer_that_came_in_between_is_new_and_moves_no_other() {
    let before = image(&[(1, 1, 10_000, vec![]), (2, 2, 20_000, vec![])], Some(0));
    let after = image(&[(1, 1, 10_000, vec![]), (9, 9, 7_000, vec![(1, 6_000)]), (3, 2, 20_001, vec![])], Some(0));
    let growth = between(&before, &after);
    assert_eq!(told(&growth), [("RUN 9", None, Some(7_000)), ("RUN 2", Some(20_000), Some(20_001))]);
    assert_eq!(growth.files.iter().map(|f| (f.path.as_str(), f.before, f.after)).collect::<Vec<_>>(), [("/1", None, Some(6_000))]);
}

#[test]
fn a_file_that_a_full_list_may_have_left_out_is_not_called_new() {
    let full: Vec<(u8, u64)> = (0..20).map(|name| (name, 9_000 + u64::from(name))).collect();
    let before = image(&[(1, 1, 200_000, full.clone())], None);
    let mut more = full;
    more[0] = (99, 8_999);
    more[1] = (98, 10_000);
    let growth = between(&before, &image(&[(2, 1, 200_000, more)], None));
    assert_eq!(growth.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["/98", "/0", "/1"]);
}

#[test]
fn layers_beyond_all_number_are_told_without_pairs() {
    let many = |content: u8| image(&vec![(content, 1, 1, vec![]); 1_100], None);
    assert_eq!(between(&many(1), &many(2)).layers.len(), 2_200);
}

fn images() -> impl Strategy<Value = (Weighing, Weighing)> {
    let file = (0..6_u8, 4_096..20_000_u64);
    let brief = (0..6_u8, 0..4_u8, 0..100_000_u64, prop::collection::vec(file, 0..4));
    let one = || (prop::collection::vec(brief.clone(), 0..7), prop::option::of(0..7_usize));
    // Equal contents have equal sizes.
    let sized = |layers: Vec<Brief>| -> Vec<Brief> {
        layers
            .into_iter()
            .map(|(content, maker, bytes, files)| (content, maker, if content < 3 { u64::from(content) } else { bytes }, files))
            .collect()
    };
    let distinct = move |layers: Vec<Brief>, side: u8| -> Vec<Brief> {
        sized(layers)
            .into_iter()
            .enumerate()
            .map(|(at, (content, maker, bytes, files))| {
                (if content < 3 { content } else { 10 + side * 100 + u8::try_from(at).expect("a few layers") }, maker, bytes, files)
            })
            .collect()
    };
    (one(), one()).prop_map(move |((a, base_a), (b, base_b))| {
        let (a, b) = (distinct(a, 0), distinct(b, 1));
        (image(&a, base_a.map(|n| n.min(a.len()))), image(&b, base_b.map(|n| n.min(b.len()))))
    })
}

proptest! {
    #[test]
    fn base_and_app_are_all_of_it_and_the_layers_are_the_app((before, after) in images()) {
        let growth = between(&before, &after);
        if let (Some(base), Some(app)) = (growth.base, growth.app) {
            prop_assert_eq!(base + app, growth.total);
        }
        let layers: i64 = growth.layers.iter().map(LayerGrowth::bytes).sum();
        prop_assert_eq!(layers, growth.app.unwrap_or(growth.total));
        prop_assert!(growth.layers.windows(2).all(|pair| pair[0].bytes() >= pair[1].bytes()));
        prop_assert!(growth.files.iter().all(|file| file.before != file.after));
        prop_assert_eq!(&growth, &between(&before, &after));
    }

    #[test]
    fn the_way_back_is_as_long((before, after) in images()) {
        let (there, back) = (between(&before, &after), between(&after, &before));
        prop_assert_eq!(there.total, -back.total);
        prop_assert_eq!(there.app, back.app.map(|bytes| -bytes));
    }
}
