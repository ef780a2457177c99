//! Which engine measures: what the user asked for, and what this machine allows.

use std::path::{Path, PathBuf};

use crate::rig::private::{self, DataRoot, EngineLimits, Obstacle, Store};
use crate::run::{Emitter, EngineKind, EventKind};

use super::args::EngineArg;
use super::options::absolute;
use super::{Exit, Failure};

/// Ends the cure of an obstacle; where the host engine is tried anyway, it says nothing new.
const OTHER_WAY: &str = ", or use `--engine host`";

/// Options that speak of the private engine alone.
#[derive(Clone, Debug)]
pub(super) struct PrivateFlags {
    /// Its binary; `None` looks on the path.
    pub dockerd: Option<PathBuf>,
    /// A root file system with an engine of its own.
    pub engine_root: Option<PathBuf>,
    /// How it keeps images; `None` is the classic store.
    pub store: Option<Store>,
    /// As typed: `auto`, `tmpfs`, `disk` or a folder.
    pub data_root: String,
    /// A registry asked instead of the public one.
    pub registry_mirror: Option<String>,
    /// What each engine may take.
    pub limits: EngineLimits,
    /// Which of these options were not typed, but are the workspace's usual ones.
    pub usual: Vec<&'static str>,
}

impl PrivateFlags {
    /// The daemon alone can be chosen.
    pub(super) fn of_daemon(dockerd: Option<PathBuf>) -> Self {
        let (engine_root, registry_mirror, limits) = (None, None, EngineLimits::default());
        Self { dockerd, engine_root, store: None, data_root: "auto".to_owned(), registry_mirror, limits, usual: Vec::new() }
    }

    /// Whether one was typed.
    fn any(&self) -> bool {
        let typed = |option, is_there| is_there && !self.usual.contains(&option);
        typed("dockerd", self.dockerd.is_some())
            || typed("engine-root", self.engine_root.is_some())
            || typed("data-root", self.data_root != "auto")
            || typed("registry-mirror", self.registry_mirror.is_some())
            || self.store.is_some()
            || self.limits != EngineLimits::default()
    }
}

/// Which engine measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EngineChoice {
    /// An own dockerd.
    Private {
        /// Its binary; `None` looks on the path.
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
        /// Whether the user asked for it.
        asked: bool,
    },
    /// The user's engine.
    Host {
        /// Why no private engine can run; `None` where the user asked for the host's.
        instead: Option<Obstacle>,
    },
}

impl EngineChoice {
    /// Resolves `asked`. With `auto` a private engine goes before the host's; flags that only a private engine can follow
    /// (`flags`, and `own_bases` for those about base images) leave no other.
    pub(super) fn resolve(asked: EngineArg, flags: PrivateFlags, own_bases: bool) -> Result<Self, Failure> {
        if asked == EngineArg::Host {
            if flags.any() {
                let message = "--dockerd, --engine-root, --store, --data-root, --registry-mirror, --cpus and --memory are about the private \
                               engine; leave them out with --engine host";
                return Err(Failure::new(Exit::Usage, message));
            }
            return Ok(Self::Host { instead: None });
        }
        let only_private = asked == EngineArg::Private || flags.any() || own_bases;
        let PrivateFlags { dockerd, engine_root, store, data_root, registry_mirror, limits, usual: _ } = flags;
        let engine_root = engine_root.as_deref().map(absolute);
        match obstacle(dockerd.as_deref(), engine_root.as_deref()) {
            None => {
                let (data_root, asked) = (parse_data_root(&data_root), asked == EngineArg::Private);
                let store = store.unwrap_or_default();
                Ok(Self::Private { dockerd, engine_root, store, data_root, registry_mirror, limits, asked })
            }
            Some(obstacle) if only_private => Err(Failure::new(Exit::Engine, format!("{}; {}", obstacle.sentence, obstacle.cure))),
            Some(obstacle) => Ok(Self::Host { instead: Some(obstacle) }),
        }
    }

    /// The word for it in records: `private` or `host`.
    pub(super) const fn id(&self) -> &'static str {
        match self {
            Self::Private { .. } => "private",
            Self::Host { .. } => "host",
        }
    }

    /// The store that was asked for in place of the classic one, by its word in records.
    pub(super) fn other_store(&self) -> Option<&'static str> {
        match self {
            Self::Private { store: store @ Store::Containerd, .. } => Some(store.id()),
            Self::Private { store: Store::Classic, .. } | Self::Host { .. } => None,
        }
    }

    /// As the rig takes it.
    pub(super) fn kind(&self) -> EngineKind {
        match self {
            Self::Host { .. } => EngineKind::Host,
            Self::Private { dockerd, engine_root, store, data_root, registry_mirror, limits, .. } => EngineKind::Private {
                dockerd: dockerd.clone(),
                engine_root: engine_root.clone(),
                store: *store,
                data_root: data_root.clone(),
                registry_mirror: registry_mirror.clone(),
                limits: *limits,
            },
        }
    }

    /// Tells which engine it is, and why.
    pub(super) fn announce(&self, emitter: &Emitter) {
        let reason = match self {
            Self::Private { asked: false, .. } => "it can run here".to_owned(),
            Self::Host { instead: Some(obstacle) } => format!("{}; pull-time is not measured on a host engine", sentence(obstacle)),
            Self::Private { .. } | Self::Host { .. } => "chosen by --engine".to_owned(),
        };
        emitter.send(EventKind::EngineChosen { engine: self.id().to_owned(), reason });
    }

    /// A host engine that was only the second choice and cannot be had: both reasons.
    pub(super) fn both_reasons(&self, failure: Failure) -> Failure {
        match self {
            Self::Host { instead: Some(obstacle) } if failure.exit == Exit::Engine => {
                let text = format!(
                    "no engine can measure here\n  private engine: {}\n  host engine: {}\nsee `loadline doctor`",
                    sentence(obstacle),
                    failure.chain()
                );
                Failure::new(Exit::Engine, text)
            }
            _ => failure,
        }
    }
}

/// Why no private engine of these binaries can run here.
pub(super) fn obstacle(dockerd: Option<&Path>, engine_root: Option<&Path>) -> Option<Obstacle> {
    engine_root.map_or_else(|| private::obstacle(dockerd), |root| private::obstacle_with_root(root, dockerd))
}

fn sentence(obstacle: &Obstacle) -> String {
    let cure = obstacle.cure.strip_suffix(OTHER_WAY).unwrap_or(&obstacle.cure);
    if cure.contains("`--engine host`") { obstacle.sentence.clone() } else { format!("{} ({cure})", obstacle.sentence) }
}

fn parse_data_root(text: &str) -> DataRoot {
    match text {
        "auto" => DataRoot::Auto,
        "tmpfs" => DataRoot::Tmpfs,
        "disk" => DataRoot::Disk,
        path => DataRoot::Path(absolute(Path::new(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obstacle(cure: &str) -> Obstacle {
        Obstacle { id: "x", sentence: "it is so".to_owned(), cure: cure.to_owned() }
    }

    #[test]
    fn a_reason_for_the_host_engine_does_not_propose_it() {
        assert_eq!(sentence(&obstacle("run it with sudo, or use `--engine host`")), "it is so (run it with sudo)");
        assert_eq!(sentence(&obstacle("use `--engine host`")), "it is so");
        assert_eq!(sentence(&obstacle("install it")), "it is so (install it)");
    }

    #[test]
    fn a_second_choice_that_fails_tells_both_reasons_and_a_first_only_its_own() {
        let failed = || Failure::new(Exit::Engine, "no engine answers");
        let second = EngineChoice::Host { instead: Some(obstacle("install it")) }.both_reasons(failed()).chain();
        assert_eq!(
            second,
            "no engine can measure here\n  private engine: it is so (install it)\n  host engine: no engine answers\nsee `loadline doctor`"
        );
        assert_eq!(EngineChoice::Host { instead: None }.both_reasons(failed()).chain(), "no engine answers");
    }
}
