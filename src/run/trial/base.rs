//! The trial after the base image moved on: the app built from the cache on a base of the same name with one small layer more, as a
//! security update of it has.
//!
//! Dockerfiles are never rewritten: the base's name goes to the changed image for the build, and back to the image that had it,
//! whatever came of the trial. A run in which it cannot be given back ends, since every later build would stand on the wrong base. For
//! private engines alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;

use crate::dockerfile::Context;
use crate::record::Status;
use crate::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, EngineError, ImageInfo, ProgressSink};

use super::super::stop::{Stop, chain, invalid};
use super::super::{bench, cache_state};
use super::update::unexpected;
use super::{Built, Draft, Made, TrialRunner, built_on};

/// What the changed base has more: a file that no app looks at.
const FILE: &str = "loadline-base-change";

impl<E: Engine> TrialRunner<'_, E> {
    /// Builds on the changed base and moves what comes of it. An image without a base that can change is built as it was.
    pub(super) async fn rebased(&self, made: &Made, draft: &mut Draft) -> Result<Status, Stop> {
        let name = match self.base_reference() {
            Some(name) if !name.contains('@') => tagged(name),
            found => {
                draft.warn(found.map_or(NO_BASE, |_| PINNED));
                return self.warm(made, draft).await;
            }
        };
        let original = self.original(&name).await?;
        let changed = match self.emitter.watch().overhead("base change", self.change_base(&name, &original)).await {
            Ok(()) => self.on_changed_base(&name, made, draft).await,
            Err(stop) => Err(stop),
        };
        self.emitter.watch().overhead("base change", self.restore_base(&name, &original.id)).await.and(changed)
    }

    async fn on_changed_base(&self, name: &str, made: &Made, draft: &mut Draft) -> Result<Status, Stop> {
        let Built::Image(solve) = self.build(draft).await? else { return Err(unexpected()) };
        cache_state::rebased(name, &solve.vertices).map_err(invalid)?;
        self.moved_on(&solve, made, draft).await
    }

    /// The image that has the base's name.
    async fn original(&self, name: &str) -> Result<ImageInfo, Stop> {
        if !self.bench.isolated {
            return Err(invalid("a base image is changed in a private engine alone; use --engine private"));
        }
        let look = self.bench.builder.inspect(name);
        let found = self.guard("the inspection of the base", self.limits.call, look).await??;
        found.ok_or_else(|| invalid(format!("the engine does not have the base image by its name {name}")))
    }

    /// Gives the base's name to an image with one layer more.
    async fn change_base(&self, name: &str, original: &ImageInfo) -> Result<(), Stop> {
        let made = one_layer_on(name).map_err(|error| invalid(format!("the changed base cannot be made: {}", chain(error.as_ref()))))?;
        // The files are read while they are sent.
        let (context, _files) = made;
        let request = BuildRequest {
            context: Arc::new(context),
            builder: BuilderVersion::BuildKit,
            target: None,
            build_args: BTreeMap::new(),
            platform: None,
            tag: base_tag(),
            cache: CacheUse::UseCache,
            network: self.bench.network,
            labels: BTreeMap::new(),
        };
        let silent = ProgressSink::none();
        let work = self.bench.builder.build(request, &silent);
        let solve = match self.guard("the build of the changed base", self.limits.build, work).await?? {
            BuildOutcome::Built(solve) => solve,
            BuildOutcome::Failed(failure) => return Err(invalid(format!("the changed base did not build: {}", failure.message))),
        };
        if self.bench.containerd_store && !self.inspect(&solve).await?.diff_ids.starts_with(&original.diff_ids) {
            return Err(invalid(format!("the changed base was built on another image than the {name} that is there; {}", built_on::CURE)));
        }
        let give = async {
            self.bench.builder.tag(&base_tag(), name).await?;
            self.tell_mirror(name).await
        };
        Ok(self.guard("the tag", self.limits.transfer, give).await??)
    }

    /// Lets the mirror answer with the image that has the name now, where the builder asks one.
    async fn tell_mirror(&self, name: &str) -> Result<(), EngineError> {
        match &self.bench.base_mirror {
            Some(mirror) => mirror.take(&self.bench.builder, name).await,
            None => Ok(()),
        }
    }

    /// Not given up when the user stops the run, unless the engine goes with it.
    async fn restore_base(&self, name: &str, original: &str) -> Result<(), Stop> {
        if self.goes_with_its_engine() {
            return Ok(());
        }
        let work = async {
            self.bench.builder.tag(original, name).await?;
            self.tell_mirror(name).await?;
            // Without its name the changed image is in nobody's way: the next prune takes it.
            drop(self.bench.builder.remove_image(&base_tag()).await);
            let found = self.bench.builder.inspect(name).await?.map(|image| image.id);
            if found.as_deref() == Some(original) { Ok(()) } else { Err(not_restored(name, "another image has it")) }
        };
        let restored = tokio::time::timeout(self.limits.call, work).await;
        restored.unwrap_or_else(|_| Err(not_restored(name, "the engine gave no answer in time"))).map_err(Stop::Lost)
    }
}

/// The name of the changed base while it has not the base's own.
fn base_tag() -> String {
    format!("loadline-run/base-change:{}", bench::nonce())
}

/// A name with the tag that it stands for.
fn tagged(name: String) -> String {
    let last = name.rsplit('/').next().unwrap_or(&name);
    if last.contains(':') { name } else { format!("{name}:latest") }
}

/// Why the base of an image cannot change.
const NO_BASE: &str = "no base image was changed: the final stage starts from scratch, or from an image that the Dockerfile does not tell; the update is of nothing";

/// Why a new base image does not reach an app.
const PINNED: &str = "no base image was changed: it is named by a digest, so that a new one comes with a change of the Dockerfile alone; the update is of nothing";

fn not_restored(name: &str, why: &str) -> EngineError {
    let action = format!("giving the name {name} back to the base image");
    EngineError::Refused { action, message: format!("{why}; run again"), status: None }
}

/// The context of an image that has one small layer more than `name`, and the folder of its files.
fn one_layer_on(name: &str) -> Result<(Context, TempDir), Box<dyn std::error::Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let dockerfile = folder.path().join("Dockerfile");
    std::fs::write(&dockerfile, format!("FROM {name}\nCOPY {FILE} /{FILE}\n"))?;
    std::fs::write(folder.path().join(FILE), "the base image moved on\n")?;
    Ok((Context::plan(folder.path(), &dockerfile)?, folder))
}
