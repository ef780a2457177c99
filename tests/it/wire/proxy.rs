//! The build proxy over real sockets: what it carries and counts, whom it refuses, and what becomes of connections that break.

mod peers;

use std::time::Duration;

use loadline::rig::proxy::{BuildProxy, Fetched};
use loadline::units::LinkProfile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use peers::{Client, http_server, listener, login, relay_proxy, silent_end};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn proxy() -> BuildProxy {
    BuildProxy::by_way_of(LinkProfile::Loopback, &[], ("", "", "")).expect("a port is free")
}

#[tokio::test]
async fn a_tunnel_carries_bytes_unchanged_both_ways_and_counts_them() {
    let (proxy, (listener, address)) = (proxy(), listener().await);
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    let (head, accepted) = tokio::join!(client.tunnel(&account, address), listener.accept());
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (mut server, _) = accepted.expect("the proxy connects");
    client.stream.write_all(&[7; 3_001]).await.expect("it is taken");
    client.stream.shutdown().await.expect("one direction ends");
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.expect("the end is passed on");
    assert_eq!(got, [7; 3_001]);
    server.write_all(&vec![9; 500_000]).await.expect("the other direction is still open");
    drop(server);
    let mut back = Vec::new();
    client.stream.read_to_end(&mut back).await.expect("it comes whole");
    assert_eq!(back, vec![9; 500_000]);
    let expected = Fetched { received: 500_000, received_locally: 500_000, sent: 3_001, connections: 1, ..Fetched::default() };
    assert_eq!(account.fetched(), expected);
}

#[tokio::test]
async fn plain_requests_are_passed_on_without_what_is_the_proxys_over_one_connection() {
    let (proxy, server) = (proxy(), http_server().await);
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    for path in ["/one?a=b", "/two"] {
        let head = format!(
            "GET http://{}{path} HTTP/1.1\r\nHost: elsewhere\r\nProxy-Connection: keep-alive\r\n{}\r\n",
            server.address,
            login(&account)
        );
        let (answer, body) = client.ask(&head).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let seen = String::from_utf8(body).expect("the server repeats the head").to_lowercase();
        assert!(seen.starts_with(&format!("get {path} http/1.1\r\n")), "{seen}");
        assert!(seen.contains(&format!("host: {}\r\n", server.address)), "{seen}");
        assert!(!seen.contains("proxy-") && !seen.contains("elsewhere"), "{seen}");
    }
    let fetched = account.fetched();
    assert_eq!((fetched.connections, server.connections(), fetched.received_locally), (1, 1, fetched.received));
    assert!(fetched.received > fetched.sent && fetched.sent > 2 * "GET /one HTTP/1.1".len() as u64, "{fetched:?}");
}

#[tokio::test]
async fn a_connection_that_the_server_closed_between_two_requests_is_made_anew() {
    let (proxy, server) = (proxy(), http_server().await);
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    for _ in 0..3 {
        let head = format!("GET http://{}/last HTTP/1.1\r\n{}\r\n", server.address, login(&account));
        assert!(client.ask(&head).await.0.starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn nobody_is_served_without_the_secret_of_an_open_account() {
    let (proxy, server) = (proxy(), http_server().await);
    let (open, closed) = (proxy.open().expect("an account"), proxy.open().expect("an account"));
    let dead = login(&closed);
    drop(closed);
    let wrong = "Proxy-Authorization: Basic bG9hZGxpbmU6c2VjcmV0\r\n";
    for login in ["", wrong, dead.as_str()] {
        for line in [format!("GET http://{}/ HTTP/1.1", server.address), format!("CONNECT {} HTTP/1.1", server.address)] {
            let (answer, _) = Client::connect(&proxy).await.ask(&format!("{line}\r\n{login}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 407 ") && answer.to_lowercase().contains("proxy-authenticate: basic"), "{answer}");
        }
    }
    assert_eq!((server.connections(), open.fetched()), (0, Fetched::default()));
}

#[tokio::test]
async fn a_client_that_logs_in_only_when_it_is_asked_to_is_served_on_the_same_connection() {
    let (proxy, server) = (proxy(), http_server().await);
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    let line = format!("GET http://{}/ HTTP/1.1\r\n", server.address);
    assert!(client.ask(&format!("{line}\r\n")).await.0.starts_with("HTTP/1.1 407 "));
    assert!(client.ask(&format!("{line}{}\r\n", login(&account))).await.0.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn loadlines_own_servers_and_the_proxy_itself_are_out_of_reach_also_by_way_of_another_proxy() {
    let (_listener, own) = listener().await;
    let upstream = relay_proxy().await;
    let url = format!("http://{}", upstream.address);
    for by in ["", url.as_str()] {
        let proxy = BuildProxy::by_way_of(LinkProfile::Loopback, &[own], (by, by, "")).expect("a port is free");
        let account = proxy.open().expect("an account");
        let hosts = ["127.0.0.1", "localhost", "ip6-localhost", "127.0.0.2", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"];
        for (host, port) in hosts.into_iter().flat_map(|host| [(host, own.port()), (host, proxy.address().port())]) {
            let server = format!("{host}:{port}");
            let answer = Client::connect(&proxy).await.tunnel(&account, &server).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{server} by {by:?}: {answer}");
            let plain = format!("GET http://{server}/ HTTP/1.1\r\n{}\r\n", login(&account));
            let (answer, _) = Client::connect(&proxy).await.ask(&plain).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{server} by {by:?}: {answer}");
        }
        assert_eq!((account.fetched().connections, account.fetched().refused), (0, 4 * hosts.len() as u64));
    }
    assert_eq!(upstream.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn clients_without_a_secret_take_no_room_from_builds() {
    let (proxy, server) = (proxy(), http_server().await);
    let account = proxy.open().expect("an account");
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(Client::connect(&proxy).await);
    }
    let head = format!("GET http://{}/ HTTP/1.1\r\n{}\r\n", server.address, login(&account));
    let mut client = Client::connect(&proxy).await;
    let (answer, _) = timeout(PATIENCE, client.ask(&head)).await.expect("it is served at once");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(timeout(PATIENCE, silent_end(&mut idle[0].stream)).await.expect("the oldest is turned away"));
}

#[tokio::test]
async fn a_tunnel_does_not_outlive_a_client_that_resets() {
    let (proxy, (listener, address)) = (proxy(), listener().await);
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    let (_, accepted) = tokio::join!(client.tunnel(&account, address), listener.accept());
    let (mut server, _) = accepted.expect("the proxy connects");
    assert_eq!(account.fetched().unfinished, 1);
    client.stream.set_zero_linger().expect("it is reset");
    drop(client);
    let ended = timeout(PATIENCE, server.read_to_end(&mut Vec::new())).await.expect("it does not hang");
    assert!(ended.is_err(), "the server is told that it was no end");
    // The books are closed before the socket is.
    assert_eq!(account.fetched().unfinished, 0);
}

#[tokio::test]
async fn what_is_no_request_for_a_proxy_is_refused() {
    let proxy = proxy();
    let account = proxy.open().expect("an account");
    for line in ["GET /path HTTP/1.1", "GET https://a.example/ HTTP/1.1", "GET ftp://a.example/ HTTP/1.1", "CONNECT a.example HTTP/1.1"] {
        let (answer, _) = Client::connect(&proxy).await.ask(&format!("{line}\r\nHost: a\r\n{}\r\n", login(&account))).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_cut_off() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy).await;
    client.stream.write_all(b"GET http://a.example/ HTTP/1.1\r\n").await.expect("it is taken");
    let line = format!("X-Long: {}\r\n", "a".repeat(1_000));
    let mut sent = 0;
    while sent < 10_000_000 && client.stream.write_all(line.as_bytes()).await.is_ok() {
        sent += line.len();
    }
    assert!(sent < 10_000_000, "all was taken");
    assert_eq!(proxy.open().expect("it still serves").fetched(), Fetched::default());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_and_kept_in_the_books() {
    let (listener, address) = listener().await;
    drop(listener);
    let proxy = proxy();
    let account = proxy.open().expect("an account");
    let answer = Client::connect(&proxy).await.tunnel(&account, address).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    let fetched = account.fetched();
    assert_eq!((fetched.refused, fetched.connections), (1, 0));
    assert!(fetched.refusal.is_some_and(|why| why.starts_with(&address.to_string()) && why.contains("refused")));
}

#[tokio::test]
async fn a_connection_that_broke_is_never_shown_as_one_that_ended() {
    let proxy = proxy();
    let account = proxy.open().expect("an account");
    for plain in [true, false] {
        let (listener, address) = listener().await;
        let mut client = Client::connect(&proxy).await;
        let head = if plain {
            format!("GET http://{address}/ HTTP/1.0\r\n{}\r\n", login(&account))
        } else {
            format!("CONNECT {address} HTTP/1.1\r\n{}\r\n", login(&account))
        };
        client.stream.write_all(head.as_bytes()).await.expect("it is taken");
        let (mut server, _) = listener.accept().await.expect("the proxy connects");
        if plain {
            server.read_u8().await.expect("the request comes");
            server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf").await.expect("it is taken");
        }
        assert!(client.head().await.contains(" 200 "));
        server.set_zero_linger().expect("it is reset");
        drop(server);
        let ended = timeout(PATIENCE, client.stream.read_to_end(&mut Vec::new())).await.expect("it does not hang");
        assert!(ended.is_err(), "plain: {plain}");
    }
}

#[tokio::test]
async fn closing_an_account_cuts_its_connections_and_no_others() {
    let (proxy, (listener, address)) = (proxy(), listener().await);
    let (first, second) = (proxy.open().expect("an account"), proxy.open().expect("an account"));
    let (mut cut, mut kept) = (Client::connect(&proxy).await, Client::connect(&proxy).await);
    let (_, accepted) = tokio::join!(cut.tunnel(&first, address), listener.accept());
    let (mut of_first, _) = accepted.expect("the proxy connects");
    let (_, accepted) = tokio::join!(kept.tunnel(&second, address), listener.accept());
    let (mut of_second, _) = accepted.expect("the proxy connects");
    drop(first);
    assert!(timeout(PATIENCE, silent_end(&mut cut.stream)).await.expect("it does not hang"));
    assert!(timeout(PATIENCE, silent_end(&mut of_first)).await.expect("it does not hang"));
    of_second.write_all(b"here").await.expect("it is open");
    let mut got = [0; 4];
    kept.stream.read_exact(&mut got).await.expect("it comes");
    assert_eq!(&got, b"here");
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_passed_on_to_with_its_login_and_not_ours() {
    let (upstream, server) = (relay_proxy().await, http_server().await);
    let url = format!("http://ann:pw@{}", upstream.address);
    let proxy = BuildProxy::by_way_of(LinkProfile::Loopback, &[], (&url, &url, "")).expect("a port is free");
    let account = proxy.open().expect("an account");
    let mut tunnel = Client::connect(&proxy).await;
    assert!(tunnel.tunnel(&account, server.address).await.starts_with("HTTP/1.1 200 "));
    let (answer, body) = tunnel.ask("GET /in HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && body.starts_with(b"GET /in "), "{answer}");
    let plain = format!("GET http://{}/plain HTTP/1.1\r\n{}\r\n", server.address, login(&account));
    let (answer, _) = Client::connect(&proxy).await.ask(&plain).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let seen = upstream.seen();
    assert!(seen[0].starts_with(&format!("CONNECT {} HTTP/1.1", server.address)), "{seen:?}");
    assert!(seen[1].starts_with(&format!("GET http://{}/plain HTTP/1.1", server.address)), "{seen:?}");
    for head in &seen {
        assert!(head.to_lowercase().contains("proxy-authorization: basic yw5uonb3\r\n"), "ann:pw alone: {head}");
    }
}

#[tokio::test]
async fn a_proxy_of_the_environment_that_refuses_is_told() {
    let (listener, address) = listener().await;
    let proxy = BuildProxy::by_way_of(LinkProfile::Loopback, &[], ("", &format!("http://{address}"), "")).expect("a port is free");
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    let refuse = async {
        let (mut upstream, _) = listener.accept().await.expect("the proxy connects");
        upstream.write_all(b"HTTP/1.1 407 Who are you\r\n\r\n").await.expect("it is taken");
        upstream
    };
    let (answer, _upstream) = tokio::join!(client.tunnel(&account, "a.example:443"), refuse);
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(account.fetched().refusal.is_some_and(|why| why.contains("407 Who are you")));
    assert_eq!(account.fetched().received, 0, "what the proxies say to each other is no download");
}

#[tokio::test]
async fn downloads_over_a_link_keep_to_its_rate_and_come_whole() {
    let (listener, address) = listener().await;
    let link = "20mbit,10ms".parse().expect("a link");
    let proxy = BuildProxy::by_way_of(link, &[], ("", "", "")).expect("a port is free");
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    let begun = std::time::Instant::now();
    let (_, accepted) = tokio::join!(client.tunnel(&account, address), listener.accept());
    let (mut server, _) = accepted.expect("the proxy connects");
    let sent = tokio::spawn(async move { server.write_all(&vec![5; 500_000]).await });
    let mut got = Vec::new();
    client.stream.read_to_end(&mut got).await.expect("it comes whole");
    sent.await.expect("no panic").expect("it is taken");
    assert_eq!((got.len(), account.fetched().received), (500_000, 500_000));
    // 500 kB are 200 ms at 20 Mbit/s, and opening the tunnel a round trip: never sooner, however late.
    assert!(begun.elapsed() > Duration::from_millis(200), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_proxy_that_stops_cuts_what_is_open_and_listens_no_more() {
    let (proxy, (listener, address)) = (proxy(), listener().await);
    let account = proxy.open().expect("an account");
    let mut client = Client::connect(&proxy).await;
    let (_, accepted) = tokio::join!(client.tunnel(&account, address), listener.accept());
    let _server = accepted.expect("the proxy connects");
    timeout(PATIENCE, proxy.stop()).await.expect("it stops");
    proxy.stopped().await;
    assert!(timeout(PATIENCE, silent_end(&mut client.stream)).await.expect("it does not hang"));
    assert!(TcpStream::connect(proxy.address()).await.is_err());
}
