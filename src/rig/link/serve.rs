//! Connections: from the listening socket to the registry's side, both ways, until both ends are through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::books::{Books, Direction};
use super::lane::Lane;
use super::pump::{Broken, Course, pump};
use crate::units::LinkShape;

/// As many as the measuring registry takes; more wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// What connections share.
#[derive(Debug)]
pub(super) struct Exchange {
    upstream: SocketAddr,
    round_trip: Duration,
    up: Lane,
    down: Lane,
    books: Books,
}

/// How a connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Both directions came to their end.
    Whole,
    /// One of them did not.
    Broken,
}

impl Exchange {
    pub(super) fn new(shape: LinkShape, upstream: SocketAddr) -> Self {
        let (up, down) = (Lane::new(shape), Lane::new(shape));
        Self { upstream, round_trip: shape.round_trip(), up, down, books: Books::default() }
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

    /// Carries both directions until both are through. A sender that broke off ends both at once, because nobody is there
    /// to answer; a receiver that is gone leaves the other direction to its own end, because an answer may be on its way.
    pub(super) async fn relay(
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

    async fn connection(&self, mut client: TcpStream, stop: &CancellationToken) {
        let _open = self.books.open();
        let Some(Some(mut upstream)) = stop.run_until_cancelled(self.connect()).await else { return reset(&client) };
        for stream in [&client, &upstream] {
            // Small requests go at once; a stream that refuses is merely slower.
            let _ = stream.set_nodelay(true);
        }
        let ending = stop.run_until_cancelled(self.relay(client.split(), upstream.split())).await;
        if ending != Some(Ending::Whole) {
            [&client, &upstream].into_iter().for_each(reset);
        }
    }

    /// Connects to the registry's side, which costs a round trip, as TCP's handshake does.
    async fn connect(&self) -> Option<TcpStream> {
        self.up.until(Instant::now() + self.round_trip).await;
        TcpStream::connect(self.upstream).await.inspect_err(|reason| self.books.refused(reason)).ok()
    }
}

/// Takes connections until `stop`, then resets those that are open.
pub(super) async fn serve(listener: TcpListener, exchange: Arc<Exchange>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((client, _)) => {
                    let (exchange, stop) = (Arc::clone(&exchange), stop.clone());
                    connections.spawn(async move { exchange.connection(client, &stop).await });
                }
                // Out of descriptors, or the client is gone already: neither gets better by trying at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Lets the other end know, when the stream is dropped, that this was no end.
fn reset(stream: &TcpStream) {
    // Where it cannot be asked for, the stream ends early; who counts bytes still sees that.
    let _ = stream.set_zero_linger();
}

fn settle(pumped: Result<(), Broken>) -> Result<Ending, Broken> {
    match pumped {
        Ok(()) => Ok(Ending::Whole),
        Err(Broken::Writing) => Ok(Ending::Broken),
        Err(Broken::Reading) => Err(Broken::Reading),
    }
}
