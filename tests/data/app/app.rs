//! A program without dependencies for images made `FROM scratch`: the app of a scenario, and the only tool of its RUN steps.
//!
//! The first argument says what it does; see `main`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve("200 OK", "ready\n"),
        ["need"] => match std::env::var("DATABASE_URL") {
            Ok(url) => serve("200 OK", &format!("{{\"status\": \"UP\", \"database\": \"{url}\"}}")),
            Err(_) => end(4, "DATABASE_URL is not set"),
        },
        ["refuse"] => serve("500 Internal Server Error", "the database is gone\n"),
        ["crash"] => end(3, "cannot open /var/db"),
        ["sulk"] => sleep("waiting for a database"),
        ["warm-up", seconds] => {
            println!("warming up");
            std::thread::sleep(Duration::from_secs(seconds.parse().expect("a number of seconds")));
            serve("200 OK", "ready\n");
        }
        ["stall"] => {
            (1..=30).for_each(|n| println!("loading module {n} of 30"));
            sleep("module 31 does not answer");
        }
        ["sleep"] => sleep("a long step"),
        ["fail"] => {
            (1..=30).for_each(|n| println!("line {n} of 30"));
            end(7, "the step gives up");
        }
        ["work", millions] => work(millions.parse().expect("a number of millions")),
        ["fetch", server] => fetched(fetch(server)),
        ["fetch-past-proxies", address, host, path] => fetched(ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n"))),
        ["fill", path, bytes] => fill(path, bytes.parse().expect("a number of bytes")),
        _ => println!("did {arguments:?}"),
    }
}

fn serve(status: &str, body: &str) {
    let listener = TcpListener::bind("0.0.0.0:8080").expect("the port is free");
    println!("listening");
    for stream in listener.incoming().flatten() {
        // A client that goes away is no concern of the others.
        drop(answer(stream, status, body));
    }
}

fn answer(mut stream: TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => request.extend_from_slice(&buffer[..n]),
        }
    }
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Reads all that a server sends, through the proxy that the environment names, if any. How many bytes came.
fn fetch(server: &str) -> std::io::Result<usize> {
    let proxy = std::env::var("http_proxy").unwrap_or_default();
    let (login, address) = proxy.strip_prefix("http://").and_then(|url| url.split_once('@')).unwrap_or(("", server));
    let login = if login.is_empty() { String::new() } else { format!("Proxy-Authorization: Basic {}\r\n", base64(login.as_bytes())) };
    ask(address, &format!("GET http://{server}/ HTTP/1.1\r\nHost: {server}\r\n{login}"))
}

fn fetched(answer: std::io::Result<usize>) {
    match answer {
        Ok(bytes) => println!("fetched {bytes} bytes"),
        Err(error) => end(9, &format!("cannot fetch: {error}")),
    }
}

/// Sends a request that begins so. How many bytes came.
fn ask(address: &str, head: &str) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "{head}Connection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer.starts_with(b"HTTP/1.1 200") { Ok(answer.len()) } else { Err(std::io::Error::other("not answered with 200")) }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0_usize, |bits, n| bits << 8 | usize::from(three.get(n).copied().unwrap_or(0)));
        (0..4).map(|n| if n <= three.len() { DIGITS[bits >> (18 - 6 * n) & 63] as char } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn end(code: i32, last_words: &str) {
    println!("{last_words}");
    std::process::exit(code);
}

fn sleep(why: &str) {
    println!("{why}");
    std::thread::sleep(Duration::from_secs(3600));
}

/// A fixed amount of arithmetic, each step of which needs the one before.
fn work(millions: u64) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..millions * 1_000_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    println!("{state:016x}");
}

/// Bytes that do not compress.
fn fill(path: &str, bytes: usize) {
    let mut file = std::fs::File::create(path).expect("the file is made");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = Vec::with_capacity(1 << 20);
    let mut left = bytes;
    while left > 0 {
        block.clear();
        while block.len() < left.min(1 << 20) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend_from_slice(&state.to_le_bytes());
        }
        block.truncate(left);
        if let Err(error) = file.write_all(&block) {
            end(8, &format!("cannot write: {error}"));
        }
        left -= block.len();
    }
}
