//! Builds, through either of the engine's builders.
//!
//! Each build has a runtime of its own on a thread of its own: the client leaves the connection of a build's session open for
//! as long as its runtime lives, so the end of the runtime is what closes it. Dropping a build's future ends both, and with
//! the connections the engine ends the build.

use std::time::{Duration, Instant};

use bollard::errors::Error;
use bollard::models::BuildInfo;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use tokio_util::sync::CancellationToken;

use super::upload::{self, Sent};
use super::{BuildOutcome, BuildRequest, Docker, EngineError, ProgressSink, error, reference};
use crate::rig::engine::{BuilderVersion, Product, Progress, Solve};

mod buildkit;
mod classic;
mod failure;
mod log;
mod options;
mod podman;

use buildkit::BuildKitReading;
use classic::ClassicReading;
use podman::PodmanReading;

/// How long the end of a build's runtime may wait for its threads. They end on their own once the connections are closed.
const WIND_DOWN: Duration = Duration::from_secs(5);

/// Reads the lines of one build, whichever builder writes them.
trait Reading {
    /// Takes the next line.
    fn take(&mut self, item: BuildInfo);

    /// What the lines said. `failure` is the message that ended them, if one did.
    fn end(self: Box<Self>, failure: Option<&str>) -> Report;
}

/// What the lines of a build said.
#[derive(Debug, Default)]
struct Report {
    image_id: Option<String>,
    vertices: Vec<crate::rig::engine::Vertex>,
    failed_step: Option<String>,
    log: Vec<crate::rig::engine::LogLine>,
}

/// Builds `request`.
pub(super) async fn run(docker: &Docker, request: BuildRequest, sink: &ProgressSink) -> Result<BuildOutcome, EngineError> {
    reference::split(&request.tag)?;
    let action = format!("build of {}", request.tag);
    docker.watched(&action, on_own_runtime(docker.clone(), request, sink.clone(), action.clone())).await
}

async fn on_own_runtime(docker: Docker, request: BuildRequest, sink: ProgressSink, action: String) -> Result<BuildOutcome, EngineError> {
    let stop = CancellationToken::new();
    let _stops_when_dropped = stop.clone().drop_guard();
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| EngineError::File { action: "start", path: "a thread for the build".to_owned(), source })?;
        let outcome = runtime.block_on(stop.run_until_cancelled(build(&docker, &request, &sink, &action)));
        runtime.shutdown_timeout(WIND_DOWN);
        outcome.unwrap_or(Err(EngineError::Incomplete { action, missing: "its end, because it was cancelled" }))
    });
    match thread.await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn build(docker: &Docker, request: &BuildRequest, sink: &ProgressSink, action: &str) -> Result<BuildOutcome, EngineError> {
    let (context, told) = (request.context.clone(), sink.clone());
    let (body, upload) = upload::start(move |out| context.write_tar(out).map(drop), move |sent| told.send(Progress::Context { sent }));
    let mut reading: Box<dyn Reading + Send> = match (docker.product, request.builder) {
        (Product::Podman, _) => Box::new(PodmanReading::new(sink.clone())),
        (Product::Docker, BuilderVersion::BuildKit) => Box::new(BuildKitReading::new(sink.clone())),
        (Product::Docker, BuilderVersion::Classic) => Box::new(ClassicReading::new(sink.clone())),
    };
    let begun = Instant::now();
    let ended = read(docker, request, body, reading.as_mut()).await;
    let wall = begun.elapsed();
    let sent = upload.end().await;
    if let Sent::Failed(source) = sent {
        return Err(EngineError::Context { action: action.to_owned(), source });
    }
    if let Err(error) = ended {
        return failure::outcome(docker, action, error, reading, wall);
    }
    let Report { image_id, vertices, log, .. } = reading.end(None);
    let image_id = image_id.ok_or_else(|| EngineError::Incomplete { action: action.to_owned(), missing: "an image id" })?;
    let context_bytes = context_bytes(request, sent, action)?;
    Ok(BuildOutcome::Built(Solve { image_id, wall, context_bytes, vertices, log }))
}

async fn read(
    docker: &Docker,
    request: &BuildRequest,
    body: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    reading: &mut (dyn Reading + Send),
) -> Result<(), Error> {
    let body = Some(bollard::body_try_stream(body));
    let mut stream = docker.client.build_image(options::of(request, docker.product), None, body);
    while let Some(item) = stream.try_next().await? {
        error::bare(item.error_detail.as_ref())?;
        reading.take(item);
    }
    Ok(())
}

/// The bytes of the context. An engine may stop reading behind the archive's last entry: then the rest is counted unsent.
fn context_bytes(request: &BuildRequest, sent: Sent<crate::dockerfile::ContextError>, action: &str) -> Result<u64, EngineError> {
    match sent {
        Sent::Whole(bytes) => Ok(bytes),
        Sent::Cut => {
            request.context.write_tar(std::io::sink()).map_err(|source| EngineError::Context { action: action.to_owned(), source })
        }
        Sent::Failed(source) => Err(EngineError::Context { action: action.to_owned(), source }),
    }
}

/// An image id as every later call takes it; anything else counts as none.
fn checked_id(id: Option<String>) -> Option<String> {
    id.filter(|id| id.starts_with("sha256:") && reference::checked(id).is_ok())
}
