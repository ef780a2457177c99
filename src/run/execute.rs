//! Runs a plan: block after block, one thing at a time, each outcome handed on before the next begins.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::record::{NoiseProbe, Status, StopRule, Stopped, TrialOutcome};
use crate::rig::Engine;
use crate::scenario::{Expectation, Scenario};

use super::stopping::Pace;
use super::trial::{Build, Made, Named, TrialEnd, TrialRunner, trial};
use super::{Bench, Block, Clock, Emitter, EventKind, Gone, Plan, Prober, Settled, StopRules};

/// How long single calls may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One build.
    pub build: Duration,
    /// One push or pull.
    pub transfer: Duration,
    /// Any other call.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { build: Duration::from_hours(1), transfer: Duration::from_mins(30), call: Duration::from_mins(2) }
    }
}

/// Takes each outcome as soon as it is known.
pub trait Sink {
    /// All outcomes until now, those of before a run was gone on with among them.
    fn outcomes(&self) -> &[TrialOutcome];

    /// Keeps one outcome and what its steps printed.
    fn keep(&mut self, outcome: TrialOutcome, log: &str) -> Result<TrialOutcome, Box<dyn std::error::Error + Send + Sync>>;

    /// Hears of a trial that was made again only because later ones of its block stand on it. The outcome that it has stays; this one
    /// is not kept beside it.
    fn again(&mut self, outcome: &TrialOutcome, log: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Why an outcome could not be kept.
pub(super) type KeepError = Box<dyn std::error::Error + Send + Sync>;

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// Every block has an outcome.
    Complete,
    /// A rule ended it before its last iteration.
    Stopped(Stopped),
    /// The user stopped it.
    Interrupted,
    /// An engine or the registry is gone; the blocks that were left are recorded as skipped and lost.
    Gone(Gone),
}

/// What a run works on.
pub struct Execution<'a, E> {
    /// Engines and registry.
    pub bench: &'a Bench<E>,
    /// All scenarios of the plan.
    pub scenarios: &'a [Scenario],
    /// The order.
    pub plan: &'a Plan,
    /// The run's id, which labels everything made in an engine.
    pub run_id: &'a str,
    /// Time-outs.
    pub limits: Limits,
    /// What ends it before its last iteration.
    pub rules: StopRules,
    /// The time of measuring, which the rules go by.
    pub clock: Clock<'a>,
    /// Variants that are not tried, with the reason, by scenario and variant index.
    pub skipped: &'a BTreeMap<(usize, usize), String>,
    /// What is measured already.
    pub settled: &'a Settled,
    /// Probes the machine before each block.
    pub prober: &'a Prober,
    /// Where events go.
    pub emitter: &'a Emitter,
    /// Stops the run.
    pub cancel: &'a CancellationToken,
}

impl<E: Engine> Execution<'_, E> {
    /// Runs all blocks of which something is left to measure. Fails only when an outcome cannot be kept: measuring on would lose data.
    pub async fn run(&self, sink: &mut impl Sink) -> Result<End, Box<dyn std::error::Error + Send + Sync>> {
        let (mut gone, mut before) = (None, 0);
        let mut pace = Pace::new(self.rules, self.clock, self.blocks_of_an_iteration());
        for (place, block) in self.plan.blocks.iter().enumerate() {
            if self.cancel.is_cancelled() {
                return Ok(End::Interrupted);
            }
            if !self.plan.is_done(self.scenarios, *block, self.settled) {
                // Blocks that are not tried take no time, and each says so.
                let tried = gone.is_none() && !self.is_skipped(*block);
                if let Some(rule) = tried.then(|| pace.ends_before(*block, sink.outcomes())).flatten() {
                    return Ok(End::Stopped(self.stopped(rule, pace.elapsed(), place)));
                }
                let found = Box::pin(self.block(*block, gone.as_ref(), before, sink)).await?;
                gone = gone.or(found);
            }
            before += self.plan.trials_of(self.scenarios, *block);
        }
        Ok(match gone {
            _ if self.cancel.is_cancelled() => End::Interrupted,
            Some(gone) => End::Gone(gone),
            None => End::Complete,
        })
    }

    /// The blocks of an iteration that are tried.
    fn blocks_of_an_iteration(&self) -> u32 {
        let first = self.plan.blocks.first().map(|block| block.iteration);
        let tried = self.plan.blocks.iter().filter(|block| Some(block.iteration) == first && !self.is_skipped(**block));
        u32::try_from(tried.count()).unwrap_or(u32::MAX)
    }

    fn is_skipped(&self, block: Block) -> bool {
        self.skipped.contains_key(&(block.scenario, block.variant))
    }

    /// What is said of a run that ends before the block at `place`.
    fn stopped(&self, rule: StopRule, after: Duration, place: usize) -> Stopped {
        let blocks_left = self.plan.left_from(place, self.scenarios, self.settled);
        let iterations = self.plan.whole_without(&blocks_left, self.scenarios);
        let stopped = Stopped { rule, after_seconds: after.as_secs_f64(), iterations, blocks_left };
        self.emitter.send(EventKind::Stopped { stopped: stopped.clone() });
        stopped
    }

    /// All trials of one block, each kept before the next begins; what went away in them.
    async fn block(&self, block: Block, gone: Option<&Gone>, before: usize, sink: &mut impl Sink) -> Result<Option<Gone>, KeepError> {
        if let Some(outcome) = self.not_tried(block, gone) {
            // What stays of a block that was cut off is more than this says.
            if !self.settled.has(&outcome.trial) {
                self.announce(before, block, &Named::COLD);
                self.keep(outcome, "", sink)?;
            }
            return Ok(None);
        }
        let ended = self.trials(block, before, sink).await;
        self.runner(block, Build::Cold).clean_up(&self.plan.named(self.scenarios, block)).await;
        ended
    }

    /// The cold trial, and those that stand on it where it has figures.
    async fn trials(&self, block: Block, before: usize, sink: &mut impl Sink) -> Result<Option<Gone>, KeepError> {
        let mut noise = Some(self.prober.before_block(self.emitter).await);
        let (gone, made) = self.trial(block, Build::Cold, before, &mut noise, sink).await?;
        let Some(made) = made else { return Ok(gone) };
        for (number, build) in self.later(block, &made).into_iter().enumerate() {
            if self.cancel.is_cancelled() {
                break;
            }
            let (gone, _) = self.trial(block, build, before + 1 + number, &mut noise, sink).await?;
            if gone.is_some() {
                return Ok(gone);
            }
        }
        Ok(None)
    }

    /// One trial, kept; what went away in it, and the image of a cold one that has figures. The probe before the block goes with the first
    /// trial of it that is kept.
    async fn trial(
        &self,
        block: Block,
        build: Build<'_>,
        before: usize,
        noise: &mut Option<NoiseProbe>,
        sink: &mut impl Sink,
    ) -> Result<(Option<Gone>, Option<Made>), KeepError> {
        self.announce(before, block, &build.named());
        let TrialEnd { outcome, log, gone, made } = Box::pin(self.runner(block, build).run()).await;
        let kept = if self.settled.has(&outcome.trial) {
            self.again(outcome, &log, sink)?
        } else {
            self.keep(TrialOutcome { noise: noise.take(), ..outcome }, &log, sink)?
        };
        Ok((gone, made.filter(|_| kept)))
    }

    /// Hands on that a trial was made again; whether it has numbers.
    fn again(&self, outcome: TrialOutcome, log: &str, sink: &mut impl Sink) -> Result<bool, KeepError> {
        sink.again(&outcome, log)?;
        let has_numbers = outcome.status.has_numbers();
        self.emitter.send(EventKind::TrialFinished { outcome: Box::new(outcome) });
        Ok(has_numbers)
    }

    /// Hands an outcome on; whether it still has numbers then.
    fn keep(&self, outcome: TrialOutcome, log: &str, sink: &mut impl Sink) -> Result<bool, KeepError> {
        let outcome = sink.keep(outcome, log)?;
        let has_numbers = outcome.status.has_numbers();
        self.emitter.send(EventKind::TrialFinished { outcome: Box::new(outcome) });
        Ok(has_numbers)
    }

    /// The builds of a block after the cold one.
    fn later<'m>(&'m self, block: Block, made: &'m Made) -> Vec<Build<'m>> {
        let (scenario, variant) = self.names(block);
        if variant.expect != Expectation::Success {
            return Vec::new();
        }
        let builds = self.plan.builds;
        let edits = |there: bool| scenario.edits.iter().filter(move |_| there);
        let unchanged = builds.clean.then_some(Build::Clean(None, made));
        let clean = unchanged.into_iter().chain(edits(builds.clean).map(|edit| Build::Clean(Some(edit), made)));
        let warm = builds.warm.then_some(Build::Warm(made));
        let base = builds.base.then_some(Build::Base(made));
        warm.into_iter().chain(edits(builds.edit).map(|edit| Build::Edit(edit, made))).chain(base).chain(clean).collect()
    }

    fn runner<'r>(&'r self, block: Block, build: Build<'r>) -> TrialRunner<'r, E> {
        let (scenario, variant) = self.names(block);
        TrialRunner {
            bench: self.bench,
            scenario,
            variant,
            block,
            build,
            starts: self.starts(block),
            run_id: self.run_id,
            limits: self.limits,
            emitter: self.emitter,
            cancel: self.cancel,
        }
    }

    /// How often the image of the cold build is started after its smoke check: not where the trial is only made again, since nothing of it
    /// is kept.
    fn starts(&self, block: Block) -> u32 {
        let (scenario, variant) = self.names(block);
        if self.settled.has(&trial(scenario, variant, block, &Named::COLD)) { 0 } else { self.plan.starts }
    }

    fn announce(&self, before: usize, block: Block, build: &Named<'_>) {
        let (scenario, variant) = self.names(block);
        let trial = trial(scenario, variant, block, build);
        self.emitter.send(EventKind::TrialStarted { trial, number: before + 1, of: self.plan.trials(self.scenarios) });
    }

    /// The outcome of a block that cannot be tried; `None` where it can.
    fn not_tried(&self, block: Block, gone: Option<&Gone>) -> Option<TrialOutcome> {
        let skip = self.skipped.get(&(block.scenario, block.variant)).cloned();
        let lost = skip.is_none();
        let reason = skip.or_else(|| gone.map(|gone| format!("{} went away in an earlier trial; run again", gone.what())))?;
        let (scenario, variant) = self.names(block);
        Some(TrialOutcome {
            trial: trial(scenario, variant, block, &Named::COLD),
            started: Timestamp::now(),
            status: Status::Skipped { reason },
            observations: Vec::new(),
            steps: Vec::new(),
            push: None,
            pull: None,
            weighing: None,
            delta: None,
            starts: Vec::new(),
            download: None,
            warnings: Vec::new(),
            log: None,
            lost,
            noise: None,
        })
    }

    fn names(&self, block: Block) -> (&Scenario, &crate::scenario::Variant) {
        let scenario = &self.scenarios[block.scenario];
        (scenario, &scenario.variants[block.variant])
    }
}
