//! The user's login for one registry, handed to the engine with a push or a pull.

use std::sync::Arc;

use bollard::auth::DockerCredentials;
use hyper::header::HeaderValue;

use super::podman;
use crate::rig::engine::Product;
use crate::rig::remote::{Login, RegistryName};

/// A login, and for which registry it is.
#[derive(Clone, Debug)]
pub(super) struct LoginFor {
    host: Arc<str>,
    login: Login,
}

impl LoginFor {
    pub(super) fn new(name: &RegistryName, login: Login) -> Self {
        Self { host: name.host().into(), login }
    }

    /// The login for `reference`, where it lies in that registry.
    pub(super) fn of(&self, reference: &str) -> Option<DockerCredentials> {
        let there = reference.strip_prefix(&*self.host).is_some_and(|rest| rest.starts_with('/'));
        there.then(|| self.credentials())
    }

    fn credentials(&self) -> DockerCredentials {
        let empty = DockerCredentials { serveraddress: Some(self.host.to_string()), ..DockerCredentials::default() };
        match self.login.clone() {
            Login::Password { user, password } => DockerCredentials { username: Some(user), password: Some(password), ..empty },
            Login::Identity(token) => DockerCredentials { identitytoken: Some(token), ..empty },
            Login::Registry(token) => DockerCredentials { registrytoken: Some(token), ..empty },
        }
    }
}

/// The client with a header that engines can read: they take base64 for URLs (RFC 4648 §5), the client writes the other one,
/// and an engine passes over a login that it cannot read.
pub(super) fn readable(client: &bollard::Docker, product: Product) -> bollard::Docker {
    client.clone().with_request_modifier(move |request| {
        let mut request = if product == Product::Podman { podman::adapted_request(request) } else { request };
        if let Some(value) = request.headers_mut().get_mut("x-registry-auth") {
            let url_safe = value.as_bytes().iter().map(|byte| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            });
            if let Ok(mut fixed) = HeaderValue::from_bytes(&url_safe.collect::<Vec<_>>()) {
                fixed.set_sensitive(true);
                *value = fixed;
            }
        }
        request
    })
}
