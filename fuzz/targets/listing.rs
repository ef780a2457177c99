//! A listing from elsewhere: refused, or read to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::image::Listing;

fuzz_target!(|data: &[u8]| {
    let Ok(mut listing) = Listing::from_bytes(data.to_vec()) else { return };
    let mut entries = 0;
    listing.for_each(|_| entries += 1);
    assert_eq!(entries, listing.totals().entries);
    let before = listing.totals();
    listing.complete(|_| None);
    assert_eq!((listing.as_bytes(), listing.totals()), (data, before));
});
