//! A registry that the user names, asked directly: whether it takes the user's login, which manifest it holds, and to remove
//! what a run pushed.
//!
//! Owns no state but the login. The login is sent to the registry and to the token service that it names, never printed and
//! never written. Answers are hostile: bounded, and checked against the digest that was asked for.

mod address;
mod challenge;
mod config;
mod error;
mod helper;
mod http;
mod image;
mod login;

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, LOCATION, WWW_AUTHENTICATE};
use hyper::{Method, Request, StatusCode, Uri};

pub use address::{RegistryName, RegistryNameError};
pub use error::{LoginError, RemoteError};
pub use image::RemoteImage;
pub use login::{Login, LoginPlace};

use challenge::Challenge;
use http::Answer;

use crate::image::{Digest, MAX_MANIFEST_BYTES};

/// The repository whose upload is begun, and given up, to see whether pushing is allowed.
const PROBE: &str = "loadline-probe";

/// What a manifest may be: of one image, by Docker's name or OCI's; an index is taken to be told from one.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry with what is known of the user there.
#[derive(Clone, Debug)]
pub struct Remote {
    name: RegistryName,
    login: Option<Login>,
}

impl Remote {
    /// Finds the login for `name` in `place` and asks the registry whether it allows a push, without pushing anything.
    ///
    /// # Errors
    ///
    /// The login cannot be had, the registry cannot be reached, or it refuses.
    pub async fn open(name: RegistryName, place: &LoginPlace) -> Result<Self, RemoteError> {
        let login = Login::find(&name, place).await?;
        let remote = Self { name, login };
        remote.greet().await?;
        remote.try_upload().await?;
        Ok(remote)
    }

    /// Which registry.
    pub const fn name(&self) -> &RegistryName {
        &self.name
    }

    /// Who the user is there; `None` where nobody logged in.
    pub const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The manifest of `digest` in `repository` (without the host), its bytes checked against the digest.
    pub async fn manifest(&self, repository: &str, digest: &Digest) -> Result<Bytes, RemoteError> {
        let action = "the request for the manifest";
        let answer = self.ask(action, repository, Method::GET, &format!("manifests/{digest}")).await?;
        if answer.status != StatusCode::OK {
            return Err(self.refused(action, repository, &answer));
        }
        if answer.body.len() as u64 > MAX_MANIFEST_BYTES || Digest::of(&answer.body) != *digest {
            return Err(self.wrong(action, format!("its bytes are not those of {digest}")));
        }
        Ok(answer.body)
    }

    /// The bytes that the registry says a blob has; `None` where it refers to another server.
    pub async fn blob_size(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RemoteError> {
        let action = "the question for a blob";
        let answer = self.ask(action, repository, Method::HEAD, &format!("blobs/{digest}")).await?;
        match answer.status {
            StatusCode::OK => {
                let length = answer.header(&CONTENT_LENGTH).and_then(|length| length.parse().ok());
                length.map(Some).ok_or_else(|| self.wrong(action, "it has no length".to_owned()))
            }
            status if status.is_redirection() => Ok(None),
            _ => Err(self.refused(action, repository, &answer)),
        }
    }

    /// Removes the manifest of `digest` from `repository`; most registries do not allow it.
    pub async fn delete(&self, repository: &str, digest: &Digest) -> Result<(), RemoteError> {
        let action = "the removal";
        let answer = self.ask(action, repository, Method::DELETE, &format!("manifests/{digest}")).await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.refused(action, repository, &answer)) }
    }

    /// Whether a registry answers there at all, and takes the login.
    async fn greet(&self) -> Result<(), RemoteError> {
        let action = "the first question";
        let answer = self.exchange(action, self.url("/v2/")?, Method::GET, None).await?;
        match answer.status {
            StatusCode::OK => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.refused(action, "", &answer)),
            status => Err(RemoteError::NoRegistry { registry: self.name.host().to_owned(), status: status.as_u16() }),
        }
    }

    async fn try_upload(&self) -> Result<(), RemoteError> {
        let repository = self.name.repository(PROBE);
        let action = "the trial upload";
        let answer = self.ask(action, &repository, Method::POST, "blobs/uploads/").await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(self.refused(action, &repository, &answer));
        }
        // Given up at once. A registry that keeps it drops it by itself after some days.
        if let Some(place) = answer.header(&LOCATION).and_then(|place| self.beside(place)) {
            let scope = scope(&repository, &Method::POST);
            drop(self.exchange("the end of the trial upload", place, Method::DELETE, Some(&scope)).await);
        }
        Ok(())
    }

    /// A place on this very registry that it named; `None` for one elsewhere, which must not see the login.
    fn beside(&self, place: &str) -> Option<Uri> {
        let ours = self.url("/").ok()?;
        let named: Uri = place.parse().ok()?;
        let same = named.authority().is_none() || (named.authority() == ours.authority() && named.scheme() == ours.scheme());
        same.then(|| self.url(named.path_and_query()?.as_str()).ok()).flatten()
    }

    async fn ask(&self, action: &'static str, repository: &str, method: Method, rest: &str) -> Result<Answer, RemoteError> {
        let scope = scope(repository, &method);
        self.exchange(action, self.url(&format!("/v2/{repository}/{rest}"))?, method, Some(&scope)).await
    }

    /// Asks without a login first: the answer says which kind is wanted. `scope` is what a token is asked for; the scope that an
    /// answer proposes is passed over, since some registries propose one for another repository or for reading alone.
    async fn exchange(&self, action: &'static str, url: Uri, method: Method, scope: Option<&str>) -> Result<Answer, RemoteError> {
        let first = self.send(action, &url, &method, None).await?;
        if first.status != StatusCode::UNAUTHORIZED {
            return Ok(first);
        }
        let offers: Vec<String> = first.headers_of(&WWW_AUTHENTICATE);
        let Some(challenge) = Challenge::best(&offers) else {
            return Err(self.wrong(action, "it wants a login but does not say of which kind".to_owned()));
        };
        let authorization = self.authorization(&challenge, scope).await?;
        let second = self.send(action, &url, &method, Some(&authorization)).await?;
        if second.status == StatusCode::UNAUTHORIZED {
            return Err(self.login_refused(&second));
        }
        Ok(second)
    }

    async fn send(&self, action: &'static str, url: &Uri, method: &Method, authorization: Option<&str>) -> Result<Answer, RemoteError> {
        let mut request = Request::builder().method(method.clone()).uri(url.clone()).header(ACCEPT, MANIFESTS);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Bytes::new()).map_err(|error| self.wrong(action, error.to_string()))?;
        self.timely(Box::pin(http::exchange(request))).await
    }

    async fn timely(&self, work: impl Future<Output = Result<Answer, String>>) -> Result<Answer, RemoteError> {
        let unreachable = |why| RemoteError::Unreachable { registry: self.name.host().to_owned(), why };
        let late = |_| unreachable(format!("it gave no answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, work).await.map_err(late)?.map_err(unreachable)
    }

    fn url(&self, path: &str) -> Result<Uri, RemoteError> {
        let scheme = if self.name.is_loopback() { "http" } else { "https" };
        let url = format!("{scheme}://{}{path}", self.name.api_host());
        url.parse().map_err(|_| self.wrong("the question", format!("{path:?} is no path")))
    }

    fn login_refused(&self, answer: &Answer) -> RemoteError {
        let registry = self.name.host().to_owned();
        match self.login {
            Some(_) => RemoteError::LoginRefused { login: self.name.login_command(), registry, why: answer.message() },
            None => RemoteError::LoginWanted { login: self.name.login_command(), registry },
        }
    }

    fn refused(&self, action: &'static str, repository: &str, answer: &Answer) -> RemoteError {
        let registry = self.name.host().to_owned();
        match answer.status {
            StatusCode::UNAUTHORIZED => self.login_refused(answer),
            StatusCode::FORBIDDEN if self.login.is_none() => RemoteError::LoginWanted { login: self.name.login_command(), registry },
            StatusCode::FORBIDDEN => RemoteError::Denied { registry, repository: repository.to_owned(), why: answer.message() },
            _ => RemoteError::Answer { registry, action, why: answer.message() },
        }
    }

    fn wrong(&self, action: &'static str, why: String) -> RemoteError {
        RemoteError::Answer { registry: self.name.host().to_owned(), action, why }
    }
}

/// What a token must allow (docs.docker.com, "Token scope documentation").
fn scope(repository: &str, method: &Method) -> String {
    let actions = match *method {
        Method::POST => "pull,push",
        Method::DELETE => "pull,delete",
        _ => "pull",
    };
    format!("repository:{repository}:{actions}")
}
