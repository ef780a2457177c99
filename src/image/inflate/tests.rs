//! The meter against sound, broken and hostile blobs.

use std::io::Write as _;

use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn meter(pieces: &[&[u8]]) -> MeteredBlob {
    let mut meter = BlobMeter::default();
    for piece in pieces {
        meter.update(piece);
    }
    meter.read_out()
}

fn facts(blob: &[u8]) -> BlobFacts {
    meter(&[blob]).facts.expect("a sound blob")
}

fn fault(blob: &[u8]) -> BlobFault {
    let metered = meter(&[blob]);
    assert_eq!((metered.digest, metered.size), (Digest::of(blob), blob.len() as u64), "stored bytes count whatever they hold");
    metered.facts.expect_err("a broken blob")
}

#[test]
fn a_gzip_blob_is_counted_before_and_after_inflating() {
    let content = vec![7; 1_000_000];
    let blob = gzip(&content);
    let found = facts(&blob);
    assert!(found.listing.is_err(), "no tar");
    let expected = BlobFacts {
        listing: found.listing.clone(),
        digest: Digest::of(&blob),
        compressed: blob.len() as u64,
        diff_id: Digest::of(&content),
        uncompressed: 1_000_000,
        compression: Compression::Gzip,
    };
    assert_eq!(found, expected);
}

#[test]
fn several_members_are_one_content() {
    let blob = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
    let facts = facts(&blob);
    assert_eq!((facts.diff_id, facts.uncompressed), (Digest::of(b"one two"), 7));
}

#[test]
fn a_blob_that_is_not_compressed_is_its_own_content() {
    for plain in [&b""[..], b"{}", b"\x1f", b"\x28\xb5\x2f", b"\x1fno gzip at all"] {
        let facts = facts(plain);
        assert_eq!((facts.diff_id, facts.compression), (Digest::of(plain), Compression::None));
        assert_eq!((facts.compressed, facts.uncompressed), (plain.len() as u64, plain.len() as u64));
    }
}

#[test]
fn a_blob_cut_anywhere_is_an_error_and_never_a_number() {
    let blob = gzip(&(0..50_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    for cut in [2, 3, 9, 10, 11, 500, blob.len() / 2, blob.len() - 8, blob.len() - 1] {
        assert!(matches!(fault(&blob[..cut]), BlobFault::Truncated { .. }), "cut at {cut}");
    }
}

#[test]
fn bytes_after_the_last_member_are_an_error() {
    let mut blob = gzip(b"content");
    let end = blob.len() as u64;
    blob.extend_from_slice(b"\0\0\0\0");
    assert_eq!(fault(&blob), BlobFault::TrailingBytes { at: end });
}

#[test]
fn a_wrong_checksum_is_an_error() {
    for offset in [8, 4] {
        let mut blob = gzip(b"some content that is hashed");
        let at = blob.len() - offset;
        blob[at] ^= 1;
        assert!(matches!(fault(&blob), BlobFault::Corrupt { .. }), "trailer byte -{offset}");
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let blob = gzip(&vec![0; 4 << 20]);
    let mut within = BlobMeter::with_limit(4 << 20);
    within.update(&blob);
    assert_eq!(within.finish().expect("just within the limit").uncompressed, 4 << 20);
    let mut beyond = BlobMeter::with_limit((4 << 20) - 1);
    beyond.update(&blob);
    assert_eq!(beyond.read_out().facts, Err(BlobFault::TooLarge { limit: (4 << 20) - 1 }));
}

#[test]
fn an_error_names_the_blob_and_the_cure() {
    let mut meter = BlobMeter::default();
    let blob = &gzip(b"content")[..10];
    meter.update(blob);
    let error = meter.finish().expect_err("cut off").to_string();
    assert!(error.contains(&Digest::of(blob).to_string()) && error.ends_with("push it again"), "{error}");
}

fn chunks<'a>(blob: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = blob;
    let mut pieces = Vec::new();
    for length in lengths {
        let (piece, tail) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

proptest! {
    #[test]
    fn the_pieces_in_which_a_blob_comes_make_no_difference(
        members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..4),
        lengths in prop::collection::vec(0_usize..400, 0..40),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        plain in any::<bool>(),
    ) {
        let mut blob: Vec<u8> = members.iter().flat_map(|member| if plain { member.clone() } else { gzip(member) }).collect();
        if let Some((index, value)) = damage && !blob.is_empty() {
            let at = index.index(blob.len());
            blob[at] = value;
        }
        let whole = meter(&[&blob]);
        let pieces = meter(&chunks(&blob, &lengths));
        prop_assert_eq!((whole.digest, whole.size), (pieces.digest, pieces.size));
        prop_assert_eq!(whole.facts.clone().ok(), pieces.facts.clone().ok());
    }

    #[test]
    fn garbage_never_panics_and_always_counts(mut blob in prop::collection::vec(any::<u8>(), 0..2000), magic in 0..3) {
        let start: &[u8] = match magic { 0 => GZIP_MAGIC, 1 => ZSTD_MAGIC, _ => b"" };
        blob.splice(0..0, start.iter().copied());
        let metered = meter(&[&blob]);
        prop_assert_eq!((metered.digest, metered.size), (Digest::of(&blob), blob.len() as u64));
        let plain = metered.facts.is_ok_and(|facts| facts.compression == Compression::None);
        prop_assert!(magic == 2 || !plain, "compressed garbage is not taken for a tar");
    }
}
