//! The lines of a `tar-split`: what they say does not depend on the pieces in which they are read, and nothing breaks the reader.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use loadline::rig::classic::scan;

fuzz_target!(|data: &[u8]| {
    let whole = scan(data);
    let pieces = scan(BufReader::with_capacity(7, data));
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!((whole.uncompressed, &whole.listing, &whole.keys), (pieces.uncompressed, &pieces.listing, &pieces.keys));
            if let Ok(listing) = whole.listing {
                assert!(listing.totals().entries == 0 || whole.uncompressed >= 512);
            }
        }
        (Err(whole), Err(pieces)) => assert_eq!(whole.to_string(), pieces.to_string()),
        (whole, pieces) => panic!("{whole:?} and {pieces:?}"),
    }
});
