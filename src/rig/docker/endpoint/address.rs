//! The text of a `DOCKER_HOST` or of a context's host as an address.

use std::path::PathBuf;

/// The socket of an engine installed by a distribution's package.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Where `tcp://` without a host or a port leads, as the docker command has it.
const DEFAULT_HOST: &str = "localhost";
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// Longest address that is looked at, bytes.
const LONGEST: usize = 1024;

/// Where an engine listens, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rig::docker) enum Address {
    /// A Unix socket of this machine.
    Unix(PathBuf),
    /// A TCP port, in plain text or behind TLS.
    Tcp {
        /// A name or an IP address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `docker system dial-stdio` at the far end of ssh.
    Ssh(SshAddress),
}

/// What follows `ssh://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rig::docker) struct SshAddress {
    /// The user there; `None` leaves it to ssh's own settings.
    pub(in crate::rig::docker) user: Option<String>,
    /// A name that ssh knows, or an IP address without brackets.
    pub(in crate::rig::docker) host: String,
    /// The port; `None` leaves it to ssh's own settings.
    pub(in crate::rig::docker) port: Option<u16>,
    /// The engine's socket there; `None` leaves it to the docker command there.
    pub(in crate::rig::docker) socket: Option<String>,
}

impl Address {
    /// What is meant when nothing names an engine. The docker command takes a wish for TLS as one for the TLS port.
    pub(super) fn default(tls: bool) -> Self {
        if tls { Self::Tcp { host: DEFAULT_HOST.to_owned(), port: TLS_PORT } } else { Self::Unix(PathBuf::from(DEFAULT_SOCKET)) }
    }

    /// Reads `text`; the error is the cause and the cure in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("it is no address; write it as unix:///path, tcp://host:port or ssh://user@host".to_owned());
        }
        match text.split_once("://") {
            Some(("unix", path)) => unix(path),
            Some(("tcp", rest)) => tcp(rest),
            Some(("ssh", rest)) => ssh(rest),
            Some(("npipe", _)) => {
                Err("a named pipe exists on Windows only; use a unix://, tcp:// or ssh:// address, or --engine private".to_owned())
            }
            Some(("fd", _)) => Err("fd:// is for the daemon's own use; use the unix:// socket that it listens on".to_owned()),
            Some(("http" | "https", _)) => Err("the docker command does not take http addresses; write it as tcp://host:port".to_owned()),
            Some((other, _)) => Err(format!("{other}:// is not served; use a unix://, tcp:// or ssh:// address, or --engine private")),
            None if text.starts_with('/') => unix(text),
            None => tcp(text),
        }
    }

    /// As a URL. It holds no password, because none is ever taken.
    pub(in crate::rig::docker) fn url(&self) -> String {
        match self {
            Self::Unix(path) => format!("unix://{}", path.display()),
            Self::Tcp { host, port } => format!("tcp://{}:{port}", bracketed(host)),
            Self::Ssh(SshAddress { user, host, port, socket }) => {
                let user = user.as_ref().map_or(String::new(), |user| format!("{user}@"));
                let port = port.map_or(String::new(), |port| format!(":{port}"));
                format!("ssh://{user}{}{port}{}", bracketed(host), socket.as_deref().unwrap_or_default())
            }
        }
    }
}

fn unix(path: &str) -> Result<Address, String> {
    match path {
        "" => Ok(Address::Unix(PathBuf::from(DEFAULT_SOCKET))),
        path if path.starts_with('/') => Ok(Address::Unix(PathBuf::from(path))),
        _ => Err("a socket's path must be absolute; write it as unix:///path/to/docker.sock".to_owned()),
    }
}

fn tcp(rest: &str) -> Result<Address, String> {
    let parts = Parts::split(rest)?;
    if parts.user.is_some() {
        return Err("an engine's TCP port takes no user; leave out what stands before the @".to_owned());
    }
    if !matches!(parts.path, "" | "/") {
        return Err("a path behind the port is not served; end the address with the port".to_owned());
    }
    let host = if parts.host.is_empty() { DEFAULT_HOST } else { parts.host };
    Ok(Address::Tcp { host: host.to_owned(), port: parts.port.unwrap_or(PLAIN_PORT) })
}

fn ssh(rest: &str) -> Result<Address, String> {
    let parts = Parts::split(rest)?;
    if parts.host.is_empty() {
        return Err("it names no host; write it as ssh://user@host".to_owned());
    }
    // ssh takes a word that begins with a dash for an option.
    if [parts.host, parts.user.unwrap_or_default()].iter().any(|word| word.starts_with('-')) {
        return Err("neither user nor host may begin with a dash; write it as ssh://user@host".to_owned());
    }
    Ok(Address::Ssh(SshAddress {
        user: parts.user.map(str::to_owned),
        host: parts.host.to_owned(),
        port: parts.port,
        socket: Some(parts.path).filter(|path| !path.trim_matches('/').is_empty()).map(str::to_owned),
    }))
}

/// `user@host:port/path`.
struct Parts<'a> {
    user: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, String> {
        if text.contains(['?', '#']) {
            return Err("an address takes neither a query nor a fragment; leave out what begins with ? or #".to_owned());
        }
        let (authority, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
        if user.is_some_and(|user| user.contains(':')) {
            return Err("a password in an address is not taken; use a key, and leave out what stands behind the colon".to_owned());
        }
        if !user.unwrap_or_default().chars().all(|c| c.is_alphanumeric() || "._-+@".contains(c)) {
            return Err("the user holds a character that no user's name has; write it as ssh://user@host".to_owned());
        }
        let (host, port) = host_and_port(place)?;
        Ok(Self { user: user.filter(|user| !user.is_empty()), host, port, path })
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("the bracket of the IPv6 address is not closed; write it as [::1]:2376")?,
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let port = match port {
        "" | ":" => None,
        digits => {
            let number = digits.strip_prefix(':').and_then(|digits| digits.parse().ok()).filter(|port| *port != 0);
            Some(number.ok_or("the port is no number from 1 to 65535; write it as host:port, an IPv6 address in brackets")?)
        }
    };
    // Whatever a shell or a proxy command of ssh could take for more than a name.
    if !host.chars().all(|c| c.is_alphanumeric() || "._-:%".contains(c)) {
        return Err("the host holds a character that no name and no IP address has; write it as host:port".to_owned());
    }
    Ok((host, port))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// An address as it was written, without what may be a password, for a message.
pub(super) fn without_password(text: &str) -> String {
    let text = crate::rig::docker::text::name(text);
    let (scheme, rest) = text.split_once("://").map_or(("", text.as_str()), |(scheme, rest)| (scheme, rest));
    let end = rest.find('/').unwrap_or(rest.len());
    let shown = match rest[..end].rfind('@') {
        Some(at) if rest[..at].contains(':') => format!("***{}", &rest[at..]),
        _ => rest.to_owned(),
    };
    if scheme.is_empty() { shown } else { format!("{scheme}://{shown}") }
}

#[cfg(test)]
mod tests;
