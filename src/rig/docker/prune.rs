//! Emptying a private engine but for the images that are named.

use std::collections::{HashMap, HashSet};

use bollard::errors::Error;
use bollard::models::ImageSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptions, PruneBuildOptionsBuilder, PruneImagesOptionsBuilder, RemoveImageOptionsBuilder,
};

use super::{Docker, EngineError, error, reference};

const ACTION: &str = "pruning of the engine";

/// Drops containers, every image without a name in `keep`, and the build cache, in the order in which each lets go of the next.
pub(super) async fn all_but(docker: &Docker, keep: &[String]) -> Result<(), EngineError> {
    let keep: HashSet<String> = keep.iter().map(|name| reference::familiar(name)).collect();
    let work = async {
        remove_containers(docker).await?;
        remove_images(docker, &keep).await?;
        let fail = |error| docker.failed(ACTION, error);
        let dangling = PruneImagesOptionsBuilder::new().filters(&HashMap::from([("dangling", vec!["true"])])).build();
        docker.client.prune_images(Some(dangling)).await.map_err(fail)?;
        docker.client.prune_build(Some(PruneBuildOptionsBuilder::new().all(true).build())).await.map_err(fail)?;
        check(docker, &keep).await
    };
    docker.watched(ACTION, work).await
}

async fn remove_containers(docker: &Docker) -> Result<(), EngineError> {
    let options = ListContainersOptionsBuilder::new().all(true).build();
    let found = docker.client.list_containers(Some(options)).await.map_err(|error| docker.failed(ACTION, error))?;
    for id in found.into_iter().filter_map(|container| container.id) {
        docker.drop_container(&id).await?;
    }
    Ok(())
}

async fn remove_images(docker: &Docker, keep: &HashSet<String>) -> Result<(), EngineError> {
    for image in unnamed(docker, keep).await? {
        let options = RemoveImageOptionsBuilder::new().force(true).build();
        match docker.client.remove_image(&image, Some(options), None).await {
            // Gone with its child, or the parent of one still there: pruning of dangling images takes it, or the check tells.
            Err(error) if matches!(error::status(&error), Some(404 | 409)) => {}
            other => drop(other.map_err(|error| docker.failed(ACTION, error))?),
        }
    }
    Ok(())
}

async fn unnamed(docker: &Docker, keep: &HashSet<String>) -> Result<Vec<String>, EngineError> {
    let images = docker.client.list_images(None::<ListImagesOptions>).await.map_err(|error: Error| docker.failed(ACTION, error))?;
    Ok(images.into_iter().filter(|image| !is_kept(image, keep)).map(|image| image.id).collect())
}

fn is_kept(image: &ImageSummary, keep: &HashSet<String>) -> bool {
    let names = image.repo_tags.iter().chain(&image.repo_digests).chain([&image.id]);
    names.map(|name| reference::familiar(name)).any(|name| keep.contains(&name))
}

async fn check(docker: &Docker, keep: &HashSet<String>) -> Result<(), EngineError> {
    let left = unnamed(docker, keep).await?;
    if left.is_empty() {
        return Ok(());
    }
    let message = format!("{} images could not be removed, the first is {}", left.len(), left[0]);
    Err(EngineError::Refused { action: ACTION.to_owned(), message, status: None })
}
