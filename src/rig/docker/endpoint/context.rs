//! The docker command's contexts: which one is chosen, and what its files say.
//!
//! A context named N lies in `contexts/meta/<sha256 of N>/meta.json`, its certificates in `contexts/tls/<sha256 of N>/docker/`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{EngineError, TlsFiles, refused, text};

/// The context that stands for no context.
pub(super) const DEFAULT: &str = "default";

/// Largest file of settings that is read, bytes.
const LARGEST: u64 = 1024 * 1024;

/// Most contexts that a message lists.
const MOST_LISTED: usize = 20;

/// What a context says about its engine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// As written; empty for the default address.
    pub(super) host: String,
    /// `None` speaks plain HTTP.
    pub(super) tls: Option<TlsFiles>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    current_context: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
struct DockerEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The context that the settings in `folder` choose; `None` where they choose none or there are none.
pub(super) fn current(folder: &Path) -> Result<Option<String>, EngineError> {
    let path = folder.join("config.json");
    let named_by = path.display().to_string();
    let Some(text) = read(&path).map_err(|error| refused(&named_by, unreadable(&error)))? else { return Ok(None) };
    let settings: Settings = serde_json::from_str(&text).map_err(|error| refused(&named_by, not_json(&error)))?;
    Ok(Some(settings.current_context).filter(|name| !name.is_empty()))
}

/// The contexts below a folder of settings.
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn at(settings: &Path) -> Self {
        Self { folder: settings.join("contexts") }
    }

    /// What the context `name` says.
    pub(super) fn read(&self, name: &str, named_by: &str) -> Result<Found, EngineError> {
        let id = id(name);
        let path = self.folder.join("meta").join(&id).join("meta.json");
        let at_file = |why: String| refused(named_by, format!("{}: {why}", path.display()));
        let text = read(&path).map_err(|error| at_file(unreadable(&error)))?;
        let text = text.ok_or_else(|| refused(named_by, format!("there is no such context; {}", self.known())))?;
        let meta: Meta = serde_json::from_str(&text).map_err(|error| at_file(not_json(&error)))?;
        if meta.name != name {
            return Err(at_file(format!("it describes the context {}; create the context again", text::name(&meta.name))));
        }
        let docker = meta.endpoints.docker.ok_or_else(|| at_file("it names no docker endpoint; choose another context".to_owned()))?;
        let tls = TlsFiles::of_context(&self.folder.join("tls").join(&id).join("docker"), docker.skip_tls_verify);
        Ok(Found { host: docker.host, tls })
    }

    /// The names that there are, as the end of a sentence.
    fn known(&self) -> String {
        let folders = self.folder.join("meta").read_dir().into_iter().flatten().flatten();
        let names = folders.take(1000).filter_map(|folder| {
            let text = read(&folder.path().join("meta.json")).ok()??;
            let meta: Meta = serde_json::from_str(&text).ok()?;
            (folder.file_name() == *id(&meta.name)).then(|| text::name(&meta.name))
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.insert(0, DEFAULT.to_owned());
        let more = names.len().saturating_sub(MOST_LISTED);
        names.truncate(MOST_LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("choose one of {}{more}", names.join(", "))
    }
}

fn id(name: &str) -> String {
    Sha256::digest(name).iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
}

/// The text of a file; `None` where there is none.
fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    if file.take(LARGEST + 1).read_to_string(&mut text)? as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(Some(text))
}

fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read ({error}); make it readable, or set DOCKER_HOST")
}

fn not_json(error: &serde_json::Error) -> String {
    format!("it is not as the docker command writes it ({error}); mend it, or set DOCKER_HOST")
}
