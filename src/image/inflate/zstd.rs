//! zstd (RFC 8878) pushed through a decoder frame by frame and block by block.
//!
//! The decoder is only ever given a whole header or a whole block, of which none has more than 128 KiB on either side. Memory is
//! bounded by the largest window that is granted ([`MAX_WINDOW`]); checksums and stated lengths are verified where a frame has them.

use std::fmt;
use std::io::Read as _;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use xxhash_rust::xxh64::Xxh64;

use super::{BlobFault, Drain, ZSTD_MAGIC};

/// The largest window that is granted, bytes: 128 MiB, the most that the zstd program grants unasked.
pub(super) const MAX_WINDOW: u64 = 128 << 20;

/// RFC 8878 §3.1.1.2.3: the most that a block has, bytes.
const MAX_BLOCK: usize = 128 << 10;

/// The magic number and the byte that tells how long the header is.
const START: usize = 5;
/// The magic number and the length of a frame that is passed over.
const SKIPPABLE: usize = 8;
const BLOCK_HEADER: usize = 3;
const CHECKSUM: usize = 4;

const OUTPUT: usize = 64 << 10;

/// Inflates any number of frames, and passes over those that carry no content.
pub(super) struct Unzstd {
    decoder: FrameDecoder,
    expect: Expect,
    /// What came of the next header or block, and how long it will be as far as that is known.
    held: Vec<u8>,
    needed: usize,
    frame: Frame,
    read: u64,
    written: u64,
    limit: u64,
    output: Box<[u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Frame,
    Block,
    Skip(u64),
}

/// What the current frame says of itself, and what has come of it.
struct Frame {
    length: Option<u64>,
    checksum: bool,
    written: u64,
    hash: Xxh64,
}

impl fmt::Debug for Unzstd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unzstd").field("read", &self.read).field("written", &self.written).finish_non_exhaustive()
    }
}

impl Unzstd {
    pub(super) fn new(limit: u64) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        let frame = Frame { length: None, checksum: false, written: 0, hash: Xxh64::new(0) };
        let output = vec![0; OUTPUT].into_boxed_slice();
        Self { decoder, expect: Expect::Frame, held: Vec::new(), needed: START, frame, read: 0, written: 0, limit, output }
    }

    /// Inflates as much of `input` as makes whole blocks, and keeps the rest.
    pub(super) fn update(&mut self, mut input: &[u8], drain: &mut impl Drain) -> Result<(), BlobFault> {
        while !input.is_empty() {
            let missing = match self.expect {
                Expect::Skip(left) => usize::try_from(left).unwrap_or(usize::MAX),
                _ => self.needed - self.held.len(),
            };
            let (now, later) = input.split_at(missing.min(input.len()));
            self.read += now.len() as u64;
            input = later;
            if let Expect::Skip(left) = &mut self.expect {
                *left -= now.len() as u64;
                if *left == 0 {
                    self.expect(Expect::Frame, START);
                }
                continue;
            }
            self.held.extend_from_slice(now);
            if self.held.len() == self.needed {
                self.advance(drain)?;
            }
        }
        Ok(())
    }

    /// Whether the last frame was complete.
    pub(super) fn finish(self) -> Result<(), BlobFault> {
        let whole = self.expect == Expect::Frame && self.held.is_empty();
        if whole { Ok(()) } else { Err(BlobFault::Truncated { at: self.read }) }
    }

    fn expect(&mut self, what: Expect, needed: usize) {
        (self.expect, self.needed) = (what, needed);
        self.held.clear();
    }

    fn corrupt(&self, reason: impl fmt::Display) -> BlobFault {
        BlobFault::Corrupt { at: self.read, reason: reason.to_string() }
    }

    /// Makes of what is held what it is, or finds out how much more that takes.
    fn advance(&mut self, drain: &mut impl Drain) -> Result<(), BlobFault> {
        match self.expect {
            Expect::Frame if self.held.starts_with(ZSTD_MAGIC) => self.header(),
            Expect::Frame if is_skippable(&self.held) => {
                self.skippable();
                Ok(())
            }
            Expect::Frame => Err(BlobFault::TrailingBytes { at: self.read - self.held.len() as u64 }),
            Expect::Block => self.block(drain),
            Expect::Skip(_) => Ok(()),
        }
    }

    fn skippable(&mut self) {
        if self.held.len() < SKIPPABLE {
            self.needed = SKIPPABLE;
            return;
        }
        match u64::from(little_endian(&self.held[4..])) {
            0 => self.expect(Expect::Frame, START),
            left => self.expect(Expect::Skip(left), 0),
        }
    }

    /// RFC 8878 §3.1.1.1.
    fn header(&mut self) -> Result<(), BlobFault> {
        let flags = self.held[4];
        let single = flags & 0x20 != 0;
        let dictionary = [0, 1, 2, 4][usize::from(flags & 3)];
        let length = [usize::from(single), 2, 4, 8][usize::from(flags >> 6)];
        let end = START + usize::from(!single) + dictionary + length;
        if self.held.len() < end {
            self.needed = end;
            return Ok(());
        }
        if flags & 0x08 != 0 {
            return Err(self.corrupt("a reserved bit of a frame is set"));
        }
        let mut stated = [0; 8];
        stated[..length].copy_from_slice(&self.held[end - length..end]);
        let stated = u64::from_le_bytes(stated) + if length == 2 { 256 } else { 0 };
        if single && stated > MAX_WINDOW {
            return Err(BlobFault::Window { bytes: stated, limit: MAX_WINDOW });
        }
        if !single && window(self.held[START]) > MAX_WINDOW {
            return Err(BlobFault::Window { bytes: window(self.held[START]), limit: MAX_WINDOW });
        }
        self.decoder.reset(self.held.as_slice()).map_err(|error| self.corrupt(error))?;
        self.frame = Frame { length: (length > 0).then_some(stated), checksum: flags & 4 != 0, written: 0, hash: Xxh64::new(0) };
        self.expect(Expect::Block, BLOCK_HEADER);
        Ok(())
    }

    /// RFC 8878 §3.1.1.2.
    fn block(&mut self, drain: &mut impl Drain) -> Result<(), BlobFault> {
        let header = little_endian(&self.held[..BLOCK_HEADER]);
        let (last, kind, size) = (header & 1 == 1, header >> 1 & 3, (header >> 3) as usize);
        if self.held.len() == BLOCK_HEADER {
            if kind == 3 || size > MAX_BLOCK {
                return Err(self.corrupt("a block is of no known kind or too large"));
            }
            let body = if kind == 1 { 1 } else { size };
            self.needed = BLOCK_HEADER + body + if last && self.frame.checksum { CHECKSUM } else { 0 };
            if self.needed > BLOCK_HEADER {
                return Ok(());
            }
        }
        let held = std::mem::take(&mut self.held);
        let decoded = self.decoder.decode_blocks(held.as_slice(), BlockDecodingStrategy::UptoBlocks(1));
        decoded.map_err(|error| self.corrupt(error))?;
        self.hand_on(drain)?;
        if last {
            self.check(&held)?;
        }
        self.held = held;
        let (next, needed) = if last { (Expect::Frame, START) } else { (Expect::Block, BLOCK_HEADER) };
        self.expect(next, needed);
        Ok(())
    }

    /// Everything that no later block of the frame can refer to.
    fn hand_on(&mut self, drain: &mut impl Drain) -> Result<(), BlobFault> {
        loop {
            let count = self.decoder.read(&mut self.output).map_err(|error| self.corrupt(error))?;
            if count == 0 {
                return Ok(());
            }
            self.written += count as u64;
            self.frame.written += count as u64;
            if self.written > self.limit {
                return Err(BlobFault::TooLarge { limit: self.limit });
            }
            if self.frame.checksum {
                self.frame.hash.update(&self.output[..count]);
            }
            drain.content(&self.output[..count]);
        }
    }

    /// Whether a frame that is complete came to what it says of itself. `block` is its last, with the checksum at its end.
    fn check(&self, block: &[u8]) -> Result<(), BlobFault> {
        if self.frame.length.is_some_and(|length| length != self.frame.written) {
            return Err(self.corrupt("a frame does not have the length that it states"));
        }
        let stated = little_endian(&block[block.len() - CHECKSUM.min(block.len())..]);
        let sum = self.frame.hash.digest() & u64::from(u32::MAX);
        if self.frame.checksum && sum != u64::from(stated) {
            return Err(self.corrupt("the checksum of a frame is wrong"));
        }
        Ok(())
    }
}

/// Whether `start` begins a frame that carries no content (RFC 8878 §3.1.2), as far as it goes.
pub(super) fn is_skippable(start: &[u8]) -> bool {
    let known = [0x2a, 0x4d, 0x18];
    let rest = start.get(1..).unwrap_or_default();
    start.first().is_none_or(|first| first & 0xf0 == 0x50) && rest.iter().zip(known).all(|(byte, known)| *byte == known)
}

/// RFC 8878 §3.1.1.1.2.
const fn window(descriptor: u8) -> u64 {
    let base = 1 << (10 + (descriptor >> 3));
    base + base / 8 * (descriptor & 7) as u64
}

/// A number of at most four bytes.
fn little_endian(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests;
