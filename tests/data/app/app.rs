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
