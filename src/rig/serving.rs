//! A server on a free port of 127.0.0.1 with a thread of its own, so that work elsewhere in the process does not delay it.
//!
//! State: the thread, and the tokens that stop it. Invariant: once [`stop`](Serving::stop) has returned nothing listens and
//! nothing of the server runs, but for lookups of names that hang: they hold nothing and nobody waits for them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long to wait after a connection could not be taken.
const NOT_AT_ONCE: Duration = Duration::from_millis(20);

/// A running server. Dropping it tells it to stop and does not wait.
#[derive(Debug)]
pub(super) struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    ended: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why a server cannot be started.
#[derive(Debug)]
pub(super) enum ServingError {
    /// No port could be had.
    Listen(io::Error),
    /// There is no thread or no timer for it.
    Thread(io::Error),
}

impl Serving {
    /// Starts `serve` on a thread called `name`. It gets the listener, its address, and a token at which it must end.
    pub(super) fn start<F: Future<Output = ()>>(
        name: &str,
        serve: impl FnOnce(tokio::net::TcpListener, SocketAddr, CancellationToken) -> F + Send + 'static,
    ) -> Result<Self, ServingError> {
        let (listener, address) = listen().map_err(ServingError::Listen)?;
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (end, (sender, begun)) = (ended.clone().drop_guard(), sync_channel(1));
        let told = stop.clone();
        let body = move || {
            let _end = end;
            run(listener, &sender, |listener| serve(listener, address, told));
        };
        let thread = Builder::new().name(name.to_owned()).spawn(body).map_err(ServingError::Thread)?;
        let started = begun.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended at once")));
        started.map_err(ServingError::Thread)?;
        Ok(Self { address, stop, ended, thread: Mutex::new(Some(thread)) })
    }

    /// Where it listens: `127.0.0.1:<port>`.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when it was told to stop or its thread ended, at once if that was before.
    pub(super) async fn stopped(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.ended.cancelled() => {}
        }
    }

    /// Tells it to stop, and waits until the thread is gone. A second call does nothing.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.ended.cancelled().await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The thread holds nothing that a panic could spoil, and its last act is behind it.
        let _ = thread.map(JoinHandle::join);
    }
}

impl Drop for Serving {
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
            // A lookup of a name cannot be cut short, and may hang for as long as its server likes.
            runtime.shutdown_background();
        }
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

/// Takes at most `most` connections at a time until `stop`, and waits for those that are open, which `stop` must end too.
pub(super) async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: tokio::net::TcpListener,
    most: usize,
    stop: &CancellationToken,
    connection: impl Fn(TcpStream) -> F,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < most => match accepted {
                Ok((client, _)) => drop(connections.spawn(connection(client))),
                // Out of descriptors, or the client is gone already: neither gets better by trying at once.
                Err(_) => tokio::time::sleep(NOT_AT_ONCE).await,
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Far longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn stopping_does_not_wait_for_a_lookup_that_hangs() {
        let (answer, question) = channel::<()>();
        let serve = move |_, _, stop: CancellationToken| async move {
            drop(tokio::task::spawn_blocking(move || question.recv()));
            stop.cancelled().await;
        };
        let serving = Serving::start("lookup", serve).expect("a port is free");
        tokio::time::timeout(PATIENCE, serving.stop()).await.expect("it stops");
        drop(answer);
    }
}
