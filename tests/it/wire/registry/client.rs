//! A client that can lie: requests go out as the bytes that the test wrote.

use std::net::SocketAddr;

use loadline::image::Digest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is text");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("an answer has a status");
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The error code of the distribution spec in the body.
    pub(super) fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("an error answer is JSON");
        body["errors"][0]["code"].as_str().expect("an error has a code").to_owned()
    }
}

/// Talks to one registry, a new connection for each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub(super) SocketAddr);

impl Client {
    pub(super) async fn connect(self) -> TcpStream {
        TcpStream::connect(self.0).await.expect("the registry listens")
    }

    /// Sends exactly these bytes, then ends this side of the connection and reads the answer.
    pub(super) async fn raw(self, request: &[u8]) -> Option<Reply> {
        let mut stream = self.connect().await;
        // A registry that refuses early closes early: what could not be sent does not matter then.
        let _ = stream.write_all(request).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        (!answer.is_empty()).then(|| Reply::parse(&answer))
    }

    pub(super) async fn send(self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: registry\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        request.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        let request = [request.as_bytes(), b"\r\n", body].concat();
        let mut stream = self.connect().await;
        let _ = stream.write_all(&request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        Reply::parse(&answer)
    }

    pub(super) async fn get(self, path: &str) -> Reply {
        self.send("GET", path, &[], b"").await
    }

    pub(super) async fn head(self, path: &str) -> Reply {
        self.send("HEAD", path, &[], b"").await
    }

    /// Opens an upload and tells its location.
    pub(super) async fn open(self, repository: &str) -> String {
        let reply = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), &[], b"").await;
        assert_eq!(reply.status, 202);
        reply.header("Location").expect("an upload has a location").to_owned()
    }

    /// Pushes a blob as Docker does: POST, one PATCH, PUT.
    pub(super) async fn push(self, repository: &str, blob: &[u8]) -> Digest {
        let digest = Digest::of(blob);
        let location = self.open(repository).await;
        assert_eq!(self.send("PATCH", &location, &[], blob).await.status, 202);
        let reply = self.send("PUT", &format!("{location}?digest={digest}"), &[], b"").await;
        assert_eq!(reply.status, 201, "{reply:?}");
        digest
    }

    /// Pushes a manifest under a tag.
    pub(super) async fn tag(self, repository: &str, tag: &str, manifest: &[u8]) -> Reply {
        self.send("PUT", &format!("/v2/{repository}/manifests/{tag}"), &[("Content-Type", MANIFEST_TYPE)], manifest).await
    }
}

/// Docker's image manifest, schema 2.
pub(super) const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
