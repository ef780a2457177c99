//! Layers that came to harm: cut anywhere, a bit flipped anywhere.

use loadline::image::{Weighed, weigh};

use crate::support::golden::Golden;
use crate::support::layers::Layer;
use crate::support::stored::{gzip, gzip_members, zstd};

/// How a layer is stored.
type Store = fn(&[u8]) -> Vec<u8>;

/// What happens to it then.
type Harm = Box<dyn Fn(&mut Vec<u8>)>;

/// A small layer with every kind of entry, whose headers, content and links all matter.
fn tar() -> Vec<u8> {
    let pax = Layer::default().folder("d").pax(&[("path", b"d/long")]).file("x", b"12345").symlink("l", "d/long");
    pax.gnu_long(b'L', b"a name").file("y", &[7; 600]).hard_link("h", "a name").whiteout("gone").device("dev").end()
}

/// D3, D9, both forms of D4, files, waste and every layer's share.
fn figures(weighed: &Weighed) -> String {
    let weighing = &weighed.weighing;
    let sizes =
        [Some(weighing.uncompressed_size), weighing.live_size, weighing.classic_size, weighing.classic_size_built, weighing.file_count];
    format!("{sizes:?} {:?} {:?}", weighing.waste, weighing.layers)
}

/// Weighs the layer as `harm` leaves it, and fails where the figures are others than those of the sound one. How often there were some.
fn weighed_after(store: Store, harms: impl Iterator<Item = Harm>) -> usize {
    let image = || Golden::of(&[tar()]);
    let expected = figures(&image().weighed());
    let one = |harm: Harm| {
        let harmed = |tar: &[u8]| {
            let mut blob = store(tar);
            harm(&mut blob);
            blob
        };
        match weigh(&image().stored(harmed)) {
            Ok(weighed) => assert_eq!(figures(&weighed), expected),
            Err(_) => return 0,
        }
        1
    };
    harms.map(one).sum()
}

/// Flips one bit of every byte, all eight in turns; or every bit.
fn flips(length: usize, all: bool) -> impl Iterator<Item = Harm> {
    let bits = move |at: usize| if all { 0..8 } else { at % 8..at % 8 + 1 };
    let flip = |(at, bit): (usize, usize)| -> Harm { Box::new(move |blob| blob[at] ^= 1 << bit) };
    (0..length).flat_map(move |at| bits(at).map(move |bit| (at, bit))).map(flip)
}

const STORES: [Store; 4] = [<[u8]>::to_vec, gzip, gzip_members, zstd];

#[test]
fn a_layer_cut_at_any_byte_has_no_figures() {
    for store in STORES {
        let cut = |at: usize| -> Harm { Box::new(move |blob| blob.truncate(at)) };
        assert_eq!(weighed_after(store, (0..store(&tar()).len()).map(cut)), 0);
    }
}

#[test]
fn a_bit_flipped_in_any_byte_of_a_layer_is_an_error_or_changes_no_figure() {
    for (store, harmless) in STORES.into_iter().zip([0..1, 1..50, 1..300, 1..50]) {
        let unseen = weighed_after(store, flips(store(&tar()).len(), false));
        assert!(harmless.contains(&unseen), "times and systems in gzip headers, and what is passed over in zstd, but not {unseen}");
    }
}

#[test]
#[ignore = "long: every bit of four blobs"]
fn any_bit_flipped_in_a_layer_is_an_error_or_changes_no_figure() {
    for store in STORES {
        weighed_after(store, flips(store(&tar()).len(), true));
    }
}
