//! Docker's `config.json`, as far as it is about logins.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Login, LoginError, LoginPlace};

/// Largest file that is read, bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The file and what it says.
pub(super) struct Config {
    pub(super) path: PathBuf,
    raw: Raw,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Config {
    /// Reads the file; `None` where there is none.
    pub(super) fn read(place: &LoginPlace) -> Result<Option<Self>, LoginError> {
        let Some(path) = place.folder.as_ref().map(|folder| folder.join("config.json")) else { return Ok(None) };
        let unreadable = |source| LoginError::Unreadable { path: path.clone(), source };
        let size = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if size > LARGEST {
            return Err(LoginError::Malformed { path, line: 0, what: "it has more than 4 MiB" });
        }
        let bytes = fs::read(&path).map_err(unreadable)?;
        // The parser's own words could quote a password.
        let raw = serde_json::from_slice(&bytes).map_err(|error| LoginError::Malformed {
            path: path.clone(),
            line: error.line(),
            what: "it is not JSON of that form",
        })?;
        Ok(Some(Self { path, raw }))
    }

    /// The helper that keeps the login of `key`: `docker-credential-pass`.
    pub(super) fn helper(&self, key: &str) -> Result<Option<String>, LoginError> {
        let own = self.raw.cred_helpers.get(key).or(self.raw.creds_store.as_ref()).filter(|name| !name.is_empty());
        let Some(name) = own else { return Ok(None) };
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            return Err(self.malformed("the name of a credential helper is no name of a program"));
        }
        Ok(Some(format!("docker-credential-{name}")))
    }

    /// The login of `key` in the file itself.
    pub(super) fn stored(&self, key: &str) -> Result<Option<Login>, LoginError> {
        let exact = self.raw.auths.get(key);
        let entry = exact.or_else(|| self.raw.auths.iter().find(|(name, _)| host(name) == host(key)).map(|(_, entry)| entry));
        let Some(entry) = entry else { return Ok(None) };
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&entry.registrytoken) {
            return Ok(Some(Login::Registry(token)));
        }
        if let Some(token) = given(&entry.identitytoken) {
            return Ok(Some(Login::Identity(token)));
        }
        match (given(&entry.auth), given(&entry.username), given(&entry.password)) {
            (Some(packed), ..) => self.unpacked(&packed).map(Some),
            (None, Some(user), Some(password)) => Ok(Some(Login::Password { user, password })),
            _ => Ok(None),
        }
    }

    /// `base64(user:password)`; old versions of docker fill the end with zero bytes.
    fn unpacked(&self, packed: &str) -> Result<Login, LoginError> {
        let bytes = STANDARD.decode(packed.trim()).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let parts = text.as_deref().and_then(|text| text.trim_end_matches('\0').split_once(':'));
        let (user, password) = parts.ok_or_else(|| self.malformed("an `auth` is not a packed name and password"))?;
        Ok(Login::Password { user: user.to_owned(), password: password.to_owned() })
    }

    fn malformed(&self, what: &'static str) -> LoginError {
        LoginError::Malformed { path: self.path.clone(), line: 0, what }
    }
}

/// The host of a key, which may be a whole URL.
fn host(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    rest.split('/').next().unwrap_or(rest)
}
