//! Which socket an engine listens on, and which engines are not served.

use std::env;
use std::path::{Path, PathBuf};

use super::EngineError;

/// The socket of an engine installed by a distribution's package.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// What `DOCKER_HOST` names, else the default socket.
    Environment,
}

impl Endpoint {
    /// The socket's path.
    pub(super) fn socket(&self) -> Result<PathBuf, EngineError> {
        match self {
            Self::Unix(path) => Ok(path.clone()),
            Self::Environment => from_environment(|name| env::var(name).ok(), |path| std::fs::read_to_string(path).ok()),
        }
    }
}

/// Follows the docker command: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the chosen context of its settings, else the default
/// socket. An engine that is not behind a Unix socket, and a context, is refused rather than passed over: measuring another
/// engine than the user's would be wrong in silence.
fn from_environment(variable: impl Fn(&str) -> Option<String>, read: impl Fn(&Path) -> Option<String>) -> Result<PathBuf, EngineError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(host) = set("DOCKER_HOST") {
        return host.strip_prefix("unix://").filter(|path| path.starts_with('/')).map(PathBuf::from).ok_or_else(|| {
            let why = "only unix:///path sockets are served; point DOCKER_HOST at one, or use --engine private";
            EngineError::Endpoint { endpoint: format!("DOCKER_HOST={host}"), why }
        });
    }
    let context = set("DOCKER_CONTEXT").or_else(|| {
        let folder = set("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(Path::new(&set("HOME")?).join(".docker")))?;
        let settings: serde_json::Value = serde_json::from_str(&read(&folder.join("config.json"))?).ok()?;
        Some(settings.get("currentContext")?.as_str()?.to_owned())
    });
    match context {
        Some(name) if !name.is_empty() && name != "default" => {
            let why = "docker contexts are not served; set DOCKER_HOST to its unix:// socket, or use --engine private";
            Err(EngineError::Endpoint { endpoint: format!("docker context {name}"), why })
        }
        _ => Ok(PathBuf::from(DEFAULT_SOCKET)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)], settings: Option<&str>) -> Result<PathBuf, String> {
        let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let read = |path: &Path| settings.filter(|_| path == Path::new("/home/a/.docker/config.json")).map(str::to_owned);
        from_environment(variable, read).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_environment_means_the_default_socket() {
        assert_eq!(resolve(&[], None), Ok(PathBuf::from(DEFAULT_SOCKET)));
        assert_eq!(resolve(&[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "default")], None), Ok(PathBuf::from(DEFAULT_SOCKET)));
    }

    #[test]
    fn docker_host_names_a_socket_and_wins_over_a_context() {
        let environment = [("DOCKER_HOST", "unix:///run/user/1000/docker.sock"), ("DOCKER_CONTEXT", "remote")];
        assert_eq!(resolve(&environment, None), Ok(PathBuf::from("/run/user/1000/docker.sock")));
    }

    #[test]
    fn an_engine_behind_tcp_or_ssh_is_refused_with_the_cure() {
        for host in ["tcp://10.0.0.1:2375", "ssh://me@host", "unix://relative", "http://x"] {
            let message = resolve(&[("DOCKER_HOST", host)], None).expect_err("it is not served");
            assert!(message.contains(host) && message.ends_with("use --engine private"), "{message}");
        }
    }

    #[test]
    fn a_chosen_context_is_refused_and_not_passed_over() {
        let home = ("HOME", "/home/a");
        let chosen = resolve(&[home], Some(r#"{"auths":{},"currentContext":"desktop-linux"}"#)).expect_err("it is not served");
        assert!(chosen.contains("docker context desktop-linux"), "{chosen}");
        assert!(resolve(&[home, ("DOCKER_CONTEXT", "remote")], None).is_err());
        assert_eq!(resolve(&[home], Some("{}")), Ok(PathBuf::from(DEFAULT_SOCKET)));
        assert_eq!(resolve(&[home], Some("not json")), Ok(PathBuf::from(DEFAULT_SOCKET)));
    }
}
