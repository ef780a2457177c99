//! Base images served to the engine that builds on them, where it asks a registry for them.
//!
//! An engine with containerd's store asks the registry for what a `FROM` names at every build, and takes the image that it has only
//! where none answers. A mirror on the loopback address that has this very image answers before all others: no build waits for a
//! network, and none stands on an image that was not provided. Engines ask mirrors for images of Docker Hub alone.
//!
//! Owned state: a registry of its own with the images that were [taken](BaseMirror::take), so that no other counts what crosses it.

use std::path::PathBuf;

use super::reference::Reference;
use crate::rig::registry::{Registry, RegistryError, RegistryOptions};
use crate::rig::{Engine, EngineError, ProgressSink};

/// A mirror of base images. Dropping it stops it too.
#[derive(Debug)]
pub struct BaseMirror {
    registry: Registry,
}

impl BaseMirror {
    /// Starts one without images on a free port; `directory` is for their layers.
    pub async fn start(directory: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        Ok(Self { registry: Registry::start(RegistryOptions::new(directory)).await? })
    }

    /// What an engine is told as its mirror: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.registry.address())
    }

    /// Takes the image that `engine` has as `reference` now, in place of one that it took before. One of another registry than
    /// Docker Hub, or one that is named by its digest, is passed over: no engine asks for it here by a tag.
    pub async fn take(&self, engine: &impl Engine, reference: &str) -> Result<(), EngineError> {
        let Some(path) = Reference::parse(reference).ok().and_then(|parsed| parsed.on_hub()) else { return Ok(()) };
        let name = format!("{}/{path}", self.registry.address());
        engine.tag(reference, &name).await?;
        let pushed = engine.push(&name, &ProgressSink::none()).await;
        engine.remove_image(&name).await?;
        pushed.map(drop)
    }

    /// Stops listening and empties its folder.
    pub async fn stop(&self) -> Result<(), RegistryError> {
        self.registry.stop().await
    }
}
