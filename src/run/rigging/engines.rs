//! The two private engines, and what the builder is answered with where its store makes it ask for base images.

use crate::rig::EngineError;
use crate::rig::bases::{BaseMirror, BaseSetKind, Provided};
use crate::rig::docker::Docker;
use crate::rig::private::{PrivateEngine, PrivateError, PrivateOptions, Store};

use super::RigError;

/// Folder of the mirror's blobs in the puller's data root.
const BLOBS: &str = "loadline-bases";

/// What is not known of pulls onto containerd's store.
pub(super) const NO_PHASES: &str = "the engines have containerd's store: pull-time has no phases, since such an engine tells of them in \
                                    steps of a tenth of a second, and of small layers not at all";

/// Running engines.
pub(super) struct Engines {
    pub(super) building: PrivateEngine,
    /// `None` where nothing is pulled and nothing else needs it.
    pub(super) pulling: Option<PrivateEngine>,
    /// What the builder asks before all registries; `None` with a classic store, which asks none for an image that is there.
    pub(super) mirror: Option<BaseMirror>,
}

/// Whether an engine that pulls is there also where nothing is pulled: the mirror keeps its blobs with it, since it is there before the
/// builder.
pub(super) const fn needs_puller(store: Store) -> bool {
    matches!(store, Store::Containerd)
}

/// Starts the builder and, where there is one, the puller; the puller first where the builder is to know the mirror beside it.
pub(super) async fn start(builder: PrivateOptions, puller: Option<PrivateOptions>) -> Result<Engines, RigError> {
    if !needs_puller(builder.store) {
        let building = PrivateEngine::start(builder).await?;
        return Ok(Engines { building, pulling: started(puller).await?, mirror: None });
    }
    let pulling = started(puller).await?;
    let mirror = match &pulling {
        Some(pulling) => Some(BaseMirror::start(pulling.data_root_from_outside().join(BLOBS)).await?),
        None => None,
    };
    let building = PrivateEngine::start(PrivateOptions { base_mirror: mirror.as_ref().map(BaseMirror::url), ..builder }).await?;
    Ok(Engines { building, pulling, mirror })
}

async fn started(puller: Option<PrivateOptions>) -> Result<Option<PrivateEngine>, PrivateError> {
    match puller {
        Some(puller) => Ok(Some(PrivateEngine::start(puller).await?)),
        None => Ok(None),
    }
}

/// Puts stand-ins into the mirror. Published images are not put there: what a registry answers is what they are to be.
pub(super) async fn serve(builder: &Docker, mirror: &BaseMirror, provided: &Provided) -> Result<(), EngineError> {
    if provided.set == BaseSetKind::Hub {
        return Ok(());
    }
    for reference in provided.images.keys() {
        mirror.take(builder, reference).await?;
    }
    Ok(())
}
