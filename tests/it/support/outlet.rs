//! A way out for containers on a bridge that has none: a name server that gives every name this machine's own address on the
//! bridge, and relays at that address which read from TLS or HTTP where a connection wants to go, and carry it there.
//!
//! So a step of a build reaches package registries through an engine's default network, and neither a firewall rule nor a
//! setting of the kernel is changed for it.

use std::net::{IpAddr, Ipv4Addr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Longest beginning of a connection that is read for its destination: a TLS record.
const LONGEST_HEAD: usize = 16 * 1024 + 5;

/// A running outlet; closed when dropped.
pub(crate) struct Outlet {
    _tasks: JoinSet<()>,
}

impl Outlet {
    /// Opens one at `gateway`, this machine's address on the bridge.
    pub(crate) async fn open(gateway: Ipv4Addr) -> Self {
        let mut tasks = JoinSet::new();
        let names = UdpSocket::bind((gateway, 53)).await.expect("the name server's port is free on the bridge");
        tasks.spawn(serve_names(names, gateway));
        for port in [80, 443] {
            let listener = TcpListener::bind((IpAddr::V4(gateway), port)).await.expect("the relay's port is free on the bridge");
            tasks.spawn(relay(listener, port));
        }
        Self { _tasks: tasks }
    }
}

async fn serve_names(socket: UdpSocket, gateway: Ipv4Addr) {
    let mut query = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        if let Some(answer) = answer(&query[..length], gateway) {
            drop(socket.send_to(&answer, from).await);
        }
    }
}

/// RFC 1035 §4: the question again, with one address for a question of type A and none for any other.
fn answer(query: &[u8], gateway: Ipv4Addr) -> Option<Vec<u8>> {
    let name = query.get(12..)?.iter().position(|byte| *byte == 0)?;
    let question = query.get(12..12 + name + 5)?;
    let asks_for_address = question[name + 1..name + 3] == [0, 1];
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(asks_for_address), 0, 0, 0, 0]);
    answer.extend(question);
    if asks_for_address {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(gateway.octets());
    }
    Some(answer)
}

async fn relay(listener: TcpListener, port: u16) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(carry(stream, port));
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(mut inside: TcpStream, port: u16) {
    let mut head = Vec::new();
    let destination = loop {
        if let Some(name) = if port == 443 { server_name(&head) } else { host(&head) } {
            break name;
        }
        if head.len() >= LONGEST_HEAD || !inside.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
            return;
        }
    };
    let Ok(mut outside) = TcpStream::connect((destination, port)).await else { return };
    if outside.write_all(&head).await.is_ok() {
        drop(tokio::io::copy_bidirectional(&mut inside, &mut outside).await);
    }
}

/// The `Host` of an HTTP request whose head is whole.
fn host(head: &[u8]) -> Option<String> {
    let end = head.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
    let host = text.lines().find_map(|line| line.strip_prefix("host:"))?.trim();
    Some(host.split(':').next().unwrap_or(host).to_owned())
}

/// The server name of a TLS client's greeting (RFC 8446 §4.1.2, RFC 6066 §3), once its record is whole.
fn server_name(head: &[u8]) -> Option<String> {
    let length = |bytes: &[u8], at: usize| bytes.get(at..at + 2).map(|two| usize::from(two[0]) << 8 | usize::from(two[1]));
    let hello = head.get(5..5 + length(head, 3)?)?;
    // Type and length, version, random, then three lists of their own lengths.
    let mut at = 4 + 2 + 32;
    at += 1 + usize::from(*hello.get(at)?);
    at += 2 + length(hello, at)?;
    at += 1 + usize::from(*hello.get(at)?);
    let mut extensions = hello.get(at + 2..)?;
    while let Some(size) = length(extensions, 2) {
        let content = extensions.get(4..4 + size)?;
        if extensions[..2] == [0, 0] {
            return String::from_utf8(content.get(5..5 + length(content, 3)?)?.to_vec()).ok();
        }
        extensions = &extensions[4 + size..];
    }
    None
}
