//! Why a registry that the user named cannot be measured with.

use std::path::PathBuf;

use super::RegistryNameError;
use crate::image::ImageError;

/// Why a named registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The login cannot be had.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Nothing answers there.
    #[error("cannot reach the registry {registry}: {why}; check its name, and the network")]
    Unreachable {
        /// Host and port.
        registry: String,
        /// The cause in words.
        why: String,
    },
    /// Something answers that is no registry.
    #[error("{registry} is no registry: it answers /v2/ with status {status}; check the host and the port")]
    NoRegistry {
        /// Host and port.
        registry: String,
        /// HTTP status.
        status: u16,
    },
    /// It wants a login, and there is none.
    #[error("the registry {registry} wants a login, and there is none for it in docker's config.json; run `{login}`")]
    LoginWanted {
        /// Host and port.
        registry: String,
        /// The command.
        login: String,
    },
    /// It does not take the login.
    #[error("the registry {registry} does not take the login in docker's config.json ({why}); run `{login}` again")]
    LoginRefused {
        /// Host and port.
        registry: String,
        /// Its own words.
        why: String,
        /// The command.
        login: String,
    },
    /// It takes the login, but does not allow this.
    #[error(
        "the registry {registry} does not allow this login to push to {repository} ({why}); log in as somebody who may, or name another path"
    )]
    Denied {
        /// Host and port.
        registry: String,
        /// Which repository.
        repository: String,
        /// Its own words.
        why: String,
    },
    /// The name of an image is none.
    #[error(transparent)]
    Name(#[from] RegistryNameError),
    /// It has no such image, or does not show it.
    #[error("the registry {registry} gives no image {image} ({why}); check its name, its tag, and whether you may pull it")]
    NoImage {
        /// Host and port.
        registry: String,
        /// Repository with tag or digest.
        image: String,
        /// Its own words.
        why: String,
    },
    /// What it has under the name is no image for the platform, or none at all.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It answered in a way that cannot be used.
    #[error("the registry {registry} did not do {action}: {why}; check that it is a registry that allows this")]
    Answer {
        /// Host and port.
        registry: String,
        /// What was asked.
        action: &'static str,
        /// The cause in words.
        why: String,
    },
}

/// Why the user's login cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Docker's settings cannot be read.
    #[error("cannot read {path}; make it readable for you, or set DOCKER_CONFIG")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// Docker's settings are not what docker writes. What they hold is not quoted.
    #[error("{path} is not what docker writes (line {line}: {what}); repair it, or run `docker login` again")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1; 0 where it cannot be said.
        line: usize,
        /// What is wrong, without any value.
        what: &'static str,
    },
    /// A helper that the settings name is not there.
    #[error("{path} keeps logins in {helper}, which is not on the path; install it, or take it out there and run `docker login`")]
    NoHelper {
        /// The file that names it.
        path: PathBuf,
        /// The program.
        helper: String,
    },
    /// A helper failed.
    #[error("{helper} did not give the login for {key}: {why}; run `echo {key} | {helper} get` to see it fail")]
    Helper {
        /// The program.
        helper: String,
        /// What it was asked for.
        key: String,
        /// The cause in words.
        why: String,
    },
}
