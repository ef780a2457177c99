//! The link on a clock that stands still unless everybody waits: what passes by when is exact.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex, empty, sink, split};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};

use super::line::Ending;
use super::*;
use crate::units::LinkProfile;

/// What a kernel would buffer for either end.
const SOCKET: usize = 64 << 10;
/// A timer's resolution, for the beginning and the end of a stretch of time.
const CLOCK: Duration = Duration::from_millis(2);

fn shape(text: &str) -> LinkShape {
    text.parse::<LinkProfile>().expect("a link").shape().expect("a limit")
}

fn exchange(text: &str) -> Arc<Exchange> {
    Arc::new(Exchange::new(shape(text), SocketAddr::from(([127, 0, 0, 1], 9))))
}

/// A relayed connection: the engine's end, the registry's, and the relay between them.
fn connection(exchange: &Arc<Exchange>) -> (DuplexStream, DuplexStream, JoinHandle<Ending>) {
    connection_with(exchange, SOCKET)
}

fn connection_with(exchange: &Arc<Exchange>, socket: usize) -> (DuplexStream, DuplexStream, JoinHandle<Ending>) {
    let ((client, near), (server, far)) = (duplex(socket), duplex(socket));
    let exchange = Arc::clone(exchange);
    (client, server, tokio::spawn(async move { exchange.line().relay(split(near), split(far)).await }))
}

/// Sends `count` bytes and the end.
fn send(mut stream: DuplexStream, count: usize) -> JoinHandle<DuplexStream> {
    tokio::spawn(async move {
        stream.write_all(&vec![7; count]).await.expect("it is taken");
        stream.shutdown().await.expect("it ends");
        stream
    })
}

/// Reads to the end and tells how many bytes there were after each read.
async fn receive(stream: &mut DuplexStream) -> Vec<(Instant, u64)> {
    let (mut buffer, mut total, mut log) = (vec![0; SOCKET], 0, Vec::new());
    loop {
        match stream.read(&mut buffer).await.expect("it is read") {
            0 => return log,
            count => total += count as u64,
        }
        log.push((Instant::now(), total));
    }
}

/// What was read when a transfer of `bytes` over `link` had gone through, and when it began.
async fn transfer(link: &str, bytes: usize) -> (Instant, Vec<(Instant, u64)>) {
    let exchange = exchange(link);
    let (client, mut server, _relay) = connection(&exchange);
    let start = Instant::now();
    let _client = send(client, bytes);
    (start, receive(&mut server).await)
}

#[tokio::test(start_paused = true)]
async fn bytes_by_time_are_the_rate_within_the_burst() {
    for (link, bytes) in [("20mbit", 5_000_000), ("100mbit", 20_000_000), ("1gbit", 20_000_000), ("300kbit", 100_000)] {
        let shape = shape(link);
        let (start, log) = transfer(link, bytes).await;
        for (at, total) in &log {
            let allowed = shape.bytes_in(*at - start) + shape.burst() + 1;
            assert!(*total <= allowed, "{link}: {total} B came where {allowed} B may");
        }
        let (end, total) = *log.last().expect("it came");
        assert_eq!(total, bytes as u64);
        let late = (end - start).saturating_sub(shape.time_of(total));
        assert!(late <= CLOCK, "{link}: {late:?} were lost");
    }
}

#[tokio::test(start_paused = true)]
async fn the_product_of_rate_and_latency_fits_on_the_way() {
    let shape = shape("100mbit,200ms");
    let (start, log) = transfer("100mbit,200ms", 20_000_000).await;
    let (first, end) = (log[0].0 - start, log.last().expect("it came").0 - start);
    assert!(first.abs_diff(shape.one_way()) <= CLOCK, "the first came after {first:?}");
    let late = end.saturating_sub(shape.one_way() + shape.time_of(20_000_000));
    assert!(late <= CLOCK, "{late:?} were lost");
}

#[tokio::test(start_paused = true)]
async fn a_request_and_its_answer_take_one_round_trip() {
    let exchange = exchange("20mbit,30ms");
    let (mut client, mut server, _relay) = connection(&exchange);
    for _ in 0..3 {
        let start = Instant::now();
        client.write_u8(1).await.expect("it is taken");
        let request = server.read_u8().await.expect("it comes");
        let there = start.elapsed();
        server.write_u8(request).await.expect("it is taken");
        client.read_u8().await.expect("it comes");
        let back = start.elapsed();
        for (took, asked) in [(there, 15), (back, 30)] {
            assert!(took.abs_diff(Duration::from_millis(asked)) <= CLOCK, "{took:?} where {asked} ms were asked for");
        }
    }
}

/// How much later than ideal 10 MB at 100 Mbit/s are through where nobody gets to run for `stretch`, again and again.
async fn lost_by_running_late(stretch: Duration, socket: usize) -> Duration {
    let exchange = exchange("100mbit");
    let (client, mut server, _relay) = connection_with(&exchange, socket);
    let start = Instant::now();
    let _client = send(client, 10_000_000);
    let reader = tokio::spawn(async move { receive(&mut server).await });
    let everybody_runs = || async {
        for _ in 0..3_000 {
            tokio::task::yield_now().await;
        }
    };
    everybody_runs().await;
    while !reader.is_finished() {
        advance(stretch).await;
        everybody_runs().await;
    }
    let end = reader.await.expect("it reads").last().expect("it came").0;
    (end - start).saturating_sub(Duration::from_millis(800))
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_runs_late_loses_nothing_of_the_line() {
    let stretch = Duration::from_millis(25);
    let late = lost_by_running_late(stretch, SOCKET).await;
    assert!(late <= stretch, "{late:?} were lost, more than the last of those stretches");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_runs_very_late_makes_up_for_what_was_waiting() {
    let stretch = Duration::from_millis(190);
    let late = lost_by_running_late(stretch, 4 << 20).await;
    assert!(late <= stretch, "{late:?} were lost, more than the last of those stretches");
}

#[tokio::test(start_paused = true)]
async fn a_pause_earns_no_more_than_the_burst() {
    let exchange = exchange("20mbit");
    let (mut client, mut server, _relay) = connection(&exchange);
    for _ in 0..3 {
        sleep(Duration::from_mins(1)).await;
        let start = Instant::now();
        client.write_all(&vec![0; 50_000]).await.expect("it is taken");
        let mut rest = vec![0; 50_000];
        server.read_exact(&mut rest).await.expect("it comes");
        let ideal = shape("20mbit").time_of(50_000);
        let early = ideal.saturating_sub(start.elapsed());
        assert!(early <= shape("20mbit").time_of(shape("20mbit").burst()), "{early:?} too soon");
    }
}

#[tokio::test(start_paused = true)]
async fn connections_share_one_line_alike() {
    let exchange = exchange("20mbit,10ms");
    let start = Instant::now();
    let mut ends = Vec::new();
    for _ in 0..4 {
        let (client, mut server, relay) = connection(&exchange);
        let client = send(client, 2_500_000);
        ends.push((client, relay, tokio::spawn(async move { receive(&mut server).await })));
    }
    let mut finished = Vec::new();
    for (_client, _relay, reader) in ends {
        finished.push(reader.await.expect("it reads").last().expect("it came").0 - start);
    }
    let (first, last) = (finished.iter().min().expect("some"), finished.iter().max().expect("some"));
    let ideal = Duration::from_millis(4_005);
    assert!(last.abs_diff(ideal) <= CLOCK, "10 MB over all of them took {last:?}");
    // The first to come fills the line for 40 ms, and the three others are behind by as much.
    let lead = Duration::from_millis(120) + CLOCK;
    let apart = last.abs_diff(*first);
    assert!(apart <= lead, "one was through {apart:?} before another");
}

#[tokio::test(start_paused = true)]
async fn directions_do_not_share_a_line() {
    let exchange = exchange("20mbit");
    let (client, server, _relay) = connection(&exchange);
    let start = Instant::now();
    let (mut from_up, mut to_up) = split(client);
    let (mut from_down, mut to_down) = split(server);
    let bytes = vec![1; 2_500_000];
    let (mut got_up, mut got_down) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    tokio::try_join!(
        to_up.write_all(&bytes),
        to_down.write_all(&bytes),
        async { from_up.read_exact(&mut got_up).await.map(drop) },
        async { from_down.read_exact(&mut got_down).await.map(drop) },
    )
    .expect("both go through");
    assert!(start.elapsed() <= Duration::from_secs(1) + CLOCK, "both took {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_direction_leaves_the_other_open() {
    let exchange = exchange("20mbit,30ms");
    let (mut client, mut server, relay) = connection(&exchange);
    client.write_all(b"request").await.expect("it is taken");
    client.shutdown().await.expect("it ends");
    let mut request = Vec::new();
    server.read_to_end(&mut request).await.expect("it comes");
    assert_eq!(request, b"request");
    sleep(Duration::from_secs(10)).await;
    assert!(!relay.is_finished(), "the answer is still to come");
    server.write_all(b"answer").await.expect("it is taken");
    server.shutdown().await.expect("it ends");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("it comes");
    assert_eq!((answer.as_slice(), relay.await.expect("it ends")), (&b"answer"[..], Ending::Whole));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_stalls_holds_up_its_own_connection_within_the_bound() {
    let link = "100mbit,100ms";
    let exchange = exchange(link);
    let (client, mut stalled, _relay) = connection(&exchange);
    let sent = send(client, 20_000_000);
    sleep(Duration::from_mins(1)).await;
    assert!(!sent.is_finished(), "the sender is held up");
    let held = exchange.peak_held();
    let bound = shape(link).bytes_in(Duration::from_millis(50 + 40 + 5));
    assert!(held > shape(link).bytes_in_flight() && held <= bound, "{held} B were held, {bound} B may be");

    let (client, mut other, _second) = connection(&exchange);
    let _client = send(client, 1_000_000);
    assert_eq!(receive(&mut other).await.last().expect("it came").1, 1_000_000, "others are not held up");

    let resumed = Instant::now();
    assert_eq!(receive(&mut stalled).await.last().expect("it came").1, 20_000_000, "nothing is lost");
    let allowed = shape(link).bytes_in(resumed.elapsed()) + held + 2 * SOCKET as u64;
    assert!(allowed >= 20_000_000, "a stall earns no credit beyond what was held");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_gone_ends_its_direction_and_is_told() {
    let exchange = exchange("20mbit,30ms");
    let (client, server, relay) = connection(&exchange);
    drop(server);
    let sent = tokio::spawn(async move {
        let mut client = client;
        let all = client.write_all(&vec![0; 1_000_000]).await;
        (all, client)
    });
    let mut nothing = Vec::new();
    let (all, mut client) = sent.await.expect("it returns");
    assert!(all.is_err(), "the sender is not left to believe that all went through");
    let _ = client.read_to_end(&mut nothing).await;
    assert_eq!(relay.await.expect("it ends"), Ending::Broken);
}

/// A sender that breaks off after some bytes.
struct BreaksOff(&'static [u8]);

impl AsyncRead for BreaksOff {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_breaks_off_is_no_end_and_what_it_sent_arrives() {
    let exchange = exchange("20mbit,30ms");
    let mark = exchange.books().mark();
    let (waiting, _kept) = duplex(SOCKET);
    let ending = exchange.line().relay((BreaksOff(b"half of it"), sink()), (waiting, sink())).await;
    assert_eq!(ending, Ending::Broken, "and the other direction is not waited for");
    assert_eq!(exchange.books().since(&mark).up.bytes, 10);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_byte_is_whole() {
    assert_eq!(exchange("lan").line().relay((empty(), sink()), (empty(), sink())).await, Ending::Whole);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_for_connections_that_are_through() {
    let exchange = exchange("20mbit,30ms");
    for _ in 0..3 {
        let (client, mut server, relay) = connection(&exchange);
        let client = send(client, 300_000);
        assert_eq!(receive(&mut server).await.last().expect("it came").1, 300_000);
        drop((client.await.expect("it sends"), server));
        relay.await.expect("it ends");
        assert_eq!(exchange.line().held(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn bytes_arrive_unchanged_and_counted_however_they_are_cut(
        writes in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..3_000), 0..40_u64), 1..20),
        reads in 1..5_000_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let sent: Vec<u8> = writes.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let (received, counted) = runtime.block_on(async {
            let exchange = exchange("1mbit,7ms");
            let mark = exchange.books().mark();
            let (mut client, mut server, _relay) = connection(&exchange);
            let writer = tokio::spawn(async move {
                for (bytes, pause) in writes {
                    client.write_all(&bytes).await.expect("it is taken");
                    sleep(Duration::from_millis(pause)).await;
                }
                client.shutdown().await.expect("it ends");
                client
            });
            let (mut received, mut buffer) = (Vec::new(), vec![0; reads]);
            loop {
                match server.read(&mut buffer).await.expect("it is read") {
                    0 => break,
                    count => received.extend_from_slice(&buffer[..count]),
                }
            }
            drop(writer.await);
            (received, exchange.books().since(&mark).up.bytes)
        });
        prop_assert_eq!(counted, sent.len() as u64);
        prop_assert_eq!(received, sent);
    }
}
