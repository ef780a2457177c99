//! Sends HTTP requests on connections that may end at the same moment.
//!
//! hyper takes a request into a queue that the connection's driver reads from. One that comes into the queue while the driver ends
//! is answered by nobody, and would be waited for as long as the queue has a sender: no sender outlives its connection here.

use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, Response};
use tokio_util::sync::CancellationToken;

/// Sends the only request of a connection.
///
/// # Errors
///
/// hyper's own: where the connection ended before it took the request, its driver knows why.
pub(crate) async fn alone<B: Body + 'static>(mut sender: SendRequest<B>, request: Request<B>) -> hyper::Result<Response<Incoming>> {
    let sending = sender.send_request(request);
    drop(sender);
    sending.await
}

/// A connection that takes further requests.
#[derive(Debug)]
pub(in crate::rig) struct Kept<B> {
    sender: SendRequest<B>,
    ended: CancellationToken,
}

impl<B: Body + 'static> Kept<B> {
    /// `ended` is cancelled once the driver of `sender` is gone.
    pub(in crate::rig) const fn new(sender: SendRequest<B>, ended: CancellationToken) -> Self {
        Self { sender, ended }
    }

    /// Waits until it takes a request; `false` where it takes none any more.
    pub(in crate::rig) async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// The answer, and the connection again if it has not ended.
    ///
    /// # Errors
    ///
    /// hyper's own, with the request if the connection did not take it.
    pub(in crate::rig) async fn send(
        mut self,
        request: Request<B>,
    ) -> Result<(Response<Incoming>, Option<Self>), TrySendError<Request<B>>> {
        let mut sending = std::pin::pin!(self.sender.try_send_request(request));
        tokio::select! {
            biased;
            sent = &mut sending => Ok((sent?, Some(self))),
            () = self.ended.cancelled() => {
                drop(self);
                Ok((sending.await?, None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::sync::Barrier;
    use std::task::{Context, Waker};

    use http_body_util::Empty;
    use hyper::body::Bytes;
    use hyper::client::conn::http1::handshake;
    use hyper_util::rt::TokioIo;

    use super::*;

    type Sender = SendRequest<Empty<Bytes>>;

    fn is_over(future: Pin<&mut impl Future>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// How many of many requests were still waited for when their connection was gone, which ended while they were sent: about one of
    /// ten thousand where a sender outlives its connection.
    async fn waited_for<F: Future>(send: impl Fn(Sender, CancellationToken) -> F) -> usize {
        let mut waited_for = 0;
        for _ in 0..20_000 {
            // A task that never yields finds its channels not ready at some point.
            tokio::task::yield_now().await;
            let (near, _far) = tokio::io::duplex(64);
            let (sender, connection) = handshake(TokioIo::new(near)).await.expect("it needs no other side");
            let (ended, together) = (CancellationToken::new(), Barrier::new(2));
            let mut sending = pin!(send(sender, ended.clone()));
            let over = std::thread::scope(|scope| {
                scope.spawn(|| {
                    let _ended = ended.drop_guard();
                    together.wait();
                    drop(connection);
                });
                together.wait();
                is_over(sending.as_mut())
            });
            waited_for += usize::from(!over && !is_over(sending));
        }
        waited_for
    }

    #[tokio::test]
    async fn the_only_request_of_a_connection_that_ends_meanwhile_is_not_waited_for() {
        assert_eq!(waited_for(|sender, _| alone(sender, Request::default())).await, 0);
    }

    #[tokio::test]
    async fn a_request_on_a_kept_connection_that_ends_meanwhile_is_not_waited_for() {
        assert_eq!(waited_for(|sender, ended| Kept::new(sender, ended).send(Request::default())).await, 0);
    }
}
