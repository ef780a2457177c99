//! One question to a daemon over its socket: does it answer?

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Bytes of an answer that are read at most.
const LONGEST_ANSWER: u64 = 1 << 20;

/// Asks `GET /_ping` once. `Some` is the daemon's process id as this process sees it; `None` means not yet.
///
/// The id is that of the process that listens on the socket, which the kernel translates from the daemon's PID
/// namespace into the caller's (`SO_PEERCRED`, unix(7)).
pub(super) async fn ping(socket: &Path) -> Option<u32> {
    tokio::time::timeout(Duration::from_secs(2), ask(socket)).await.ok().flatten()
}

/// Whether the daemon keeps its images in containerd: `GET /info` says so in its driver's status.
pub(super) async fn has_containerd_store(socket: &Path) -> bool {
    let answer = tokio::time::timeout(Duration::from_secs(30), get(socket, "/info")).await;
    answer.ok().flatten().is_some_and(|text| text.contains("io.containerd.snapshotter.v1"))
}

async fn get(socket: &Path, path: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

async fn ask(socket: &Path) -> Option<u32> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.ok()?;
    let pid = stream.peer_cred().ok()?.pid()?;
    (head == *b"HTTP/1.1 200").then_some(pid.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of an engine that answers `body`.
    async fn told(body: &'static str) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("s");
        let listener = tokio::net::UnixListener::bind(&socket).expect("it listens");
        let engine = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody asks");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.expect("a request");
            }
            assert!(request.starts_with(b"GET /info "), "{request:?}");
            stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{body}").as_bytes()).await.expect("it is told");
        });
        let told = has_containerd_store(&socket).await;
        engine.await.expect("it answers");
        told
    }

    #[tokio::test]
    async fn the_containerd_store_is_told_from_every_other() {
        assert!(told(r#"{"Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}"#).await);
        assert!(!told(r#"{"Driver":"overlay2","DriverStatus":[["Backing Filesystem","tmpfs"]]}"#).await);
        assert!(!has_containerd_store(Path::new("/nowhere")).await);
    }
}
