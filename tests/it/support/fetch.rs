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
    /// What builds leave open, where they leave something.
    left: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Fetch {
    /// `body` bytes through the proxy, while the interface counts `interface` bytes. Its counters lie in `folder`.
    pub(crate) async fn new(folder: &Path, body: usize, interface: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let server = listener.local_addr().expect("it is bound");
        tokio::spawn(serve(listener, body));
        let fetch = Self { server, dev: folder.join("dev"), interface, seen: Arc::default(), left: Arc::default() };
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

    /// Lets every build leave a tunnel open from now on.
    pub(crate) fn leaves_one_open(&self) {
        *self.left.lock().expect("no panic") = Some(Vec::new());
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
            let leaves = self.left.lock().expect("no panic").is_some();
            if leaves {
                self.leave_open(proxy).await;
            }
        }
        self.count(number * self.interface);
    }

    async fn ask(&self, proxy: &str) {
        let mut stream = self.say(proxy, &format!("GET http://{}/ HTTP/1.1\r\nConnection: close", self.server)).await;
        stream.read_to_end(&mut Vec::new()).await.expect("it comes");
    }

    async fn leave_open(&self, proxy: &str) {
        let mut stream = self.say(proxy, &format!("CONNECT {} HTTP/1.1", self.server)).await;
        stream.read_u8().await.expect("the tunnel is open");
        self.left.lock().expect("no panic").get_or_insert_default().push(stream);
    }

    /// A connection to the proxy that began with `head` and the login.
    async fn say(&self, proxy: &str, head: &str) -> TcpStream {
        let (secret, address) = proxy.split_once('@').expect("a URL with a login");
        let login = base64::engine::general_purpose::STANDARD.encode(format!("loadline:{secret}"));
        let request = format!("{head}\r\nHost: {}\r\nProxy-Authorization: Basic {login}\r\n\r\n", self.server);
        let mut stream = TcpStream::connect(address).await.expect("the proxy listens");
        stream.write_all(request.as_bytes()).await.expect("it is taken");
        stream
    }

    /// One packet that is large, so that what headers take is known.
    fn count(&self, bytes: u64) {
        let packets = u64::from(bytes > 0);
        let text = format!("Inter-|\n face |\n  lo: 5 1\neth0: {} {packets} 0\n", bytes + 54 * packets);
        std::fs::write(&self.dev, text).expect("the counters are written");
    }
}

async fn serve(listener: TcpListener, body: usize) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move { answer(stream, body).await });
    }
}

/// Nothing, where a connection ends without a request.
async fn answer(mut stream: TcpStream, body: usize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let answer = [HEAD.as_bytes(), &vec![1; body]].concat();
    stream.write_all(&answer).await.expect("it is taken");
}
