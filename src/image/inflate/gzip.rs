//! gzip (RFC 1952) pushed through a decoder piece by piece.

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::{BlobFault, Drain};

/// Large enough that the window, which the decoder saves after every call, is a small part of it; small enough to stay in the
/// second-level cache.
const OUTPUT: usize = 128 << 10;

/// The decoder's largest window; gzip has no way to ask for another.
const WINDOW_BITS: u8 = 15;

/// Inflates any number of gzip members.
pub(super) struct Gunzip {
    /// `None` between members.
    member: Option<Decompress>,
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
        Self { member: Some(member()), read: 0, written: 0, limit, output }
    }

    /// Inflates all of `input` into `drain`.
    pub(super) fn update(&mut self, mut input: &[u8], drain: &mut impl Drain) -> Result<(), BlobFault> {
        // Output may be pending after the last input byte, hence the second condition; it is only set by a full buffer.
        let mut pending = false;
        while !input.is_empty() || pending {
            let (consumed, produced) = self.step(input, drain)?;
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
    fn step(&mut self, input: &[u8], drain: &mut impl Drain) -> Result<(usize, usize), BlobFault> {
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
        self.hand_on(produced, drain)?;
        Ok((consumed, produced))
    }

    fn hand_on(&mut self, produced: usize, drain: &mut impl Drain) -> Result<(), BlobFault> {
        self.written += produced as u64;
        if self.written > self.limit {
            return Err(BlobFault::TooLarge { limit: self.limit });
        }
        drain.content(&self.output[..produced]);
        Ok(())
    }

    /// Whether the last member was complete.
    pub(super) fn finish(self) -> Result<(), BlobFault> {
        if self.member.is_some() { Err(BlobFault::Truncated { at: self.read }) } else { Ok(()) }
    }
}

fn member() -> Decompress {
    Decompress::new_gzip(WINDOW_BITS)
}

/// A length within a slice, counted by the decoder as u64.
fn index(length: u64) -> usize {
    usize::try_from(length).expect("the decoder consumes and produces no more than the slices it was given")
}
