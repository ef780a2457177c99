//! Push and pull.

use std::time::Instant;

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::{CreateImageInfo, ProgressDetail, PushImageInfo};
use bollard::query_parameters::{CreateImageOptionsBuilder, PushImageOptionsBuilder};
use futures_util::TryStreamExt;

use super::login::readable;
use super::{Docker, EngineError, ProgressSink, Transfer, error, reference};
use crate::rig::engine::Progress;

mod pull;
mod push;

use pull::PullReading;
use push::PushReading;

/// Pushes `name` and reads the digest from the answer; an answer without one is not a push.
pub(super) async fn push(docker: &Docker, name: &str, sink: &ProgressSink) -> Result<Transfer, EngineError> {
    let action = format!("push of {name}");
    let (repository, tag) = reference::split(name)?;
    let options = PushImageOptionsBuilder::new().tag(tag).build();
    let call = async {
        let begun = Instant::now();
        let (client, login) = logged_in(docker, name);
        let mut stream = client.push_image(repository, Some(options), login);
        let mut reading = PushReading::default();
        while let Some(item) = stream.try_next().await.map_err(|error| docker.failed(&action, error))? {
            let PushImageInfo { error_detail, status, progress_detail } = item;
            error::bare(error_detail.as_ref()).map_err(|error| docker.failed(&action, error))?;
            tell(sink, "", progress_detail.as_ref());
            reading.take(status.as_deref().unwrap_or_default());
        }
        let seconds = begun.elapsed().as_secs_f64();
        reading.finish(seconds).ok_or_else(|| EngineError::Incomplete { action: action.clone(), missing: "a manifest digest" })
    };
    docker.watched(&action, call).await
}

/// Pulls `name`; an answer that does not end in the engine's status is not a pull.
pub(super) async fn pull(docker: &Docker, name: &str, sink: &ProgressSink) -> Result<Transfer, EngineError> {
    let action = format!("pull of {name}");
    let options = pull_options(name)?;
    let call = async {
        let begun = Instant::now();
        let (client, login) = logged_in(docker, name);
        let mut stream = client.create_image(Some(options), None, login);
        let mut reading = PullReading::default();
        while let Some(item) = stream.try_next().await.map_err(|error: Error| docker.failed(&action, error))? {
            let CreateImageInfo { id, error_detail, status, progress_detail } = item;
            error::bare(error_detail.as_ref()).map_err(|error| docker.failed(&action, error))?;
            let id = id.unwrap_or_default();
            tell(sink, &id, progress_detail.as_ref());
            reading.take(begun.elapsed().as_secs_f64(), &id, status.as_deref().unwrap_or_default());
        }
        let seconds = begun.elapsed().as_secs_f64();
        reading.finish(seconds).ok_or_else(|| EngineError::Incomplete { action: action.clone(), missing: "a final status" })
    };
    docker.watched(&action, call).await
}

/// The client and the login for a call about `name`.
fn logged_in(docker: &Docker, name: &str) -> (bollard::Docker, Option<DockerCredentials>) {
    match docker.login.as_ref().and_then(|login| login.of(name)) {
        Some(login) => (readable(&docker.client, docker.product), Some(login)),
        None => (docker.client.clone(), None),
    }
}

/// A digest goes whole into `fromImage`: as a tag it would be taken for one.
fn pull_options(name: &str) -> Result<bollard::query_parameters::CreateImageOptions, EngineError> {
    let builder = CreateImageOptionsBuilder::new();
    if reference::checked(name)?.contains("@sha256:") {
        return Ok(builder.from_image(name).build());
    }
    let (repository, tag) = reference::split(name)?;
    Ok(builder.from_image(repository).tag(tag).build())
}

/// Hands on how far a layer is. Counts below zero, and seconds given as counts without a total, are left out.
fn tell(sink: &ProgressSink, id: &str, detail: Option<&ProgressDetail>) {
    let Some(ProgressDetail { current: Some(current), total }) = detail else { return };
    let Ok(current) = u64::try_from(*current) else { return };
    let total = total.and_then(|total| u64::try_from(total).ok()).filter(|total| *total > 0);
    if total.is_some() {
        sink.send(Progress::Layer { id: super::text::name(id), current, total });
    }
}
