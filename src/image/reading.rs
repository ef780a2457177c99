//! One blob, read from its first byte to its last on two threads: the caller's reads and inflates, another hashes and lists.
//!
//! What is found is what a [`BlobMeter`](super::BlobMeter) finds. Memory is bounded by a handful of buffers that go back and forth
//! between the threads, whatever the blob inflates to. A blob that is read in one piece costs no thread.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::{panic, thread};

use super::inflate::{Drain, Inflater, MAX_UNCOMPRESSED, MeteredBlob, Tally};

/// Bytes of a buffer: small enough that what was inflated is still in the second-level cache when it is hashed.
const CHUNK: usize = 128 << 10;

/// How many buffers may wait to be hashed.
const WAITING: usize = 4;

/// Whether the stored bytes are hashed too, which costs time where nobody has a digest to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Digest and size are of the stored bytes.
    Hashed,
    /// Of a compressed blob digest and size mean nothing.
    Ignored,
}

/// Reads a blob to its end. What is wrong with its content is told in the result; an error is one of `source`.
pub fn read_blob(source: impl Read) -> io::Result<MeteredBlob> {
    metered(source, Stored::Hashed, MAX_UNCOMPRESSED)
}

/// As [`read_blob`], with the choice of what is hashed, and of how many bytes the blob may inflate to.
pub(super) fn metered(mut source: impl Read, stored: Stored, limit: u64) -> io::Result<MeteredBlob> {
    let mut inflater = Inflater::new(limit);
    let mut piece = vec![0; CHUNK];
    let count = fill(&mut source, &mut piece)?;
    if count < CHUNK {
        let mut tally = Tally::default();
        inflater.update(&piece[..count], &mut tally);
        let compression = inflater.end(&mut tally);
        return Ok(tally.read_out(compression));
    }
    thread::scope(|scope| {
        let (full, arriving) = sync_channel(WAITING);
        let (empty, returning) = channel();
        let tally = scope.spawn(move || tallied(&arriving, &empty));
        let mut belt = Belt { full, returning, stored, content: Vec::new() };
        let read = pump(source, piece, &mut inflater, &mut belt);
        let compression = inflater.end(&mut belt);
        belt.end();
        let tally = tally.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        read.map(|()| tally.read_out(compression))
    })
}

/// Inflates `piece` and everything after it.
fn pump(mut source: impl Read, mut piece: Vec<u8>, inflater: &mut Inflater, belt: &mut Belt) -> io::Result<()> {
    let mut count = piece.len();
    while count > 0 {
        inflater.update(&piece[..count], belt);
        count = fill(&mut source, &mut piece)?;
    }
    Ok(())
}

/// Reads until `buffer` is full or the source ends.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What goes from one thread to the other.
enum Piece {
    Stored(Vec<u8>),
    Content(Vec<u8>),
}

/// Everything that arrives, tallied; buffers go back empty.
fn tallied(arriving: &Receiver<Piece>, empty: &Sender<Vec<u8>>) -> Tally {
    let mut tally = Tally::default();
    for piece in arriving {
        let buffer = match piece {
            Piece::Stored(bytes) => {
                tally.stored(&bytes);
                bytes
            }
            Piece::Content(bytes) => {
                tally.content(&bytes);
                bytes
            }
        };
        // The other end may be done already, and needs no more buffers.
        let _ = empty.send(buffer);
    }
    tally
}

/// Hands bytes to the other thread, in buffers that come back from it.
struct Belt {
    full: SyncSender<Piece>,
    returning: Receiver<Vec<u8>>,
    stored: Stored,
    /// What has not been handed on yet.
    content: Vec<u8>,
}

impl Belt {
    fn buffer(&self) -> Vec<u8> {
        let mut buffer = self.returning.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        buffer.clear();
        buffer
    }

    fn hand_on(&self, piece: Piece) {
        // It refuses only when the other thread has panicked, which joining it tells.
        let _ = self.full.send(piece);
    }

    fn end(mut self) {
        let rest = std::mem::take(&mut self.content);
        self.hand_on(Piece::Content(rest));
    }
}

impl Drain for Belt {
    fn stored(&mut self, bytes: &[u8]) {
        if self.stored == Stored::Hashed {
            let mut buffer = self.buffer();
            buffer.extend_from_slice(bytes);
            self.hand_on(Piece::Stored(buffer));
        }
    }

    fn content(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.content.capacity() == 0 {
                self.content = self.buffer();
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.content.len()));
            self.content.extend_from_slice(now);
            bytes = later;
            if self.content.len() == CHUNK {
                let full = std::mem::take(&mut self.content);
                self.hand_on(Piece::Content(full));
            }
        }
    }
}

#[cfg(test)]
mod tests;
