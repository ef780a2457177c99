//! Programs that keep logins: `docker-credential-…`, asked as the docker command asks them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{Login, LoginError};

/// Longest wait. A helper may ask its user to unlock a key.
const PATIENCE: Duration = Duration::from_mins(1);

/// The name under which a helper gives an identity token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks `program` for the login of `key`; `None` where it has none.
pub(super) async fn ask(program: &str, key: &str, config: &Path, search_path: Option<&OsStr>) -> Result<Option<Login>, LoginError> {
    let found = on_path(program, search_path);
    let found = found.ok_or_else(|| LoginError::NoHelper { path: config.to_owned(), helper: program.to_owned() })?;
    let failed = |why: String| LoginError::Helper { helper: program.to_owned(), key: key.to_owned(), why };
    let run = async {
        let mut command = Command::new(&found);
        command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(path) = search_path {
            command.env("PATH", path);
        }
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // One that ends without reading says why by its exit code.
            drop(input.write_all(key.as_bytes()).await);
        }
        child.wait_with_output().await
    };
    let output =
        tokio::time::timeout(PATIENCE, run).await.map_err(|_| failed(format!("it gave no answer within {} s", PATIENCE.as_secs())))?;
    let output = output.map_err(|error| failed(format!("it could not be run ({error})")))?;
    if !output.status.success() {
        // Helpers say on stdout why they fail.
        let said = super::http::clean(&[output.stdout.as_slice(), b" ", &output.stderr].concat());
        let none = said.contains("credentials not found in native keychain");
        return if none { Ok(None) } else { Err(failed(format!("it ended with {}: {said}", output.status))) };
    }
    let answer: Answer =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("its answer is not of the form of a login".to_owned()))?;
    Ok(match (answer.username.as_str(), answer.secret) {
        ("", secret) if secret.is_empty() => None,
        (TOKEN, secret) => Some(Login::Identity(secret)),
        (user, password) => Some(Login::Password { user: user.to_owned(), password }),
    })
}

fn on_path(program: &str, search_path: Option<&OsStr>) -> Option<PathBuf> {
    let folders = std::env::split_paths(search_path?);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
