//! Counting, hashing and inflating a blob as it passes by.
//!
//! The compression is sniffed from the first bytes, never taken from a media type or a name: engines do the same. gzip is
//! RFC 1952 with any number of members, zstd is RFC 8878 with any number of frames; their checksums are verified. Memory is bounded
//! by small buffers and zstd's window whatever the blob inflates to, and the inflated length by a limit.

mod gzip;
mod tally;
mod zstd;

use std::sync::Arc;

use self::gzip::Gunzip;
use self::zstd::{Unzstd, is_skippable};
use super::listing::Listing;
use super::walk::TarFault;
use super::{Digest, ImageError};

pub(super) use tally::{Drain, Hashes, Tally};

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
    /// zstd, any number of frames.
    Zstd,
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
    /// What the content holds, where it is a tar that engines unpack; anything else is no layer.
    pub listing: Result<Arc<Listing>, TarFault>,
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
    #[error("is cut off after {at} B, in the middle of its compressed data")]
    Truncated {
        /// Stored bytes.
        at: u64,
    },
    /// After the compressed data comes something else.
    #[error("carries something else after its compressed data, from byte {at} on")]
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
    /// It is compressed with zstd, with a window larger than any that is granted.
    #[error("is zstd that needs a window of {bytes} B to be inflated, and no more than {limit} B are granted")]
    Window {
        /// What it needs, bytes.
        bytes: u64,
        /// The limit, bytes.
        limit: u64,
    },
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
            Self::Window { .. } => "compress it without `--long` or `--ultra`",
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

/// Takes a blob piece by piece in bounded memory, apart from the list of what it holds.
#[derive(Debug)]
pub struct BlobMeter {
    inflater: Inflater,
    tally: Tally,
}

impl Default for BlobMeter {
    fn default() -> Self {
        Self::with_limit(MAX_UNCOMPRESSED)
    }
}

impl BlobMeter {
    /// A meter that takes a blob for a bomb when it inflates to more than `limit` bytes.
    pub fn with_limit(limit: u64) -> Self {
        Self { inflater: Inflater::new(limit), tally: Tally::default() }
    }

    /// Takes the next bytes. Never fails: what is wrong with the content shows at the end, and the stored bytes count all the same.
    pub fn update(&mut self, bytes: &[u8]) {
        self.inflater.update(bytes, &mut self.tally);
    }

    /// Stored bytes so far.
    pub const fn size(&self) -> u64 {
        self.inflater.size
    }

    /// Ends the blob and tells what is known of it, however broken its content is.
    pub fn read_out(mut self) -> MeteredBlob {
        let compression = self.inflater.end(&mut self.tally);
        self.tally.read_out(compression)
    }

    /// Ends the blob; one whose content could not be inflated is an error.
    pub fn finish(self) -> Result<BlobFacts, ImageError> {
        let MeteredBlob { digest, facts, .. } = self.read_out();
        facts.map_err(|fault| ImageError::Blob { digest, fault })
    }
}

/// Tells stored bytes from content and hands both on.
#[derive(Debug)]
pub(super) struct Inflater {
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
    Zstd(Box<Unzstd>),
    Faulty(BlobFault),
}

impl Inflater {
    pub(super) const fn new(limit: u64) -> Self {
        Self { size: 0, content: Content::Unknown(Vec::new()), limit }
    }

    /// Takes the next stored bytes.
    pub(super) fn update(&mut self, bytes: &[u8], drain: &mut impl Drain) {
        self.size += bytes.len() as u64;
        let Content::Unknown(start) = &mut self.content else { return self.inflate(bytes, drain) };
        // Once four bytes are there the question is settled, so that this buffer stays as small as the first piece.
        start.extend_from_slice(bytes);
        let start = std::mem::take(start);
        self.content = sniff(&start, self.limit);
        match &mut self.content {
            Content::Unknown(kept) => *kept = start,
            _ => self.inflate(&start, drain),
        }
    }

    fn inflate(&mut self, bytes: &[u8], drain: &mut impl Drain) {
        match &mut self.content {
            Content::Unknown(_) => {}
            Content::Plain => drain.content(bytes),
            Content::Faulty(_) => drain.stored(bytes),
            Content::Gzip(gunzip) => {
                drain.stored(bytes);
                if let Err(fault) = gunzip.update(bytes, drain) {
                    self.content = Content::Faulty(fault);
                }
            }
            Content::Zstd(unzstd) => {
                drain.stored(bytes);
                if let Err(fault) = unzstd.update(bytes, drain) {
                    self.content = Content::Faulty(fault);
                }
            }
        }
    }

    /// Whether what is stored is known to be the content itself.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self.content, Content::Plain)
    }

    /// Ends the blob: how it was compressed, or why its content is unknown.
    pub(super) fn end(self, drain: &mut impl Drain) -> Result<Compression, BlobFault> {
        match self.content {
            Content::Unknown(start) => {
                drain.content(&start);
                Ok(Compression::None)
            }
            Content::Plain => Ok(Compression::None),
            Content::Gzip(gunzip) => gunzip.finish().map(|()| Compression::Gzip),
            Content::Zstd(unzstd) => unzstd.finish().map(|()| Compression::Zstd),
            Content::Faulty(fault) => Err(fault),
        }
    }
}

/// What a file that begins with `start` is compressed with as a whole: the name of the program that unpacks it.
pub(super) fn compression_of(start: &[u8]) -> Option<&'static str> {
    match sniff(start, 0) {
        Content::Gzip(_) => Some("gzip"),
        Content::Zstd(_) => Some("zstd"),
        _ => None,
    }
}

/// What a blob that begins with `start` is.
fn sniff(start: &[u8], limit: u64) -> Content {
    if start.starts_with(GZIP_MAGIC) {
        Content::Gzip(Box::new(Gunzip::new(limit)))
    } else if start.starts_with(ZSTD_MAGIC) || (start.len() >= ZSTD_MAGIC.len() && is_skippable(start)) {
        Content::Zstd(Box::new(Unzstd::new(limit)))
    } else if GZIP_MAGIC.starts_with(start) || ZSTD_MAGIC.starts_with(start) || is_skippable(start) {
        Content::Unknown(Vec::new())
    } else {
        Content::Plain
    }
}

#[cfg(test)]
mod tests;
