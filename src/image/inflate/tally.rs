//! Where stored bytes and content end up: hashed, counted and listed.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{BlobFacts, BlobFault, Compression, MeteredBlob};
use crate::image::Digest;
use crate::image::listing::ListingWriter;
use crate::image::walk::TarWalk;

/// Takes a blob's bytes. What is stored as it is comes as content alone.
pub(in crate::image) trait Drain {
    /// The next bytes as they are stored, of a blob that is compressed.
    fn stored(&mut self, bytes: &[u8]);
    /// The next bytes of what it holds.
    fn content(&mut self, bytes: &[u8]);
}

/// Both hashes and both lengths.
#[derive(Debug)]
pub(in crate::image) struct Hashes {
    stored: Sha256,
    stored_bytes: u64,
    content: Sha256,
}

impl Drain for Hashes {
    fn stored(&mut self, bytes: &[u8]) {
        self.stored.update(bytes);
        self.stored_bytes += bytes.len() as u64;
    }

    fn content(&mut self, bytes: &[u8]) {
        self.content.update(bytes);
    }
}

/// Both hashes, both lengths and the list of what is in it.
#[derive(Debug)]
pub(in crate::image) struct Tally {
    hashes: Hashes,
    walk: TarWalk<ListingWriter>,
}

impl Default for Tally {
    fn default() -> Self {
        let hashes = Hashes { stored: Sha256::new(), stored_bytes: 0, content: Sha256::new() };
        Self { hashes, walk: TarWalk::new(ListingWriter::default()) }
    }
}

impl Drain for Tally {
    fn stored(&mut self, bytes: &[u8]) {
        self.hashes.stored(bytes);
    }

    fn content(&mut self, bytes: &[u8]) {
        self.hashes.content(bytes);
        self.walk.update(bytes);
    }
}

impl Tally {
    /// What hashes and what walks, to be fed with the same bytes.
    pub(in crate::image) fn split(self) -> (Hashes, TarWalk<ListingWriter>) {
        (self.hashes, self.walk)
    }

    /// The two together again.
    pub(in crate::image) const fn joined(hashes: Hashes, walk: TarWalk<ListingWriter>) -> Self {
        Self { hashes, walk }
    }

    /// What is known of the blob, given how it was compressed.
    pub(in crate::image) fn read_out(self, compression: Result<Compression, BlobFault>) -> MeteredBlob {
        let uncompressed = self.walk.position();
        let Hashes { stored, stored_bytes, content } = self.hashes;
        let diff_id = Digest::finish(content);
        let (digest, size) = match compression {
            Ok(Compression::None) => (diff_id, uncompressed),
            _ => (Digest::finish(stored), stored_bytes),
        };
        let listing = self.walk.finish().map(|writer| Arc::new(writer.finish()));
        let facts = |compression| BlobFacts { digest, compressed: size, diff_id, uncompressed, compression, listing };
        MeteredBlob { digest, size, facts: compression.map(facts) }
    }
}
