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
use tokio_util::sync::CancellationToken;

use super::account::Accounts;
use super::dial::Dialer;
use super::forward::Talk;
use super::strangers::{self, Strangers};
use crate::rig::link::{Ending, Line};
use crate::rig::serving::accept;

/// Far more than package managers open; more wait to be accepted. Those that have shown no secret are not among them.
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
    strangers: Arc<Strangers>,
}

/// Takes connections until `stop`, then resets those that are open.
pub(super) async fn serve(listener: TcpListener, shared: Shared, stop: CancellationToken) {
    let shared = Arc::new(shared);
    let connection = |client| {
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        async move { connection(client, &shared, &stop).await }
    };
    accept(listener, MAX_CONNECTIONS + strangers::MOST, &stop, connection).await;
}

/// Carries a connection to its end. What broke is reset, so that the build does not take it for an end.
async fn connection(mut client: TcpStream, shared: &Arc<Shared>, stop: &CancellationToken) {
    // Small answers go at once; a stream that refuses is merely slower.
    let _ = client.set_nodelay(true);
    let (near, far) = duplex(BUFFER);
    let talk = Arc::new(Talk::new(Arc::clone(shared), shared.strangers.admit()));
    let ending = tokio::select! {
        biased;
        () = stop.cancelled() => Ending::Broken,
        () = talk.broken().cancelled() => Ending::Broken,
        () = talk.must_go() => Ending::Broken,
        ending = both(shared.carry(&mut client, far), requests(near, &talk)) => ending,
    };
    if ending == Ending::Broken {
        talk.client_is_gone();
        // Where it cannot be asked for, the stream ends early, which TLS and lengths of bodies still tell.
        let _ = client.set_zero_linger();
    }
}

/// Waits until both are through, or one of them broke off: then the other is not heard any more, since it might tell of an end.
async fn both(one: impl Future<Output = Ending>, other: impl Future<Output = Ending>) -> Ending {
    match tokio::try_join!(through(one), through(other)) {
        Ok(((), ())) => Ending::Whole,
        Err(()) => Ending::Broken,
    }
}

async fn through(part: impl Future<Output = Ending>) -> Result<(), ()> {
    match part.await {
        Ending::Whole => Ok(()),
        Ending::Broken => Err(()),
    }
}

impl Shared {
    pub(super) fn new(accounts: Arc<Accounts>, dialer: Dialer, line: Option<Line>) -> Self {
        Self { accounts, dialer, line, strangers: Arc::default() }
    }

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
async fn requests(near: DuplexStream, talk: &Arc<Talk>) -> Ending {
    let service = service_fn(|request: Request<Incoming>| {
        let talk = Arc::clone(talk);
        async move { Ok::<_, Infallible>(talk.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let ended = http.serve_connection(TokioIo::new(near), service).with_upgrades().await;
    // A client that speaks no HTTP was answered; an answer that a server cut short must not look like one that ended.
    if ended.is_err_and(|error| error.is_user()) { Ending::Broken } else { Ending::Whole }
}
