//! The ordered blocks of a run.
//!
//! A block is all trials of one variant in one iteration. Blocks of all variants are interleaved: every iteration holds
//! each variant once, in an order drawn from the seed, so that a slow spell of the machine falls on all variants alike.

use std::collections::BTreeMap;

use crate::record::BlocksLeft;
use crate::scenario::{Expectation, Scenario, Variant};

use super::Settled;
use super::trial::{Named, trial};

/// The order in which blocks are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In order of execution.
    pub blocks: Vec<Block>,
    /// What the order was drawn from.
    pub seed: u64,
    /// Which builds each block has.
    pub builds: Builds,
    /// How often the image of a cold build is started again after its smoke check.
    pub starts: u32,
}

/// Which builds a block has beside the cold one, which every other stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "any of the builds may be asked for without the others")]
pub struct Builds {
    /// Once more with nothing changed.
    pub warm: bool,
    /// Once after each of the scenario's edits.
    pub edit: bool,
    /// Once after the base image has changed.
    pub base: bool,
    /// Once with nothing changed and once after each of the scenario's edits, without any cache.
    pub clean: bool,
}

impl Builds {
    /// Those of a run in which nothing else is asked for.
    pub const USUAL: Self = Self { warm: true, edit: true, base: false, clean: false };

    /// The names of the cache states, in the order in which a block has them.
    pub fn ids(self) -> impl Iterator<Item = &'static str> {
        let all = [("cold", true), ("warm", self.warm), ("edit", self.edit), ("base", self.base), ("clean", self.clean)];
        all.into_iter().filter_map(|(id, there)| there.then_some(id))
    }

    /// The trials of one block of `variant`, in order. One that is meant to fail has its cold trial alone.
    pub(super) fn of<'s>(self, scenario: &'s Scenario, variant: &Variant) -> Vec<Named<'s>> {
        let stands = variant.expect == Expectation::Success;
        let warm = (stands && self.warm).then_some(Named { cache_state: "warm", edit: None });
        let edits = |there: bool| scenario.edits.iter().filter(move |_| stands && there).map(|edit| Some(edit.name.as_str()));
        let edited = edits(self.edit).map(|edit| Named { cache_state: "edit", edit });
        let base = (stands && self.base).then_some(Named { cache_state: "base", edit: None });
        let unchanged = (stands && self.clean).then_some(None);
        let clean = unchanged.into_iter().chain(edits(self.clean)).map(|edit| Named { cache_state: "clean", edit });
        [Named::COLD].into_iter().chain(warm).chain(edited).chain(base).chain(clean).collect()
    }
}

/// All trials of one variant in one iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block {
    /// Index into the scenarios.
    pub scenario: usize,
    /// Index into the scenario's variants.
    pub variant: usize,
    /// From 1; warm-ups come first and are counted too.
    pub iteration: u32,
    /// Whether its trials are warm-ups.
    pub warmup: bool,
}

impl Plan {
    /// Orders `iterations` blocks of every variant by `seed`.
    ///
    /// The shuffle is Fisher and Yates' over the wyrand generator of the `fastrand` crate; the record keeps the order
    /// itself through the outcomes, so that a later version of the generator changes no old run.
    pub fn new(scenarios: &[Scenario], iterations: u32, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut blocks = Vec::new();
        for iteration in 1..=iterations {
            let mut round: Vec<Block> =
                all_variants(scenarios).map(|(scenario, variant)| Block { scenario, variant, iteration, warmup: false }).collect();
            random.shuffle(&mut round);
            blocks.extend(round);
        }
        Self { blocks, seed, builds: Builds::default(), starts: 0 }
    }

    /// The same plan with these builds in each block.
    #[must_use]
    pub fn with_builds(self, builds: Builds) -> Self {
        Self { builds, ..self }
    }

    /// The same plan with so many starts of each proven image after its smoke check.
    #[must_use]
    pub const fn with_starts(mut self, starts: u32) -> Self {
        self.starts = starts;
        self
    }

    /// The same plan with its first `iterations` as warm-ups.
    #[must_use]
    pub fn with_warm_ups(mut self, iterations: u32) -> Self {
        self.blocks.iter_mut().for_each(|block| block.warmup = block.iteration <= iterations);
        self
    }

    /// The trials of all blocks.
    pub fn trials(&self, scenarios: &[Scenario]) -> usize {
        self.blocks.iter().map(|block| self.trials_of(scenarios, *block)).sum()
    }

    /// How many trials one block has.
    pub(super) fn trials_of(&self, scenarios: &[Scenario], block: Block) -> usize {
        self.named(scenarios, block).len()
    }

    /// What the builds of a block are called, in order.
    pub(super) fn named<'s>(&self, scenarios: &'s [Scenario], block: Block) -> Vec<Named<'s>> {
        let scenario = &scenarios[block.scenario];
        self.builds.of(scenario, &scenario.variants[block.variant])
    }

    /// Whether nothing of a block is left to measure: its cold trial stays without figures, or all of its trials stay.
    pub(super) fn is_done(&self, scenarios: &[Scenario], block: Block, settled: &Settled) -> bool {
        let scenario = &scenarios[block.scenario];
        let named = self.named(scenarios, block);
        let mut trials = named.iter().map(|build| trial(scenario, &scenario.variants[block.variant], block, build));
        match trials.next().and_then(|cold| settled.has_figures(&cold)) {
            None => false,
            Some(false) => true,
            Some(true) => trials.all(|later| settled.has(&later)),
        }
    }

    /// The blocks from the one at `place` on of which something is left to measure, by variant in the order of the scenarios.
    pub(super) fn left_from(&self, place: usize, scenarios: &[Scenario], settled: &Settled) -> Vec<BlocksLeft> {
        let mut blocks = self.blocks.get(place..).unwrap_or_default().to_vec();
        blocks.retain(|block| !self.is_done(scenarios, *block, settled));
        blocks.sort();
        let mut left = Vec::<BlocksLeft>::new();
        for block in blocks {
            let (scenario, first) = (&scenarios[block.scenario], block.iteration);
            let next =
                BlocksLeft { scenario: scenario.name.clone(), variant: scenario.variants[block.variant].name.clone(), first, last: first };
            let follows = |last: &&mut BlocksLeft| (&last.scenario, &last.variant, last.last + 1) == (&next.scenario, &next.variant, first);
            match left.last_mut().filter(follows) {
                Some(last) => last.last = first,
                None => left.push(next),
            }
        }
        left
    }

    /// How many iterations that count every variant has without the blocks in `left`.
    pub(super) fn whole_without(&self, left: &[BlocksLeft], scenarios: &[Scenario]) -> u32 {
        let is_left = |block: &Block| {
            let (scenario, variant) = (&scenarios[block.scenario].name, &scenarios[block.scenario].variants[block.variant].name);
            left.iter().any(|l| (&l.scenario, &l.variant) == (scenario, variant) && (l.first..=l.last).contains(&block.iteration))
        };
        let mut whole = BTreeMap::<(usize, usize), u32>::new();
        for block in self.blocks.iter().filter(|block| !block.warmup) {
            *whole.entry((block.scenario, block.variant)).or_default() += u32::from(!is_left(block));
        }
        whole.into_values().min().unwrap_or(0)
    }

    /// How many blocks are left to measure where `settled` stays.
    pub fn left(&self, scenarios: &[Scenario], settled: &Settled) -> usize {
        self.blocks.iter().filter(|block| !self.is_done(scenarios, **block, settled)).count()
    }
}

fn all_variants(scenarios: &[Scenario]) -> impl Iterator<Item = (usize, usize)> {
    scenarios.iter().enumerate().flat_map(|(scenario, s)| (0..s.variants.len()).map(move |variant| (scenario, variant)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::PathBuf;

    use super::*;
    use crate::dockerfile::VariantKind;
    use crate::scenario::{Builder, Language, Smoke};

    fn scenario(name: &str, variants: usize) -> Scenario {
        let variant = |n: usize| Variant {
            name: format!("v{n}"),
            kind: VariantKind::SingleStage,
            dockerfile: PathBuf::from("/x/Dockerfile"),
            target: None,
            build_args: BTreeMap::new(),
            builder: Builder::default(),
            expect: Expectation::default(),
        };
        Scenario {
            name: name.to_owned(),
            language: Language("go".to_owned()),
            root: PathBuf::from("/x"),
            variants: (0..variants).map(variant).collect(),
            smoke: Smoke::Unsaid,
            edits: Vec::new(),
            budgets: Vec::new(),
            from_file: true,
        }
    }

    #[test]
    fn every_iteration_holds_every_variant_once() {
        let plan = Plan::new(&[scenario("a", 3), scenario("b", 2)], 4, 7);
        assert_eq!(plan.blocks.len(), 20);
        for round in plan.blocks.chunks(5) {
            let distinct: BTreeSet<_> = round.iter().map(|b| (b.scenario, b.variant)).collect();
            assert_eq!(distinct.len(), 5);
            assert!(round.iter().all(|b| b.iteration == round[0].iteration));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_seed_another() {
        let scenarios = [scenario("a", 9)];
        assert_eq!(Plan::new(&scenarios, 3, 1), Plan::new(&scenarios, 3, 1));
        assert_ne!(Plan::new(&scenarios, 3, 1).blocks, Plan::new(&scenarios, 3, 2).blocks);
    }
}
