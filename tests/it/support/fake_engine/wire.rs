//! What the fake engine says over TCP: to a registry as dockerd does, and as the app in its containers.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::image::digest;

/// `127.0.0.1:5000/a/b:tag` in its three parts.
pub(super) fn split(reference: &str) -> (&str, &str, &str) {
    let (host, rest) = reference.split_once('/').expect("a reference has a host");
    let (repository, tag) = rest.rsplit_once(':').expect("a reference has a tag");
    (host, repository, tag)
}

/// Uploads one blob as dockerd does: POST, one PATCH, PUT.
pub(super) async fn upload(host: &str, repository: &str, blob: &[u8]) {
    let (status, head, _) = http(host, "POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"").await;
    assert_eq!(status, 202, "the registry opens an upload");
    let location = head.lines().find_map(|l| l.strip_prefix("location: ")).expect("an upload has a location").to_owned();
    let path = location.find("/v2/").map_or(location.as_str(), |at| &location[at..]).to_owned();
    let (status, _, _) = http(host, "PATCH", &path, "application/octet-stream", blob).await;
    assert_eq!(status, 202, "the registry takes the bytes");
    let separator = if path.contains('?') { '&' } else { '?' };
    let (status, _, _) = http(host, "PUT", &format!("{path}{separator}digest={}", digest(blob)), "", b"").await;
    assert_eq!(status, 201, "the registry closes the upload");
}

/// One HTTP/1.1 exchange: status, lower-cased head, body.
pub(crate) async fn http(host: &str, method: &str, path: &str, media: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(host).await.expect("the registry listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the registry reads the head");
    stream.write_all(body).await.expect("the registry reads the body");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the registry answers");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("an answer has a status");
    let head = head.lines().map(lower_name).collect::<Vec<_>>().join("\n");
    (status, head, answer[end + 4..].to_vec())
}

fn lower_name(line: &str) -> String {
    line.split_once(": ").map_or_else(|| line.to_owned(), |(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
}

/// An app that answers every request with `status`; with `open` false nothing listens at the address.
pub(super) async fn serve(status: u16, open: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let address = listener.local_addr().expect("a listener has an address");
    if open {
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                if stream.read(&mut request).await.is_ok() {
                    let body = r#"{"status":"ok"}"#;
                    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                    drop(stream.write_all(answer.as_bytes()).await);
                }
            }
        });
    }
    address
}
