//! The bench on which trials run: the engines, the registry, and what they were given.
//!
//! A private bench has a builder and a puller of its own and may prune them. A host bench has the user's engine alone: it
//! prunes nothing, pulls nothing, and removes only what it made.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::way::Way;
use super::{Downloads, Named};
use crate::rig::bases::BaseMirror;
use crate::rig::link::Link;
use crate::rig::registry::Registry;
use crate::rig::{Engine, EngineError, RunNetwork};

/// Engines and registry, ready to measure.
#[derive(Debug)]
pub struct Bench<E> {
    /// Builds, proves and pushes.
    pub builder: E,
    /// Pulls; never built anything. `None` where only one engine is there.
    pub puller: Option<E>,
    /// Takes the pushes and serves the pulls.
    pub registry: Registry,
    /// What engines connect to instead of the registry, so that pushes and pulls keep to a rate and a round trip; `None` leaves
    /// them as fast as the machine is.
    pub link: Option<Link>,
    /// What counts the downloads of builds; `None` lets them fetch by themselves.
    pub downloads: Option<Downloads>,
    /// Whether the engines are loadline's own, so that they may be pruned.
    pub isolated: bool,
    /// Whether the engines keep images in containerd's store: it asks a registry for a base image before it takes the one that is there,
    /// and pushes layers as they are stored.
    pub containerd_store: bool,
    /// What answers such a builder; `None` where it asks nobody, or the user's own engine does.
    pub base_mirror: Option<BaseMirror>,
    /// The network of RUN steps.
    pub network: RunNetwork,
    /// Names of base images that a prune must leave.
    pub keep: Vec<String>,
    /// Why the builder does not reach the registry, so that nothing is pushed and compressed sizes are computed; `None`
    /// where it does.
    pub unreachable: Option<String>,
    /// The registry that the user named, which is pushed to and pulled from instead of loadline's own.
    pub named: Option<Named>,
}

impl<E: Engine> Bench<E> {
    /// The repository that a variant is pushed to in one iteration: a new one each time, so that no push is warm.
    pub(super) fn repository(scenario: &str, variant: &str, iteration: u32) -> String {
        format!("loadline/{scenario}-{variant}-{iteration}")
    }

    /// Lets the builder forget which layers the named registry has.
    pub(super) fn forget_notes(&self) -> Result<(), EngineError> {
        let forgotten = self.named.as_ref().map_or(Ok(()), Named::forget_notes);
        forgotten.map_err(|source| EngineError::File {
            action: "remove",
            path: "the private engine's notes on registries".to_owned(),
            source,
        })
    }

    /// How engines come to loadline's own registry.
    pub(super) fn way(&self) -> Way<'_> {
        Way { registry: &self.registry, link: self.link.as_ref() }
    }

    /// Where engines push to and pull from, as they name it.
    pub(super) fn address(&self) -> SocketAddr {
        self.way().address()
    }

    /// The full reference of `repository` in this bench's registry.
    pub(super) fn reference(&self, repository: &str) -> String {
        format!("{}/{repository}:{TAG}", self.address())
    }
}

/// The tag under which every trial pushes.
pub(super) const TAG: &str = "measured";

/// A name for a container that no other has.
pub(super) fn container_name() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    format!("loadline-{}-{}", nonce(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// A word of this process's own: an image that somebody has under any other name is never replaced.
pub(super) fn nonce() -> &'static str {
    static NONCE: LazyLock<String> = LazyLock::new(|| format!("{}-{:016x}", std::process::id(), fastrand::u64(..)));
    &NONCE
}
