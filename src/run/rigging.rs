//! From settings to a bench: engines started, bases provided, registry listening; and all of it taken down again.

mod engines;
mod error;
mod references;

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::rig::bases::{self, BaseChoice, BaseError, BaseMirror, BaseRequest, BaseSetKind, Provided, Spent};
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::link::{Link, LinkError};
use crate::rig::private::{DataRoot, EngineLimits, PrivateEngine, PrivateOptions, Role, Store};
use crate::rig::proxy::ProxyError;
use crate::rig::registry::{Registry, RegistryOptions};
use crate::rig::remote::RegistryName;
use crate::rig::{Engine, EngineInfo, RunNetwork};
use crate::units::LinkProfile;

use super::hosted::{self, Hosted};
use super::{Bench, Downloads, Emitter, EventKind, Named, Prober};
use engines::Engines;
pub use error::RigError;
pub use references::{references, skipped, variant_references};

/// Folder of the registry's blobs.
pub(super) const BLOBS: &str = "loadline-registry";

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
    /// The registry that is pushed to and pulled from; `None` is loadline's own.
    pub registry: Option<RegistryName>,
    /// The link of pushes and pulls.
    pub link: LinkProfile,
    /// Whether a private bench has an engine that pulls.
    pub pulls: bool,
    /// The link of what builds download, which is counted then; `None` lets them fetch by themselves.
    pub downloads: Option<LinkProfile>,
}

/// Whose engine.
#[derive(Clone, Debug)]
pub enum EngineKind {
    /// Loadline's own.
    Private {
        /// The daemon's binary; `None` looks on the path.
        dockerd: Option<PathBuf>,
        /// A root file system with an engine of its own.
        engine_root: Option<PathBuf>,
        /// How it keeps images.
        store: Store,
        /// Where its data lies.
        data_root: DataRoot,
        /// A registry asked instead of the public one.
        registry_mirror: Option<String>,
        /// What each engine may take.
        limits: EngineLimits,
    },
    /// The user's.
    Host,
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
    /// What each engine may take.
    pub limits: EngineLimits,
    engines: Vec<PrivateEngine>,
    /// What was there before on the user's own engine, and the folder of the registry's blobs; a private bench keeps them in the
    /// data root of the engine that pulls, else of the one that builds, where they die with it.
    pub(super) hosted: Option<Hosted>,
}

impl Rigged {
    /// Makes the bench ready; what was started is stopped again when a later part fails or the user stops the run.
    pub async fn up(settings: &RigSettings, emitter: &Emitter, cancel: &CancellationToken) -> Result<Self, RigError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            rigged = Self::assemble(settings, emitter) => return rigged,
        }
        if matches!(settings.engine, EngineKind::Host) {
            hosted::tidy().await;
        }
        Err(RigError::Interrupted)
    }

    async fn assemble(settings: &RigSettings, emitter: &Emitter) -> Result<Self, RigError> {
        if let (Some(name), Some(_)) = (&settings.registry, settings.link.shape()) {
            return Err(RigError::NoLink {
                link: settings.link,
                why: format!("only loadline's own registry has one, and {name} is another"),
            });
        }
        if settings.downloads.is_some() && matches!(settings.engine, EngineKind::Host) {
            return Err(RigError::NoDownloads);
        }
        let named = Box::pin(open(settings.registry.as_ref(), emitter)).await?;
        match &settings.engine {
            EngineKind::Host => Box::pin(Self::host(settings, named, emitter)).await,
            EngineKind::Private { dockerd, engine_root, store, data_root, registry_mirror, limits } => {
                let options = |role| PrivateOptions {
                    dockerd: dockerd.clone(),
                    engine_root: engine_root.clone(),
                    store: *store,
                    data_root: data_root.clone(),
                    registry_mirror: registry_mirror.clone(),
                    limits: *limits,
                    ..PrivateOptions::new(role)
                };
                let pulls = settings.pulls || engines::needs_puller(*store);
                let puller = pulls.then(|| options(Role::Puller));
                emitter.preparing("starting the private engines");
                Box::pin(Self::private(settings, options(Role::Builder), puller, named, emitter)).await
            }
        }
    }

    async fn private(
        settings: &RigSettings,
        builder: PrivateOptions,
        puller: Option<PrivateOptions>,
        named: Option<Named>,
        emitter: &Emitter,
    ) -> Result<Self, RigError> {
        let limits = builder.limits;
        let Engines { building, pulling, mirror } = emitter.watch().overhead("engine start", engines::start(builder, puller)).await?;
        let builder = client(&building, named.as_ref()).await?;
        let puller = client_that_pulls(pulling.as_ref().filter(|_| settings.pulls), named.as_ref()).await?;
        let named = named.map(|named| named.with_builder(&building.data_root_from_outside()));
        let info = builder.info().await?;
        let provided = Box::pin(stocked(&builder, mirror.as_ref(), settings, emitter)).await?;
        let blobs = pulling.as_ref().unwrap_or(&building).data_root_from_outside().join(BLOBS);
        let registry = Registry::start(RegistryOptions::new(blobs)).await?;
        let link = link(settings.link, &registry, emitter)?;
        let downloads = downloads(settings.downloads, &registry, link.as_ref(), emitter)?;
        Ok(Self {
            bench: Bench {
                builder,
                puller,
                registry,
                link,
                downloads,
                isolated: true,
                containerd_store: info.containerd_store,
                base_mirror: mirror,
                network: RunNetwork::Host,
                keep: provided.images.keys().cloned().collect(),
                unreachable: None,
                named,
            },
            info,
            provided: Some(provided),
            data_root_file_system: Some(building.data_root_file_system()?),
            limits,
            engines: [building].into_iter().chain(pulling).collect(),
            hosted: None,
        })
    }

    /// The host engine: it builds with its own bases and its default network, and is never pruned; what it cannot show is
    /// said with each trial.
    async fn host(settings: &RigSettings, named: Option<Named>, emitter: &Emitter) -> Result<Self, RigError> {
        emitter.preparing("connecting to the host engine");
        let builder = Docker::connect(&Endpoint::Environment).await?;
        for warning in builder.warnings() {
            emitter.warn(warning.clone());
        }
        let info = builder.info().await?;
        let builder = logged_in(builder, named.as_ref());
        let (hosted, registry) = Box::pin(Hosted::prepare(&builder, &settings.references, named.is_none(), emitter)).await?;
        let unreachable = hosted.unreachable.clone();
        hosted.reached(settings.link, emitter).await?;
        let link = link(settings.link, &registry, emitter)?;
        Ok(Self {
            bench: Bench {
                builder,
                puller: None,
                registry,
                link,
                downloads: None,
                isolated: false,
                containerd_store: info.containerd_store,
                base_mirror: None,
                network: RunNetwork::Default,
                keep: Vec::new(),
                unreachable,
                named,
            },
            info,
            provided: None,
            data_root_file_system: None,
            limits: EngineLimits::default(),
            engines: Vec::new(),
            hosted: Some(hosted),
        })
    }

    /// What a reader of the figures must know of the engines.
    pub fn notes(&self) -> Vec<String> {
        (self.bench.isolated && self.bench.containerd_store).then(|| engines::NO_PHASES.to_owned()).into_iter().collect()
    }

    /// What probes the machine: on the data root of the private engine that builds, else in `folder`, the record's, because the disk of
    /// the user's own engine is not loadline's to write on.
    pub fn prober(&self, folder: &Path) -> Prober {
        match self.engines.first() {
            Some(building) => Prober::in_folder(&building.data_root_from_outside(), "the builder's data root"),
            None => Prober::in_folder(folder, "the record's folder"),
        }
    }

    /// Stops everything that was started, all of it even when one part fails, and reports the first failure.
    pub async fn down(self, emitter: &Emitter) -> Result<(), RigError> {
        let Self { bench, engines, hosted, .. } = self;
        emitter.preparing(if engines.is_empty() { "taking down the registry" } else { "removing the private engines" });
        if let Some(downloads) = &bench.downloads {
            downloads.stop().await;
        }
        if let Some(link) = &bench.link {
            link.stop().await;
        }
        let mut first = bench.registry.stop().await.map_err(RigError::from);
        if let Some(mirror) = &bench.base_mirror {
            first = first.and(mirror.stop().await.map_err(RigError::from));
        }
        for engine in engines {
            let stopped = emitter.watch().overhead("engine stop", engine.stop()).await;
            first = first.and(stopped.map_err(RigError::from));
        }
        drop(hosted);
        first
    }
}

/// The registry that the user named, asked before anything is started whether it allows what a run needs.
async fn open(name: Option<&RegistryName>, emitter: &Emitter) -> Result<Option<Named>, RigError> {
    let Some(name) = name else { return Ok(None) };
    emitter.preparing(format!("asking the registry {}", name.host()));
    Ok(Some(emitter.watch().overhead("registry check", Named::open(name.clone())).await?))
}

/// The link before `registry`, where one was asked for.
fn link(profile: LinkProfile, registry: &Registry, emitter: &Emitter) -> Result<Option<Link>, LinkError> {
    let Some(shape) = profile.shape() else { return Ok(None) };
    emitter.preparing(format!("starting a link of {shape} before the registry"));
    Link::start(shape, registry.address()).map(Some)
}

/// The proxy of builds, where downloads are counted. They do not come to loadline's own servers through it.
fn downloads(
    profile: Option<LinkProfile>,
    registry: &Registry,
    link: Option<&Link>,
    emitter: &Emitter,
) -> Result<Option<Downloads>, ProxyError> {
    let Some(profile) = profile else { return Ok(None) };
    emitter.preparing("starting a proxy that counts what builds download");
    let own: Vec<_> = [registry.address()].into_iter().chain(link.map(Link::address)).collect();
    Downloads::start(profile, &own).map(Some)
}

/// The client of a private engine, which errors quote the log of.
async fn client(engine: &PrivateEngine, named: Option<&Named>) -> Result<Docker, RigError> {
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await?;
    Ok(logged_in(docker.with_log(&engine.log()), named))
}

async fn client_that_pulls(engine: Option<&PrivateEngine>, named: Option<&Named>) -> Result<Option<Docker>, RigError> {
    match engine {
        Some(engine) => client(engine, named).await.map(Some),
        None => Ok(None),
    }
}

fn logged_in(engine: Docker, named: Option<&Named>) -> Docker {
    match named.map(Named::remote) {
        Some(remote) => engine.with_login(remote.name(), remote.login()),
        None => engine,
    }
}

/// The base images in the builder, and in the mirror where builds are answered from one.
async fn stocked(builder: &Docker, mirror: Option<&BaseMirror>, settings: &RigSettings, emitter: &Emitter) -> Result<Provided, RigError> {
    let provided = emitter.watch().bases(Box::pin(provide(builder, settings, emitter))).await?;
    stays_here(&provided, settings.registry.as_ref())?;
    if let Some(mirror) = mirror {
        emitter.watch().bases(engines::serve(builder, mirror, &provided)).await?;
    }
    Ok(provided)
}

/// Stand-ins never leave the machine, nor does what is built on them.
fn stays_here(provided: &Provided, registry: Option<&RegistryName>) -> Result<(), RigError> {
    let leaves = provided.set == BaseSetKind::StandIn && !provided.images.is_empty();
    match registry.filter(|name| leaves && !name.is_loopback()) {
        Some(registry) => Err(RigError::StandInsLeave { registry: registry.to_string() }),
        None => Ok(()),
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
    if provided.spent != Spent::default() {
        emitter.preparing(provided.spent.to_string());
    }
    Ok(provided)
}

const fn set_id(set: BaseSetKind) -> &'static str {
    match set {
        BaseSetKind::Hub => BaseChoice::Hub.id(),
        BaseSetKind::StandIn => BaseChoice::StandIn.id(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rig::bases::{ProvidedBase, Spent};

    fn provided(set: BaseSetKind, names: &[&str]) -> Provided {
        let base = |digest: &str| ProvidedBase {
            digest: digest.to_owned(),
            uncompressed_size: None,
            compressed_size: None,
            differs: Vec::new(),
            package_managers: None,
            versions: BTreeMap::new(),
            from_cache: true,
        };
        let images = names.iter().map(|name| ((*name).to_owned(), base(name))).collect();
        Provided { set, reason: String::new(), images, missing: BTreeMap::new(), warnings: Vec::new(), spent: Spent::default() }
    }

    #[test]
    fn what_is_built_on_stand_ins_is_pushed_to_no_other_machine() {
        let name = |text: &str| text.parse::<RegistryName>().expect("a name");
        let (here, away) = (name("127.0.0.1:5000/sizes"), name("ghcr.io/me/sizes"));
        let stand_ins = provided(BaseSetKind::StandIn, &["node:20"]);
        let refused = stays_here(&stand_ins, Some(&away)).expect_err("it would leave").to_string();
        assert!(refused.contains("ghcr.io") && refused.ends_with("published bases by --bases hub"), "{refused}");
        assert!(stays_here(&stand_ins, Some(&here)).is_ok() && stays_here(&stand_ins, None).is_ok());
        assert!(stays_here(&provided(BaseSetKind::StandIn, &[]), Some(&away)).is_ok(), "nothing but scratch");
        assert!(stays_here(&provided(BaseSetKind::Hub, &["node:20"]), Some(&away)).is_ok());
    }
}
