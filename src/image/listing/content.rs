//! What tells one file's content from another's.

use std::io::{self, Read};

use xxhash_rust::xxh3::Xxh3;

/// XXH3, 128 bits, of a file's content. It is fast and does not collide by chance; whoever makes an image on purpose can make
/// two different files look alike, which changes what is called a duplicate and no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub(super) [u8; 16]);

/// Hashes a content that comes piece by piece.
pub(super) struct ContentHasher(Box<Xxh3>);

impl ContentHasher {
    pub(super) fn new() -> Self {
        Self(Box::new(Xxh3::new()))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of what came since the last call.
    pub(super) fn finish(&mut self) -> ContentHash {
        let hash = ContentHash(self.0.digest128().to_be_bytes());
        self.forget();
        hash
    }

    /// Begins anew.
    pub(super) fn forget(&mut self) {
        self.0.reset();
    }
}

impl ContentHash {
    /// The hash of a content that is there as a whole.
    pub fn of(bytes: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(bytes).to_be_bytes())
    }

    /// The hash of a content that is read to its end, and its bytes.
    pub fn read(mut content: impl Read) -> io::Result<(Self, u64)> {
        let (mut hasher, mut buffer, mut bytes) = (ContentHasher::new(), vec![0; 64 << 10], 0);
        loop {
            match content.read(&mut buffer)? {
                0 => return Ok((hasher.finish(), bytes)),
                count => {
                    hasher.update(&buffer[..count]);
                    bytes += count as u64;
                }
            }
        }
    }
}
