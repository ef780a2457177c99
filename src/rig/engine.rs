//! The engine seam: what a run asks of a container engine, without naming any.
//!
//! Implemented by [`docker`](super::docker) over the Docker Engine API and by the fake engine of the tests. A failed
//! build is an outcome; an [`EngineError`] means the engine itself could not do what was asked.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dockerfile::Context;

mod error;
mod excerpt;
mod progress;
mod usage;
mod vertex;

pub use error::EngineError;
pub use excerpt::Excerpt;
pub use progress::{Progress, ProgressSink};
pub use usage::ImageUsage;
pub use vertex::{StepName, Vertex, VertexKind};

/// What a container engine can be asked to do.
///
/// Image names are full references as the engine takes them. Nothing here prunes or retags what the caller did not name,
/// except [`prune`](Self::prune), which only a private engine may be asked for.
pub trait Engine: Send + Sync {
    /// What the engine says about itself.
    fn info(&self) -> impl Future<Output = Result<EngineInfo, EngineError>> + Send;

    /// Builds an image. The wall time runs from just before the request until the stream has ended.
    fn build(&self, request: BuildRequest, sink: &ProgressSink) -> impl Future<Output = Result<BuildOutcome, EngineError>> + Send;

    /// Looks at a local image; `None` when there is none of that name or id.
    fn inspect(&self, image: &str) -> impl Future<Output = Result<Option<ImageInfo>, EngineError>> + Send;

    /// What the local image with the id `id` takes in the engine's store, beside the others there.
    fn usage(&self, id: &str) -> impl Future<Output = Result<ImageUsage, EngineError>> + Send {
        let why = format!("it does not tell what {id} takes in its store");
        async move { Err(EngineError::Unsupported { what: "asking for disk usage", why }) }
    }

    /// Gives an image a further name. `reference` is `repository:tag`.
    fn tag(&self, image: &str, reference: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Pushes a reference that the image was tagged with.
    fn push(&self, reference: &str, sink: &ProgressSink) -> impl Future<Output = Result<Transfer, EngineError>> + Send;

    /// Pulls a reference by tag or digest.
    fn pull(&self, reference: &str, sink: &ProgressSink) -> impl Future<Output = Result<Transfer, EngineError>> + Send;

    /// The digest that a registry has for a reference now, asked by the engine (its mirrors and credentials count) without
    /// pulling anything. [`EngineError::Refused`] when no registry that answers knows it; engines that cannot ask say
    /// [`EngineError::Unsupported`].
    fn resolve(&self, reference: &str) -> impl Future<Output = Result<String, EngineError>> + Send {
        let why = format!("it cannot look up {reference}");
        async move { Err(EngineError::Unsupported { what: "looking up a digest", why }) }
    }

    /// Creates and starts a container with one port published on a free port of 127.0.0.1. A container that starts and ends
    /// at once is no error: [`container_state`](Self::container_state) tells. One that cannot start at all is
    /// [`EngineError::NotStarted`] and leaves nothing behind.
    fn start(&self, spec: &ContainerSpec) -> impl Future<Output = Result<Container, EngineError>> + Send;

    /// Whether a container still runs, and its exit code if not.
    fn container_state(&self, id: &str) -> impl Future<Output = Result<ContainerState, EngineError>> + Send;

    /// The last `lines` lines that a container wrote to stdout and stderr.
    fn container_log(&self, id: &str, lines: usize) -> impl Future<Output = Result<Vec<String>, EngineError>> + Send;

    /// Kills and removes a container by its id or name; one that is gone already is success.
    fn remove_container(&self, id: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Removes a name, and the image with its last name; one that is gone already is success.
    fn remove_image(&self, reference: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Loads images from a `docker save` archive on disk.
    fn load(&self, archive: &Path) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Writes one image with all the given names into a `docker save` archive on disk.
    fn save(&self, references: &[String], archive: &Path) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Hands the `docker save` archive of one image to `read` as it streams by: `read` runs on a thread for blocking work, a
    /// few hundred kilobytes behind the engine. Its answer counts only if the archive came whole.
    fn export<T: Send + 'static>(
        &self,
        image: &str,
        read: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, EngineError>> + Send {
        let why = format!("it cannot export {image}");
        drop(read);
        async move { Err(EngineError::Unsupported { what: "exporting an image", why }) }
    }

    /// Makes an image out of a root file system tar on disk, under `reference`. `changes` are Dockerfile lines such as `CMD ["bash"]`.
    fn import(&self, tar: &Path, reference: &str, changes: &[String]) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Drops the whole build cache and every image that has none of the names in `keep`. For private engines only.
    fn prune(&self, keep: &[String]) -> impl Future<Output = Result<(), EngineError>> + Send;
}

/// Whose engine answers. Their sizes and times are not comparable: they compress differently and keep other caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Docker's.
    Docker,
    /// Podman's, through the API that it shares with Docker.
    Podman,
}

impl Product {
    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker Engine",
            Self::Podman => "Podman",
        }
    }
}

/// What an engine says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// Whose engine it is.
    pub product: Product,
    /// Product version: `20.10.24+dfsg1`.
    pub version: String,
    /// Negotiated API version: `1.41`.
    pub api_version: String,
    /// Image store: `overlay2` (classic) or `overlayfs` (containerd snapshotter).
    pub store: String,
    /// Whether the store is containerd's, which pushes stored blobs as they are.
    pub containerd_store: bool,
    /// `linux/amd64`.
    pub platform: String,
    /// Version of `BuildKit` inside, where the engine tells.
    pub buildkit: Option<String>,
    /// Kernel that the engine runs on.
    pub kernel: String,
    /// The engine's data root as the engine names it.
    pub data_root: String,
    /// The engine's own id, to tell one engine from another.
    pub id: String,
}

/// A build to be made.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The files sent.
    pub context: Arc<Context>,
    /// Which of the engine's builders.
    pub builder: BuilderVersion,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`s.
    pub build_args: BTreeMap<String, String>,
    /// `linux/amd64`; `None` is the engine's own.
    pub platform: Option<String>,
    /// The name the image gets.
    pub tag: String,
    /// Whether cached steps may be used.
    pub cache: CacheUse,
    /// The network of RUN steps.
    pub network: RunNetwork,
    /// Labels on the image.
    pub labels: BTreeMap<String, String>,
}

/// Which of the engine's two builders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuilderVersion {
    /// `version=2`.
    BuildKit,
    /// `version=1`.
    Classic,
}

/// Whether cached steps may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheUse {
    /// Every RUN, COPY and ADD is executed.
    NoCache,
    /// Cached results are taken where they apply.
    UseCache,
}

/// The network that RUN steps see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunNetwork {
    /// The engine host's network.
    Host,
    /// The engine's default network.
    Default,
    /// None.
    None,
}

impl RunNetwork {
    /// The `networkmode` parameter's value.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Default => "default",
            Self::None => "none",
        }
    }
}

/// How a build ended.
#[derive(Clone, Debug)]
pub enum BuildOutcome {
    /// An image was made.
    Built(Solve),
    /// The Dockerfile could not be built; the engine is fine.
    Failed(BuildFailure),
}

/// A finished build.
#[derive(Clone, Debug)]
pub struct Solve {
    /// The id of the image: `sha256:…`.
    pub image_id: String,
    /// From just before the request until the stream ended, monotonic.
    pub wall: Duration,
    /// Bytes of the context tar that were sent.
    pub context_bytes: u64,
    /// The steps as the builder reported them, last state of each, in the order of their first appearance. Of the
    /// classic builder `Step n/m : …` each, with neither digest, inputs nor times.
    pub vertices: Vec<Vertex>,
    /// What RUN steps printed: its last lines, where there was more than is kept.
    pub log: Vec<LogLine>,
}

/// A build that failed in the Dockerfile or its inputs.
#[derive(Clone, Debug)]
pub struct BuildFailure {
    /// The builder's message, one paragraph.
    pub message: String,
    /// The name of the step that failed, where the builder told.
    pub step: Option<String>,
    /// From just before the request until the failure.
    pub wall: Duration,
    /// The steps until then.
    pub vertices: Vec<Vertex>,
    /// What RUN steps printed until then.
    pub log: Vec<LogLine>,
}

impl BuildFailure {
    /// The lines of the failed step that tell why it failed, or of the whole log where the builder did not tell the step.
    pub fn excerpt(&self) -> Excerpt {
        excerpt::excerpt(&self.last_lines(usize::MAX))
    }

    /// The last `count` lines that the failed step printed, or of the whole log where the builder did not tell the step.
    pub fn last_lines(&self, count: usize) -> Vec<&str> {
        let of_step = |line: &&LogLine| self.step.as_ref().is_none_or(|step| *step == line.step);
        let mut lines: Vec<&str> = self.log.iter().rev().filter(of_step).take(count).map(|line| line.text.as_str()).collect();
        lines.reverse();
        lines
    }
}

/// A line that a step printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Name of the step, empty where the builder does not tell.
    pub step: String,
    /// The text, control sequences removed, cut where it is very long.
    pub text: String,
}

/// A push or a pull as the engine reported it. Byte counts come from the registry, not from here.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// Wall time of the call, monotonic.
    pub seconds: f64,
    /// The manifest digest that the engine reported.
    pub digest: Option<String>,
    /// Layers that the engine said it need not move: a cold transfer has none.
    pub already_present: usize,
    /// Parts of the call by arrival time of progress lines, where the engine tells them apart.
    pub phases: Vec<TransferPhase>,
}

/// A part of a transfer.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferPhase {
    /// `download` or `extract`.
    pub name: &'static str,
    /// Seconds after the call began.
    pub from: f64,
    /// Seconds after the call began.
    pub to: f64,
}

/// What an engine says about one local image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// `sha256:…`.
    pub id: String,
    /// `Size` of image inspection, bytes; its meaning depends on the store.
    pub reported_size: u64,
    /// `RootFS.Layers`.
    pub diff_ids: Vec<String>,
    /// `RepoDigests`.
    pub repo_digests: Vec<String>,
    /// `RepoTags`.
    pub repo_tags: Vec<String>,
    /// The TCP ports of `Config.ExposedPorts`, ascending.
    pub exposed_ports: Vec<u16>,
}

/// A container to be started for a smoke check.
#[derive(Clone, Debug)]
pub struct ContainerSpec {
    /// Image id or reference.
    pub image: String,
    /// Its name, by which it can be removed also where its start was given up and nobody learned its id; `None` leaves it to the engine.
    pub name: Option<String>,
    /// The port inside to publish on a free port of 127.0.0.1.
    pub port: u16,
    /// Labels on the container.
    pub labels: BTreeMap<String, String>,
    /// Environment variables beside those of the image.
    pub env: BTreeMap<String, String>,
    /// What runs instead of the image's `CMD`.
    pub command: Option<Vec<String>>,
}

/// A started container.
#[derive(Clone, Debug)]
pub struct Container {
    /// The engine's id.
    pub id: String,
    /// Where the published port answers; `None` when the container had ended before the engine was asked.
    pub address: Option<SocketAddr>,
    /// When the engine was asked for it: where that was tried more than once, the last time.
    pub asked: Instant,
}

/// Whether a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs.
    Running,
    /// It ended with this code.
    Exited(i64),
}
