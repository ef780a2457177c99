//! One direction of a link: the line that all connections share, its clock, and the bound on what waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

use super::bucket::Bucket;
use crate::units::LinkShape;

/// How far the line is taken ahead of time, so that a proxy that runs late by less than `LOW` still has parts to send in
/// time; a request behind a transfer on another connection waits for as long as `HIGH`.
const HIGH: Duration = Duration::from_millis(40);
/// The line is filled again when it is taken for no longer than this.
const LOW: Duration = Duration::from_millis(30);
/// Timers count milliseconds and end up to two late: what is due within this goes now, so that early and late even out.
const TICK: Duration = Duration::from_micros(750);
/// The line's time for the largest part.
const PART: Duration = Duration::from_millis(1);
/// The largest part for any rate, and the smallest that is the largest for a rate: the payload of a packet.
const PART_BYTES: (u64, u64) = (1_460, 65_536);
/// What keeping a part costs at least, in bytes.
const PART_COST: usize = 256;

/// One direction of a link.
#[derive(Debug)]
pub(super) struct Lane {
    bucket: Mutex<Bucket>,
    one_way: Duration,
    tick: Duration,
    part: usize,
    room: usize,
    held: Gauge,
}

/// Bytes that are held now, and the most that ever were.
#[derive(Debug, Default)]
struct Gauge {
    now: AtomicU64,
    peak: AtomicU64,
}

/// Room in a connection's queue that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    gauge: &'a Gauge,
    bytes: u64,
    _room: SemaphorePermit<'a>,
}

impl Lane {
    pub(super) fn new(shape: LinkShape) -> Self {
        let tick = TICK.min(shape.time_of(shape.burst()) / 2);
        // What leaves within a tick of its time is part of the burst that the profile states.
        let credit = shape.time_of(shape.burst()).saturating_sub(tick);
        let part = shape.bytes_in(PART).clamp(PART_BYTES.0, PART_BYTES.1);
        let room = shape.bytes_in(shape.one_way() + HIGH) + 4 * part;
        Self {
            bucket: Mutex::new(Bucket::new(shape, credit)),
            one_way: shape.one_way(),
            tick,
            part: usize::try_from(part).unwrap_or(usize::MAX),
            room: usize::try_from(room).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS),
            held: Gauge::default(),
        }
    }

    /// How many bytes are read at once at most.
    pub(super) const fn part(&self) -> usize {
        self.part
    }

    /// How many bytes one connection may have waiting: all that can be on the line and under way.
    pub(super) const fn room(&self) -> usize {
        self.room
    }

    /// The most bytes that were held at one time, of all connections.
    pub(super) fn peak_held(&self) -> u64 {
        self.held.peak.load(Ordering::Relaxed)
    }

    /// Bytes that are held now, of all connections.
    #[cfg(test)]
    pub(super) fn held(&self) -> u64 {
        self.held.now.load(Ordering::Relaxed)
    }

    /// Waits for room for a part of `bytes` in a connection's queue.
    pub(super) async fn hold<'a>(&'a self, room: &'a Semaphore, bytes: usize) -> Option<Held<'a>> {
        let permits = u32::try_from(bytes.max(PART_COST).min(self.room)).ok()?;
        let permit = room.acquire_many(permits).await.ok()?;
        Some(self.held.hold(bytes as u64, permit))
    }

    /// Puts a part on the line when its turn comes, connection after connection: when it arrives at the other end. `came` says
    /// since when its sender has had bytes for the line.
    pub(super) async fn admit(&self, came: Instant, bytes: usize) -> Instant {
        // The lock is fair: who waits for it is served in the order of coming.
        let mut bucket = self.bucket.lock().await;
        let ahead = bucket.ahead(Instant::now());
        if ahead > HIGH {
            sleep(ahead.saturating_sub(LOW)).await;
        }
        bucket.take(came, bytes as u64) + self.one_way
    }

    /// When what leaves now arrives, on a line that is free.
    pub(super) fn arrival(&self) -> Instant {
        Instant::now() + self.one_way
    }

    /// Returns at `due`, to the tick.
    pub(super) async fn until(&self, due: Instant) {
        if due.saturating_duration_since(Instant::now()) > self.tick {
            sleep_until(due - self.tick).await;
        }
    }
}

impl Gauge {
    fn hold<'a>(&'a self, bytes: u64, room: SemaphorePermit<'a>) -> Held<'a> {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.peak.fetch_max(now, Ordering::Relaxed);
        Held { gauge: self, bytes, _room: room }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.gauge.now.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
