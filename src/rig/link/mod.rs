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
mod pump;
mod serve;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio_util::sync::CancellationToken;

use crate::units::LinkShape;

use self::books::Books;
use self::serve::Exchange;

pub use self::books::{LinkMark, LinkUse, Passage};
pub use self::error::LinkError;

/// The proxy's thread has this name, by which its processor time can be told from that of others.
pub const THREAD_NAME: &str = "loadline-link";

/// A running link. Dropping it stops it too.
#[derive(Debug)]
pub struct Link {
    shape: LinkShape,
    address: SocketAddr,
    exchange: Arc<Exchange>,
    stop: CancellationToken,
    ended: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Link {
    /// Starts a link of `shape` to `upstream`, on a free port of 127.0.0.1.
    pub fn start(shape: LinkShape, upstream: SocketAddr) -> Result<Self, LinkError> {
        let (listener, address) = listen().map_err(LinkError::Listen)?;
        let exchange = Arc::new(Exchange::new(shape, upstream));
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (end, (sender, begun)) = (ended.clone().drop_guard(), sync_channel(1));
        let (shared, told) = (Arc::clone(&exchange), stop.clone());
        let body = move || {
            let _end = end;
            run(listener, &sender, |listener| serve::serve(listener, shared, told));
        };
        let thread = Builder::new().name(THREAD_NAME.to_owned()).spawn(body).map_err(LinkError::Thread)?;
        let started = begun.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended at once")));
        started.map_err(LinkError::Thread)?;
        Ok(Self { shape, address, exchange, stop, ended, thread: Mutex::new(Some(thread)) })
    }

    /// Where it listens: `127.0.0.1:<port>`.
    pub const fn address(&self) -> SocketAddr {
        self.address
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
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.ended.cancelled() => {}
        }
    }

    /// The most bytes that the link held at one time: on their way, or waiting for a receiver.
    pub fn peak_held(&self) -> u64 {
        self.exchange.peak_held()
    }

    /// Stops listening, resets every open connection, also in the middle of a transfer, and waits until the thread is gone.
    /// A second call does nothing. The books can still be read.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.ended.cancelled().await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The thread holds nothing that a panic could spoil, and its last act is behind it.
        let _ = thread.map(JoinHandle::join);
    }

    fn books(&self) -> &Books {
        self.exchange.books()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The thread's work: says whether it could begin, and serves.
fn run<F: Future<Output = ()>>(
    listener: TcpListener,
    ready: &SyncSender<io::Result<()>>,
    serve: impl FnOnce(tokio::net::TcpListener) -> F,
) {
    let begun = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().and_then(|runtime| {
        let _entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok((runtime, listener))
    });
    // Who waits for it is there until it has come.
    match begun {
        Ok((runtime, listener)) => {
            let _ = ready.send(Ok(()));
            runtime.block_on(serve(listener));
        }
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests;
