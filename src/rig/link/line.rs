//! A line of a rate and a round trip, each direction shared by all connections that are relayed over it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::books::{Books, Direction};
use super::lane::Lane;
use super::pump::{Broken, Course, pump};
use crate::units::LinkShape;

/// Both directions of a link, with its books.
#[derive(Debug)]
pub(in crate::rig) struct Line {
    round_trip: Duration,
    up: Lane,
    down: Lane,
    books: Books,
}

/// How a connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rig) enum Ending {
    /// Both directions came to their end.
    Whole,
    /// One of them did not.
    Broken,
}

impl Line {
    /// A line that is free.
    pub(in crate::rig) fn new(shape: LinkShape) -> Self {
        let (up, down) = (Lane::new(shape), Lane::new(shape));
        Self { round_trip: shape.round_trip(), up, down, books: Books::default() }
    }

    pub(super) const fn books(&self) -> &Books {
        &self.books
    }

    /// The most bytes that were held at one time in one direction, both added up.
    pub(super) fn peak_held(&self) -> u64 {
        self.up.peak_held() + self.down.peak_held()
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> u64 {
        self.up.held() + self.down.held()
    }

    const fn course(&self, direction: Direction) -> Course<'_> {
        let lane = match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        };
        Course { lane, books: &self.books, direction }
    }

    /// Waits for a round trip, as TCP's handshake takes it.
    pub(in crate::rig) async fn handshake(&self) {
        self.up.until(Instant::now() + self.round_trip).await;
    }

    /// Carries both directions until both are through. A sender that broke off ends both at once, because nobody is there
    /// to answer; a receiver that is gone leaves the other direction to its own end, because an answer may be on its way.
    pub(in crate::rig) async fn relay(
        &self,
        (mut from_client, mut to_client): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
        (mut from_upstream, mut to_upstream): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    ) -> Ending {
        let up = pump(&mut from_client, &mut to_upstream, self.course(Direction::Up));
        let down = pump(&mut from_upstream, &mut to_client, self.course(Direction::Down));
        match tokio::try_join!(async { settle(up.await) }, async { settle(down.await) }) {
            Ok((Ending::Whole, Ending::Whole)) => Ending::Whole,
            _ => Ending::Broken,
        }
    }
}

fn settle(pumped: Result<(), Broken>) -> Result<Ending, Broken> {
    match pumped {
        Ok(()) => Ok(Ending::Whole),
        Err(Broken::Writing) => Ok(Ending::Broken),
        Err(Broken::Reading) => Err(Broken::Reading),
    }
}
