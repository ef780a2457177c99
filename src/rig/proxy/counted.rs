//! A connection to a server that is counted as it is read and written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::account::Ledger;

/// A connection to a server, counted in a build's books.
#[derive(Debug)]
pub(super) struct Counted {
    /// Until the client has said its last word; dropped before the stream, so that nobody sees this end sooner than the books.
    asking: Option<Asking>,
    stream: TcpStream,
    ledger: Arc<Ledger>,
    locally: bool,
}

/// Stands in the books as long as it is there.
#[derive(Debug)]
struct Asking(Arc<Ledger>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asked();
    }
}

impl Counted {
    /// Counts from here on what `stream` moves.
    pub(super) fn new(stream: TcpStream, ledger: Arc<Ledger>) -> Self {
        ledger.connected();
        let (locally, asking) = (is_local(&stream), Some(Asking(Arc::clone(&ledger))));
        Self { asking, stream, ledger, locally }
    }

    /// Lets the server know, when this is dropped, that it was no end.
    pub(super) fn reset(&self) {
        // Where it cannot be asked for, the stream ends early, which TLS and lengths of bodies still tell.
        let _ = self.stream.set_zero_linger();
    }
}

/// Whether both ends are on this machine. Where the ends cannot be told, the interfaces are asked to account for it.
fn is_local(stream: &TcpStream) -> bool {
    let (Ok(peer), Ok(own)) = (stream.peer_addr(), stream.local_addr()) else { return false };
    let peer = peer.ip().to_canonical();
    peer.is_loopback() || peer == own.ip().to_canonical()
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        self.ledger.received((into.filled().len() - before) as u64, self.locally);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.ledger.sent(written as u64);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.asking = None;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
