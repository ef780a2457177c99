//! zstd as programs write it, in pieces, broken, and hostile.

use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use crate::image::{BlobMeter, Compression, Digest, MeteredBlob};

/// 99 lines about bottles, by zstd 1.5 at level 19 with its checksum.
const BOTTLES: [u8; 145] = *b"\
\x28\xb5\x2f\xfd\x04\x68\x25\x04\x00\xa2\x88\x17\x11\xb0\x3b\x00\xc9\xc2\xd8\xf2\xc3\x94\x90\xa4\xa4\x04\x82\x23\x73\x09\
\x98\xba\xdc\x3e\x5e\x60\xea\x72\xfb\x78\x14\x98\xba\xdc\x3e\x3e\x05\xa6\x2e\xb7\x8f\x57\x81\xa9\xcb\xed\xe3\x57\x60\xea\
\x72\xfb\x78\x16\x98\xba\xdc\x3e\xbe\x05\xa6\x2e\xb7\x8f\x77\x81\xa9\xcb\xed\xe3\x87\xc0\xd4\xe5\xf6\xf1\x20\x25\xf2\x82\
\x41\x2e\xa8\x15\x98\x31\x25\x9c\x15\x9a\x49\xce\xad\x12\xfe\x03\x62\xa8\x11\xb0\xbb\xff\x67\xe0\x37\x03\x11\xfc\xff\xc7\
\xfc\x6c\xb7\x67\xc1\x3f\xa4\x83\x0e\x74\xd0\x81\x0e\x3a\xd0\x41\x0c\x44\x6c\xa9\x0a\xf7\xa2\xec\x5e";

/// An empty file, by the same.
const EMPTY: &[u8] = b"\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51";

fn bottles() -> Vec<u8> {
    (1..100).rev().flat_map(|number| format!("{number} bottles of beer on the wall\n").into_bytes()).collect()
}

fn meter(pieces: &[&[u8]], limit: u64) -> MeteredBlob {
    let mut meter = BlobMeter::with_limit(limit);
    for piece in pieces {
        meter.update(piece);
    }
    meter.read_out()
}

/// Hash and length of what a blob holds, by whatever way.
fn inflated(blob: &[u8]) -> Result<(Digest, u64), BlobFault> {
    let metered = meter(&[blob], 1 << 30);
    assert_eq!((metered.digest, metered.size), (Digest::of(blob), blob.len() as u64), "stored bytes count whatever they hold");
    metered.facts.map(|facts| {
        assert_eq!(facts.compression, Compression::Zstd);
        (facts.diff_id, facts.uncompressed)
    })
}

fn content(bytes: &[u8]) -> (Digest, u64) {
    (Digest::of(bytes), bytes.len() as u64)
}

/// Frames of repeated bytes (RFC 8878, block type 1), which is how much a block can hold at most.
fn bomb(blocks: usize) -> Vec<u8> {
    let header = |last: u32| (u32::try_from(MAX_BLOCK).expect("it is small") << 3 | 1 << 1 | last).to_le_bytes();
    let mut blob = b"\x28\xb5\x2f\xfd\x00\x38".to_vec();
    for number in 1..=blocks {
        blob.extend_from_slice(&header(u32::from(number == blocks))[..3]);
        blob.push(0);
    }
    blob
}

#[test]
fn what_the_zstd_program_writes_is_read() {
    assert_eq!(inflated(&BOTTLES), Ok(content(&bottles())));
    assert_eq!(inflated(EMPTY), Ok(content(b"")));
}

#[test]
fn frames_follow_each_other_and_some_are_passed_over() {
    let passed = b"\x50\x2a\x4d\x18\x05\0\0\0hello";
    let nothing = b"\x5f\x2a\x4d\x18\0\0\0\0";
    let blob = [passed.as_slice(), &BOTTLES, nothing, EMPTY, &BOTTLES, passed].concat();
    assert_eq!(inflated(&blob), Ok(content(&bottles().repeat(2))));
    assert_eq!(inflated(&[passed.as_slice(), nothing].concat()), Ok(content(b"")));
}

#[test]
fn a_blob_cut_anywhere_is_an_error_and_never_a_number() {
    let blob = [&BOTTLES, b"\x50\x2a\x4d\x18\x05\0\0\0hello".as_slice()].concat();
    for cut in (5..blob.len()).filter(|&cut| cut != BOTTLES.len()) {
        assert!(matches!(inflated(&blob[..cut]), Err(BlobFault::Truncated { .. })), "cut at {cut}");
    }
}

#[test]
fn bytes_after_the_last_frame_are_an_error() {
    let blob = [BOTTLES.as_slice(), &[0; 10]].concat();
    assert_eq!(inflated(&blob), Err(BlobFault::TrailingBytes { at: BOTTLES.len() as u64 }));
    assert!(inflated(&[BOTTLES.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn a_wrong_checksum_or_length_is_an_error() {
    for at in [BOTTLES.len() - 1, BOTTLES.len() - 4, 6] {
        let mut blob = BOTTLES;
        blob[at] ^= 1;
        assert!(matches!(inflated(&blob), Err(BlobFault::Corrupt { .. })), "byte {at}");
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let blob = bomb(64);
    let size = 64 * MAX_BLOCK as u64;
    assert_eq!(meter(&[&blob], size).facts.expect("just within the limit").uncompressed, size);
    assert_eq!(meter(&[&blob], size - 1).facts, Err(BlobFault::TooLarge { limit: size - 1 }));
}

#[test]
fn a_window_that_is_too_large_is_refused_before_anything_is_allocated() {
    let windowed = inflated(b"\x28\xb5\x2f\xfd\x00\xff\x01\0\0");
    assert!(matches!(windowed, Err(BlobFault::Window { bytes, .. }) if bytes > MAX_WINDOW));
    let single = inflated(b"\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x01\x01\0\0");
    assert_eq!(single, Err(BlobFault::Window { bytes: 1 << 56, limit: MAX_WINDOW }));
    assert!(!windowed.is_err_and(|fault| fault.is_corruption()), "it is sound, and too much");
}

#[test]
fn a_frame_that_needs_a_dictionary_is_an_error() {
    assert!(matches!(inflated(b"\x28\xb5\x2f\xfd\x01\x38\x07\x01\0\0"), Err(BlobFault::Corrupt { .. })));
}

#[test]
fn a_block_of_no_known_kind_is_an_error() {
    assert!(matches!(inflated(b"\x28\xb5\x2f\xfd\x00\x38\x07\0\0"), Err(BlobFault::Corrupt { .. })));
    assert!(matches!(inflated(b"\x28\xb5\x2f\xfd\x00\x38\xff\xff\xfd"), Err(BlobFault::Corrupt { .. })));
}

/// Words, so that there is something to compress.
fn words() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((0_u8..40, 1_usize..600), 0..300).prop_map(|runs| {
        runs.into_iter().flat_map(|(word, count)| std::iter::repeat_n(b"some words\n"[usize::from(word) % 11] ^ word, count)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_compressed_comes_out_again_in_whatever_pieces(content in words(), pieces in prop::collection::vec(1_usize..5_000, 0..30)) {
        let blob = compress_to_vec(content.as_slice(), CompressionLevel::Fastest);
        let mut rest = blob.as_slice();
        let mut parts = Vec::new();
        for piece in pieces {
            let (part, tail) = rest.split_at(piece.min(rest.len()));
            parts.push(part);
            rest = tail;
        }
        parts.push(rest);
        let facts = meter(&parts, 1 << 30).facts.expect("a sound blob");
        prop_assert_eq!((facts.diff_id, facts.uncompressed), (Digest::of(&content), content.len() as u64));
    }

    #[test]
    fn damage_never_panics_and_never_changes_what_a_checksum_covers(at in any::<prop::sample::Index>(), flip in 1..=u8::MAX) {
        let mut blob = BOTTLES;
        let at = at.index(blob.len() - 4) + 4;
        blob[at] ^= flip;
        let metered = meter(&[&blob], 1 << 20);
        prop_assert_eq!(metered.digest, Digest::of(&blob));
        let unchanged = Digest::of(&bottles());
        // The bit that says that there is a checksum is covered by none.
        prop_assert!(at == 4 || metered.facts.is_ok_and(|facts| facts.diff_id == unchanged) || meter(&[&blob], 1 << 20).facts.is_err());
    }
}
