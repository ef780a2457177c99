//! gzip (RFC 1952) pushed through a decoder piece by piece.

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest as _, Sha256};

use super::BlobFault;
use crate::image::Digest;

/// Large enough that hashing dominates the calls, small enough to stay in the second-level cache.
const OUTPUT: usize = 64 << 10;

/// The decoder's largest window; gzip has no way to ask for another.
const WINDOW_BITS: u8 = 15;

/// Inflates any number of gzip members and hashes what comes out.
pub(super) struct Gunzip {
    /// `None` between members.
    member: Option<Decompress>,
    content: Sha256,
    read: u64,
    written: u64,
    limit: u64,
    output: Box<[u8]>,
}

impl fmt::Debug for Gunzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gunzip").field("read", &self.read).field("written", &self.written).finish_non_exhaustive()
    }
}

impl Gunzip {
    pub(super) fn new(limit: u64) -> Self {
        let output = vec![0; OUTPUT].into_boxed_slice();
        Self { member: Some(member()), content: Sha256::new(), read: 0, written: 0, limit, output }
    }

    /// Inflates all of `input`.
    pub(super) fn update(&mut self, mut input: &[u8]) -> Result<(), BlobFault> {
        // Output may be pending after the last input byte, hence the second condition; it is only set by a full buffer.
        let mut pending = false;
        while !input.is_empty() || pending {
            let (consumed, produced) = self.step(input)?;
            input = &input[consumed..];
            pending = produced == self.output.len();
            if consumed == 0 && produced == 0 {
                return if input.is_empty() { Ok(()) } else { Err(self.corrupt("the decoder takes no more input".to_owned())) };
            }
        }
        Ok(())
    }

    const fn corrupt(&self, reason: String) -> BlobFault {
        BlobFault::Corrupt { at: self.read, reason }
    }

    /// One call of the decoder: how many bytes went in and came out.
    fn step(&mut self, input: &[u8]) -> Result<(usize, usize), BlobFault> {
        let inflate = match &mut self.member {
            Some(inflate) => inflate,
            None if input.is_empty() => return Ok((0, 0)),
            None if input[0] != super::GZIP_MAGIC[0] => return Err(BlobFault::TrailingBytes { at: self.read }),
            // Resetting the old decoder would make it expect a zlib header.
            slot @ None => slot.insert(member()),
        };
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(input, &mut self.output, FlushDecompress::None);
        let consumed = inflate.total_in() - read;
        let produced = inflate.total_out() - written;
        self.read += consumed;
        match status {
            Ok(Status::StreamEnd) => self.member = None,
            Ok(Status::Ok | Status::BufError) => {}
            Err(error) => return Err(self.corrupt(error.to_string())),
        }
        let (consumed, produced) = (index(consumed), index(produced));
        self.take_output(produced)?;
        Ok((consumed, produced))
    }

    fn take_output(&mut self, produced: usize) -> Result<(), BlobFault> {
        self.content.update(&self.output[..produced]);
        self.written += produced as u64;
        if self.written > self.limit { Err(BlobFault::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    /// Hash and length of everything inflated.
    pub(super) fn finish(self) -> Result<(Digest, u64), BlobFault> {
        match self.member {
            Some(_) => Err(BlobFault::Truncated { at: self.read }),
            None => Ok((Digest::finish(self.content), self.written)),
        }
    }
}

fn member() -> Decompress {
    Decompress::new_gzip(WINDOW_BITS)
}

/// A length within a slice, counted by the decoder as u64.
fn index(length: u64) -> usize {
    usize::try_from(length).expect("the decoder consumes and produces no more than the slices it was given")
}
