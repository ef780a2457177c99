//! The user's login for a registry, found where `docker login` keeps it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::config::Config;
use super::{LoginError, RegistryName, helper};

/// Where logins are looked for.
#[derive(Clone, Debug, Default)]
pub struct LoginPlace {
    /// The folder of `config.json`; `None` where neither `DOCKER_CONFIG` nor `HOME` is set.
    pub folder: Option<PathBuf>,
    /// Where credential helpers are looked for, as in `PATH`.
    pub search_path: Option<OsString>,
}

impl LoginPlace {
    /// As this process's environment says.
    pub fn of_process() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = || set("HOME").map(|home| PathBuf::from(home).join(".docker"));
        Self { folder: set("DOCKER_CONFIG").map(PathBuf::from).or_else(home), search_path: set("PATH") }
    }
}

/// Who the user is for a registry. Shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token to get tokens with (a refresh token of RFC 6749 §1.5).
    Identity(String),
    /// A token for the registry itself.
    Registry(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Login(password, not shown)",
            Self::Identity(_) => "Login(identity token, not shown)",
            Self::Registry(_) => "Login(registry token, not shown)",
        })
    }
}

impl Login {
    /// Looks in the order of the docker command: the registry's own helper, the helper of all, the file itself.
    pub(super) async fn find(name: &RegistryName, place: &LoginPlace) -> Result<Option<Self>, LoginError> {
        let Some(config) = Config::read(place)? else { return Ok(None) };
        match config.helper(name.login_key())? {
            Some(program) => helper::ask(&program, name.login_key(), &config.path, place.search_path.as_deref()).await,
            None => config.stored(name.login_key()),
        }
    }

    /// The value of the header that proves a password, where there is one.
    pub(super) fn basic(&self) -> Option<String> {
        match self {
            Self::Password { user, password } => Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))),
            Self::Identity(_) | Self::Registry(_) => None,
        }
    }
}
