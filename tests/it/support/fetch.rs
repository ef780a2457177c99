//! What the builds of a fake engine fetch: from a server on loopback, through the proxy that their arguments name; and the counters of a
//! network interface that never was.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use loadline::rig::proxy::Interfaces;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Bytes of the head of the server's answer.
const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

/// What each build fetches. Clones share what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    server: SocketAddr,
    dev: PathBuf,
    interface: u64,
    seen: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl Fetch {
    /// `body` bytes through the proxy, while the interface counts `interface` bytes. Its counters lie in `folder`.
    pub(crate) async fn new(folder: &Path, body: usize, interface: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let server = listener.local_addr().expect("it is bound");
        tokio::spawn(serve(listener, body));
        let fetch = Self { server, dev: folder.join("dev"), interface, seen: Arc::default() };
        fetch.count(0);
        fetch
    }

    /// The bytes that come for a body of `body`.
    pub(crate) const fn bytes(body: usize) -> u64 {
        (HEAD.len() + body) as u64
    }

    /// The counters.
    pub(crate) fn interfaces(&self) -> Interfaces {
        Interfaces::at(&self.dev, Path::new("/nonexistent"))
    }

    /// The arguments of every build until now.
    pub(crate) fn seen(&self) -> Vec<BTreeMap<String, String>> {
        self.seen.lock().expect("no panic").clone()
    }

    /// What a build with these arguments does.
    pub(crate) async fn run(&self, build_args: &BTreeMap<String, String>) {
        let number = {
            let mut seen = self.seen.lock().expect("no panic");
            seen.push(build_args.clone());
            seen.len() as u64
        };
        if let Some(proxy) = build_args.get("http_proxy").and_then(|url| url.strip_prefix("http://loadline:")) {
            self.ask(proxy).await;
        }
        self.count(number * self.interface);
    }

    async fn ask(&self, proxy: &str) {
        let (secret, address) = proxy.split_once('@').expect("a URL with a login");
        let login = base64::engine::general_purpose::STANDARD.encode(format!("loadline:{secret}"));
        let server = self.server;
        let request =
            format!("GET http://{server}/ HTTP/1.1\r\nHost: {server}\r\nProxy-Authorization: Basic {login}\r\nConnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
        stream.write_all(request.as_bytes()).await.expect("it is taken");
        stream.read_to_end(&mut Vec::new()).await.expect("it comes");
    }

    /// One packet that is large, so that what headers take is known.
    fn count(&self, bytes: u64) {
        let packets = u64::from(bytes > 0);
        let text = format!("Inter-|\n face |\n  lo: 5 1\neth0: {} {packets} 0\n", bytes + 54 * packets);
        std::fs::write(&self.dev, text).expect("the counters are written");
    }
}

async fn serve(listener: TcpListener, body: usize) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a request comes"));
        }
        let answer = [HEAD.as_bytes(), &vec![1; body]].concat();
        stream.write_all(&answer).await.expect("it is taken");
    }
}
