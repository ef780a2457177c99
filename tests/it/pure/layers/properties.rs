//! Whole images against the definitions in `docs/sizes.md`, worked out the slow way, and against themselves read otherwise.

use std::thread;

use loadline::image::{Digest, ImageError, LayerFacts, LayerName, LayerSource, WasteBytes, Weighing, weigh};
use proptest::prelude::*;

use crate::support::golden::Golden;
use crate::support::overlay::{Act, Overlay, brought, layer_of};
use crate::support::stored::{gzip, gzip_members, zstd};

/// Layers that meet on few paths, with contents that are copies of each other now and then.
pub(super) fn some_layers() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let path = || "[abc](/[abc]){0,3}";
    let size = || prop_oneof![0_usize..50, Just(4095), Just(4096), Just(5000)];
    let act = prop_oneof![
        5 => (path(), size(), 0_u8..2).prop_map(|(path, size, fill)| Act::File(path, size, fill)),
        1 => (path(), 1_usize..50).prop_map(|(path, size)| Act::Symlink(path, size)),
        3 => (path(), path()).prop_map(|(path, target)| Act::Link(path, target)),
        1 => path().prop_map(Act::Device),
        1 => path().prop_map(Act::Folder),
        2 => path().prop_map(Act::Whiteout),
        1 => path().prop_map(Act::Opaque),
    ];
    prop::collection::vec(prop::collection::vec(act, 0..10), 0..7)
}

fn tars(layers: &[Vec<Act>]) -> Vec<Vec<u8>> {
    layers.iter().map(|acts| layer_of(acts).end()).collect()
}

/// An image whose layers are read in another order, and not equally fast.
struct Shuffled(Golden, Vec<u64>);

impl LayerSource for Shuffled {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        self.0.manifest()
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        LayerSource::config(&self.0, named)
    }

    fn load(&self, layer: &LayerName) -> u64 {
        self.1[layer.number % self.1.len()]
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        (0..self.load(layer) % 50).for_each(|_| thread::yield_now());
        LayerSource::layer(&self.0, layer)
    }
}

fn checked_by_definition(weighing: &Weighing, layers: &[Vec<Act>], model: &Overlay) {
    assert_eq!(weighing.live_size, Some(model.live_size()), "D9");
    assert_eq!(weighing.file_count, Some(model.files().len() as u64));
    let wasted = model.wasted();
    let expected = WasteBytes { overwritten: wasted.overwritten, deleted: wasted.deleted, duplicate: wasted.duplicate };
    assert_eq!(weighing.waste, Some(expected));
    for (number, (layer, acts)) in weighing.layers.iter().zip(layers).enumerate() {
        let content = layer.content.expect("it was counted");
        assert_eq!(content.live, model.live_in(number));
        assert_eq!(content.live + content.overwritten + content.deleted, brought(acts), "every byte is in one place");
    }
}

proptest! {
    #[test]
    fn an_image_weighs_what_the_definitions_say(layers in some_layers()) {
        let mut model = Overlay::default();
        for acts in &layers {
            model.apply(acts);
        }
        let tars = tars(&layers);
        let weighed = Golden::of(&tars).weighed();
        prop_assert_eq!(weighed.tree.lost_links(), model.lost_links());
        let weighing = weighed.weighing;
        prop_assert_eq!(weighing.uncompressed_size, tars.iter().map(|tar| tar.len() as u64).sum::<u64>(), "D3 is what was hashed");
        for (layer, tar) in weighing.layers.iter().zip(&tars) {
            prop_assert_eq!((layer.uncompressed, &layer.diff_id), (tar.len() as u64, &Digest::of(tar).to_string()));
        }
        checked_by_definition(&weighing, &layers, &model);
    }

    #[test]
    fn wasted_bytes_do_not_overlap(layers in some_layers()) {
        let weighing = Golden::of(&tars(&layers)).weighed().weighing;
        let (live, waste) = (weighing.live_size.expect("counted"), weighing.waste.expect("counted"));
        let all: u64 = layers.iter().map(|acts| brought(acts)).sum();
        prop_assert_eq!(live + waste.overwritten + waste.deleted, all);
        prop_assert!(waste.duplicate <= live && waste.overwritten + waste.deleted + waste.duplicate <= all);
    }

    #[test]
    fn base_and_app_are_the_whole_image_wherever_it_is_split(layers in some_layers(), base in 0_usize..8) {
        let tars = tars(&layers);
        let mut weighing = Golden::of(&tars).weighed().weighing;
        let ids: Vec<Digest> = tars.iter().take(base).map(|tar| Digest::of(tar)).collect();
        let below: u64 = tars.iter().take(base).map(|tar| tar.len() as u64).sum();
        if weighing.split("base", &ids) {
            let base = weighing.base.expect("it was split");
            prop_assert_eq!((base.uncompressed_size, base.uncompressed_size + base.app_size), (below, weighing.uncompressed_size));
        } else {
            prop_assert!(ids.is_empty());
        }
    }

    #[test]
    fn neither_pieces_nor_compression_nor_the_order_of_reading_change_a_figure(
        layers in some_layers(),
        piece in 1_usize..3000,
        store in prop::sample::select(vec![<[u8]>::to_vec as fn(&[u8]) -> Vec<u8>, gzip, gzip_members, zstd]),
        loads in prop::collection::vec(any::<u64>(), 1..8),
    ) {
        let tars = tars(&layers);
        let whole = Golden::of(&tars).weighed();
        let other = weigh(&Shuffled(Golden::of(&tars).stored(store).in_pieces(piece), loads)).expect("a sound image");
        prop_assert_eq!(&other.weighing, &whole.weighing);
        prop_assert_eq!(&other.duplicates, &whole.duplicates);
        let rows = |weighed: &loadline::image::Weighed| {
            let mut rows = Vec::new();
            weighed.tree.rows(|row| rows.push(format!("{row:?}")));
            rows
        };
        prop_assert_eq!(rows(&other), rows(&whole));
    }
}
