//! One blob, read from its first byte to its last: by the caller's thread, and by one more where a core has nothing to do.
//!
//! What is found is what a [`BlobMeter`](super::BlobMeter) finds. As long as every core reads a blob of its own, each does all the work on
//! it: nothing is copied, and what was inflated is hashed while it is in the core's own cache. When a core is idle, as when the largest
//! layer of an image is the last one, a second thread takes over the hashing, and the walk where something has to be inflated.
//! Memory is bounded by a handful of buffers that go back and forth between the threads, whatever the blob inflates to.
//!
//! Owned state: how many threads of this process are at work on blobs. It decides who works, never what is found.

use std::io::{self, ErrorKind, Read};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::{panic, thread};

use super::inflate::{Drain, Hashes, Inflater, MAX_UNCOMPRESSED, MeteredBlob, Tally};
use super::listing::ListingWriter;
use super::walk::TarWalk;

/// Bytes of a buffer: small enough that what was inflated is still in the second-level cache when it is hashed.
const CHUNK: usize = 128 << 10;

/// How many buffers may wait to be hashed.
const WAITING: usize = 4;

/// How many pieces in a row must find a core idle: between two layers every core is, for a moment.
const IDLE_PIECES: u32 = 2;

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
pub(super) fn metered(source: impl Read, stored: Stored, limit: u64) -> io::Result<MeteredBlob> {
    metered_by(source, stored, limit, Core::idle)
}

/// As [`metered`], with a second thread from the time on when `idle` finds a core for it.
fn metered_by(mut source: impl Read, stored: Stored, limit: u64, idle: impl Fn() -> Option<Core>) -> io::Result<MeteredBlob> {
    let _this = Core::take();
    let mut inflater = Inflater::new(limit);
    let mut piece = vec![0; CHUNK];
    thread::scope(|scope| {
        let mut hands = Hands { stored, work: Work::Here(Box::default()) };
        let mut waited = 0;
        loop {
            let count = fill(&mut source, &mut piece)?;
            inflater.update(&piece[..count], &mut hands);
            if count < CHUNK {
                break;
            }
            if let Work::Here(_) = hands.work
                && let Some(core) = idle()
            {
                waited += 1;
                if waited >= IDLE_PIECES {
                    hands = hands.joined(scope, core, inflater.is_plain());
                }
            } else {
                waited = 0;
            }
        }
        let compression = inflater.end(&mut hands);
        Ok(hands.end().read_out(compression))
    })
}

/// The threads that are at work on blobs.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// A core that a thread keeps busy.
struct Core;

impl Core {
    /// Counts a thread that works in any case.
    fn take() -> Self {
        BUSY.fetch_add(1, Ordering::Relaxed);
        Self
    }

    /// A core that has nothing to do.
    fn idle() -> Option<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let more = |busy| (busy < cores).then_some(busy + 1);
        BUSY.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        BUSY.fetch_sub(1, Ordering::Relaxed);
    }
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

/// The part of a tally that the other thread keeps.
struct Share {
    hashes: Hashes,
    walk: Option<TarWalk<ListingWriter>>,
}

impl Share {
    /// Takes everything that arrives; buffers go back empty.
    fn tallied(mut self, arriving: &Receiver<Piece>, empty: &Sender<Vec<u8>>) -> Self {
        for piece in arriving {
            let buffer = match piece {
                Piece::Stored(bytes) => {
                    self.hashes.stored(&bytes);
                    bytes
                }
                Piece::Content(bytes) => {
                    self.hashes.content(&bytes);
                    if let Some(walk) = &mut self.walk {
                        walk.update(&bytes);
                    }
                    bytes
                }
            };
            // The other end may be done already, and needs no more buffers.
            let _ = empty.send(buffer);
        }
        self
    }
}

/// Where bytes are tallied.
enum Work<'scope> {
    Here(Box<Tally>),
    Shared(Box<Belt<'scope>>),
}

/// Has bytes tallied, here or by another thread.
struct Hands<'scope> {
    stored: Stored,
    work: Work<'scope>,
}

impl<'scope> Hands<'scope> {
    /// The same with a second thread. What is stored as it is needs no inflating, so that the walk stays here.
    fn joined<'env>(self, scope: &'scope Scope<'scope, 'env>, core: Core, plain: bool) -> Self {
        let Work::Here(tally) = self.work else { return self };
        let (hashes, walk) = tally.split();
        let (here, there) = if plain { (Some(walk), None) } else { (None, Some(walk)) };
        let (full, arriving) = sync_channel(WAITING);
        let (empty, returning) = channel();
        let share = Share { hashes, walk: there };
        let other = scope.spawn(move || {
            let _core = core;
            share.tallied(&arriving, &empty)
        });
        let belt = Belt { full, returning, content: Vec::new(), walk: here, other };
        Self { work: Work::Shared(Box::new(belt)), ..self }
    }

    fn end(self) -> Tally {
        match self.work {
            Work::Here(tally) => *tally,
            Work::Shared(belt) => belt.end(),
        }
    }
}

impl Drain for Hands<'_> {
    fn stored(&mut self, bytes: &[u8]) {
        if self.stored == Stored::Hashed {
            match &mut self.work {
                Work::Here(tally) => tally.stored(bytes),
                Work::Shared(belt) => belt.stored(bytes),
            }
        }
    }

    fn content(&mut self, bytes: &[u8]) {
        match &mut self.work {
            Work::Here(tally) => tally.content(bytes),
            Work::Shared(belt) => belt.content(bytes),
        }
    }
}

/// Hands bytes to the other thread, in buffers that come back from it.
struct Belt<'scope> {
    full: SyncSender<Piece>,
    returning: Receiver<Vec<u8>>,
    /// What has not been handed on yet.
    content: Vec<u8>,
    /// Where the walk is not the other thread's.
    walk: Option<TarWalk<ListingWriter>>,
    other: ScopedJoinHandle<'scope, Share>,
}

impl Belt<'_> {
    fn buffer(&self) -> Vec<u8> {
        let mut buffer = self.returning.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        buffer.clear();
        buffer
    }

    fn hand_on(&self, piece: Piece) {
        // It refuses only when the other thread has panicked, which joining it tells.
        let _ = self.full.send(piece);
    }

    fn stored(&self, bytes: &[u8]) {
        let mut buffer = self.buffer();
        buffer.extend_from_slice(bytes);
        self.hand_on(Piece::Stored(buffer));
    }

    fn content(&mut self, mut bytes: &[u8]) {
        if let Some(walk) = &mut self.walk {
            walk.update(bytes);
        }
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

    fn end(mut self) -> Tally {
        let rest = std::mem::take(&mut self.content);
        self.hand_on(Piece::Content(rest));
        let Self { full, walk, other, .. } = self;
        drop(full);
        let share = other.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        Tally::joined(share.hashes, walk.or(share.walk).expect("one of the two has the walk"))
    }
}

#[cfg(test)]
mod tests;
