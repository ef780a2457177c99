//! What a layer is stored as: gzip and zstd in the forms that decoders have to tell apart.

use std::io::Write as _;

/// One gzip member.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("a vector takes bytes");
    encoder.finish().expect("a vector takes bytes")
}

/// Many gzip members, which follow each other wherever a block of the tar is half over.
pub(crate) fn gzip_members(content: &[u8]) -> Vec<u8> {
    content.chunks(700).flat_map(gzip).collect()
}

/// Two zstd frames (RFC 8878) of raw blocks and of repeated bytes, a skippable one before each.
pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    let (one, two) = content.split_at(content.len() / 3);
    [&zstd_frame(one)[..], &zstd_frame(two)].concat()
}

fn zstd_frame(content: &[u8]) -> Vec<u8> {
    let mut frame = b"\x5a\x2a\x4d\x18\x03\0\0\0abc\x28\xb5\x2f\xfd\x00\x38".to_vec();
    let mut block = |kind: usize, bytes: &[u8], length: usize, last: bool| {
        let head = u32::try_from(length << 3 | kind << 1 | usize::from(last)).expect("a block is small");
        frame.extend_from_slice(&head.to_le_bytes()[..3]);
        frame.extend_from_slice(bytes);
    };
    for piece in content.chunks(100_000) {
        if piece.iter().all(|byte| *byte == piece[0]) {
            block(1, &piece[..1], piece.len(), false);
        } else {
            block(0, piece, piece.len(), false);
        }
    }
    block(0, b"", 0, true);
    frame
}
