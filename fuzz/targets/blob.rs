//! A blob: what is known of it does not depend on the pieces in which it came, and no bomb gets through.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::image::{BlobMeter, Compression, Digest, MeteredBlob};

const LIMIT: u64 = 1 << 16;

fn metered(blob: &[u8], piece: usize) -> MeteredBlob {
    let mut meter = BlobMeter::with_limit(LIMIT);
    for part in blob.chunks(piece) {
        meter.update(part);
    }
    meter.read_out()
}

fuzz_target!(|data: &[u8]| {
    let Some((first, blob)) = data.split_first() else { return };
    let whole = metered(blob, blob.len().max(1));
    let pieces = metered(blob, usize::from(*first).max(1));
    assert_eq!((whole.digest, whole.size), (Digest::of(blob), blob.len() as u64));
    assert_eq!((pieces.digest, pieces.size), (whole.digest, whole.size));
    match (whole.facts, pieces.facts) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole, pieces);
            assert!(whole.compression == Compression::None || whole.uncompressed <= LIMIT);
        }
        // Of several faults another one may show first.
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("{whole:?} and {pieces:?}"),
    }
});
