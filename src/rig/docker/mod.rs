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
mod image;
mod info;
mod prune;
mod reference;
mod text;
mod transfer;
mod upload;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use endpoint::Endpoint;

use super::engine::{
    BuildOutcome, BuildRequest, Container, ContainerSpec, ContainerState, Engine, EngineError, EngineInfo, ImageInfo, ProgressSink,
    Transfer,
};

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
}

impl Docker {
    /// Connects and asks for the version. Requests name no version, so that the engine serves each by its own newest API.
    ///
    /// # Errors
    ///
    /// [`EngineError::Endpoint`] when the environment names an engine that is not served, [`EngineError::Unreachable`] when
    /// nothing answers.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, EngineError> {
        Self::at(&endpoint.socket()?).await
    }

    async fn at(socket: &Path) -> Result<Self, EngineError> {
        let endpoint: Arc<str> = format!("unix://{}", socket.display()).into();
        let unreachable = |source| EngineError::Unreachable { endpoint: endpoint.to_string(), source };
        let client = bollard::Docker::connect_with_unix(&endpoint, ANSWER_SECONDS, bollard::API_DEFAULT_VERSION)
            .map_err(|source| unreachable(source.into()))?;
        let negotiated = tokio::time::timeout(PATIENCE, client.negotiate_version()).await;
        let client = negotiated.map_err(|source| unreachable(source.into()))?.map_err(|source| unreachable(source.into()))?;
        let log = "its service log (journalctl -u docker)".into();
        Ok(Self { client, endpoint, log, patience: PATIENCE })
    }

    /// The same engine, whose log lies at `path`: named when the engine is lost.
    #[must_use]
    pub fn with_log(mut self, path: &Path) -> Self {
        self.log = path.display().to_string().into();
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

    async fn import(&self, tar: &Path, reference: &str, changes: &[String]) -> Result<(), EngineError> {
        archive::import(self, tar, reference, changes).await
    }

    async fn prune(&self, keep: &[String]) -> Result<(), EngineError> {
        prune::all_but(self, keep).await
    }
}
