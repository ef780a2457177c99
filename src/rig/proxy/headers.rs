//! Headers that are between a client and the proxy alone: the login, and what is said of the connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{CONNECTION, HeaderName, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};

/// The name before the secret.
pub(super) const USER: &str = "loadline";

/// Headers of one hop, by RFC 9110, section 7.6.1, and those that clients send to proxies beside it.
const OF_ONE_HOP: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The secret that a client gave as the password of [`USER`].
pub(super) fn secret(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(PROXY_AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    let login = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let login = String::from_utf8(login).ok()?;
    login.strip_prefix(USER)?.strip_prefix(':').map(str::to_owned)
}

/// Takes out what is of this hop alone.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_ONE_HOP) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        [(HeaderName::from_static(name), value.parse().expect("a value"))].into_iter().collect()
    }

    fn login(text: &str) -> HeaderMap {
        with("proxy-authorization", &format!("Basic {}", STANDARD.encode(text)))
    }

    #[test]
    fn the_secret_is_the_password_of_one_user() {
        assert_eq!(secret(&login("loadline:s3cret")).as_deref(), Some("s3cret"));
        assert_eq!(secret(&with("proxy-authorization", "basic bG9hZGxpbmU6eA==")).as_deref(), Some("x"), "any case");
        for wrong in [login("other:s3cret"), login("loadline"), with("proxy-authorization", "Bearer bG9hZGxpbmU6eA=="), HeaderMap::new()] {
            assert_eq!(secret(&wrong), None, "{wrong:?}");
        }
        assert_eq!(secret(&with("authorization", "Basic bG9hZGxpbmU6eA==")), None, "that login is the server's");
    }

    #[test]
    fn what_is_of_one_hop_goes_no_further_and_the_rest_stays() {
        let mut headers = login("loadline:x");
        for (name, value) in [("connection", "close, X-Mine"), ("x-mine", "1"), ("accept", "*/*"), ("authorization", "Basic x")] {
            headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        strip(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "authorization"]);
    }
}
