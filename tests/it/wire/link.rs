//! The shaped link over real sockets: what it carries, what it counts, and what becomes of connections that break.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use loadline::rig::link::{Link, LinkUse};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::units::{LinkProfile, LinkShape};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Fast, so that the tests are; what is exact about a rate is shown where the clock stands still.
fn shape() -> LinkShape {
    "1gbit,2ms".parse::<LinkProfile>().expect("a link").shape().expect("a limit")
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// A link to a listener, a client's connection over it, and what the listener has accepted.
async fn connected() -> (Link, TcpStream, TcpStream) {
    let (listener, address) = listener().await;
    let link = Link::start(shape(), address).expect("the link starts");
    let (client, server) = tokio::join!(TcpStream::connect(link.address()), listener.accept());
    (link, client.expect("the link listens"), server.expect("the link connects").0)
}

/// Bytes that are the same every time and nowhere alike.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(count).collect()
}

fn bytes(used: &LinkUse) -> (u64, u64) {
    (used.up.bytes, used.down.bytes)
}

#[tokio::test]
async fn what_goes_in_comes_out_and_is_counted_to_the_byte() {
    let (link, mut client, mut server) = connected().await;
    let mark = link.mark();
    let (up, down) = (noise(1, 3_000_001), noise(2, 1_000_003));
    let (mut got_up, mut got_down) = (Vec::new(), Vec::new());
    let ends = async {
        let (mut from_server, mut to_server) = client.split();
        let send = async {
            to_server.write_all(&up).await?;
            to_server.shutdown().await
        };
        tokio::try_join!(send, from_server.read_to_end(&mut got_down))
    };
    let answer = async {
        server.read_to_end(&mut got_up).await?;
        server.write_all(&down).await?;
        server.shutdown().await
    };
    tokio::try_join!(ends, answer).expect("both go through");
    assert!(got_up == up && got_down == down, "the bytes are the same");
    let used = link.since(&mark);
    assert_eq!(bytes(&used), (3_000_001, 1_000_003));
    assert!(mark.at() <= used.first_byte().expect("bytes went"));
    assert!(used.up.last_byte <= used.down.first_byte, "the answer began after the end of the request");
    assert!(used.up.first_byte < used.up.last_byte && used.last_byte() == used.down.last_byte);
}

#[tokio::test]
async fn a_connection_that_stays_open_counts_in_each_window_by_itself() {
    let (link, mut client, mut server) = connected().await;
    let mut marks = vec![link.mark()];
    for round in 1..=3 {
        let sent = noise(round, 1_000 * usize::try_from(round).expect("a small number"));
        client.write_all(&sent).await.expect("it is taken");
        let mut got = vec![0; sent.len()];
        server.read_exact(&mut got).await.expect("it comes");
        server.write_all(b"ok").await.expect("it is taken");
        client.read_exact(&mut [0; 2]).await.expect("it comes");
        marks.push(link.mark());
    }
    for (round, window) in (1..).zip(marks.windows(2)) {
        let used = link.between(&window[0], &window[1]);
        assert_eq!((bytes(&used), used.connections), ((1_000 * round, 2), 1));
        assert!(window[0].at() <= used.first_byte().expect("bytes went") && used.last_byte().expect("bytes went") <= window[1].at());
    }
    assert_eq!(bytes(&link.since(&marks[0])), (6_000, 6));
    assert_eq!(bytes(&link.since(&marks[3])), (0, 0));
}

#[tokio::test]
async fn many_connections_at_once_do_not_mix() {
    let (listener, address) = listener().await;
    let link = Link::start(shape(), address).expect("the link starts");
    let mark = link.mark();
    let mut tasks = JoinSet::new();
    for seed in 0..12 {
        let near = link.address();
        tasks.spawn(async move {
            let mut client = TcpStream::connect(near).await?;
            let words = noise(seed, 200_000);
            let (mut from_server, mut to_server) = client.split();
            let mut got = Vec::new();
            let send = async {
                to_server.write_all(&words).await?;
                to_server.shutdown().await
            };
            tokio::try_join!(send, from_server.read_to_end(&mut got))?;
            assert!(got == words, "the echo of connection {seed} is its own");
            io::Result::Ok(())
        });
        let (mut server, _) = listener.accept().await.expect("the link connects");
        tasks.spawn(async move {
            let (mut reader, mut writer) = server.split();
            tokio::io::copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("it does not panic").expect("it goes through");
    }
    let used = link.since(&mark);
    assert_eq!((bytes(&used), used.connections), ((2_400_000, 2_400_000), 12));
}

#[tokio::test]
async fn a_registry_that_does_not_answer_resets_the_client_and_is_named() {
    // A port that is taken and not listened on: it refuses, and nobody else gets it meanwhile.
    let taken = TcpSocket::new_v4().expect("a socket");
    taken.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let link = Link::start(shape(), taken.local_addr().expect("an address")).expect("the link starts");
    let mark = link.mark();
    let mut client = TcpStream::connect(link.address()).await.expect("the link listens");
    let error = client.read_u8().await.expect_err("nobody is there");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "it does not look like an end");
    let used = link.since(&mark);
    let reason = used.refusal.as_deref().expect("a reason");
    assert!(used.refused == 1 && reason.contains("refused"), "{used:?}");
}

#[tokio::test]
async fn a_client_that_breaks_off_is_no_end_for_the_registry() {
    let (_link, mut client, mut server) = connected().await;
    client.write_all(b"half").await.expect("it is taken");
    server.read_exact(&mut [0; 4]).await.expect("it comes");
    client.set_zero_linger().expect("an option");
    drop(client);
    let error = server.read_u8().await.expect_err("no byte follows");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "a cut upload does not look complete");
}

#[tokio::test]
async fn a_registry_that_answers_and_hangs_up_is_heard() {
    let (_link, mut client, mut server) = connected().await;
    client.write_all(b"a long upload that").await.expect("it is taken");
    server.read_u8().await.expect("it comes");
    server.write_all(b"refused").await.expect("it is taken");
    server.shutdown().await.expect("it ends");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("it comes before anything else");
    assert_eq!(answer, b"refused");
}

#[tokio::test]
async fn stopping_cuts_what_is_open_and_frees_the_port() {
    let (link, mut client, mut server) = connected().await;
    let mark = link.mark();
    client.write_all(b"begun").await.expect("it is taken");
    server.read_exact(&mut [0; 5]).await.expect("it comes");
    link.stop().await;
    link.stop().await;
    for end in [&mut client, &mut server] {
        let error = end.read_u8().await.expect_err("it is cut");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
    assert!(TcpStream::connect(link.address()).await.is_err(), "nobody listens any more");
    let used = link.since(&mark);
    assert_eq!((bytes(&used), used.connections), ((5, 0), 1), "the books can still be read");
}

#[tokio::test]
async fn who_waits_for_the_end_of_a_link_hears_of_it_before_its_connections_are_cut() {
    let (link, mut client, _server) = connected().await;
    let running = tokio::time::timeout(Duration::from_millis(20), link.stopped()).await;
    assert!(running.is_err(), "it runs");
    let first = async {
        tokio::select! {
            biased;
            () = link.stopped() => "the end",
            _ = client.read_u8() => "a cut",
        }
    };
    let (first, ()) = tokio::join!(first, link.stop());
    assert_eq!(first, "the end");
    link.stopped().await;
}

#[tokio::test]
async fn a_link_that_is_dropped_lets_go_of_its_connections() {
    let (link, mut client, _server) = connected().await;
    drop(link);
    assert_eq!(client.read_u8().await.expect_err("it is cut").kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_registry_and_the_link_count_the_same_blob() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let registry = Registry::start(RegistryOptions::new(folder.path().join("registry"))).await.expect("the registry starts");
    let link = Link::start(shape(), registry.address()).expect("the link starts");
    let (blob, tally, mark) = (noise(3, 500_000), registry.mark(), link.mark());
    let digest = loadline::image::Digest::of(&blob);
    let mut client = TcpStream::connect(link.address()).await.expect("the link listens");
    let open = "POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    client.write_all(open.as_bytes()).await.expect("it is taken");
    let opened = head(&mut client).await;
    let location = opened.lines().find_map(|line| line.strip_prefix("location: ")).expect("a location");
    let close = format!("PUT {location}?digest={digest} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", blob.len());
    client.write_all(&[close.as_bytes(), &blob].concat()).await.expect("it is taken");
    let stored = head(&mut client).await;
    assert!(stored.starts_with("HTTP/1.1 201"), "{stored}");
    assert_eq!(registry.since(&tally).uploaded_bytes(), 500_000);
    let used = link.since(&mark);
    assert_eq!(used.up.bytes, (open.len() + close.len() + blob.len()) as u64, "the blob and the words around it");
    assert_eq!(used.down.bytes, (opened.len() + stored.len()) as u64);
}

/// The head of an answer without a body.
async fn head(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("an answer"));
    }
    String::from_utf8(head).expect("a head is text")
}
