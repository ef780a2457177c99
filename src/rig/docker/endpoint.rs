//! Which engine is meant, and where it listens.
//!
//! Follows the docker command: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the chosen context of its settings, else the default
//! socket. What is set but cannot be followed is refused rather than passed over: measuring another engine than the user's
//! would be wrong in silence.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::{EngineError, text};

mod address;
mod context;
mod tls;

pub(super) use address::{Address, SshAddress};
use context::Store;
pub(super) use tls::TlsFiles;

/// Which engine is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// What this process's environment names, as the docker command reads it.
    Environment,
    /// What these variables name, in place of the process's: `DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_TLS`,
    /// `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`, `DOCKER_CONFIG`, `HOME`, and `PATH` to find ssh.
    Variables(BTreeMap<String, String>),
}

/// An engine's address with what it takes to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: Address,
    /// `None` speaks plain HTTP.
    pub(super) tls: Option<TlsFiles>,
    /// What named it, for messages: `DOCKER_HOST=tcp://…`, `docker context build`.
    pub(super) named_by: String,
    /// What the user should know although it is followed.
    pub(super) warnings: Vec<String>,
    /// Where programs are looked for; `None` is the process's own.
    pub(super) search_path: Option<String>,
}

impl Endpoint {
    /// The engine that is meant.
    pub(super) fn target(&self) -> Result<Target, EngineError> {
        match self {
            Self::Unix(path) => Ok(Target::at(Address::Unix(path.clone()), format!("the socket {}", path.display()))),
            Self::Environment => Variables(&|name| env::var(name).ok()).target(),
            Self::Variables(given) => {
                let target = Variables(&|name| given.get(name).cloned()).target()?;
                Ok(Target { search_path: given.get("PATH").cloned(), ..target })
            }
        }
    }
}

impl Target {
    fn at(address: Address, named_by: String) -> Self {
        Self { address, tls: None, named_by, warnings: Vec::new(), search_path: None }
    }

    /// What named it, and the address, for messages.
    pub(super) fn described(&self) -> String {
        let url = self.address.url();
        if self.named_by.ends_with(&url) { self.named_by.clone() } else { format!("{} ({url})", self.named_by) }
    }

    /// Adds what is true of every plain TCP port that others can reach.
    fn warned(mut self) -> Self {
        if let Address::Tcp { host, .. } = &self.address
            && self.tls.is_none()
            && !is_loopback(host)
        {
            let url = self.address.url();
            self.warnings.push(format!(
                "{url} is not encrypted and asks for no key: whoever reaches it is root on that machine; set DOCKER_TLS_VERIFY=1 and \
                 DOCKER_CERT_PATH, or use ssh://"
            ));
        }
        self
    }
}

/// Whether `host` names this machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An engine that is named but cannot be used.
pub(super) fn refused(named_by: &str, why: impl Into<String>) -> EngineError {
    EngineError::Endpoint { endpoint: named_by.to_owned(), why: why.into() }
}

/// The environment that is looked at.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn set(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn target(&self) -> Result<Target, EngineError> {
        if let Some(host) = self.set("DOCKER_HOST") {
            return self.of_host(&host);
        }
        match self.context()? {
            Some((name, named_by)) => self.of_context(&name, &named_by),
            None => self.of_nothing(),
        }
    }

    fn of_host(&self, host: &str) -> Result<Target, EngineError> {
        let named_by = format!("DOCKER_HOST={}", address::without_password(host));
        let address = Address::parse(host.trim()).map_err(|why| refused(&named_by, why))?;
        let mut target = self.with_wished_tls(address, named_by)?;
        if let Some(context) = self.set("DOCKER_CONTEXT").filter(|name| name != context::DEFAULT) {
            let context = text::name(&context);
            target.warnings.push(format!("DOCKER_HOST goes before the docker context {context}; unset one of them"));
        }
        Ok(target.warned())
    }

    fn of_nothing(&self) -> Result<Target, EngineError> {
        let tls = self.set("DOCKER_TLS_VERIFY").or_else(|| self.set("DOCKER_TLS")).is_some();
        self.with_wished_tls(Address::default(tls), "the default address".to_owned())
    }

    /// TLS as the variables wish for it. On a Unix socket and over ssh they mean nothing.
    fn with_wished_tls(&self, address: Address, named_by: String) -> Result<Target, EngineError> {
        let verify = self.set("DOCKER_TLS_VERIFY").is_some();
        let mut target = Target::at(address, named_by);
        if !matches!(target.address, Address::Tcp { .. }) || !(verify || self.set("DOCKER_TLS").is_some()) {
            return Ok(target);
        }
        let folder = self.set("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| self.settings());
        let folder = folder.ok_or_else(|| refused(&target.named_by, "TLS is asked for and no folder is known; set DOCKER_CERT_PATH"))?;
        target.tls = Some(TlsFiles::wished(&folder, verify));
        target.warnings.extend((!verify).then(|| tls::unverified(&target.address.url())));
        Ok(target)
    }

    /// The chosen context and what chose it; `None` for the default one.
    fn context(&self) -> Result<Option<(String, String)>, EngineError> {
        let chosen = match self.set("DOCKER_CONTEXT") {
            Some(name) => Some((name, "DOCKER_CONTEXT".to_owned())),
            None => match self.settings() {
                Some(folder) => context::current(&folder)?.map(|name| (name, folder.join("config.json").display().to_string())),
                None => None,
            },
        };
        Ok(chosen.filter(|(name, _)| name != context::DEFAULT))
    }

    fn of_context(&self, name: &str, chosen_by: &str) -> Result<Target, EngineError> {
        let named_by = format!("docker context {} (chosen by {chosen_by})", text::name(name));
        let folder =
            self.settings().ok_or_else(|| refused(&named_by, "no folder of docker's settings is known; set DOCKER_CONFIG or HOME"))?;
        let found = Store::at(&folder).read(name, &named_by)?;
        let address = match found.host.trim() {
            "" => Address::default(false),
            host => Address::parse(host).map_err(|why| refused(&named_by, why))?,
        };
        let mut target = Target::at(address, named_by);
        if matches!(target.address, Address::Tcp { .. }) {
            target.tls = found.tls;
            let unverified = target.tls.as_ref().is_some_and(|tls| !tls.verify);
            target.warnings.extend(unverified.then(|| tls::unverified(&target.address.url())));
        }
        Ok(target.warned())
    }

    /// The folder of the docker command's settings.
    fn settings(&self) -> Option<PathBuf> {
        let home = || Some(Path::new(&self.set("HOME")?).join(".docker"));
        self.set("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
    }
}

#[cfg(test)]
mod tests;
