//! The bench on which trials run: the engines, the registry, and what they were given.
//!
//! A private bench has a builder and a puller of its own and may prune them. A host bench has the user's engine alone: it
//! prunes nothing, pulls nothing, and removes only what it made.

use crate::rig::registry::Registry;
use crate::rig::{Engine, RunNetwork};

/// Engines and registry, ready to measure.
#[derive(Debug)]
pub struct Bench<E> {
    /// Builds, proves and pushes.
    pub builder: E,
    /// Pulls; never built anything. `None` where only one engine is there.
    pub puller: Option<E>,
    /// Takes the pushes and serves the pulls.
    pub registry: Registry,
    /// Whether the engines are loadline's own, so that they may be pruned.
    pub isolated: bool,
    /// The network of RUN steps.
    pub network: RunNetwork,
    /// Names of base images that a prune must leave.
    pub keep: Vec<String>,
}

impl<E: Engine> Bench<E> {
    /// The repository that a variant is pushed to in one iteration: a new one each time, so that no push is warm.
    pub(super) fn repository(scenario: &str, variant: &str, iteration: u32) -> String {
        format!("loadline/{scenario}-{variant}-{iteration}")
    }

    /// The full reference of `repository` in this bench's registry.
    pub(super) fn reference(&self, repository: &str) -> String {
        format!("{}/{repository}:measured", self.registry.address())
    }
}

/// The tag under which every trial pushes.
pub(super) const TAG: &str = "measured";
