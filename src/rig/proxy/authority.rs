//! Where a request wants to go: a host and a port, as a client may write them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;

/// The longest host name that DNS knows.
const LONGEST_HOST: usize = 253;

/// A server by name or address, and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    host: String,
    port: u16,
}

impl Authority {
    /// The server of `uri`, on `usual` where it names no port. `None` where it names no server, names a user, or has a port that
    /// none can have.
    pub(super) fn of(uri: &Uri, usual: Option<u16>) -> Option<Self> {
        let authority = uri.authority()?;
        let port = match authority.port() {
            Some(port) => port.as_str().parse().ok()?,
            None if authority.as_str() == authority.host() => usual?,
            // Something stands before the host or behind it that is no port.
            None => return None,
        };
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let fits = !host.is_empty() && host.len() <= LONGEST_HOST && !authority.as_str().contains('@') && port != 0;
        fits.then(|| Self { host: host.to_owned(), port })
    }

    /// For a lookup: an address of IPv6 stands without its brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// The address, where it is given as one, and of `localhost` and the names below it, which are this machine by RFC 6761.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        let name = self.host.trim_end_matches('.').to_ascii_lowercase();
        if name == "localhost" || name.ends_with(".localhost") {
            return Some(IpAddr::from([127, 0, 0, 1]));
        }
        self.host.parse().ok()
    }

    /// As a URI of `scheme`; `None` for a host that no URI can have.
    pub(super) fn uri(&self, scheme: &str) -> Option<Uri> {
        format!("{scheme}://{self}/").parse().ok()
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.parse::<Ipv6Addr>().is_ok() { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(uri: &str, usual: Option<u16>) -> Option<String> {
        Authority::of(&uri.parse().ok()?, usual).map(|authority| authority.to_string())
    }

    #[test]
    fn a_server_is_read_with_its_port_or_the_usual_one() {
        assert_eq!(of("example.com:443", None).as_deref(), Some("example.com:443"));
        assert_eq!(of("http://example.com/a?b", Some(80)).as_deref(), Some("example.com:80"));
        assert_eq!(of("http://[::1]:8080/", Some(80)).as_deref(), Some("[::1]:8080"));
        let v6 = Authority::of(&"[::1]:443".parse().expect("a URI"), None).expect("a server");
        assert_eq!((v6.host(), v6.literal()), ("::1", Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))));
    }

    #[test]
    fn what_names_no_server_or_more_than_one_is_refused() {
        for wrong in
            ["/path", "*", "example.com", "http://user@example.com:80/", "http://example.com:99999/", "example.com:0", "http://:80/"]
        {
            assert_eq!(of(wrong, None), None, "{wrong}");
        }
        assert_eq!(of(&format!("{}:443", "a".repeat(300)), None), None);
    }

    #[test]
    fn localhost_is_an_address_however_it_is_written() {
        for host in ["localhost", "LocalHost", "localhost.", "a.LOCALHOST."] {
            let authority = Authority { host: host.to_owned(), port: 1 };
            assert!(authority.literal().is_some_and(|ip| ip.is_loopback()), "{host}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic_and_what_is_read_is_written_the_same(text in "\\PC{0,40}") {
            if let Some(authority) = text.parse::<Uri>().ok().and_then(|uri| Authority::of(&uri, Some(80))) {
                let again = authority.to_string().parse().ok().and_then(|uri| Authority::of(&uri, None));
                prop_assert_eq!(again, Some(authority));
            }
        }
    }
}
