//! Both sides of the proxy: a client that writes its own heads, a server that repeats them, and a proxy to be passed on to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use loadline::rig::proxy::{Account, BuildProxy};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

pub(super) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// The header by which a client shows the secret in an account's URL.
pub(super) fn login(account: &Account) -> String {
    let url = account.url();
    let (login, _) = url.strip_prefix("http://").and_then(|rest| rest.split_once('@')).expect("a URL with a login");
    format!("Proxy-Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(login))
}

/// Everything up to the empty line, and nothing behind it.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Whether a connection ends without another byte.
pub(super) async fn silent_end(stream: &mut TcpStream) -> bool {
    let mut got = Vec::new();
    drop(stream.read_to_end(&mut got).await);
    got.is_empty()
}

/// A connection to the proxy.
pub(super) struct Client {
    pub(super) stream: TcpStream,
}

impl Client {
    pub(super) async fn connect(proxy: &BuildProxy) -> Self {
        Self { stream: TcpStream::connect(proxy.address()).await.expect("the proxy listens") }
    }

    /// The head of the next answer.
    pub(super) async fn head(&mut self) -> String {
        head(&mut self.stream).await.expect("an answer comes")
    }

    /// Asks for a tunnel; the head of the answer.
    pub(super) async fn tunnel(&mut self, account: &Account, server: impl std::fmt::Display) -> String {
        let request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n{}\r\n", login(account));
        self.stream.write_all(request.as_bytes()).await.expect("it is taken");
        self.head().await
    }

    /// Sends a request; the head and the body of the answer.
    pub(super) async fn ask(&mut self, request: &str) -> (String, Vec<u8>) {
        self.stream.write_all(request.as_bytes()).await.expect("it is taken");
        let head = self.head().await;
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok()));
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).await.expect("the body comes");
        (head, body)
    }
}

/// A server that answers each request with the request's head, and closes the connection after `/last`.
pub(super) struct HttpServer {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl HttpServer {
    /// How many connections it took.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(super) async fn http_server() -> HttpServer {
    let (listener, address) = listener().await;
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(repeat(stream));
        }
    });
    HttpServer { address, connections }
}

async fn repeat(mut stream: TcpStream) {
    while let Some(request) = head(&mut stream).await {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{request}", request.len());
        if stream.write_all(answer.as_bytes()).await.is_err() || request.contains("/last ") {
            return;
        }
    }
}

/// A proxy that keeps the heads that it gets.
pub(super) struct RelayProxy {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl RelayProxy {
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

pub(super) async fn relay_proxy() -> RelayProxy {
    let (listener, address) = listener().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(request) = head(&mut stream).await else { continue };
            kept.lock().expect("no panic").push(request.clone());
            tokio::spawn(carry(stream, request));
        }
    });
    RelayProxy { address, seen }
}

/// Opens a tunnel, or answers by itself.
async fn carry(mut stream: TcpStream, request: String) {
    let Some(server) = request.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await);
        return;
    };
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok() {
        drop(copy_bidirectional(&mut stream, &mut server).await);
    }
}
