//! From settings to a bench: engines started, bases provided, registry listening; and all of it taken down again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::dockerfile::{Dockerfile, DockerfileError};
use crate::rig::bases::{self, BaseChoice, BaseError, BaseRequest, BaseSetKind, Provided};
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::private::{DataRoot, PrivateEngine, PrivateError, PrivateOptions, Role};
use crate::rig::registry::{Registry, RegistryError, RegistryOptions};
use crate::rig::{Engine, EngineError, EngineInfo, RunNetwork};
use crate::scenario::{Scenario, Variant};

use super::{Bench, Emitter, EventKind};

/// Folder of the registry's blobs.
const BLOBS: &str = "loadline-registry";

/// What the bench is to be.
#[derive(Clone, Debug)]
pub struct RigSettings {
    /// Whose engine.
    pub engine: EngineKind,
    /// Where base images come from.
    pub bases: BaseChoice,
    /// Whether digests must agree with the lock file.
    pub locked: bool,
    /// The lock file of hub bases.
    pub lock: PathBuf,
    /// The cache of base images.
    pub cache: PathBuf,
    /// Every `FROM` of the plan, once.
    pub references: Vec<String>,
}

/// Whose engine.
#[derive(Clone, Debug)]
pub enum EngineKind {
    /// Loadline's own.
    Private {
        /// The daemon's binary; `None` looks on the path.
        dockerd: Option<PathBuf>,
        /// Where its data lies.
        data_root: DataRoot,
        /// A registry asked instead of the public one.
        registry_mirror: Option<String>,
    },
    /// The user's.
    Host,
}

/// Why the bench could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// A private engine did not start or stop.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// An engine did not do what was asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The registry did not start.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A base image could not be had.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// There is no place for the registry's blobs.
    #[error("cannot make a temporary folder for the registry; free space there or set TMPDIR")]
    Blobs(#[source] std::io::Error),
    /// The user stopped the run while it was made ready.
    #[error("stopped before the first trial; nothing was measured")]
    Interrupted,
}

/// A bench with everything that must be taken down after it.
#[derive(Debug)]
pub struct Rigged {
    /// Ready to measure.
    pub bench: Bench<Docker>,
    /// What the builder says about itself.
    pub info: EngineInfo,
    /// The base images; `None` on a host engine, which finds its own.
    pub provided: Option<Provided>,
    /// File system of the builder's data root, where known.
    pub data_root_file_system: Option<String>,
    engines: Vec<PrivateEngine>,
    /// The registry's blobs on a host bench; a private bench keeps them in its puller's data root, where they die with it.
    blobs: Option<TempDir>,
}

impl Rigged {
    /// Makes the bench ready; what was started is stopped again when a later part fails or the user stops the run.
    pub async fn up(settings: &RigSettings, emitter: &Emitter, cancel: &CancellationToken) -> Result<Self, RigError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(RigError::Interrupted),
            rigged = Self::assemble(settings, emitter) => rigged,
        }
    }

    async fn assemble(settings: &RigSettings, emitter: &Emitter) -> Result<Self, RigError> {
        match &settings.engine {
            EngineKind::Host => Box::pin(Self::host(emitter)).await,
            EngineKind::Private { dockerd, data_root, registry_mirror } => {
                let options = |role| PrivateOptions {
                    dockerd: dockerd.clone(),
                    data_root: data_root.clone(),
                    role,
                    registry_mirror: registry_mirror.clone(),
                };
                Box::pin(Self::private(settings, options(Role::Builder), options(Role::Puller), emitter)).await
            }
        }
    }

    async fn private(settings: &RigSettings, builder: PrivateOptions, puller: PrivateOptions, emitter: &Emitter) -> Result<Self, RigError> {
        emitter.preparing("starting the private engines");
        let started = async { Ok::<_, PrivateError>((PrivateEngine::start(builder).await?, PrivateEngine::start(puller).await?)) };
        let (building, pulling) = emitter.watch().overhead("engine start", started).await?;
        let builder = Docker::connect(&Endpoint::Unix(building.socket().to_owned())).await?.with_log(&building.log());
        let puller = Docker::connect(&Endpoint::Unix(pulling.socket().to_owned())).await?.with_log(&pulling.log());
        let info = builder.info().await?;
        let provided = emitter.watch().bases(Box::pin(provide(&builder, settings, emitter))).await?;
        let registry = Registry::start(RegistryOptions::new(pulling.data_root_from_outside().join(BLOBS))).await?;
        let keep = provided.images.keys().cloned().collect();
        Ok(Self {
            bench: Bench { builder, puller: Some(puller), registry, isolated: true, network: RunNetwork::Host, keep },
            info,
            provided: Some(provided),
            data_root_file_system: Some(building.data_root_file_system()?),
            engines: vec![building, pulling],
            blobs: None,
        })
    }

    /// The host engine in its simplest honest form: it builds with its own bases and its default network, and is never
    /// pruned; what it cannot show is said with each trial.
    async fn host(emitter: &Emitter) -> Result<Self, RigError> {
        emitter.preparing("connecting to the host engine");
        let builder = Docker::connect(&Endpoint::Environment).await?;
        let info = builder.info().await?;
        let blobs = tempfile::Builder::new().prefix("loadline-").tempdir().map_err(RigError::Blobs)?;
        let registry = Registry::start(RegistryOptions::new(blobs.path().join(BLOBS))).await?;
        Ok(Self {
            bench: Bench { builder, puller: None, registry, isolated: false, network: RunNetwork::Default, keep: Vec::new() },
            info,
            provided: None,
            data_root_file_system: None,
            engines: Vec::new(),
            blobs: Some(blobs),
        })
    }

    /// Stops everything that was started, all of it even when one part fails, and reports the first failure.
    pub async fn down(self, emitter: &Emitter) -> Result<(), RigError> {
        let Self { bench, engines, blobs, .. } = self;
        emitter.preparing(if engines.is_empty() { "taking down the registry" } else { "removing the private engines" });
        let mut first = bench.registry.stop().await.map_err(RigError::from);
        for engine in engines {
            let stopped = emitter.watch().overhead("engine stop", engine.stop()).await;
            first = first.and(stopped.map_err(RigError::from));
        }
        drop(blobs);
        first
    }
}

async fn provide(builder: &Docker, settings: &RigSettings, emitter: &Emitter) -> Result<Provided, BaseError> {
    emitter.preparing("providing base images");
    let request = BaseRequest {
        references: &settings.references,
        choice: settings.bases,
        locked: settings.locked,
        lock_path: settings.lock.clone(),
        cache: settings.cache.clone(),
    };
    let provided = bases::provide(builder, &request, &emitter.build_sink()).await?;
    emitter.send(EventKind::BaseSet { set: set_id(provided.set).to_owned(), reason: provided.reason.clone() });
    for warning in &provided.warnings {
        emitter.warn(warning.clone());
    }
    Ok(provided)
}

const fn set_id(set: BaseSetKind) -> &'static str {
    match set {
        BaseSetKind::Hub => BaseChoice::Hub.id(),
        BaseSetKind::StandIn => BaseChoice::StandIn.id(),
    }
}

/// Every image from outside that the scenarios' variants need, each once, sorted.
pub fn references(scenarios: &[Scenario]) -> Result<Vec<String>, DockerfileError> {
    let mut all = BTreeSet::new();
    for variant in scenarios.iter().flat_map(|s| &s.variants) {
        all.extend(variant_references(variant)?);
    }
    Ok(all.into_iter().collect())
}

/// Every image from outside that one variant needs.
pub fn variant_references(variant: &Variant) -> Result<Vec<String>, DockerfileError> {
    let dockerfile = parsed(variant)?;
    let bases = dockerfile.bases(variant.target.as_deref(), &variant.build_args)?;
    Ok(bases.into_iter().map(|base| base.reference).collect())
}

/// Variants that cannot be built with the provided bases, with the reason, by scenario and variant index.
pub fn skipped(scenarios: &[Scenario], provided: Option<&Provided>) -> Result<BTreeMap<(usize, usize), String>, DockerfileError> {
    let mut skipped = BTreeMap::new();
    let Some(provided) = provided else { return Ok(skipped) };
    for (s, scenario) in scenarios.iter().enumerate() {
        for (v, variant) in scenario.variants.iter().enumerate() {
            if let Some(reason) = unbuildable(variant, provided)? {
                skipped.insert((s, v), reason);
            }
        }
    }
    Ok(skipped)
}

/// Why a variant cannot be built with the provided bases: one is missing, or a RUN calls a package manager that a
/// stand-in lacks.
fn unbuildable(variant: &Variant, provided: &Provided) -> Result<Option<String>, DockerfileError> {
    let missing = variant_references(variant)?.into_iter().find_map(|reference| provided.missing.get(&reference).cloned());
    if missing.is_some() {
        return Ok(missing);
    }
    let calls = parsed(variant)?.package_managers(variant.target.as_deref(), &variant.build_args)?;
    Ok(calls.iter().find_map(|call| {
        let has = provided.images.get(&call.base)?.package_managers?;
        let command = call.manager.command();
        (!has.contains(&command)).then(|| format!("line {} calls {command}, which the stand-in for {} lacks", call.line, call.base))
    }))
}

/// Reads a Dockerfile again: scenarios were checked when they were read, so that a failure here means it changed since.
fn parsed(variant: &Variant) -> Result<Dockerfile, DockerfileError> {
    let text = std::fs::read_to_string(&variant.dockerfile)
        .map_err(|e| DockerfileError { line: 1, message: format!("cannot read {}: {e}", variant.dockerfile.display()) })?;
    Dockerfile::parse(&text)
}
