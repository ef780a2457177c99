//! `cargo bench --bench link`: how exact the shaped link is, as the table of `docs/link.md`.
//!
//! Each row is a transfer over the real loopback interface in each direction. The rate is told twice: by the link's own books
//! and by the receiver's clock. What the interface itself counted is set against the link's bytes; run it in a network
//! namespace of its own, because other programs use the interface too. What is left without headers is what TCP sent twice. A number
//! after `--` says how many rounds.

#![expect(clippy::print_stdout, reason = "a bench prints its findings")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use loadline::rig::link::{Link, LinkUse, Passage, THREAD_NAME};
use loadline::units::{LinkProfile, LinkShape};

/// Links, and the bytes of one transfer.
const CASES: [(&str, u64); 5] =
    [("20mbit,30ms", 20_000_000), ("100mbit", 20_000_000), ("100mbit,20ms", 20_000_000), ("1gbit", 200_000_000), ("lan", 200_000_000)];
const ROUNDS: usize = 3;
const PINGS: usize = 51;
const BLOCK: usize = 256 << 10;
/// Ethernet, IPv4 and TCP with timestamps, for every packet.
const HEADERS: u64 = 14 + 20 + 32;

const PING: u8 = 0;
const PUSH: u8 = 1;
const PULL: u8 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Push,
    Pull,
}

/// What one transfer showed.
struct Finding {
    /// Rates as parts of the target, by the link's books and by the receiver.
    by_books: f64,
    by_receiver: f64,
    /// Processor time of the link's thread as a part of the transfer's time.
    share: f64,
    held: u64,
    round_trip: Duration,
    /// What the interface counted against the link's bytes: all of it, and without headers.
    lo: f64,
    lo_payload: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return println!("run it with `cargo bench --bench link`");
    }
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let server = serve();
    println!("without a link: round trip {:.3} ms, {:.1} Gbit/s", millis(round_trip(server)), bare_rate(server) / 1e9);
    println!("{rounds} rounds, medians, least and most in brackets\n");
    println!(
        "| link | way | MB | rate ÷ target | by the receiver | round trip | share of a core | held, kB | lo ÷ link | without headers |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut all: Vec<Vec<Finding>> = (0..CASES.len() * 2).map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (row, findings) in all.iter_mut().enumerate() {
            findings.push(measure(shape(CASES[row / 2].0), way(row), CASES[row / 2].1, server));
        }
    }
    for (row, findings) in all.iter().enumerate() {
        print_row(CASES[row / 2], way(row), findings);
    }
}

const fn way(row: usize) -> Way {
    if row.is_multiple_of(2) { Way::Push } else { Way::Pull }
}

fn shape(link: &str) -> LinkShape {
    link.parse::<LinkProfile>().expect("a link").shape().expect("a limit")
}

fn print_row((link, bytes): (&str, u64), way: Way, findings: &[Finding]) {
    let of = |value: fn(&Finding) -> f64| spread(findings.iter().map(value).collect());
    let way = if way == Way::Push { "push" } else { "pull" };
    println!(
        "| `{link}` | {way} | {} | {} | {} | {} ms | {} | {:.0} | {} | {} |",
        bytes / 1_000_000,
        of(|f| f.by_books),
        of(|f| f.by_receiver),
        of(|f| millis(f.round_trip)),
        of(|f| f.share),
        findings.iter().map(|f| f.held).max().unwrap_or(0) as f64 / 1e3,
        of(|f| f.lo),
        of(|f| f.lo_payload),
    );
}

/// Median, least and most.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    format!("{:.3} ({:.3}–{:.3})", values[values.len() / 2], values[0], values[values.len() - 1])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn measure(shape: LinkShape, way: Way, bytes: u64, server: SocketAddr) -> Finding {
    let link = Link::start(shape, server).expect("the link starts");
    let round_trip = round_trip(link.address());
    let mut client = TcpStream::connect(link.address()).expect("the link listens");
    let (mark, cpu, lo) = (link.mark(), cpu(), interface());
    let seen = match way {
        Way::Push => push(&mut client, bytes),
        Way::Pull => pull(&mut client, bytes),
    };
    let (used, cpu_used, lo_after) = (link.since(&mark), self::cpu().saturating_sub(cpu), interface());
    let passage = passage(&used, way);
    assert!(passage.bytes >= bytes, "{} of {bytes} B were counted", passage.bytes);
    let held = link.peak_held();
    end(&link);
    let target = shape.rate() as f64;
    let both = 2.0 * (used.up.bytes + used.down.bytes) as f64;
    let counted = lo_after.0 - lo.0;
    Finding {
        by_books: passage.rate().expect("it took time") / target,
        by_receiver: bytes as f64 * 8.0 / seen.as_secs_f64() / target,
        share: cpu_used.as_secs_f64() / passage.active().expect("it took time").as_secs_f64(),
        held,
        round_trip,
        lo: counted as f64 / both,
        lo_payload: counted.saturating_sub((lo_after.1 - lo.1) * HEADERS) as f64 / both,
    }
}

/// Waits until the link's thread is gone, so that the next one's time is its own.
fn end(link: &Link) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(link.stop());
}

const fn passage(used: &LinkUse, way: Way) -> Passage {
    match way {
        Way::Push => used.up,
        Way::Pull => used.down,
    }
}

/// Processor time of the link's thread so far: the first field of its `schedstat`, in nanoseconds.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("the process has threads");
    let of_link = tasks.filter_map(|task| {
        let folder = task.ok()?.path();
        let ours = fs::read_to_string(folder.join("comm")).ok()?.trim() == THREAD_NAME;
        let spent = fs::read_to_string(folder.join("schedstat")).ok()?;
        ours.then(|| spent.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).expect("nanoseconds"))
    });
    Duration::from_nanos(of_link.sum())
}

/// Bytes and packets that the loopback interface has received.
fn interface() -> (u64, u64) {
    let text = fs::read_to_string("/proc/self/net/dev").expect("the interfaces are counted");
    let line = text.lines().find_map(|line| line.trim().strip_prefix("lo:")).expect("there is a loopback interface");
    let mut fields = line.split_whitespace().map(|field| field.parse().expect("a count"));
    (fields.next().expect("bytes"), fields.next().expect("packets"))
}

fn round_trip(address: SocketAddr) -> Duration {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("an option");
    let mut times: Vec<Duration> = (0..PINGS)
        .map(|_| {
            let start = Instant::now();
            stream.write_all(&[PING]).expect("it is taken");
            stream.read_exact(&mut [0]).expect("it comes back");
            start.elapsed()
        })
        .collect();
    times.sort();
    times[PINGS / 2]
}

fn bare_rate(server: SocketAddr) -> f64 {
    let bytes = 1_000_000_000;
    let mut stream = TcpStream::connect(server).expect("it listens");
    bytes as f64 * 8.0 / pull(&mut stream, bytes).as_secs_f64()
}

fn ask(stream: &mut TcpStream, what: u8, bytes: u64) {
    let mut request = vec![what];
    request.extend(bytes.to_le_bytes());
    stream.write_all(&request).expect("it is taken");
}

/// Receives `bytes` and tells how long it took from the first to the last.
fn pull(stream: &mut TcpStream, bytes: u64) -> Duration {
    ask(stream, PULL, bytes);
    swallow(stream, bytes)
}

/// Sends `bytes`; the receiver tells how long it took from the first to the last.
fn push(stream: &mut TcpStream, bytes: u64) -> Duration {
    ask(stream, PUSH, bytes);
    spit(stream, bytes);
    let mut nanos = [0; 8];
    stream.read_exact(&mut nanos).expect("an answer");
    Duration::from_nanos(u64::from_le_bytes(nanos))
}

fn swallow(stream: &mut TcpStream, bytes: u64) -> Duration {
    let (mut block, mut left, mut first) = (vec![0; BLOCK], bytes, None);
    while left > 0 {
        let most = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let count = stream.read(&mut block[..most]).expect("it comes");
        assert!(count > 0, "{left} B are missing");
        first.get_or_insert_with(Instant::now);
        left -= count as u64;
    }
    first.map_or(Duration::ZERO, |first| first.elapsed())
}

fn spit(stream: &mut TcpStream, bytes: u64) {
    let block = vec![7; BLOCK];
    let mut left = bytes;
    while left > 0 {
        let most = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        stream.write_all(&block[..most]).expect("it is taken");
        left -= most as u64;
    }
}

/// A server that answers pings, swallows pushes and makes up pulls.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    stream.set_nodelay(true).expect("an option");
    let mut what = [0];
    while stream.read_exact(&mut what).is_ok() {
        if what[0] == PING {
            stream.write_all(&what).expect("it is taken");
            continue;
        }
        let mut bytes = [0; 8];
        stream.read_exact(&mut bytes).expect("a number");
        let bytes = u64::from_le_bytes(bytes);
        if what[0] == PULL {
            spit(&mut stream, bytes);
        } else {
            let took = u64::try_from(swallow(&mut stream, bytes).as_nanos()).expect("a short time");
            stream.write_all(&took.to_le_bytes()).expect("it is taken");
        }
    }
}
