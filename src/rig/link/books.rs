//! What crossed a link: bytes each way and when, by the proxy's clock. Counted where bytes leave the proxy.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::Instant as Clock;

/// A moment in the books of one link; to another it means nothing.
#[derive(Clone, Debug)]
pub struct LinkMark {
    at: Clock,
    serial: u64,
    state: State,
}

impl LinkMark {
    /// When the mark was made.
    pub fn at(&self) -> Instant {
        self.at.into_std()
    }
}

/// What crossed a link between two moments. Connections may have been open before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkUse {
    /// From the side that connected, the engine, to the registry.
    pub up: Passage,
    /// From the registry to the engine.
    pub down: Passage,
    /// Connections that were open at any time between the two moments.
    pub connections: u64,
    /// Connections that the registry's side did not take; the engine's side was reset.
    pub refused: u64,
    /// Why the last of them was not taken, in the operating system's words.
    pub refusal: Option<Arc<str>>,
}

/// One direction's payload and its times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Bytes handed to the receiving side.
    pub bytes: u64,
    /// When the first of them were handed over.
    pub first_byte: Option<Instant>,
    /// When the last of them were handed over.
    pub last_byte: Option<Instant>,
}

impl Passage {
    /// From the first byte to the last.
    pub fn active(&self) -> Option<Duration> {
        Some(self.last_byte?.saturating_duration_since(self.first_byte?))
    }

    /// Payload in bit/s from the first byte to the last: what the link's rate is compared with. Pauses of the sender are in
    /// it. Nothing where all came at once.
    pub fn rate(&self) -> Option<f64> {
        let active = self.active().filter(|active| !active.is_zero())?;
        Some(self.bytes as f64 * 8.0 / active.as_secs_f64())
    }
}

impl LinkUse {
    /// When the first byte of either direction was handed over.
    pub fn first_byte(&self) -> Option<Instant> {
        [self.up.first_byte, self.down.first_byte].into_iter().flatten().min()
    }

    /// When the last byte of either direction was handed over.
    pub fn last_byte(&self) -> Option<Instant> {
        self.up.last_byte.max(self.down.last_byte)
    }
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

#[derive(Debug, Default)]
pub(super) struct Books(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    state: State,
    marks: u64,
    firsts_up: Firsts,
    firsts_down: Firsts,
}

#[derive(Clone, Debug, Default)]
struct State {
    up: Flow,
    down: Flow,
    opened: u64,
    closed: u64,
    refused: u64,
    refusal: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    bytes: u64,
    last: Option<Clock>,
}

/// For each mark that bytes followed: its number, and when the first of them went.
#[derive(Debug, Default)]
struct Firsts(Vec<(u64, Clock)>);

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Open<'a>(&'a Books);

impl Books {
    /// Every change of the books is complete before its lock is released, so that a poisoned lock still guards sound books.
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what `write` hands over. Who reads the books meanwhile waits, so that no receiver knows of bytes before them.
    pub(super) fn counted(&self, direction: Direction, write: impl FnOnce() -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let mut pages = self.pages();
        let written = write();
        if let Poll::Ready(Ok(bytes)) = written
            && bytes > 0
        {
            pages.moved(direction, bytes as u64);
        }
        written
    }

    pub(super) fn open(&self) -> Open<'_> {
        self.pages().state.opened += 1;
        Open(self)
    }

    pub(super) fn refused(&self, reason: &io::Error) {
        let mut pages = self.pages();
        pages.state.refused += 1;
        pages.state.refusal = Some(reason.to_string().into());
    }

    pub(super) fn mark(&self) -> LinkMark {
        let mut pages = self.pages();
        pages.marks += 1;
        LinkMark { at: Clock::now(), serial: pages.marks, state: pages.state.clone() }
    }

    pub(super) fn since(&self, mark: &LinkMark) -> LinkUse {
        let pages = self.pages();
        pages.between(mark, &pages.state)
    }

    pub(super) fn between(&self, from: &LinkMark, to: &LinkMark) -> LinkUse {
        self.pages().between(from, &to.state)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.pages().state.closed += 1;
    }
}

impl Pages {
    fn moved(&mut self, direction: Direction, bytes: u64) {
        let (flow, firsts) = match direction {
            Direction::Up => (&mut self.state.up, &mut self.firsts_up),
            Direction::Down => (&mut self.state.down, &mut self.firsts_down),
        };
        let now = Clock::now();
        flow.bytes += bytes;
        flow.last = Some(now);
        if firsts.0.last().is_none_or(|(mark, _)| *mark < self.marks) {
            firsts.0.push((self.marks, now));
        }
    }

    fn between(&self, from: &LinkMark, to: &State) -> LinkUse {
        let before = &from.state;
        let refused = to.refused.saturating_sub(before.refused);
        LinkUse {
            up: passage(before.up, to.up, self.firsts_up.after(from.serial)),
            down: passage(before.down, to.down, self.firsts_down.after(from.serial)),
            connections: to.opened.saturating_sub(before.closed),
            refused,
            refusal: to.refusal.clone().filter(|_| refused > 0),
        }
    }
}

fn passage(from: Flow, to: Flow, first: Option<Clock>) -> Passage {
    match to.bytes.saturating_sub(from.bytes) {
        0 => Passage::default(),
        bytes => Passage { bytes, first_byte: first.map(Clock::into_std), last_byte: to.last.map(Clock::into_std) },
    }
}

impl Firsts {
    /// When the first bytes after the mark `serial` went.
    fn after(&self, serial: u64) -> Option<Clock> {
        self.0.get(self.0.partition_point(|(mark, _)| *mark < serial)).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(books: &Books, direction: Direction, bytes: usize) {
        assert!(books.counted(direction, || Poll::Ready(Ok(bytes))).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_has_the_bytes_and_times_between_its_marks() {
        let books = Books::default();
        write(&books, Direction::Up, 1);
        let from = books.mark();
        for step in 1..=3 {
            tokio::time::advance(Duration::from_secs(1)).await;
            write(&books, Direction::Up, step);
        }
        let to = books.mark();
        tokio::time::advance(Duration::from_secs(1)).await;
        write(&books, Direction::Up, 100);
        write(&books, Direction::Down, 7);
        let window = books.between(&from, &to);
        let second = |n| Some(from.at() + Duration::from_secs(n));
        assert_eq!(window.up, Passage { bytes: 6, first_byte: second(1), last_byte: second(3) });
        assert_eq!((window.down, window.up.active()), (Passage::default(), Some(Duration::from_secs(2))));
        assert_eq!(window.up.rate(), Some(24.0));
        let all = books.since(&from);
        assert_eq!((all.up.bytes, all.down.bytes, all.first_byte(), all.last_byte()), (106, 7, second(1), second(4)));
    }

    #[test]
    fn a_window_without_bytes_has_no_times() {
        let books = Books::default();
        write(&books, Direction::Down, 5);
        let mark = books.mark();
        assert_eq!(books.since(&mark), LinkUse::default());
        assert!(books.counted(Direction::Down, || Poll::Pending).is_pending());
        assert!(books.counted(Direction::Down, || Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))).is_ready());
        assert_eq!(books.since(&mark), LinkUse::default(), "what was not written is not counted");
    }

    #[test]
    fn a_connection_counts_in_every_window_that_it_was_open_in() {
        let books = Books::default();
        let kept = books.open();
        drop(books.open());
        let mark = books.mark();
        assert_eq!(books.since(&mark).connections, 1);
        drop(kept);
        let second = books.open();
        assert_eq!(books.since(&mark).connections, 2);
        let later = books.mark();
        assert_eq!(books.since(&later).connections, 1);
        drop(second);
    }

    #[test]
    fn a_refusal_is_told_in_its_window_with_its_reason() {
        let books = Books::default();
        let mark = books.mark();
        books.refused(&io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!((books.since(&mark).refused, books.since(&mark).refusal.as_deref()), (1, Some("connection refused")));
        let later = books.mark();
        assert_eq!((books.since(&later).refused, books.since(&later).refusal), (0, None));
    }
}
