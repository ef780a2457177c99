//! What kind of login a registry asks for (RFC 9110 §11.6.1), and the token that answers it.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode, Uri};
use serde::Deserialize;

use super::{Login, Remote, RemoteError, http};

/// The longest value of a challenge that is taken.
const LONGEST: usize = 2_000;

/// A kind of login that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from the service at `realm`.
    Bearer { realm: String, service: Option<String> },
}

impl Challenge {
    /// The token where it is offered, else the password; `None` where neither is.
    pub(super) fn best(offers: &[String]) -> Option<Self> {
        let read: Vec<Self> = offers.iter().filter_map(|offer| Self::read(offer)).collect();
        let (bearer, rest): (Vec<_>, Vec<_>) = read.into_iter().partition(|challenge| matches!(challenge, Self::Bearer { .. }));
        bearer.into_iter().chain(rest).next()
    }

    fn read(offer: &str) -> Option<Self> {
        if offer.len() > LONGEST {
            return None;
        }
        let (scheme, rest) = offer.trim().split_once(' ').unwrap_or((offer.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut found = parameters(rest);
        let mut take = |name: &str| found.iter().position(|(key, _)| key.eq_ignore_ascii_case(name)).map(|at| found.swap_remove(at).1);
        Some(Self::Bearer { realm: take("realm")?, service: take("service") })
    }
}

/// `a="b", c=d`; a quoted value may hold commas and escaped quotes.
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    while let Some((key, rest)) = text.split_once('=') {
        let key = key.trim_matches([' ', ',']).to_owned();
        let (value, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => rest.split_once(',').map_or((rest.trim().to_owned(), ""), |(value, after)| (value.trim().to_owned(), after)),
        };
        all.push((key, value));
        text = after;
    }
    all
}

fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &text[at + 1..]),
            _ => value.push(letter),
        }
    }
    (value, "")
}

#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
}

impl Remote {
    /// The header that answers `challenge`.
    pub(super) async fn authorization(&self, challenge: &Challenge, scope: Option<&str>) -> Result<String, RemoteError> {
        let (registry, login) = (self.name.host().to_owned(), self.name.login_command());
        match (challenge, &self.login) {
            (_, Some(Login::Registry(token))) => Ok(format!("Bearer {token}")),
            (Challenge::Basic, Some(known)) => {
                let why = "it wants a name and a password, and there is a token";
                known.basic().ok_or(RemoteError::LoginRefused { registry, why: why.to_owned(), login })
            }
            (Challenge::Basic, None) => Err(RemoteError::LoginWanted { registry, login }),
            (Challenge::Bearer { realm, service }, _) => self.token(realm, service.as_deref(), scope).await,
        }
    }

    async fn token(&self, realm: &str, service: Option<&str>, scope: Option<&str>) -> Result<String, RemoteError> {
        let action = "the login";
        let realm =
            self.trusted(realm).ok_or_else(|| self.wrong(action, "it sends the login to a place that is not encrypted".to_owned()))?;
        let mut query: Vec<(&str, &str)> =
            [("service", service), ("scope", scope)].into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
        let request = match &self.login {
            Some(Login::Identity(token)) => {
                query.extend([("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "loadline")]);
                let form = Request::builder().method(Method::POST).uri(realm).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                form.body(Bytes::from(encoded(&query)))
            }
            known => {
                let separator = if realm.query().is_some() { '&' } else { '?' };
                let get = Request::builder().uri(format!("{realm}{separator}{}", encoded(&query)));
                let get = known.as_ref().and_then(Login::basic).into_iter().fold(get, |get, basic| get.header(AUTHORIZATION, basic));
                get.body(Bytes::new())
            }
        };
        // Its error could quote the request.
        let request = request.map_err(|_| self.wrong(action, "it names a token service that cannot be asked".to_owned()))?;
        let answer = self.timely(Box::pin(http::exchange(request))).await?;
        if answer.status != StatusCode::OK {
            let repository = scope.and_then(|scope| scope.split(':').nth(1)).unwrap_or_default();
            return Err(self.refused(action, repository, &answer));
        }
        let granted: Option<Granted> = serde_json::from_slice(&answer.body).ok();
        let token = granted.and_then(|granted| granted.token.or(granted.access_token)).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| self.wrong(action, "its token service answered without a token".to_owned()))?;
        Ok(format!("Bearer {token}"))
    }

    /// A token service that may see the login: over TLS, or on this machine where the registry is.
    fn trusted(&self, realm: &str) -> Option<Uri> {
        let uri: Uri = realm.parse().ok()?;
        let host = uri.host()?;
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let trusted = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && here && self.name.is_loopback());
        trusted.then_some(uri)
    }
}

/// `a=b&c=d` with everything but letters, digits and `-._~` escaped (RFC 3986 §2.3).
fn encoded(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.extend([byte >> 4, byte & 15].map(|nibble| char::from(b"0123456789ABCDEF"[usize::from(nibble)])));
            }
            out
        })
    };
    pairs.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_with_commas_in_quotes() {
        let offer = r#"Bearer realm="https://a.example/token?x=1",service="r \"q\"", scope="repository:a/b:pull,push""#;
        let bearer = Challenge::Bearer { realm: "https://a.example/token?x=1".to_owned(), service: Some("r \"q\"".to_owned()) };
        assert_eq!(Challenge::best(&["Basic realm=x".to_owned(), offer.to_owned()]), Some(bearer));
        assert_eq!(Challenge::best(&["Basic realm=\"x\"".to_owned()]), Some(Challenge::Basic));
        for none in ["", "Digest realm=x", "Bearer service=x", "Bearer", &format!("Bearer realm={}", "x".repeat(3000))] {
            assert_eq!(Challenge::best(&[none.to_owned()]), None, "{none}");
        }
    }

    #[test]
    fn what_goes_into_a_query_is_escaped() {
        assert_eq!(
            encoded(&[("scope", "repository:a/b:pull,push"), ("x", "&=ä")]),
            "scope=repository%3Aa%2Fb%3Apull%2Cpush&x=%26%3D%C3%A4"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_challenge_makes_the_reader_panic(offer in "(Bearer )?\\PC{0,80}") {
            let _ = Challenge::read(&offer);
        }
    }
}
