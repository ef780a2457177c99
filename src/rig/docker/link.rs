//! Connections to an engine that is not behind a Unix socket: plain TCP, TLS, and the standard streams of ssh.
//!
//! Every request has a connection of its own, which ends with it: nothing outlives a call that was dropped, and a build's
//! connections end with its runtime.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard::BollardRequest;
use bollard::errors::Error;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::{Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::endpoint::{Address, Target, TlsFiles};
use crate::rig::exchange::alone;

mod forward;
mod ssh;
mod tls;
mod trouble;

pub(super) use forward::Forward;
pub(super) use ssh::Ssh;
use tls::Tls;
pub(super) use trouble::Trouble;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(30);

/// A way to open connections.
#[derive(Clone, Debug)]
pub(super) struct Link {
    way: Way,
    target: Arc<Target>,
}

#[derive(Clone)]
enum Way {
    Tcp { host: String, port: u16, tls: Option<Tls> },
    Ssh(Ssh),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, tls } => write!(f, "Tcp({host}, {port}, tls: {})", tls.is_some()),
            Self::Ssh(ssh) => ssh.fmt(f),
        }
    }
}

/// How this machine reaches a port that the engine publishes.
#[derive(Clone, Debug)]
pub(super) enum Reach {
    /// The engine's 127.0.0.1 is ours.
    Here,
    /// By the address that the engine itself is reached by.
    At(IpAddr),
    /// Through ssh, to 127.0.0.1 there.
    Through(Ssh),
}

/// Both directions of a connection.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Link {
    /// The link to `target`, its certificates read; `None` for a Unix socket, which needs none.
    pub(super) fn to(target: &Arc<Target>) -> Result<Option<Self>, Trouble> {
        let way = match &target.address {
            Address::Unix(_) => return Ok(None),
            Address::Tcp { host, port } => {
                let tls = target.tls.as_ref().map(|files| Tls::new(files, host)).transpose()?;
                Way::Tcp { host: host.clone(), port: *port, tls }
            }
            Address::Ssh(address) => Way::Ssh(Ssh::new(address.clone(), target.search_path.clone())),
        };
        Ok(Some(Self { way, target: target.clone() }))
    }

    /// How published ports are reached. Opens a connection to see whether the address is one of this machine's.
    pub(super) async fn reach(&self) -> Result<Reach, Trouble> {
        match &self.way {
            Way::Ssh(ssh) => Ok(Reach::Through(ssh.clone())),
            Way::Tcp { host, port, .. } => {
                let stream = tcp(host, *port).await?;
                let (here, there) = (stream.local_addr(), stream.peer_addr());
                let address = |end: io::Result<SocketAddr>| end.map(|end| end.ip().to_canonical());
                match (address(here), address(there)) {
                    (Ok(here), Ok(there)) if here == there => Ok(Reach::Here),
                    (_, Ok(there)) => Ok(Reach::At(there)),
                    (_, Err(source)) => Err(Trouble::Connect { address: format!("{host}:{port}"), source }),
                }
            }
        }
    }

    async fn open(&self) -> Result<Box<dyn Stream>, Trouble> {
        match &self.way {
            Way::Tcp { host, port, tls: None } => Ok(Box::new(tcp(host, *port).await?)),
            Way::Tcp { host, port, tls: Some(tls) } => Ok(Box::new(tls.over(tcp(host, *port).await?).await?)),
            Way::Ssh(ssh) => Ok(Box::new(ssh.dial()?)),
        }
    }

    /// Sends one request on a connection of its own. The connection is driven on the caller's runtime.
    pub(super) async fn exchange(self, request: BollardRequest) -> Result<Response<Incoming>, Error> {
        let stream = self.open().await.map_err(io::Error::other)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driven = tokio::spawn(connection.with_upgrades());
        match alone(sender, in_origin_form(request)?).await {
            // The connection broke before it took the request: why, only its driver knows.
            Err(error) if error.is_canceled() => Err(driven.await.ok().and_then(Result::err).unwrap_or(error).into()),
            sent => Ok(sent?),
        }
    }

    /// What went wrong before the engine's first answer, if it is known: cause and cure.
    pub(super) fn explain(&self, error: &Error) -> Option<String> {
        let tls = match &self.way {
            Way::Tcp { tls, .. } => Some(tls.is_some()),
            Way::Ssh(_) => None,
        };
        trouble::explained(error, &self.target, tls)
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, Trouble> {
    let connect = |source| Trouble::Connect { address: format!("{host} port {port}"), source };
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect((host, port))).await;
    let stream = stream.map_err(|late| connect(io::Error::new(io::ErrorKind::TimedOut, late)))?.map_err(connect)?;
    // Small requests and answers in turn: waiting to fill a packet would only add time to what is measured.
    stream.set_nodelay(true).map_err(connect)?;
    Ok(stream)
}

/// A TLS connection to a server that is no engine, checked by the system's authorities. Errors are in words.
pub(in crate::rig) async fn secured(host: &str, port: u16) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, String> {
    let files = TlsFiles { ca: None, pair: None, folder: PathBuf::new(), verify: true };
    let connected = async { Tls::new(&files, host)?.over(tcp(host, port).await?).await };
    connected.await.map_err(|trouble: Trouble| trouble::in_words(&trouble))
}

/// The client writes whole URLs; a server is asked for a path, and told its name apart.
fn in_origin_form(mut request: BollardRequest) -> Result<BollardRequest, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let path: Uri = path.parse()?;
    *request.uri_mut() = path;
    request.headers_mut().insert(HOST, host.unwrap_or(HeaderValue::from_static("docker")));
    Ok(request)
}
