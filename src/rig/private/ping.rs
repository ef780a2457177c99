//! One question to a daemon over its socket: does it answer?

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Asks `GET /_ping` once. `Some` is the daemon's process id as this process sees it; `None` means not yet.
///
/// The id is that of the process that listens on the socket, which the kernel translates from the daemon's PID
/// namespace into the caller's (`SO_PEERCRED`, unix(7)).
pub(super) async fn ping(socket: &Path) -> Option<u32> {
    tokio::time::timeout(Duration::from_secs(2), ask(socket)).await.ok().flatten()
}

async fn ask(socket: &Path) -> Option<u32> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.ok()?;
    let pid = stream.peer_cred().ok()?.pid()?;
    (head == *b"HTTP/1.1 200").then_some(pid.unsigned_abs())
}
