//! One request, one connection, one bounded answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::rig::docker::secured;
use crate::rig::exchange::alone;

/// The most bytes of an answer: a manifest of the largest size, and one to see that it is larger.
const MOST: usize = 4 * 1024 * 1024 + 1;

/// The most characters that are quoted of one.
const QUOTED: usize = 300;

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The first value of a header that is text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every value of a header that is text.
    pub(super) fn headers_of(&self, name: &HeaderName) -> Vec<String> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok().map(str::to_owned)).collect()
    }

    /// The server's own words with the status.
    pub(super) fn message(&self) -> String {
        #[derive(Deserialize)]
        struct Errors {
            errors: Vec<One>,
        }
        #[derive(Deserialize)]
        struct One {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let first = serde_json::from_slice::<Errors>(&self.body).ok().and_then(|errors| errors.errors.into_iter().next());
        let words = first.map(|one| clean(format!("{} {}", one.code, one.message).as_bytes())).filter(|words| !words.is_empty());
        let status = self.status.as_u16();
        words.map_or_else(|| format!("status {status}"), |words| format!("status {status}, {words}"))
    }
}

/// The beginning of a foreign text on one line, without what a terminal would obey.
pub(super) fn clean(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * QUOTED)]);
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(QUOTED).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An answer whose body is still to come. Dropping it closes the connection.
pub(super) struct Stream {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    _driver: Driver,
}

/// What moves the bytes of a connection, for as long as its answer is read.
struct Driver(JoinHandle<hyper::Result<()>>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stream {
    /// The first value of a header that is text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The next bytes of the body; `None` at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) if !bytes.is_empty() => return Ok(Some(bytes)),
                    // Trailers say nothing here.
                    _ => {}
                },
            }
        }
    }

    /// The whole answer.
    pub(super) async fn whole(self) -> Result<Answer, String> {
        let Self { status, headers, body, _driver } = self;
        let body = Limited::new(body, MOST).collect().await.map_err(|error| format!("its answer did not come whole ({error})"))?;
        Ok(Answer { status, headers, body: body.to_bytes() })
    }
}

/// Sends `request`, whose URI is whole, and reads the answer. Redirects are not followed: they could lead the login away.
/// Errors are in words and hold nothing of the request.
pub(super) async fn exchange(request: Request<Bytes>) -> Result<Answer, String> {
    begin(request).await?.whole().await
}

/// As [`exchange`], with the body still to come.
pub(super) async fn begin(request: Request<Bytes>) -> Result<Stream, String> {
    let uri = request.uri().clone();
    let host = uri.host().ok_or("its address has no host")?.trim_matches(['[', ']']).to_owned();
    if uri.scheme_str() == Some("https") {
        over(secured(&host, uri.port_u16().unwrap_or(443)).await?, &uri, request).await
    } else {
        let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(80))).await.map_err(|error| error.to_string())?;
        over(stream, &uri, request).await
    }
}

async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, uri: &Uri, request: Request<Bytes>) -> Result<Stream, String> {
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driver = Driver(tokio::spawn(connection));
    let answer = alone(sender, in_origin_form(uri, request)?).await.map_err(|error| format!("it broke off ({error})"))?;
    let (head, body) = answer.into_parts();
    Ok(Stream { status: head.status, headers: head.headers, body, _driver: driver })
}

fn in_origin_form(uri: &Uri, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, String> {
    let mut request = request.map(Full::new);
    let authority =
        uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()).ok_or("its address has no host")?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| "its address has no path")?;
    request.headers_mut().insert(HOST, authority);
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(concat!("loadline/", env!("CARGO_PKG_VERSION"))));
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_manifest_fits_into_an_answer() {
        assert_eq!(MOST as u64, crate::image::MAX_MANIFEST_BYTES + 1);
    }

    #[test]
    fn a_foreign_text_is_one_bounded_line() {
        assert_eq!(clean(b" a\x1b[31m\n\tb\xff "), "a [31m b\u{fffd}");
        assert!(clean(&[b'x'; 5000]).len() <= QUOTED);
    }
}
