//! One file of the cache: a mark, a checksum over everything after it, the layer's name and length, its listing.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::image::{Digest, LayerFacts, Listing};

const MARK: &[u8; 8] = b"loadl v1";
const SUM: usize = 16;
const NAME: usize = 32;
const LENGTH: usize = 8;
const HEAD: usize = MARK.len() + SUM + NAME + LENGTH;

pub(super) fn encode(diff_id: &Digest, uncompressed: u64, listing: &Listing) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + listing.as_bytes().len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&[0; SUM]);
    bytes.extend_from_slice(diff_id.as_bytes());
    bytes.extend_from_slice(&uncompressed.to_le_bytes());
    bytes.extend_from_slice(listing.as_bytes());
    let sum = xxh3_128(&bytes[MARK.len() + SUM..]);
    bytes[MARK.len()..MARK.len() + SUM].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// What a file says of the layer `diff_id`; `None` where it is damaged or another layer's.
pub(super) fn decode(diff_id: &Digest, mut bytes: Vec<u8>) -> Option<LayerFacts> {
    let (mark, rest) = bytes.split_first_chunk::<{ MARK.len() }>()?;
    let (sum, rest) = rest.split_first_chunk::<SUM>()?;
    if mark != MARK || xxh3_128(rest) != u128::from_le_bytes(*sum) {
        return None;
    }
    let (name, rest) = rest.split_first_chunk::<NAME>()?;
    let uncompressed = u64::from_le_bytes(*rest.first_chunk::<LENGTH>()?);
    if name != diff_id.as_bytes() {
        return None;
    }
    bytes.drain(..HEAD);
    let listing = Listing::from_bytes(bytes).ok()?;
    Some(LayerFacts { stored: None, diff_id: *diff_id, uncompressed, listing: Ok(Arc::new(listing)) })
}
