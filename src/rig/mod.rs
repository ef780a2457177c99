//! The test rig: the engine seam and its Docker implementation, the private engine, base sets, the measuring registry and the
//! shaped link to it.
//!
//! Everything that touches the machine is here: daemons, bridges, mounts, sockets, the cache of base images. What is
//! started here is removed here, on every way out.

pub mod bases;
pub mod classic;
pub mod docker;
mod engine;
pub(crate) mod exchange;
pub mod host;
pub mod link;
pub mod private;
mod process;
pub mod proxy;
pub mod registry;
pub mod remote;
mod serving;

pub use process::anonymous_memory;

pub use engine::{
    BuildFailure, BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Container, ContainerSpec, ContainerState, Engine, EngineError,
    EngineInfo, Excerpt, ImageInfo, ImageUsage, LogLine, Product, Progress, ProgressSink, RunNetwork, Solve, StepName, Transfer,
    TransferPhase, Vertex, VertexKind,
};
