//! The Docker implementation of the engine seam, over the Docker Engine API. The only place that names bollard.
//!
//! [`Docker`] owns no state in the engine: what it starts, the caller removes. Every call is watched: while it is under way
//! the engine is asked for a sign of life, so that a hung daemon ends the call and a slow one does not.
//!
//! What the engine sends is not trusted: names and logs are stripped of control sequences and bounded, a stream that ends
//! without its result is an error, and an error inside an HTTP 200 stream is a failure.

mod archive;
mod build;
mod container;
mod endpoint;
mod error;
mod host;
mod image;
mod info;
mod link;
mod login;
mod podman;
mod prune;
mod reference;
mod text;
mod transfer;
mod upload;
mod usage;
mod watch;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use endpoint::Endpoint;
use endpoint::{Address, Target};
pub use host::{CacheRecord, Labelled};
pub(in crate::rig) use link::secured;
use link::{Forward, Link, Reach, Trouble};
use login::LoginFor;

use super::engine::{
    BuildOutcome, BuildRequest, Container, ContainerSpec, ContainerState, Engine, EngineError, EngineInfo, ImageInfo, ImageUsage, Product,
    ProgressSink, Transfer,
};
use super::remote::{Login, RegistryName};

/// Longest wait for the head of an answer, seconds. The engine is given all the time that it needs (a large archive is
/// answered when it is unpacked); [`watch`] ends calls to an engine that hangs.
const ANSWER_SECONDS: u64 = 24 * 60 * 60;

/// How long an engine may leave a sign of life unanswered before it counts as gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// A Docker engine. Clones share the connection settings; no connection is held between calls.
#[derive(Clone, Debug)]
pub struct Docker {
    client: bollard::Docker,
    endpoint: Arc<str>,
    log: Arc<str>,
    patience: Duration,
    target: Arc<Target>,
    reach: Reach,
    product: Product,
    /// The user's login for one registry, sent with pushes to it and pulls from it.
    login: Option<LoginFor>,
    /// Ports here that lead to a container's port on the engine's machine, by the container's id.
    forwards: Arc<Mutex<HashMap<String, Forward>>>,
}

impl Docker {
    /// Connects and asks for the version. Requests name no version, so that the engine serves each by its own newest API.
    ///
    /// # Errors
    ///
    /// [`EngineError::Endpoint`] when the environment names an engine that is not served, or it cannot be reached for a reason
    /// that is known; [`EngineError::Unreachable`] when nothing answers.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, EngineError> {
        let target = Arc::new(endpoint.target()?);
        let told = |trouble| told(&target, trouble);
        let link = Link::to(&target).map_err(told)?;
        let reach = match &link {
            Some(link) => link.reach().await.map_err(told)?,
            None => Reach::Here,
        };
        let url = target.address.url();
        let unreachable = |source| EngineError::Unreachable { endpoint: url.clone(), source };
        let client = client(&target, link.clone()).map_err(|source| unreachable(source.into()))?;
        let negotiated = tokio::time::timeout(PATIENCE, negotiated(client)).await;
        let (client, product) = negotiated.map_err(|source| unreachable(source.into()))?.map_err(|error| {
            match link.as_ref().and_then(|link| link.explain(&error)) {
                Some(why) => told(Trouble::Known(why)),
                None => unreachable(error.into()),
            }
        })?;
        let log = log_of(&target.address).into();
        Ok(Self { client, endpoint: url.into(), log, patience: PATIENCE, target, reach, product, login: None, forwards: Arc::default() })
    }

    /// The same engine, whose log lies at `path`: named when the engine is lost.
    #[must_use]
    pub fn with_log(mut self, path: &Path) -> Self {
        self.log = path.display().to_string().into();
        self
    }

    /// The same engine with the user's `login` for pushes to and pulls from the registry of `name`, and for no other.
    #[must_use]
    pub fn with_login(mut self, name: &RegistryName, login: Option<&Login>) -> Self {
        self.login = login.map(|login| LoginFor::new(name, login.clone()));
        self
    }

    /// The same engine, given up when a sign of life stays unanswered for `patience`; 60 s unless told.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where it listens: `unix:///var/run/docker.sock`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the engine runs on another machine, so that its 127.0.0.1 is not ours: a registry here cannot be reached from
    /// there by that address. True of every engine behind ssh.
    pub const fn is_remote(&self) -> bool {
        !matches!(self.reach, Reach::Here)
    }

    /// Whether what is said to the engine over the network is encrypted by TLS. Neither a Unix socket nor ssh needs it.
    pub fn is_tls(&self) -> bool {
        self.target.tls.is_some()
    }

    /// What the user should know about how the engine was found and is reached, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.target.warnings
    }
}

/// The client that speaks over `link`, or over the Unix socket.
fn client(target: &Target, link: Option<Link>) -> Result<bollard::Docker, bollard::errors::Error> {
    let url = target.address.url();
    let Some(link) = link else {
        return bollard::Docker::connect_with_unix(&url, ANSWER_SECONDS, bollard::API_DEFAULT_VERSION);
    };
    // Over ssh the name means nothing to the engine: the docker command there speaks to a socket.
    let authority = match &target.address {
        Address::Tcp { .. } => url.replacen("tcp://", "http://", 1),
        Address::Unix(_) | Address::Ssh(_) => "http://docker.example".to_owned(),
    };
    let transport = move |request| link.clone().exchange(request);
    bollard::Docker::connect_with_custom_transport(transport, Some(authority), ANSWER_SECONDS, bollard::API_DEFAULT_VERSION)
}

/// The client with the version that both sides know, and whose engine answers.
async fn negotiated(client: bollard::Docker) -> Result<(bollard::Docker, Product), bollard::errors::Error> {
    let client = client.negotiate_version().await?;
    let product = info::product(&client.version().await?);
    Ok(match product {
        Product::Docker => (client, product),
        Product::Podman => (podman::adapted(client), product),
    })
}

/// A connection that did not come about.
fn told(target: &Target, trouble: Trouble) -> EngineError {
    let endpoint = target.address.url();
    match trouble {
        Trouble::Known(why) => EngineError::Endpoint { endpoint: target.described(), why },
        other => EngineError::Unreachable { endpoint, source: other.into() },
    }
}

fn log_of(address: &Address) -> String {
    const SERVICE: &str = "its service log (journalctl -u docker)";
    match address {
        Address::Unix(_) => SERVICE.to_owned(),
        Address::Tcp { host, .. } => format!("{SERVICE} on {host}"),
        Address::Ssh(address) => format!("{SERVICE} on {}", address.host),
    }
}

impl Engine for Docker {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.ask_info().await
    }

    async fn build(&self, request: BuildRequest, sink: &ProgressSink) -> Result<BuildOutcome, EngineError> {
        build::run(self, request, sink).await
    }

    async fn inspect(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        self.inspect_image(image).await
    }

    async fn usage(&self, id: &str) -> Result<ImageUsage, EngineError> {
        usage::of(self, id).await
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        self.tag_image(image, reference).await
    }

    async fn push(&self, reference: &str, sink: &ProgressSink) -> Result<Transfer, EngineError> {
        transfer::push(self, reference, sink).await
    }

    async fn pull(&self, reference: &str, sink: &ProgressSink) -> Result<Transfer, EngineError> {
        transfer::pull(self, reference, sink).await
    }

    async fn resolve(&self, reference: &str) -> Result<String, EngineError> {
        self.digest_in_registry(reference).await
    }

    async fn start(&self, spec: &ContainerSpec) -> Result<Container, EngineError> {
        self.start_container(spec).await
    }

    async fn container_state(&self, id: &str) -> Result<ContainerState, EngineError> {
        self.state_of_container(id).await
    }

    async fn container_log(&self, id: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        self.log_of_container(id, lines).await
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        self.drop_container(id).await
    }

    async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        self.untag_image(reference).await
    }

    async fn load(&self, archive: &Path) -> Result<(), EngineError> {
        archive::load(self, archive).await
    }

    async fn save(&self, references: &[String], archive: &Path) -> Result<(), EngineError> {
        archive::save(self, references, archive).await
    }

    async fn export<T: Send + 'static>(
        &self,
        image: &str,
        read: impl FnOnce(&mut dyn std::io::Read) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        host::export(self, image, read).await
    }

    async fn import(&self, tar: &Path, reference: &str, changes: &[String]) -> Result<(), EngineError> {
        archive::import(self, tar, reference, changes).await
    }

    async fn prune(&self, keep: &[String]) -> Result<(), EngineError> {
        prune::all_but(self, keep).await
    }
}
