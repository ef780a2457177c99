//! Arguments, resolved: defaults filled in, paths made absolute, contradictions refused.

use std::path::{Path, PathBuf};

use crate::rig::bases::BaseChoice;
use crate::rig::private::{EngineLimits, Store};
use crate::rig::remote::{RegistryName, RegistryNameError};
use crate::run::{Builds, Limits, StopRules};
use crate::units::{self, Cpus, LinkProfile};

use super::args::{BasesArg, BuildArg, EngineArg, MessageFormat, RunArgs, Selection, StoreArg};
use super::engine::{EngineChoice, PrivateFlags};
use super::part::Part;
use super::workspace::CommandLine;
use super::{Exit, Failure};

/// The least memory that an engine is given, bytes: a daemon with its containerd takes about 100 MB before it builds anything.
const LEAST_MEMORY: u64 = 256_000_000;

/// Options that say where things of a private engine lie and nothing of what is measured: as defaults of a workspace they ask for no such
/// engine, and the user's own does without them.
const WHERE_THINGS_LIE: [&str; 2] = ["data-root", "registry-mirror"];

/// What `run` does.
#[derive(Debug)]
pub(super) struct RunOptions {
    /// Which scenarios.
    pub selection: Selection,
    /// Which engine measures.
    pub engine: EngineChoice,
    /// Where base images come from.
    pub bases: BaseChoice,
    /// Whether digests must agree with `bases.lock`.
    pub locked: bool,
    /// The registry that is pushed to and pulled from; `None` is loadline's own.
    pub registry: Option<RegistryName>,
    /// The link of pushes and pulls.
    pub link: LinkProfile,
    /// Whether images are pulled where they can be.
    pub pulls: bool,
    /// The link of what builds download; `None` does not count it.
    pub downloads: Option<LinkProfile>,
    /// The builds of every block.
    pub builds: Builds,
    /// Iterations of every block, warm-ups not counted.
    pub trials: u32,
    /// Iterations before them that only warm up.
    pub warm_up: u32,
    /// How often an image is started again after its smoke check.
    pub starts: u32,
    /// What ends the run before its last iteration.
    pub rules: StopRules,
    /// How long single calls may take.
    pub limits: Limits,
    /// Seed of the block order.
    pub seed: u64,
    /// The run's folder; `None` makes one in `results`.
    pub out: Option<PathBuf>,
    /// The folder of runs that are given none.
    pub results: PathBuf,
    /// The part of the scenarios that is measured; `None` is all of them.
    pub part: Option<Part>,
    /// Whether an incomplete run still exits 0.
    pub allow_skips: bool,
    /// How progress is told.
    pub message_format: MessageFormat,
    /// The command line, with what the workspace's file gave as if it had been typed.
    pub command: Vec<String>,
}

impl RunOptions {
    /// Resolves the arguments of `run`.
    pub(super) fn resolve(args: RunArgs, line: &CommandLine) -> Result<Self, Failure> {
        let own_bases = own_bases(&args)?;
        let registry = registry_of(args.registry.as_deref(), args.link)?;
        cold_pushes(&args, registry.as_ref())?;
        let engine = engine_of(&args, line, own_bases)?;
        let host = matches!(engine, EngineChoice::Host { .. });
        let builds = builds_of(&args.builds, args.quick, host)?;
        let trials = if args.quick { 1 } else { args.effort.trials(args.trials) };
        Ok(Self {
            selection: args.selection,
            engine,
            bases: base_choice(args.bases),
            locked: args.locked,
            registry,
            link: args.link,
            pulls: !args.effort.no_pull,
            downloads: args.downloads.link(),
            builds,
            trials,
            warm_up: args.effort.warm_up,
            starts: args.effort.starts,
            rules: args.effort.rules(trials)?,
            limits: args.effort.limits(),
            seed: args.seed.unwrap_or_else(|| fastrand::u64(..)),
            out: args.out,
            results: args.results,
            part: args.shard,
            allow_skips: args.allow_skips,
            message_format: args.message_format,
            command: line.whole(if host { &WHERE_THINGS_LIE } else { &[] }),
        })
    }
}

/// Whether base images are asked for that the user's own engine does not take.
fn own_bases(args: &RunArgs) -> Result<bool, Failure> {
    let own = args.locked || args.bases != BasesArg::Auto;
    if args.engine == EngineArg::Host && own {
        let message = "the host engine builds with its own base images; leave out --bases and --locked, or use --engine private";
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(own)
}

/// The engine that was asked for, with what was said of it.
fn engine_of(args: &RunArgs, line: &CommandLine, own_bases: bool) -> Result<EngineChoice, Failure> {
    let flags = PrivateFlags {
        dockerd: args.dockerd.clone(),
        engine_root: args.engine_root.clone(),
        store: args.store.map(StoreArg::store),
        data_root: args.data_root.clone(),
        registry_mirror: args.registry_mirror.clone(),
        limits: limits_of(args.cpus, args.memory)?,
        usual: WHERE_THINGS_LIE.into_iter().filter(|option| line.is_given(option)).collect(),
    };
    EngineChoice::resolve(args.engine, flags, own_bases)
}

/// A limit that limits nothing, or leaves no engine alive, is a mistake.
fn limits_of(cpus: Option<Cpus>, memory: Option<u64>) -> Result<EngineLimits, Failure> {
    let there = std::thread::available_parallelism().map_or(1, usize::from);
    let problem = match (cpus, memory) {
        (Some(cpus), _) if cpus.thousandths() as usize > there * 1000 => {
            format!("--cpus {cpus} is more than the {} of this machine and limits nothing; leave it out", units::count(there, "processor"))
        }
        (_, Some(memory)) if memory < LEAST_MEMORY => {
            format!("--memory {} is too little for an engine; give it {} or more", units::bytes(memory), units::bytes(LEAST_MEMORY))
        }
        _ => return Ok(EngineLimits { cpus, memory }),
    };
    Err(Failure::new(Exit::Usage, problem))
}

/// Only the way to loadline's own registry can be shaped.
fn registry_of(text: Option<&str>, link: LinkProfile) -> Result<Option<RegistryName>, Failure> {
    let parsed = text.map(str::parse).transpose().map_err(|e: RegistryNameError| Failure::new(Exit::Usage, e))?;
    match (&parsed, link.shape()) {
        (Some(name), Some(shape)) => {
            let message = format!(
                "--link {shape} is about the way to loadline's own registry, and --registry {name} is another; leave out one of them"
            );
            Err(Failure::new(Exit::Usage, message))
        }
        _ => Ok(parsed),
    }
}

/// containerd's store keeps beside each layer which repositories of a registry have it, and mounts it from there.
fn cold_pushes(args: &RunArgs, registry: Option<&RegistryName>) -> Result<(), Failure> {
    let (Some(Store::Containerd), Some(name)) = (args.store.map(StoreArg::store), registry) else { return Ok(()) };
    let message = format!(
        "--store containerd notes with each layer which registry has it, so that no push to --registry {name} but the first would be cold; \
         leave out one of them"
    );
    Err(Failure::new(Exit::Usage, message))
}

/// Every other build stands on the cache that the cold one leaves. An engine that is not pruned may have the steps of an edit from
/// before, so that on the user's own none is built.
fn builds_of(builds: &[BuildArg], quick: bool, host: bool) -> Result<Builds, Failure> {
    if builds.is_empty() {
        return Ok(if quick { Builds::default() } else { Builds { edit: !host, ..Builds::USUAL } });
    }
    if host && builds.contains(&BuildArg::Edit) {
        let message = "your own engine may have the steps of an edit in its cache from an earlier run; build edits with --engine private";
        return Err(Failure::new(Exit::Usage, message));
    }
    if host && builds.contains(&BuildArg::Base) {
        let message = "a base image is changed under its name, which is not done to an engine of yours; use --engine private";
        return Err(Failure::new(Exit::Usage, message));
    }
    if !builds.contains(&BuildArg::Cold) {
        let message = "every other build stands on the cold one; add it: --builds cold,warm";
        return Err(Failure::new(Exit::Usage, message));
    }
    let has = |build| builds.contains(&build);
    Ok(Builds { warm: has(BuildArg::Warm), edit: has(BuildArg::Edit), base: has(BuildArg::Base), clean: has(BuildArg::Clean) })
}

/// `text` without the login of a URL in it: a record is made to be published.
pub(super) fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    format!("{scheme}://{host}{}", &rest[end..])
}

const fn base_choice(bases: BasesArg) -> BaseChoice {
    match bases {
        BasesArg::Auto => BaseChoice::Auto,
        BasesArg::Hub => BaseChoice::Hub,
        BasesArg::StandIn => BaseChoice::StandIn,
    }
}

/// `path` from the root; as it is where the current folder is gone.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_a_url_is_not_recorded() {
        assert_eq!(without_login("--registry-mirror=http://ann:secret@127.0.0.1:5000/x@y"), "--registry-mirror=http://127.0.0.1:5000/x@y");
        assert_eq!(without_login("a@b"), "a@b");
    }
}
