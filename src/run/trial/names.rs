//! What a trial and everything that it makes are called.

use std::collections::BTreeMap;

use crate::record::Trial;
use crate::rig::{Engine, host};
use crate::scenario::{Scenario, Variant};

use super::super::{Bench, Block, EventKind, bench};
use super::{Build, TrialRunner};

/// What a build of a block is called in a record.
pub(in crate::run) struct Named<'a> {
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub(in crate::run) cache_state: &'static str,
    /// The edit's name.
    pub(in crate::run) edit: Option<&'a str>,
}

impl Named<'_> {
    /// The first build of every block.
    pub(in crate::run) const COLD: Self = Self { cache_state: "cold", edit: None };

    /// What tells the names of its image from those of the block's other builds.
    fn suffix(&self) -> String {
        match (self.cache_state, self.edit) {
            ("cold", _) => String::new(),
            (state, None) => format!("-{state}"),
            (state, Some(edit)) => format!("-{state}-{edit}"),
        }
    }
}

impl<'a> Build<'a> {
    /// What the build is called.
    pub(in crate::run) fn named(self) -> Named<'a> {
        match self {
            Self::Cold => Named::COLD,
            Self::Warm(_) => Named { cache_state: "warm", edit: None },
            Self::Edit(edit, _) => Named { cache_state: "edit", edit: Some(&edit.name) },
            Self::Base(_) => Named { cache_state: "base", edit: None },
            Self::Clean(edit, _) => Named { cache_state: "clean", edit: edit.map(|edit| edit.name.as_str()) },
        }
    }
}

/// A trial as it is recorded.
pub(in crate::run) fn trial(scenario: &Scenario, variant: &Variant, block: Block, build: &Named<'_>) -> Trial {
    Trial {
        scenario: scenario.name.clone(),
        variant: variant.name.clone(),
        iteration: block.iteration,
        cache_state: build.cache_state.to_owned(),
        edit: build.edit.map(str::to_owned),
        warmup: block.warmup,
    }
}

impl<E: Engine> TrialRunner<'_, E> {
    /// Which trial this is.
    pub(in crate::run) fn trial(&self) -> Trial {
        trial(self.scenario, self.variant, self.block, &self.build.named())
    }

    /// The name that the image gets when it is built.
    pub(super) fn tag(&self) -> String {
        self.tag_of(&self.build.named())
    }

    fn tag_of(&self, build: &Named<'_>) -> String {
        let (scenario, variant, iteration) = (&self.scenario.name, &self.variant.name, self.block.iteration);
        format!("loadline-run/{scenario}-{variant}:{iteration}-{}{}", bench::nonce(), build.suffix())
    }

    /// The repository of the block in loadline's own registry.
    pub(in crate::run) fn repository(&self) -> String {
        Bench::<E>::repository(&self.scenario.name, &self.variant.name, self.block.iteration)
    }

    /// The tag under which the image is pushed.
    pub(super) fn pushed_tag(&self) -> String {
        format!("{}{}", bench::TAG, self.build.named().suffix())
    }

    /// The name under which the image is pushed.
    pub(super) fn pushed(&self) -> String {
        self.pushed_of(&self.build.named())
    }

    fn pushed_of(&self, build: &Named<'_>) -> String {
        match &self.bench.named {
            Some(named) => named.reference(&named.repository(self.run_id, &self.scenario.name, &self.variant.name, self.block.iteration)),
            None => format!("{}/{}:{}{}", self.bench.address(), self.repository(), bench::TAG, build.suffix()),
        }
    }

    /// Takes off the names that the builds of this block gave. Failures are of no consequence: a private engine is thrown away as a
    /// whole, and on a host engine the image stays under its label for the user to remove.
    pub(in crate::run) async fn clean_up(&self, builds: &[Named<'_>]) {
        if self.goes_with_its_engine() {
            return;
        }
        let work = async {
            for reference in builds.iter().flat_map(|build| [self.pushed_of(build), self.tag_of(build)]) {
                drop(tokio::time::timeout(self.limits.call, self.bench.builder.remove_image(&reference)).await);
            }
            drop(self.bench.registry.forget_repository(&self.repository()));
        };
        self.emitter.watch().overhead("clean up", work).await;
    }

    /// On a host engine what a run makes can be told by its label. An image of a private engine has none: a label is part of
    /// the configuration and so of the transfer size, which must not depend on a run's name.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        if self.bench.isolated {
            return BTreeMap::new();
        }
        host::labels(self.run_id)
    }

    pub(in crate::run) fn phase(&self, phase: &str) {
        self.emitter.send(EventKind::Phase { phase: phase.to_owned() });
    }
}
