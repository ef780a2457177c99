//! What crossed the registry: bytes and times of every blob and manifest, by one monotonic clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::reply::Refusal;
use crate::image::Digest;

/// Far more transfers than the longest run makes; beyond it requests are refused rather than left out of the books.
const MAX_ENTRIES: usize = 200_000;

/// A moment in the books of one registry; to another it means nothing.
#[derive(Clone, Debug)]
pub struct Mark {
    at: Duration,
    blobs: usize,
    manifests: usize,
    refused_mounts: u64,
    requests: u64,
    moved: Moved,
}

/// Blob bytes that crossed the registry, whether or not their transfer was completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Bytes received.
    pub uploaded: u64,
    /// Bytes handed to connections.
    pub downloaded: u64,
}

/// One blob's way in or out. Times are after the mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobTransfer {
    /// The repository it was for.
    pub repository: Arc<str>,
    /// Which blob.
    pub digest: Digest,
    /// Bytes of the body, without HTTP's own.
    pub bytes: u64,
    /// When the client asked for it or announced it.
    pub started: Duration,
    /// When the first byte was received, or handed to the connection.
    pub first_byte: Duration,
    /// When the last byte was received, or handed to the connection.
    pub last_byte: Duration,
}

/// One manifest's way in or out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestTransfer {
    /// The repository it was for.
    pub repository: Arc<str>,
    /// Which manifest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: u64,
    /// When it had been received or was handed to the connection, after the mark.
    pub at: Duration,
}

/// Everything that crossed the registry since a mark. Transfers that began before the mark are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Blobs that came in and were stored.
    pub uploads: Vec<BlobTransfer>,
    /// Blobs, or the parts that were asked for, that went out completely.
    pub downloads: Vec<BlobTransfer>,
    /// Bytes of transfers that were cut, refused or are still under way.
    pub unfinished: Moved,
    /// Manifests that came in and were stored.
    pub manifest_uploads: Vec<ManifestTransfer>,
    /// Manifests that went out.
    pub manifest_downloads: Vec<ManifestTransfer>,
    /// Requests to take a blob over from another repository, all answered with a plain upload.
    pub refused_mounts: u64,
    /// Requests of every kind.
    pub requests: u64,
}

impl Traffic {
    /// Bytes of all blobs that came in and were stored.
    pub fn uploaded_bytes(&self) -> u64 {
        self.uploads.iter().map(|transfer| transfer.bytes).sum()
    }

    /// Bytes of all blobs that went out completely.
    pub fn downloaded_bytes(&self) -> u64 {
        self.downloads.iter().map(|transfer| transfer.bytes).sum()
    }
}

impl BlobTransfer {
    /// From the first byte of any of `transfers` to the last byte of any; `None` where there are none.
    pub fn active(transfers: &[Self]) -> Option<Duration> {
        let first = transfers.iter().map(|transfer| transfer.first_byte).min()?;
        let last = transfers.iter().map(|transfer| transfer.last_byte).max()?;
        Some(last.saturating_sub(first))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// A blob transfer's place in the books.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry(usize);

#[derive(Debug)]
pub(super) struct Ledger {
    epoch: Instant,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    blobs: Vec<BlobEntry>,
    manifests: Vec<(Direction, ManifestTransfer)>,
    refused_mounts: u64,
    requests: u64,
    moved: Moved,
}

#[derive(Debug)]
struct BlobEntry {
    direction: Direction,
    repository: Arc<str>,
    /// Set when the transfer is complete.
    digest: Option<Digest>,
    bytes: u64,
    started: Duration,
    first_byte: Option<Duration>,
    last_byte: Duration,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { epoch: Instant::now(), books: Mutex::default() }
    }

    /// Every change of the books is complete before its lock is released, so that a poisoned lock still guards sound books.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn request(&self) {
        self.books().requests += 1;
    }

    pub(super) fn refused_mount(&self) {
        self.books().refused_mounts += 1;
    }

    /// Opens an entry for a blob that is about to move.
    pub(super) fn begin(&self, direction: Direction, repository: Arc<str>) -> Result<Entry, Refusal> {
        let mut books = self.books();
        books.check_room()?;
        let started = self.epoch.elapsed();
        books.blobs.push(BlobEntry { direction, repository, digest: None, bytes: 0, started, first_byte: None, last_byte: started });
        Ok(Entry(books.blobs.len() - 1))
    }

    /// Bytes moved just now.
    pub(super) fn moved(&self, entry: Entry, bytes: u64) {
        let mut books = self.books();
        let now = self.epoch.elapsed();
        let blob = &mut books.blobs[entry.0];
        blob.bytes += bytes;
        blob.first_byte.get_or_insert(now);
        blob.last_byte = now;
        match blob.direction {
            Direction::Up => books.moved.uploaded += bytes,
            Direction::Down => books.moved.downloaded += bytes,
        }
    }

    /// The transfer is complete, and this is what moved.
    pub(super) fn complete(&self, entry: Entry, digest: Digest) {
        self.books().blobs[entry.0].digest = Some(digest);
    }

    pub(super) fn manifest(&self, direction: Direction, repository: Arc<str>, digest: Digest, bytes: u64) -> Result<(), Refusal> {
        let mut books = self.books();
        books.check_room()?;
        let at = self.epoch.elapsed();
        books.manifests.push((direction, ManifestTransfer { repository, digest, bytes, at }));
        Ok(())
    }

    pub(super) fn mark(&self) -> Mark {
        let books = self.books();
        Mark {
            at: self.epoch.elapsed(),
            blobs: books.blobs.len(),
            manifests: books.manifests.len(),
            refused_mounts: books.refused_mounts,
            requests: books.requests,
            moved: books.moved,
        }
    }

    pub(super) fn moved_since(&self, mark: &Mark) -> Moved {
        let now = self.books().moved;
        Moved {
            uploaded: now.uploaded.saturating_sub(mark.moved.uploaded),
            downloaded: now.downloaded.saturating_sub(mark.moved.downloaded),
        }
    }

    pub(super) fn since(&self, mark: &Mark) -> Traffic {
        let books = self.books();
        let mut traffic = Traffic {
            refused_mounts: books.refused_mounts.saturating_sub(mark.refused_mounts),
            requests: books.requests.saturating_sub(mark.requests),
            ..Traffic::default()
        };
        books.blobs.iter().skip(mark.blobs).for_each(|entry| traffic.add_blob(entry, mark.at));
        for (direction, transfer) in books.manifests.iter().skip(mark.manifests) {
            let transfer = ManifestTransfer { at: transfer.at.saturating_sub(mark.at), ..transfer.clone() };
            match direction {
                Direction::Up => traffic.manifest_uploads.push(transfer),
                Direction::Down => traffic.manifest_downloads.push(transfer),
            }
        }
        traffic
    }
}

impl Books {
    fn check_room(&self) -> Result<(), Refusal> {
        let full = self.blobs.len() + self.manifests.len() >= MAX_ENTRIES;
        if full { Err(Refusal::too_many("the registry's books are full; start a new one")) } else { Ok(()) }
    }
}

impl Traffic {
    fn add_blob(&mut self, entry: &BlobEntry, mark: Duration) {
        let Some(digest) = entry.digest else {
            match entry.direction {
                Direction::Up => self.unfinished.uploaded += entry.bytes,
                Direction::Down => self.unfinished.downloaded += entry.bytes,
            }
            return;
        };
        let transfer = BlobTransfer {
            repository: Arc::clone(&entry.repository),
            digest,
            bytes: entry.bytes,
            started: entry.started.saturating_sub(mark),
            // An empty blob has no first byte: it came when it was announced.
            first_byte: entry.first_byte.unwrap_or(entry.started).saturating_sub(mark),
            last_byte: entry.last_byte.saturating_sub(mark),
        };
        match entry.direction {
            Direction::Up => self.uploads.push(transfer),
            Direction::Down => self.downloads.push(transfer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(ledger: &Ledger, direction: Direction) -> Entry {
        ledger.begin(direction, "a".into()).expect("room in the books")
    }

    #[test]
    fn a_mark_leaves_out_what_began_before_it() {
        let ledger = Ledger::new();
        let early = begin(&ledger, Direction::Up);
        let mark = ledger.mark();
        ledger.moved(early, 5);
        ledger.complete(early, Digest::of(b"early"));
        let late = begin(&ledger, Direction::Up);
        ledger.moved(late, 7);
        ledger.complete(late, Digest::of(b"late"));
        let traffic = ledger.since(&mark);
        assert_eq!((traffic.uploads.len(), traffic.uploaded_bytes()), (1, 7));
        assert_eq!(ledger.moved_since(&mark).uploaded, 12, "the live count is of bytes, whoever they belong to");
    }

    #[test]
    fn a_transfer_that_was_not_completed_counts_apart() {
        let ledger = Ledger::new();
        let mark = ledger.mark();
        ledger.moved(begin(&ledger, Direction::Up), 3);
        ledger.moved(begin(&ledger, Direction::Down), 4);
        let traffic = ledger.since(&mark);
        assert!(traffic.uploads.is_empty() && traffic.downloads.is_empty());
        assert_eq!(traffic.unfinished, Moved { uploaded: 3, downloaded: 4 });
    }

    #[test]
    fn the_active_time_spans_transfers_that_overlap() {
        let transfer = |first, last| BlobTransfer {
            repository: "a".into(),
            digest: Digest::of(b""),
            bytes: 1,
            started: Duration::ZERO,
            first_byte: Duration::from_secs(first),
            last_byte: Duration::from_secs(last),
        };
        assert_eq!(BlobTransfer::active(&[transfer(3, 9), transfer(2, 5)]), Some(Duration::from_secs(7)));
        assert_eq!(BlobTransfer::active(&[]), None);
    }

    #[test]
    fn times_of_one_transfer_are_in_order() {
        let ledger = Ledger::new();
        let mark = ledger.mark();
        let entry = begin(&ledger, Direction::Down);
        ledger.moved(entry, 1);
        ledger.moved(entry, 1);
        ledger.complete(entry, Digest::of(b"ab"));
        let [transfer] = &ledger.since(&mark).downloads[..] else { panic!("one download") };
        assert!(transfer.started <= transfer.first_byte && transfer.first_byte <= transfer.last_byte);
        assert_eq!(transfer.bytes, 2);
    }
}
