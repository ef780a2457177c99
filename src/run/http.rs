//! One HTTP/1.1 request to a container under a smoke check.
//!
//! The answer comes from an app that may be broken or hostile: status and body are bounded in size, and the caller bounds
//! the time.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::rig::exchange::alone;

/// The most of an answer's body that is read.
const BODY_LIMIT: usize = 1 << 20;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, invalid UTF-8 replaced.
    pub body: String,
}

/// Why there was no answer, in words for a person.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Nothing accepts connections there.
    #[error("no connection")]
    Connect(#[source] std::io::Error),
    /// The request could not be written down.
    #[error("the request is not valid HTTP: {0}")]
    Request(String),
    /// What came back was not HTTP, or broke off.
    #[error("the connection was accepted but no complete HTTP answer came")]
    Protocol(#[source] hyper::Error),
    /// The body did not fit.
    #[error("the answer's body is larger than 1 MiB or broke off")]
    Body,
}

/// Sends one request and reads the whole answer.
pub(super) async fn request(address: SocketAddr, method: &str, path: &str, body: Option<&str>) -> Result<Answer, NoAnswer> {
    let stream = TcpStream::connect(address).await.map_err(NoAnswer::Connect)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(NoAnswer::Protocol)?;
    let driver = tokio::spawn(connection);
    let answer = exchange(sender, build(address, method, path, body)?).await;
    driver.abort();
    answer
}

fn build(address: SocketAddr, method: &str, path: &str, body: Option<&str>) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, address.to_string())
        .header(header::USER_AGENT, concat!("loadline/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close");
    if body.is_some_and(|b| serde_json::from_str::<serde::de::IgnoredAny>(b).is_ok()) {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    builder.body(Full::from(body.unwrap_or_default().to_owned())).map_err(|e| NoAnswer::Request(e.to_string()))
}

async fn exchange(sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
    let response = alone(sender, request).await.map_err(NoAnswer::Protocol)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), BODY_LIMIT).collect().await.map_err(|_| NoAnswer::Body)?.to_bytes();
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}
