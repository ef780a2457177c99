//! Counting, hashing and inflating a blob as it passes by.
//!
//! The compression is sniffed from the first bytes, never taken from a media type or a name: engines do the same. gzip is
//! RFC 1952 with any number of members; its checksums are verified. Memory is bounded by two small buffers whatever the
//! blob inflates to, and the inflated length by a limit.

mod gzip;

use sha2::{Digest as _, Sha256};

use self::gzip::Gunzip;
use super::{Digest, ImageError};

/// The most that one blob may inflate to: 64 GiB. More is taken for a decompression bomb.
pub const MAX_UNCOMPRESSED: u64 = 64 << 30;

pub(super) const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
pub(super) const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: a plain tar, or a blob that is no layer.
    None,
    /// gzip, any number of members.
    Gzip,
}

/// What was counted of one blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobFacts {
    /// Hash of the stored bytes.
    pub digest: Digest,
    /// Stored bytes.
    pub compressed: u64,
    /// Hash of the inflated bytes; equal to `digest` where nothing is compressed.
    pub diff_id: Digest,
    /// Inflated bytes.
    pub uncompressed: u64,
    /// How it is compressed.
    pub compression: Compression,
}

/// Why the content of a blob is unknown although its stored bytes were counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobFault {
    /// The compressed data contradicts itself, or its checksum.
    #[error("is corrupt near byte {at} ({reason})")]
    Corrupt {
        /// Offset into the stored bytes.
        at: u64,
        /// The decoder's word for it.
        reason: String,
    },
    /// The blob ends in the middle of compressed data.
    #[error("is cut off after {at} B, in the middle of its gzip data")]
    Truncated {
        /// Stored bytes.
        at: u64,
    },
    /// After the compressed data comes something else.
    #[error("carries something else after its gzip data, from byte {at} on")]
    TrailingBytes {
        /// Offset into the stored bytes.
        at: u64,
    },
    /// It inflates to more than is accepted.
    #[error("inflates to more than {limit} B, which no layer of a sound image does")]
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// It is compressed with zstd.
    #[error("is compressed with zstd, which cannot be inflated here")]
    Zstd,
}

impl BlobFault {
    /// Whether the bytes are wrong, as opposed to sound but beyond what can be read here.
    pub const fn is_corruption(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Truncated { .. } | Self::TrailingBytes { .. })
    }

    /// What helps.
    pub(super) const fn cure(&self) -> &'static str {
        match self {
            Self::Corrupt { .. } | Self::Truncated { .. } | Self::TrailingBytes { .. } => "build or push it again",
            Self::TooLarge { .. } => "leave this image out",
            Self::Zstd => "push the image with gzip layers",
        }
    }
}

/// A blob that has passed the meter. The stored bytes are always known, the content only where it could be inflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeteredBlob {
    /// Hash of the stored bytes.
    pub digest: Digest,
    /// Stored bytes.
    pub size: u64,
    /// Hash and length of the content.
    pub facts: Result<BlobFacts, BlobFault>,
}

/// Takes a blob piece by piece in bounded memory.
#[derive(Debug)]
pub struct BlobMeter {
    stored: Sha256,
    size: u64,
    content: Content,
    limit: u64,
}

#[derive(Debug)]
enum Content {
    /// Too few bytes to tell; those that came.
    Unknown(Vec<u8>),
    Plain,
    Gzip(Box<Gunzip>),
    Faulty(BlobFault),
}

impl Default for BlobMeter {
    fn default() -> Self {
        Self::with_limit(MAX_UNCOMPRESSED)
    }
}

impl BlobMeter {
    /// A meter that takes a blob for a bomb when it inflates to more than `limit` bytes.
    pub fn with_limit(limit: u64) -> Self {
        Self { stored: Sha256::new(), size: 0, content: Content::Unknown(Vec::new()), limit }
    }

    /// Takes the next bytes. Never fails: what is wrong with the content shows at the end, and the stored bytes count all the same.
    pub fn update(&mut self, bytes: &[u8]) {
        self.stored.update(bytes);
        self.size += bytes.len() as u64;
        match &mut self.content {
            Content::Unknown(start) => {
                // Once four bytes are there the question is settled, so that this buffer stays as small as the first piece.
                start.extend_from_slice(bytes);
                let start = std::mem::take(start);
                self.content = sniff(start, self.limit);
            }
            Content::Gzip(gunzip) => {
                if let Err(fault) = gunzip.update(bytes) {
                    self.content = Content::Faulty(fault);
                }
            }
            Content::Plain | Content::Faulty(_) => {}
        }
    }

    /// Stored bytes so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Ends the blob and tells what is known of it, however broken its content is.
    pub fn read_out(self) -> MeteredBlob {
        let (digest, size) = (Digest::finish(self.stored), self.size);
        let plain = BlobFacts { digest, compressed: size, diff_id: digest, uncompressed: size, compression: Compression::None };
        let facts = match self.content {
            Content::Unknown(_) | Content::Plain => Ok(plain),
            Content::Faulty(fault) => Err(fault),
            Content::Gzip(gunzip) => {
                let inflated = gunzip.finish();
                inflated.map(|(diff_id, uncompressed)| BlobFacts { diff_id, uncompressed, compression: Compression::Gzip, ..plain })
            }
        };
        MeteredBlob { digest, size, facts }
    }

    /// Ends the blob; one whose content could not be inflated is an error.
    pub fn finish(self) -> Result<BlobFacts, ImageError> {
        let MeteredBlob { digest, facts, .. } = self.read_out();
        facts.map_err(|fault| ImageError::Blob { digest, fault })
    }
}

/// What a blob that begins with `start` is, fed with `start`.
fn sniff(start: Vec<u8>, limit: u64) -> Content {
    if start.starts_with(GZIP_MAGIC) {
        let mut gunzip = Box::new(Gunzip::new(limit));
        return match gunzip.update(&start) {
            Ok(()) => Content::Gzip(gunzip),
            Err(fault) => Content::Faulty(fault),
        };
    }
    if start.starts_with(ZSTD_MAGIC) {
        return Content::Faulty(BlobFault::Zstd);
    }
    if GZIP_MAGIC.starts_with(&start) || ZSTD_MAGIC.starts_with(&start) { Content::Unknown(start) } else { Content::Plain }
}

#[cfg(test)]
mod tests;
