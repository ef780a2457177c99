//! Connections: from the listening socket to the registry's side, both ways, until both ends are through.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::line::{Ending, Line};
use crate::rig::serving::accept;
use crate::units::LinkShape;

/// As many as the measuring registry takes; more wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// What connections share.
#[derive(Debug)]
pub(super) struct Exchange {
    upstream: SocketAddr,
    line: Line,
}

impl Exchange {
    pub(super) fn new(shape: LinkShape, upstream: SocketAddr) -> Self {
        Self { upstream, line: Line::new(shape) }
    }

    pub(super) const fn books(&self) -> &Books {
        self.line.books()
    }

    /// The most bytes that were held at one time in one direction, both added up.
    pub(super) fn peak_held(&self) -> u64 {
        self.line.peak_held()
    }

    #[cfg(test)]
    pub(super) const fn line(&self) -> &Line {
        &self.line
    }

    async fn connection(&self, mut client: TcpStream, stop: &CancellationToken) {
        let _open = self.books().open();
        let Some(Some(mut upstream)) = stop.run_until_cancelled(self.connect()).await else { return reset(&client) };
        for stream in [&client, &upstream] {
            // Small requests go at once; a stream that refuses is merely slower.
            let _ = stream.set_nodelay(true);
        }
        let ending = stop.run_until_cancelled(self.line.relay(client.split(), upstream.split())).await;
        if ending != Some(Ending::Whole) {
            [&client, &upstream].into_iter().for_each(reset);
        }
    }

    /// Connects to the registry's side, which costs a round trip, as TCP's handshake does.
    async fn connect(&self) -> Option<TcpStream> {
        self.line.handshake().await;
        TcpStream::connect(self.upstream).await.inspect_err(|reason| self.books().refused(reason)).ok()
    }
}

/// Takes connections until `stop`, then resets those that are open.
pub(super) async fn serve(listener: TcpListener, exchange: Arc<Exchange>, stop: CancellationToken) {
    let connection = |client| {
        let (exchange, stop) = (Arc::clone(&exchange), stop.clone());
        async move { exchange.connection(client, &stop).await }
    };
    accept(listener, MAX_CONNECTIONS, &stop, connection).await;
}

/// Lets the other end know, when the stream is dropped, that this was no end.
fn reset(stream: &TcpStream) {
    // Where it cannot be asked for, the stream ends early; who counts bytes still sees that.
    let _ = stream.set_zero_linger();
}
