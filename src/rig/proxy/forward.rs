//! One connection's requests: who may ask, and what is passed on.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::account::Ledger;
use super::authority::Authority;
use super::counted::Counted;
use super::dial::{Purpose, Unreached};
use super::headers;
use super::serve::Shared;
use super::strangers::Stranger;
use crate::rig::exchange::Kept;

/// The longest head of a server's answer, bytes.
const LONGEST_HEAD: usize = 131_072;

type Body = BoxBody<Bytes, hyper::Error>;

/// What is known of a client's connection between its requests.
#[derive(Debug)]
pub(super) struct Talk {
    shared: Arc<Shared>,
    stranger: Stranger,
    broken: CancellationToken,
    gone: CancellationToken,
    last: Mutex<Option<Last>>,
}

/// The connection to a server that the last request went over.
#[derive(Debug)]
struct Last {
    server: Authority,
    ledger: Arc<Ledger>,
    connection: Kept<Incoming>,
}

impl Talk {
    pub(super) fn new(shared: Arc<Shared>, stranger: Stranger) -> Self {
        Self { shared, stranger, broken: CancellationToken::new(), gone: CancellationToken::new(), last: Mutex::new(None) }
    }

    /// Returns when the client has shown no secret for too long, or others want its room.
    pub(super) async fn must_go(&self) {
        self.stranger.must_go().await;
    }

    /// Ends what the client had begun: it broke off, and there is nobody to carry anything to.
    pub(super) fn client_is_gone(&self) {
        self.gone.cancel();
    }

    /// Cancelled when a tunnel broke off.
    pub(super) const fn broken(&self) -> &CancellationToken {
        &self.broken
    }

    /// Answers one request.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let account = headers::secret(request.headers()).and_then(|secret| self.shared.accounts.of(&secret));
        let Some(ledger) = account else { return login_needed() };
        self.stranger.make_known();
        let answered =
            if request.method() == Method::CONNECT { self.tunnel(request, &ledger).await } else { self.request(request, &ledger).await };
        answered.unwrap_or_else(|Unreached { status, why }| said(status, &why))
    }

    /// Opens a tunnel: what goes through it is nobody's business.
    async fn tunnel(&self, request: Request<Incoming>, ledger: &Arc<Ledger>) -> Result<Response<Body>, Unreached> {
        let server = Authority::of(request.uri(), None).ok_or_else(no_server)?;
        let upstream = self.shared.dialer.connect(&server, Purpose::Tunnel, ledger).await?;
        tokio::spawn(pass(request, upstream, self.ends(ledger), self.broken.clone()));
        Ok(Response::new(body("")))
    }

    /// What a connection to a server does not outlive.
    fn ends(&self, ledger: &Ledger) -> Ends {
        Ends { closed: ledger.closed().clone(), gone: self.gone.clone() }
    }

    /// Passes a request on, over the connection of the one before where that leads to the same server.
    async fn request(&self, request: Request<Incoming>, ledger: &Arc<Ledger>) -> Result<Response<Body>, Unreached> {
        if request.uri().scheme_str() != Some("http") {
            return Err(no_server());
        }
        let server = Authority::of(request.uri(), Some(80)).ok_or_else(no_server)?;
        let mut request = self.onward(request, &server)?;
        let mut last = self.last.lock().await;
        let reusable = last.take().filter(|last| last.server == server && Arc::ptr_eq(&last.ledger, ledger));
        let next = |connection| Last { server: server.clone(), ledger: Arc::clone(ledger), connection };
        if let Some(Last { mut connection, .. }) = reusable
            && connection.is_ready().await
        {
            match connection.send(request).await {
                Ok((response, connection)) => {
                    *last = connection.map(next);
                    return Ok(passed_on(response));
                }
                // The server had closed it meanwhile, and has seen nothing of the request.
                Err(mut unsent) => request = unsent.take_message().ok_or_else(|| broke_off(&server, unsent.error()))?,
            }
        }
        let sent = self.connection(&server, ledger).await?.send(request).await;
        let (response, connection) = sent.map_err(|unsent| broke_off(&server, unsent.error()))?;
        *last = connection.map(next);
        Ok(passed_on(response))
    }

    /// The request as the next hop takes it: a server its path, a proxy the whole.
    fn onward(&self, mut request: Request<Incoming>, server: &Authority) -> Result<Request<Incoming>, Unreached> {
        headers::strip(request.headers_mut());
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let host = HeaderValue::try_from(host).map_err(|_| no_server())?;
        request.headers_mut().insert(HOST, host);
        if let Some(proxy) = self.shared.dialer.proxy(server, Purpose::Requests) {
            if let Some(login) = proxy.basic_auth() {
                request.headers_mut().insert(PROXY_AUTHORIZATION, login.clone());
            }
        } else {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            *request.uri_mut() = path.parse::<Uri>().map_err(|_| no_server())?;
        }
        Ok(request)
    }

    /// A new connection for requests, which lives as long as its account.
    async fn connection(&self, server: &Authority, ledger: &Arc<Ledger>) -> Result<Kept<Incoming>, Unreached> {
        if let Some(line) = &self.shared.line {
            line.handshake().await;
        }
        let stream = self.shared.dialer.connect(server, Purpose::Requests, ledger).await?;
        let opened = http1::Builder::new().max_buf_size(LONGEST_HEAD).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| broke_off(server, &error))?;
        let (ends, ended) = (self.ends(ledger), CancellationToken::new());
        let (kept, guard) = (Kept::new(sender, ended.clone()), ended.drop_guard());
        tokio::spawn(async move {
            let _ended = guard;
            ends.before(connection).await;
        });
        Ok(kept)
    }
}

/// Carries a tunnel's bytes until both ends are through, the client broke off, or the account is closed.
async fn pass(request: Request<Incoming>, mut upstream: Counted, ends: Ends, broken: CancellationToken) {
    let Some(Ok(upgraded)) = ends.before(hyper::upgrade::on(request)).await else { return };
    let mut near = TokioIo::new(upgraded);
    let passed = ends.before(copy_bidirectional(&mut near, &mut upstream)).await;
    // Before either side is dropped, which would look like an end.
    if !matches!(passed, Some(Ok(_))) {
        upstream.reset();
        broken.cancel();
    }
}

/// What ends a connection to a server from the client's side.
#[derive(Debug)]
struct Ends {
    /// The build has ended.
    closed: CancellationToken,
    /// The client broke off.
    gone: CancellationToken,
}

impl Ends {
    /// What comes of `work`; `None` where one of these came first.
    async fn before<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.closed.cancelled() => None,
            () = self.gone.cancelled() => None,
            done = work => Some(done),
        }
    }
}

fn passed_on(response: Response<Incoming>) -> Response<Body> {
    let mut response = response.map(BodyExt::boxed);
    headers::strip(response.headers_mut());
    response
}

fn no_server() -> Unreached {
    Unreached { status: StatusCode::BAD_REQUEST, why: "this proxy takes CONNECT host:port and http:// URLs".to_owned() }
}

fn broke_off(server: &Authority, error: &hyper::Error) -> Unreached {
    Unreached { status: StatusCode::BAD_GATEWAY, why: format!("{server}: {error}") }
}

fn login_needed() -> Response<Body> {
    let mut response = said(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "this proxy serves the builds of one run alone");
    response.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"loadline\""));
    response
}

fn said(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(body(&format!("loadline: {why}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn body(text: &str) -> Body {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(|never| match never {}).boxed()
}
