//! Runs a plan: block after block, one thing at a time, each outcome handed on before the next begins.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::record::{Status, TrialOutcome};
use crate::rig::Engine;
use crate::scenario::Scenario;

use super::block::{self, BlockEnd, BlockRunner};
use super::{Bench, Block, Emitter, EventKind, Gone, Plan};

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
    /// Keeps one outcome and what its steps printed.
    fn keep(&mut self, outcome: TrialOutcome, log: &str) -> Result<TrialOutcome, Box<dyn std::error::Error + Send + Sync>>;
}

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// Every block has an outcome.
    Complete,
    /// The user stopped it.
    Interrupted,
    /// An engine or the registry is gone; the blocks that were left are recorded as skipped.
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
    /// Variants that are not tried, with the reason, by scenario and variant index.
    pub skipped: &'a BTreeMap<(usize, usize), String>,
    /// Where events go.
    pub emitter: &'a Emitter,
    /// Stops the run.
    pub cancel: &'a CancellationToken,
}

impl<E: Engine> Execution<'_, E> {
    /// Runs all blocks. Fails only when an outcome cannot be kept: measuring on would lose data.
    pub async fn run(&self, sink: &mut impl Sink) -> Result<End, Box<dyn std::error::Error + Send + Sync>> {
        let mut gone = None;
        for (number, block) in self.plan.blocks.iter().enumerate() {
            if self.cancel.is_cancelled() {
                return Ok(End::Interrupted);
            }
            self.announce(number, *block);
            let mut end = Box::pin(self.block(*block, gone.as_ref())).await;
            gone = gone.or(end.gone.take());
            let outcome = sink.keep(end.outcome, &end.log)?;
            self.emitter.send(EventKind::TrialFinished { outcome: Box::new(outcome) });
        }
        Ok(match gone {
            _ if self.cancel.is_cancelled() => End::Interrupted,
            Some(gone) => End::Gone(gone),
            None => End::Complete,
        })
    }

    fn announce(&self, number: usize, block: Block) {
        let (scenario, variant) = self.names(block);
        let trial = block::trial(scenario, variant, block);
        self.emitter.send(EventKind::TrialStarted { trial, number: number + 1, of: self.plan.blocks.len() });
    }

    async fn block(&self, block: Block, gone: Option<&Gone>) -> BlockEnd {
        let (scenario, variant) = self.names(block);
        let skip = self.skipped.get(&(block.scenario, block.variant)).cloned();
        if let Some(reason) = skip.or_else(|| gone.map(|gone| format!("{} went away in an earlier trial; run again", gone.what()))) {
            return self.not_tried(block, Status::Skipped { reason });
        }
        let runner = BlockRunner {
            bench: self.bench,
            scenario,
            variant,
            block,
            run_id: self.run_id,
            limits: self.limits,
            emitter: self.emitter,
            cancel: self.cancel,
        };
        runner.run().await
    }

    fn not_tried(&self, block: Block, status: Status) -> BlockEnd {
        let (scenario, variant) = self.names(block);
        let outcome = TrialOutcome {
            trial: block::trial(scenario, variant, block),
            started: Timestamp::now(),
            status,
            observations: Vec::new(),
            steps: Vec::new(),
            push: None,
            pull: None,
            weighing: None,
            warnings: Vec::new(),
            log: None,
        };
        BlockEnd { outcome, log: String::new(), gone: None }
    }

    fn names(&self, block: Block) -> (&Scenario, &crate::scenario::Variant) {
        let scenario = &self.scenarios[block.scenario];
        (scenario, &scenario.variants[block.variant])
    }
}
