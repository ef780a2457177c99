//! Which registry, and where in it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The most bytes of a repository's name (OCI distribution spec 1.1 leaves it at 255 with the host), less room for our part.
const LONGEST: usize = 120;

/// Where Docker Hub's API is.
const HUB_API: &str = concat!("registry-1", ".docker.io");

/// `HOST[:PORT]/PATH`, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryName {
    host: String,
    path: String,
}

/// Why a text names no place in a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown} does not name a place in a registry: {why}; write it as HOST[:PORT]/PATH, such as ghcr.io/me/sizes")]
pub struct RegistryNameError {
    shown: String,
    why: &'static str,
}

impl RegistryName {
    /// `ghcr.io`, `127.0.0.1:5000`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A repository below the path, without the host.
    pub fn repository(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// The path alone: the repository itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is on this machine, where engines speak plain HTTP to a registry.
    pub fn is_loopback(&self) -> bool {
        let (name, _) = split(&self.host);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Where its API is: Docker Hub's is at another host than its name.
    pub(super) fn api_host(&self) -> &str {
        if self.is_hub() { HUB_API } else { &self.host }
    }

    /// Under which key `docker login` keeps the login.
    pub(super) fn login_key(&self) -> &str {
        if self.is_hub() { "https://index.docker.io/v1/" } else { &self.host }
    }

    /// What a user types to log in.
    pub(super) fn login_command(&self) -> String {
        if self.is_hub() { "docker login".to_owned() } else { format!("docker login {}", self.host) }
    }

    fn is_hub(&self) -> bool {
        self.host == "docker.io"
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl FromStr for RegistryName {
    type Err = RegistryNameError;

    fn from_str(text: &str) -> Result<Self, RegistryNameError> {
        // What stands before an @ may be a password: it is not shown.
        let wrong = |why| RegistryNameError { shown: shown(text), why };
        if text.contains('@') {
            return Err(wrong("it must not hold a login, which `docker login` keeps"));
        }
        if text.contains("://") {
            return Err(wrong("it has a scheme"));
        }
        let (host, path) = text.split_once('/').ok_or_else(|| wrong("it has no path"))?;
        check_host(host).map_err(wrong)?;
        check_path(path).map_err(wrong)?;
        Ok(Self { host: host.to_owned(), path: path.to_owned() })
    }
}

fn shown(text: &str) -> String {
    let rest = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    format!("{:?}", rest.chars().take(100).collect::<String>())
}

fn split(host: &str) -> (&str, Option<&str>) {
    host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)))
}

/// An engine takes the first part for a host only if it has a dot or a port, or is `localhost`.
fn check_host(host: &str) -> Result<(), &'static str> {
    let (name, port) = split(host);
    let allowed = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if name.len() > 253 || !name.split('.').all(|label| allowed(label) && !label.starts_with('-') && !label.ends_with('-')) {
        return Err("its host is no host name in small letters");
    }
    if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0) || !port.bytes().all(|b| b.is_ascii_digit())) {
        return Err("its port is no number from 1 to 65535");
    }
    let host_like = name.contains('.') || port.is_some() || name == "localhost";
    if host_like { Ok(()) } else { Err("its first part has no dot, so that an engine takes it for a repository of Docker Hub") }
}

fn check_path(path: &str) -> Result<(), &'static str> {
    if path.len() > LONGEST {
        return Err("its path has more than 120 characters");
    }
    let sound = |part: &str| {
        let alphanumeric = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = part.as_bytes();
        alphanumeric(bytes.first())
            && alphanumeric(bytes.last())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(b))
            && !["..", "._", "_.", "___", "-_", "_-", ".-", "-."].iter().any(|pair| part.contains(pair))
    };
    if path.split('/').all(sound) {
        Ok(())
    } else {
        Err("its path has a part that is not of small letters, digits and single . _ - between them (no tag)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_path() {
        for (text, host, loopback) in [
            ("ghcr.io/me/sizes", "ghcr.io", false),
            ("127.0.0.1:5000/a", "127.0.0.1:5000", true),
            ("127.9.0.1/a/b__c", "127.9.0.1", true),
            ("localhost/a-b", "localhost", true),
            ("registry.example:8443/a.b/c", "registry.example:8443", false),
        ] {
            let name: RegistryName = text.parse().expect(text);
            assert_eq!((name.host(), name.is_loopback(), name.to_string().as_str()), (host, loopback, text));
        }
    }

    #[test]
    fn what_an_engine_would_take_for_something_else_is_refused() {
        for text in [
            "",
            "ghcr.io",
            "ghcr.io/",
            "me/sizes",
            "ghcr.io/Me",
            "ghcr.io/me:tag",
            "ghcr.io/me/",
            "ghcr.io//me",
            "ghcr.io/a..b",
            "https://ghcr.io/me",
            "ghcr.io:0/me",
            "ghcr.io:x/me",
            "ghcr.io:+5/me",
            "-a.io/me",
            "GHCR.io/me",
            "ghcr.io/me?x",
            "ghcr.io/../me",
            "[::1]:5000/a",
        ] {
            assert!(text.parse::<RegistryName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_that_was_typed_is_not_repeated() {
        let error = "ann:secret@ghcr.io/me".parse::<RegistryName>().expect_err("a login").to_string();
        assert!(!error.contains("secret") && error.contains("docker login"), "{error}");
    }

    #[test]
    fn the_hub_has_another_api_host_and_another_key() {
        let hub: RegistryName = "docker.io/me".parse().expect("a name");
        assert_eq!((hub.api_host(), hub.login_key()), (HUB_API, "https://index.docker.io/v1/"));
        assert_eq!(hub.login_command(), "docker login");
    }
}
