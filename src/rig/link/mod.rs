//! The shaped link: a TCP proxy between an engine and a registry that keeps to a rate and a latency, so that a push over
//! "100 Mbit/s" means the same on every machine.
//!
//! Each direction is one line that all connections share: a bucket on a virtual clock says when each part has passed it, and a
//! queue holds the part until it has, and for half a round trip more. Bytes and their times are counted where they leave the
//! proxy. It runs on a thread of its own, so that hashing and inflating elsewhere do not delay it.
//!
//! State: the books, and what is on its way. Invariants: bytes pass unchanged, in order, and never sooner than the line allows;
//! the end of a direction follows its last byte, and a connection that broke is never shown as one that ended; the memory of
//! one connection follows from the profile alone.

mod books;
mod bucket;
mod error;
mod lane;
mod line;
mod pump;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;

use super::serving::{Serving, ServingError};
use crate::units::LinkShape;

use self::books::Books;
use self::serve::Exchange;

pub use self::books::{LinkMark, LinkUse, Passage};
pub use self::error::LinkError;
pub(in crate::rig) use self::line::{Ending, Line};

/// The proxy's thread has this name, by which its processor time can be told from that of others.
pub const THREAD_NAME: &str = "loadline-link";

/// A running link. Dropping it stops it too.
#[derive(Debug)]
pub struct Link {
    shape: LinkShape,
    exchange: Arc<Exchange>,
    serving: Serving,
}

impl Link {
    /// Starts a link of `shape` to `upstream`, on a free port of 127.0.0.1.
    pub fn start(shape: LinkShape, upstream: SocketAddr) -> Result<Self, LinkError> {
        let exchange = Arc::new(Exchange::new(shape, upstream));
        let shared = Arc::clone(&exchange);
        let serving = Serving::start(THREAD_NAME, move |listener, _, stop| serve::serve(listener, shared, stop))?;
        Ok(Self { shape, exchange, serving })
    }

    /// Where it listens: `127.0.0.1:<port>`.
    pub const fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// What it keeps to.
    pub const fn shape(&self) -> LinkShape {
        self.shape
    }

    /// Marks this moment, to ask later what crossed the link [`since`](Self::since) or [`between`](Self::between).
    pub fn mark(&self) -> LinkMark {
        self.books().mark()
    }

    /// What crossed the link since `mark`. All that a client has received is in it.
    pub fn since(&self, mark: &LinkMark) -> LinkUse {
        self.books().since(mark)
    }

    /// What crossed the link from one mark to a later one.
    pub fn between(&self, from: &LinkMark, to: &LinkMark) -> LinkUse {
        self.books().between(from, to)
    }

    /// Returns when it was told to stop or its thread ended, at once if that was before.
    pub async fn stopped(&self) {
        self.serving.stopped().await;
    }

    /// The most bytes that the link held at one time: on their way, or waiting for a receiver.
    pub fn peak_held(&self) -> u64 {
        self.exchange.peak_held()
    }

    /// Stops listening, resets every open connection, also in the middle of a transfer, and waits until the thread is gone.
    /// A second call does nothing. The books can still be read.
    pub async fn stop(&self) {
        self.serving.stop().await;
    }

    fn books(&self) -> &Books {
        self.exchange.books()
    }
}

impl From<ServingError> for LinkError {
    fn from(error: ServingError) -> Self {
        match error {
            ServingError::Listen(source) => Self::Listen(source),
            ServingError::Thread(source) => Self::Thread(source),
        }
    }
}

#[cfg(test)]
mod tests;
