//! From a server's name to a connection: by itself, or through the proxy that the environment names.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::account::Ledger;
use super::authority::Authority;
use super::counted::Counted;
use super::error::ProxyError;

/// Longest wait for one address, and for all that it takes to reach a server.
const ADDRESS: Duration = Duration::from_secs(10);
const SERVER: Duration = Duration::from_secs(30);

/// The longest answer of an upstream proxy to `CONNECT`, bytes.
const LONGEST_ANSWER: usize = 8_192;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Bytes that are passed on as they are.
    Tunnel,
    /// Requests in plain HTTP, which an upstream proxy takes as they are.
    Requests,
}

/// Reaches servers.
#[derive(Debug)]
pub(super) struct Dialer {
    upstream: Matcher,
    own_ports: Vec<u16>,
}

/// Why a server was not reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreached {
    /// What the client is answered.
    pub(super) status: StatusCode,
    /// Why, in words.
    pub(super) why: String,
}

impl Unreached {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

impl Dialer {
    /// Reaches servers through `upstream` where it says so, and nothing on this machine that listens on `own_ports`.
    pub(super) fn new(upstream: Matcher, own_ports: Vec<u16>) -> Result<Self, ProxyError> {
        for probe in ["http://host.invalid/", "https://host.invalid/"].map(hyper::Uri::from_static) {
            if let Some(proxy) = upstream.intercept(&probe).filter(|proxy| proxy.uri().scheme_str() != Some("http")) {
                let (scheme, host) = (proxy.uri().scheme_str().unwrap_or_default(), proxy.uri().host().unwrap_or_default());
                return Err(ProxyError::Upstream { scheme: scheme.to_owned(), host: host.to_owned() });
            }
        }
        Ok(Self { upstream, own_ports })
    }

    /// The same without a way to what listens on `port` of this machine.
    pub(super) fn without(mut self, port: u16) -> Self {
        self.own_ports.push(port);
        self
    }

    /// The proxy on the way to `server`.
    pub(super) fn proxy(&self, server: &Authority, purpose: Purpose) -> Option<Intercept> {
        let scheme = if purpose == Purpose::Tunnel { "https" } else { "http" };
        self.upstream.intercept(&server.uri(scheme)?)
    }

    /// Connects to `server`, or to the proxy on the way, and counts what moves from then on.
    pub(super) async fn connect(&self, server: &Authority, purpose: Purpose, ledger: &Arc<Ledger>) -> Result<Counted, Unreached> {
        let reached = timeout(SERVER, self.reach(server, purpose)).await;
        let late = |_| Unreached::new(StatusCode::GATEWAY_TIMEOUT, format!("{server} was not reached within {} s", SERVER.as_secs()));
        let reached = reached.map_err(late).and_then(|reached| reached);
        let stream = reached.inspect_err(|unreached| ledger.refused(&unreached.why))?;
        // Small requests go at once; a stream that refuses is merely slower.
        let _ = stream.set_nodelay(true);
        Ok(Counted::new(stream, Arc::clone(ledger)))
    }

    async fn reach(&self, server: &Authority, purpose: Purpose) -> Result<TcpStream, Unreached> {
        if self.may_be_own(server).await {
            return Err(own(server));
        }
        let Some(proxy) = self.proxy(server, purpose) else { return self.straight(server).await };
        let there = Authority::of(proxy.uri(), Some(80));
        let there = there.ok_or_else(|| Unreached::new(StatusCode::BAD_GATEWAY, "the environment's proxy has no host"))?;
        let mut stream = self.straight(&there).await?;
        if purpose == Purpose::Tunnel {
            let opened = tunnel(&mut stream, server, &proxy).await;
            opened.map_err(|error| Unreached::new(StatusCode::BAD_GATEWAY, format!("{server} through {there}: {error}")))?;
        }
        Ok(stream)
    }

    /// Tries the addresses of `server` in their order.
    async fn straight(&self, server: &Authority) -> Result<TcpStream, Unreached> {
        let unreached = |error: &io::Error| Unreached::new(StatusCode::BAD_GATEWAY, format!("{server}: {error}"));
        let found = lookup_host((server.host(), server.port())).await.map_err(|error| unreached(&error))?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
        for address in found {
            if self.is_own(address) {
                return Err(own(server));
            }
            match timeout(ADDRESS, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(unreached(&last))
    }

    /// Whether loadline itself may listen there, by whatever name: asked before a proxy on the way is, which would look the name up by
    /// itself. A name on a port of loadline's that this machine cannot look up is not told from loadline.
    async fn may_be_own(&self, server: &Authority) -> bool {
        if !self.own_ports.contains(&server.port()) {
            return false;
        }
        if let Some(ip) = server.literal() {
            return is_here(ip);
        }
        lookup_host((server.host(), server.port())).await.map_or(true, |mut found| found.any(|address| is_here(address.ip())))
    }

    /// Whether loadline itself listens there.
    fn is_own(&self, address: SocketAddr) -> bool {
        self.own_ports.contains(&address.port()) && is_here(address.ip())
    }
}

/// Whether only this machine can be meant. Connecting to no address at all reaches it too.
fn is_here(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

fn own(server: &Authority) -> Unreached {
    Unreached::new(StatusCode::FORBIDDEN, format!("{server} is loadline's own, or cannot be told from it"))
}

/// Asks a proxy for a tunnel to `server`, and reads its answer and no byte more.
async fn tunnel(stream: &mut TcpStream, server: &Authority, proxy: &Intercept) -> io::Result<()> {
    let mut head = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n").into_bytes();
    if let Some(login) = proxy.basic_auth() {
        head.extend([b"Proxy-Authorization: ", login.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    stream.write_all(&head).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await?);
        if answer.len() > LONGEST_ANSWER {
            return Err(io::Error::other("the proxy's answer does not end"));
        }
    }
    if opens(&answer) { Ok(()) } else { Err(io::Error::other(format!("the proxy answered {}", first_line(&answer)))) }
}

fn opens(answer: &[u8]) -> bool {
    let line = first_line(answer);
    let mut words = line.split(' ');
    words.next().is_some_and(|version| version.starts_with("HTTP/1."))
        && words.next().is_some_and(|code| code.len() == 3 && code.starts_with('2'))
}

/// What a proxy said, as it may be printed.
fn first_line(answer: &[u8]) -> String {
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(line).chars().take(100).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer(http: &str, https: &str, no: &str) -> Result<Dialer, ProxyError> {
        let upstream = Matcher::builder().http(http.to_owned()).https(https.to_owned()).no(no.to_owned()).build();
        Dialer::new(upstream, vec![5000])
    }

    fn server(text: &str) -> Authority {
        Authority::of(&text.parse().expect("a URI"), None).expect("a server")
    }

    #[test]
    fn the_proxies_of_the_environment_are_asked_but_for_the_hosts_that_it_leaves_out() {
        let dialer = dialer("http://a.example:3128", "http://ann:pw@b.example:3129", "inside.example,10.0.0.0/8").expect("both are plain");
        let by = |name: &str, purpose| dialer.proxy(&server(name), purpose).map(|proxy| proxy.uri().to_string());
        assert_eq!(by("x.example:80", Purpose::Requests).as_deref(), Some("http://a.example:3128/"));
        assert_eq!(by("x.example:443", Purpose::Tunnel).as_deref(), Some("http://b.example:3129/"));
        for inside in ["inside.example:443", "sub.inside.example:443", "10.1.2.3:443"] {
            assert_eq!(by(inside, Purpose::Tunnel), None, "{inside}");
        }
    }

    #[test]
    fn a_proxy_that_is_not_spoken_to_in_plain_http_is_refused_without_its_login() {
        let refused = dialer("", "https://ann:pw@b.example:3129", "").expect_err("it is not served").to_string();
        assert!(refused.contains("https://b.example,") && !refused.contains("pw"), "{refused}");
    }

    #[tokio::test]
    async fn loadlines_own_servers_are_not_reached_by_any_name_nor_by_way_of_a_proxy() {
        let ledger = Arc::new(Ledger::default());
        let own =
            ["127.0.0.1", "localhost", "localhost.", "a.localhost", "0.0.0.0", "127.0.0.2", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::]"];
        // A label of more than 63 bytes has no address, and nobody needs to be asked for it.
        let nameless = "a".repeat(64);
        for host in own.into_iter().chain([nameless.as_str()]) {
            for (by, port) in [("", 5000), ("http://127.0.0.1:9", 5000), ("http://127.0.0.1:9", 5001)] {
                let dialer = dialer(by, by, "").expect("it is plain").without(5001);
                for purpose in [Purpose::Tunnel, Purpose::Requests] {
                    let refused = dialer.connect(&server(&format!("{host}:{port}")), purpose, &ledger).await.expect_err(host);
                    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{host}:{port} by way of {by:?}: {}", refused.why);
                }
            }
        }
    }

    #[test]
    fn only_a_2xx_of_http_1_opens_a_tunnel() {
        assert!(opens(b"HTTP/1.1 200 OK\r\n\r\n") && opens(b"HTTP/1.0 200\r\n\r\n"));
        for wrong in [&b"HTTP/1.1 407 no\r\n\r\n"[..], b"HTTP/2 200\r\n\r\n", b"200\r\n\r\n", b"", b"HTTP/1.1 2000 x\r\n\r\n"] {
            assert!(!opens(wrong));
        }
        assert_eq!(first_line(b"HTTP/1.1 500 \x1b[31m\r\nx"), "HTTP/1.1 500 \\u{1b}[31m");
    }
}
