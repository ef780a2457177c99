//! Arguments, resolved: defaults filled in, paths made absolute, contradictions refused.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::rig::bases::BaseChoice;
use crate::rig::private::EngineLimits;
use crate::rig::remote::{RegistryName, RegistryNameError};
use crate::run::{Builds, Limits, StopRules};
use crate::units::{self, Cpus, LinkProfile};

use super::args::{BasesArg, BuildArg, EngineArg, MessageFormat, RunArgs, Selection};
use super::engine::{EngineChoice, PrivateFlags};
use super::part::Part;
use super::{Exit, Failure};

/// The least memory that an engine is given, bytes: a daemon with its containerd takes about 100 MB before it builds anything.
const LEAST_MEMORY: u64 = 256_000_000;

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
    /// The run's folder; `None` makes one below `results`.
    pub out: Option<PathBuf>,
    /// The part of the scenarios that is measured; `None` is all of them.
    pub part: Option<Part>,
    /// Whether an incomplete run still exits 0.
    pub allow_skips: bool,
    /// How progress is told.
    pub message_format: MessageFormat,
    /// The command line as typed.
    pub command: Vec<String>,
}

impl RunOptions {
    /// Resolves the arguments of `run`.
    pub(super) fn resolve(args: RunArgs, command: &[OsString]) -> Result<Self, Failure> {
        let RunArgs {
            selection,
            engine,
            dockerd,
            engine_root,
            data_root,
            cpus,
            memory,
            bases,
            locked,
            registry_mirror,
            registry,
            link,
            downloads,
            builds,
            trials,
            quick,
            effort,
            seed,
            out,
            resume: _,
            shard,
            allow_skips,
            message_format,
        } = args;
        let own_bases = locked || bases != BasesArg::Auto;
        if engine == EngineArg::Host && own_bases {
            let message = "the host engine builds with its own base images; leave out --bases and --locked, or use --engine private";
            return Err(Failure::new(Exit::Usage, message));
        }
        let registry = registry_of(registry.as_deref(), link)?;
        let flags = PrivateFlags { dockerd, engine_root, data_root, registry_mirror, limits: limits_of(cpus, memory)? };
        let engine = EngineChoice::resolve(engine, flags, own_bases)?;
        let builds = builds_of(&builds, quick, matches!(engine, EngineChoice::Host { .. }))?;
        let trials = if quick { 1 } else { trials };
        Ok(Self {
            selection,
            engine,
            bases: base_choice(bases),
            locked,
            registry,
            link,
            downloads: downloads.link(),
            builds,
            trials,
            warm_up: effort.warm_up,
            starts: effort.starts,
            rules: effort.rules(trials)?,
            limits: effort.limits(),
            seed: seed.unwrap_or_else(|| fastrand::u64(..)),
            out,
            part: shard,
            allow_skips,
            message_format,
            command: command.iter().map(|part| without_login(&part.to_string_lossy())).collect(),
        })
    }
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
fn without_login(text: &str) -> String {
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
