//! Connections of builds: from the listening socket over the link to the requests that they carry.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{DuplexStream, copy_bidirectional, duplex, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::account::Accounts;
use super::dial::Dialer;
use super::forward::Talk;
use crate::rig::link::{Ending, Line};

/// Far more than package managers open; more wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// The longest head of a request, bytes.
const LONGEST_HEAD: usize = 16_384;

/// How long the head of a request may take, and a connection without one be kept.
const HEAD: Duration = Duration::from_secs(30);

/// What is kept between the link and a request.
const BUFFER: usize = 65_536;

/// What connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) accounts: Arc<Accounts>,
    pub(super) dialer: Dialer,
    pub(super) line: Option<Line>,
}

/// Takes connections until `stop`, then resets those that are open.
pub(super) async fn serve(listener: TcpListener, shared: Shared, stop: CancellationToken) {
    let shared = Arc::new(shared);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((client, _)) => {
                    let (shared, stop) = (Arc::clone(&shared), stop.clone());
                    connections.spawn(async move { connection(client, &shared, &stop).await });
                }
                // Out of descriptors, or the client is gone already: neither gets better by trying at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Carries a connection to its end. What broke is reset, so that the build does not take it for an end.
async fn connection(mut client: TcpStream, shared: &Arc<Shared>, stop: &CancellationToken) {
    // Small answers go at once; a stream that refuses is merely slower.
    let _ = client.set_nodelay(true);
    let (near, far) = duplex(BUFFER);
    let talk = Arc::new(Talk::new(Arc::clone(shared)));
    let ending = tokio::select! {
        biased;
        () = stop.cancelled() => Ending::Broken,
        () = talk.broken().cancelled() => Ending::Broken,
        (ending, ()) = async { tokio::join!(shared.carry(&mut client, far), requests(near, &talk)) } => ending,
    };
    if ending == Ending::Broken {
        // Where it cannot be asked for, the stream ends early, which TLS and lengths of bodies still tell.
        let _ = client.set_zero_linger();
    }
}

impl Shared {
    /// Carries both directions between a client and its requests, over the link where there is one.
    async fn carry(&self, client: &mut TcpStream, mut far: DuplexStream) -> Ending {
        match &self.line {
            Some(line) => line.relay(client.split(), split(far)).await,
            None if copy_bidirectional(client, &mut far).await.is_ok() => Ending::Whole,
            None => Ending::Broken,
        }
    }
}

/// Answers the requests of one connection, until one of them makes it a tunnel.
async fn requests(near: DuplexStream, talk: &Arc<Talk>) {
    let service = service_fn(|request: Request<Incoming>| {
        let talk = Arc::clone(talk);
        async move { Ok::<_, Infallible>(talk.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let ended = http.serve_connection(TokioIo::new(near), service).with_upgrades().await;
    // A client that speaks no HTTP was answered; an answer that a server cut short must not look like one that ended.
    if ended.is_err_and(|error| error.is_user()) {
        talk.broken().cancel();
    }
}
