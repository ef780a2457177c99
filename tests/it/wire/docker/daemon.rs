//! A daemon that does what a test tells it to: it takes requests on a Unix socket and answers from a script, byte for byte.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loadline::rig::docker::{Docker, Endpoint};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// How much of a request's body is read before the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Take {
    /// All of it.
    All,
    /// At least so many bytes of it, where it has as many.
    Bytes(usize),
}

/// What happens behind the bytes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It ends as HTTP says, and the connection is closed.
    Whole,
    /// It ends as HTTP says, and the connection stays open; what still comes on it is not read.
    Open,
    /// The connection is closed in the middle.
    Cut,
    /// Nothing more ever comes.
    Silence,
}

/// An answer to one kind of request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    take: Take,
    status: u16,
    body: Vec<u8>,
    end: End,
    delay: Duration,
    once: bool,
}

impl Answer {
    /// 200 with this body, after the whole request.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { take: Take::All, status: 200, body: body.into(), end: End::Whole, delay: Duration::ZERO, once: false }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// For the first such request alone.
    pub(crate) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    pub(crate) fn end(self, end: End) -> Self {
        Self { end, ..self }
    }

    pub(crate) fn take(self, take: Take) -> Self {
        Self { take, ..self }
    }

    pub(crate) fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// What the daemon saw of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// `POST /build?…`, as sent.
    pub(crate) line: String,
    /// Bytes of body that were read, framing included.
    pub(crate) bytes: usize,
    /// Whether the body ended as HTTP says.
    pub(crate) whole: bool,
    /// Whether the client closed the connection.
    pub(crate) closed: bool,
    /// When it came.
    pub(crate) at: Option<Instant>,
}

/// A running daemon; gone when dropped.
pub(crate) struct Daemon {
    folder: TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.server.abort();
    }
}

const VERSION: &str = r#"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}"#;

impl Daemon {
    /// Answers requests whose line begins as a rule's with the rule's answer, the first that fits; `/version`, `/_ping` and
    /// `/session` as a daemon does where no rule says otherwise.
    pub(crate) fn start(rules: Vec<(&'static str, Answer)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder is made");
        let listener = UnixListener::bind(folder.path().join("s")).expect("the socket is bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let rules: Arc<[_]> = rules.into();
        let notes = seen.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, rules.clone(), notes.clone()));
            }
        });
        Self { folder, seen, server }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub(crate) async fn connect(&self) -> Docker {
        Docker::connect(&Endpoint::Unix(self.socket())).await.expect("it answers")
    }

    /// What was seen of the requests whose line begins so.
    pub(crate) fn seen(&self, begins: &str) -> Vec<Seen> {
        self.seen.lock().expect("no panic").iter().filter(|seen| seen.line.starts_with(begins)).cloned().collect()
    }
}

async fn serve(mut stream: UnixStream, rules: Arc<[(&'static str, Answer)]>, seen: Arc<Mutex<Vec<Seen>>>) {
    let Some((head, rest)) = read_head(&mut stream).await else { return };
    let line = head.lines().next().unwrap_or_default().to_owned();
    let over = |answer: &Answer, begins: &str| {
        answer.once && seen.lock().expect("no panic").iter().any(|seen: &Seen| seen.line.starts_with(begins))
    };
    let rule = rules.iter().find(|(begins, answer)| line.starts_with(begins) && !over(answer, begins)).map(|(_, answer)| answer.clone());
    let answer = match rule {
        Some(answer) => answer,
        None if line.starts_with("POST /session") => return hold_session(stream).await,
        None if line.starts_with("GET /version") => Answer::ok(VERSION),
        None if line.starts_with("GET /_ping") => Answer::ok("OK"),
        None => Answer::ok(r#"{"message":"page not found"}"#).status(404),
    };
    let place = {
        let mut seen = seen.lock().expect("no panic");
        seen.push(Seen { line, at: Some(Instant::now()), ..Seen::default() });
        seen.len() - 1
    };
    let note = |change: &dyn Fn(&mut Seen)| change(&mut seen.lock().expect("no panic")[place]);
    let (bytes, whole) = read_body(&mut stream, &head, rest, answer.take).await;
    note(&|seen| (seen.bytes, seen.whole) = (bytes, whole));
    tokio::time::sleep(answer.delay).await;
    let _ = write_answer(&mut stream, &answer).await;
    if answer.end == End::Open {
        std::future::pending::<()>().await;
    }
    if answer.end == End::Silence {
        let mut rest = vec![0; 65536];
        while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    }
    note(&|seen| seen.closed = true);
}

/// The session is a hijacked connection on which the client serves HTTP/2; a daemon that needs nothing of it may be silent.
async fn hold_session(mut stream: UnixStream) {
    let upgrade = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let _ = stream.write_all(upgrade).await;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}

async fn read_head(stream: &mut UnixStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// The bytes of the body that were read, and whether they were all.
async fn read_body(stream: &mut UnixStream, head: &str, mut last: Vec<u8>, take: Take) -> (usize, bool) {
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    let chunked = head.contains("transfer-encoding: chunked");
    let mut bytes = last.len();
    loop {
        let whole = if chunked { last.ends_with(b"\r\n0\r\n\r\n") || last == b"0\r\n\r\n" } else { bytes >= length.unwrap_or_default() };
        let enough = matches!(take, Take::Bytes(count) if bytes >= count);
        if whole || enough {
            return (bytes, whole);
        }
        last.drain(..last.len().saturating_sub(16));
        match stream.read_buf(&mut last).await {
            Ok(0) | Err(_) => return (bytes, false),
            Ok(count) => bytes += count,
        }
    }
}

async fn write_answer(stream: &mut UnixStream, answer: &Answer) -> std::io::Result<()> {
    let Answer { status, body, end, .. } = answer;
    stream
        .write_all(format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes())
        .await?;
    for chunk in body.chunks(64 * 1024) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
        stream.write_all(chunk).await?;
        stream.write_all(b"\r\n").await?;
    }
    if matches!(end, End::Whole | End::Open) {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.flush().await
}
