//! A run on the user's own engine: what was there before, whether it reaches the registry, and what is left at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::{BaseRecord, BuildCacheLeft, HostRun, TrialOutcome};
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::host::{self, Before, Folder, HostLeftover, Left};
use crate::rig::registry::{Registry, RegistryOptions};
use crate::units::LinkProfile;

use super::rigging::BLOBS;
use super::stop::chain;
use super::{Emitter, RigError, Rigged};

/// Longest wait for the account at the end of a run.
const ACCOUNT: Duration = Duration::from_mins(5);

/// Longest wait for the removal of what a run made that was stopped early.
const TIDY: Duration = Duration::from_secs(20);

/// The name under which the probe's image is labelled: it is made before the run has one.
const PROBE: &str = "probe";

/// The most ids that one command names.
const MOST_IDS: usize = 50;

/// What is known of the user's engine, and the run's own folder.
#[derive(Debug)]
pub(super) struct Hosted {
    /// Why the engine does not reach the registry; `None` where it does.
    pub(super) unreachable: Option<String>,
    before: Before,
    _folder: Folder,
}

impl Hosted {
    /// Removes what dead runs left, looks at what is there, and asks whether the engine reaches the registry.
    pub(super) async fn prepare(
        engine: &Docker,
        references: &[String],
        own_registry: bool,
        emitter: &Emitter,
    ) -> Result<(Self, Registry), RigError> {
        sweep(engine, emitter).await;
        let before = emitter.watch().overhead("looking at the host engine", Before::look(engine, references)).await?;
        let folder = Folder::make().map_err(RigError::Blobs)?;
        let registry = Registry::start(RegistryOptions::new(folder.path().join(BLOBS))).await?;
        if !own_registry {
            return Ok((Self { unreachable: None, before, _folder: folder }, registry));
        }
        emitter.preparing("asking whether the engine reaches loadline's registry");
        let unreachable =
            emitter.watch().overhead("probe", Box::pin(host::probe(engine, &registry, &folder, PROBE, host::PROBE_LIMIT))).await?;
        Ok((Self { unreachable, before, _folder: folder }, registry))
    }

    /// Whether pushes cross a link of `link`; where nothing is pushed, that is said, or refused where a link was asked for.
    pub(super) async fn reached(&self, link: LinkProfile, emitter: &Emitter) -> Result<(), RigError> {
        let Some(why) = &self.unreachable else { return Ok(()) };
        if link.shape().is_some() {
            tidy().await;
            return Err(RigError::NoLink { link, why: format!("the engine does not reach loadline's registry ({why})") });
        }
        emitter.warn(format!(
            "the engine does not reach loadline's registry ({why}): nothing is pushed or pulled, and transfer-size is computed from the \
             engine's export (D2-computed)"
        ));
        Ok(())
    }

    /// Removes what this run made, and tells what is left and what the base images were.
    async fn account(&self, engine: &Docker, trials: &[TrialOutcome]) -> Result<(Left, Vec<HostLeftover>), crate::rig::EngineError> {
        let own = host::remove_own(engine).await?;
        let steps = trials.iter().flat_map(|outcome| &outcome.steps).map(|step| step.name.as_str());
        Ok((self.before.after(engine, &host::named_in_steps(steps)).await?, own))
    }
}

/// Removes what this process made on the engine that the environment names, as far as it answers: for a run that was stopped
/// before it had a bench.
pub(super) async fn tidy() {
    let work = async { host::remove_own(&Docker::connect(&Endpoint::Environment).await?).await };
    drop(tokio::time::timeout(TIDY, work).await);
}

async fn sweep(engine: &Docker, emitter: &Emitter) {
    emitter.preparing("looking for what dead runs left on the host engine");
    match emitter.watch().overhead("sweep", host::sweep(engine)).await {
        Ok((removed, left)) => {
            for thing in removed {
                emitter.warn(format!("{thing}: left by a run that was killed, removed now"));
            }
            for thing in left {
                emitter.warn(format!("{thing}: it may belong to a run elsewhere; if not, remove it with `{}`", thing.command()));
            }
        }
        Err(error) => emitter.warn(format!("cannot look for what dead runs left: {}", chain(&error))),
    }
}

impl Rigged {
    /// What a run on the user's own engine met and left there, and its base images; `None` on private engines. `alive` tells
    /// whether the engine is still there to be asked. What the run made is gone afterwards, or named.
    pub async fn host_run(
        &self,
        trials: &[TrialOutcome],
        alive: bool,
        emitter: &Emitter,
    ) -> Option<(HostRun, BTreeMap<String, BaseRecord>)> {
        let hosted = self.hosted.as_ref()?;
        let run = HostRun { registry_unreachable: hosted.unreachable.clone(), ..HostRun::default() };
        if !alive {
            let left_behind = vec!["what the run made on the engine, which went away; the next run on it removes it".to_owned()];
            return Some((HostRun { left_behind, ..run }, BTreeMap::new()));
        }
        emitter.preparing("asking what the run left on the host engine");
        let account = tokio::time::timeout(ACCOUNT, hosted.account(&self.bench.builder, trials));
        let told = emitter.watch().overhead("account of what is left", account).await;
        let why = match told {
            Ok(Ok((left, own))) => return Some((told_of(run, &left, &own, emitter), bases(&left))),
            Ok(Err(error)) => chain(&error),
            Err(_) => "it gave no answer in time".to_owned(),
        };
        let left_behind = vec![format!("what the engine could not be asked for ({why}); the next run on it removes it")];
        Some((HostRun { left_behind, ..run }, BTreeMap::new()))
    }
}

fn told_of(mut run: HostRun, left: &Left, own: &[HostLeftover], emitter: &Emitter) -> HostRun {
    match &left.cache {
        Some(Ok(cache)) => {
            run.build_cache = Some(BuildCacheLeft { records: cache.records, bytes: cache.bytes, gone: cache.gone });
            run.commands.extend(cache.command.clone());
        }
        Some(Err(why)) => emitter.warn(format!("it is not known what the run left in the build cache: {why}")),
        None => {}
    }
    for (reference, base) in left.bases.iter().filter(|(_, base)| base.pulled) {
        run.pulled_bases.push(reference.clone());
        run.commands.extend(base.image.then(|| format!("docker image rm --no-prune {reference}")));
    }
    if !left.steps.is_empty() {
        run.left_behind.push(format!(
            "{} without a name, not there before: steps of a build by the classic builder, or somebody else's",
            crate::units::count(left.steps.len(), "image")
        ));
        let ids: Vec<&str> = left.steps.iter().take(MOST_IDS).map(String::as_str).collect();
        run.commands.push(format!("docker image rm --no-prune {}", ids.join(" ")));
    }
    run.left_behind.extend(own.iter().map(ToString::to_string));
    run.commands.extend(own.iter().map(HostLeftover::command));
    run
}

fn bases(left: &Left) -> BTreeMap<String, BaseRecord> {
    let record = |digest: &str| BaseRecord { digest: digest.to_owned(), uncompressed_size: None, differs: None };
    left.bases.iter().map(|(reference, base)| (reference.clone(), record(&base.digest))).collect()
}
