//! One block: everything that is measured of one variant in one iteration.
//!
//! The order is prune, cold build, smoke check on that very image, cold push, weighing of what the registry received, cold
//! pull. A part that fails ends the block: numbers of a variant that was not wholly measured are not recorded.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::dockerfile::{BuilderKind, Context};
use crate::measure::Measure;
use crate::record::{Record, Status, Store, Trial, TrialOutcome, Warning};
use crate::rig::{
    BuildFailure, BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Container, ContainerSpec, Engine, EngineError, ImageInfo, Solve,
    Vertex, host,
};
use crate::scenario::{Builder, Expectation, Scenario, SmokeCheck, Variant};

use super::bench;
use super::computed::NO_PULL;
use super::outcome::{self, Numbers};
use super::smoke::{self, Proof};
use super::stop::{Stop, chain, invalid, timed_out};
use super::transfer::{self, Moved};
use super::{Bench, Block, Emitter, EventKind, Gone, Limits, cache_state, failure};

/// A finished block.
pub(super) struct BlockEnd {
    /// What is recorded.
    pub outcome: TrialOutcome,
    /// What steps printed.
    pub log: String,
    /// Set when something is gone that every trial needs.
    pub gone: Option<Gone>,
}

/// Runs one block.
pub(super) struct BlockRunner<'a, E> {
    pub bench: &'a Bench<E>,
    pub scenario: &'a Scenario,
    pub variant: &'a Variant,
    pub block: Block,
    pub run_id: &'a str,
    pub limits: Limits,
    pub emitter: &'a Emitter,
    pub cancel: &'a CancellationToken,
}

/// What is known of a trial so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) numbers: Numbers,
    steps: Vec<Vertex>,
    push: Option<crate::record::TransferRecord>,
    pull: Option<crate::record::TransferRecord>,
    pub(super) weighing: Option<crate::image::Weighing>,
    warnings: Vec<Warning>,
    log: String,
}

impl<E: Engine> BlockRunner<'_, E> {
    /// Runs the block to its end; never fails, since every failure is an outcome.
    pub(super) async fn run(&self) -> BlockEnd {
        let started = Timestamp::now();
        let mut draft = Draft::default();
        let ended = self.measure(&mut draft).await;
        self.clean_up().await;
        let (status, gone) = match ended {
            Ok(status) | Err(Stop::Status(status)) => (status, None),
            Err(Stop::Gone(gone)) => (Status::Invalid { reason: chain(&gone) }, Some(gone)),
            Err(Stop::Lost(error)) => {
                let gone = Gone::engine(error, self.bench.isolated);
                (Status::Invalid { reason: chain(&gone) }, Some(gone))
            }
        };
        BlockEnd { outcome: self.outcome(started, status, &mut draft), log: std::mem::take(&mut draft.log), gone }
    }

    async fn measure(&self, draft: &mut Draft) -> Result<Status, Stop> {
        self.reset().await?;
        let solve = match self.build(draft).await? {
            Built::Image(solve) => solve,
            Built::Expected(status) => return Ok(status),
        };
        let image = self.inspect(&solve).await?;
        draft.numbers.build(&solve);
        draft.numbers.reported(image.reported_size);
        let proven = self.scenario.smoke.check().is_some();
        self.emitter.send(EventKind::size_so_far(self.trial(), image.reported_size, solve.wall, proven));
        let status = self.prove(&solve, draft).await?;
        if status.has_numbers() {
            self.transfer(&solve, &image, draft).await?;
        }
        Ok(status)
    }

    /// Leaves the builder with the base images alone, so that nothing of an earlier block is in any cache.
    async fn reset(&self) -> Result<(), Stop> {
        if !self.bench.isolated {
            return Ok(());
        }
        let work = async {
            self.bench.builder.prune(&self.bench.keep).await?;
            self.bench.forget_notes()?;
            match &self.bench.puller {
                Some(puller) => puller.prune(&[]).await,
                None => Ok(()),
            }
        };
        Ok(self.emitter.watch().overhead("prune", self.guard("the prune", self.limits.call, work)).await??)
    }

    async fn build(&self, draft: &mut Draft) -> Result<Built, Stop> {
        self.phase("build");
        let request = self.request()?;
        let sink = self.emitter.build_sink();
        let work = self.guard("the build", self.limits.build, self.bench.builder.build(request, &sink));
        let call = async { work.await?.map_err(|error| draft.refused(error, &Store::log_name(&self.trial()))) };
        match self.counted(call).await? {
            BuildOutcome::Built(solve) => self.built(solve, draft),
            BuildOutcome::Failed(failure) => self.build_failed(&failure, draft),
        }
    }

    fn request(&self) -> Result<BuildRequest, Stop> {
        let (builder, kind) = match self.variant.builder {
            Builder::BuildKit => (BuilderVersion::BuildKit, BuilderKind::BuildKit),
            Builder::Classic => (BuilderVersion::Classic, BuilderKind::Classic),
        };
        let mut context = Context::plan_for(&self.scenario.root, &self.variant.dockerfile, kind)
            .map_err(|e| Stop::Status(Status::BuildFailed { reason: chain(&e) }))?;
        // A run in the app's own folder must not weigh the record of the run before it.
        context.leave_out(Record::lies_in);
        Ok(BuildRequest {
            context: Arc::new(context),
            builder,
            target: self.variant.target.clone(),
            build_args: self.variant.build_args.clone(),
            platform: None,
            tag: self.tag(),
            cache: CacheUse::NoCache,
            network: self.bench.network,
            labels: self.labels(),
        })
    }

    fn built(&self, solve: Solve, draft: &mut Draft) -> Result<Built, Stop> {
        self.emitter.watch().measured(solve.wall.as_secs_f64());
        draft.take_build(&solve.vertices, &solve.log);
        if self.variant.expect == Expectation::BuildFailure {
            return Err(invalid("the scenario expects the build to fail, but it succeeded; correct `expect` or the Dockerfile"));
        }
        if solve.vertices.is_empty() {
            return Err(invalid("the builder named no step, so that nothing shows that the build was cold"));
        }
        let cached = cache_state::cached_steps(&solve.vertices);
        if let Some(step) = cached.first() {
            return Err(invalid(format!(
                "the build was to be cold, but {} came from the cache: {step}",
                crate::units::count(cached.len(), "step")
            )));
        }
        Ok(Built::Image(solve))
    }

    fn build_failed(&self, failure: &BuildFailure, draft: &mut Draft) -> Result<Built, Stop> {
        self.emitter.watch().measured(failure.wall.as_secs_f64());
        draft.take_build(&failure.vertices, &failure.log);
        let reason = failure::describe(failure, self.variant, &self.scenario.root, &Store::log_name(&self.trial()));
        match self.variant.expect {
            Expectation::BuildFailure => Ok(Built::Expected(Status::ExpectedFailure { reason })),
            _ => Err(Stop::Status(Status::BuildFailed { reason })),
        }
    }

    async fn inspect(&self, solve: &Solve) -> Result<ImageInfo, Stop> {
        let look = self.bench.builder.inspect(&solve.image_id);
        let found = self.emitter.watch().overhead("inspect", self.guard("the inspection", self.limits.call, look)).await??;
        found.ok_or_else(|| invalid(format!("the engine built {} but does not know it", solve.image_id)))
    }

    /// Starts the very image that was built and asks it; without a smoke check its numbers stay unverified.
    async fn prove(&self, solve: &Solve, draft: &mut Draft) -> Result<Status, Stop> {
        let Some(check) = self.scenario.smoke.check() else { return Ok(Status::Unverified) };
        self.phase("smoke");
        let labels = if self.bench.isolated { BTreeMap::new() } else { host::container_labels(self.run_id) };
        let (env, command) = (check.env.clone(), check.command.clone());
        let spec = ContainerSpec { image: solve.image_id.clone(), port: check.port, labels, env, command };
        // Not given up when the user stops the run: a container that was half started would be nobody's to remove.
        let start = tokio::time::timeout(self.limits.call, self.bench.builder.start(&spec));
        let started = self.emitter.watch().overhead("container start", start).await;
        match started.map_err(|_| timed_out("the container's start", self.limits.call))? {
            Ok(container) => self.ask(&container, check, draft).await,
            Err(EngineError::NotStarted { message, .. }) => {
                self.not_proven(format!("its container did not start: {message}; check the image's ENTRYPOINT and CMD"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The container is removed whatever came of it; only a private engine that is about to go takes it along.
    async fn ask(&self, container: &Container, check: &SmokeCheck, draft: &mut Draft) -> Result<Status, Stop> {
        let limit = check.timeout + self.limits.call;
        let proof = self.guard("the smoke check", limit, smoke::prove(&self.bench.builder, container, check)).await;
        if self.goes_with_its_engine() {
            return Err(Stop::Status(Status::Interrupted));
        }
        let removed = self.emitter.watch().overhead("container removal", self.bench.builder.remove_container(&container.id)).await;
        let proof = proof??;
        removed?;
        match proof {
            Proof::Passed { seconds } => {
                self.emitter.watch().measured(seconds);
                self.proven()
            }
            Proof::Failed { reason, log, seconds } => {
                draft.note("container", log.iter().map(String::as_str));
                self.emitter.watch().measured(seconds);
                self.not_proven(reason)
            }
        }
    }

    fn proven(&self) -> Result<Status, Stop> {
        match self.variant.expect {
            Expectation::SmokeFailure => {
                Err(invalid("the scenario expects the smoke check to fail, but it passed; correct `expect` or the app"))
            }
            _ => Ok(Status::Measured),
        }
    }

    fn not_proven(&self, reason: String) -> Result<Status, Stop> {
        match self.variant.expect {
            Expectation::SmokeFailure => Ok(Status::ExpectedFailure { reason }),
            _ => Err(Stop::Status(Status::SmokeFailed { reason })),
        }
    }

    async fn transfer(&self, solve: &Solve, image: &ImageInfo, draft: &mut Draft) -> Result<(), Stop> {
        if let Some(named) = &self.bench.named {
            return self.transfer_named(named, solve, image, draft).await;
        }
        if let Some(why) = &self.bench.unreachable {
            return self.compute(image, why, draft).await;
        }
        let repository = Bench::<E>::repository(&self.scenario.name, &self.variant.name, self.block.iteration);
        let reference = self.bench.reference(&repository);
        self.guard("the tag", self.limits.call, self.bench.builder.tag(&solve.image_id, &reference)).await??;
        self.phase("push");
        let push = transfer::push(&self.bench.builder, &self.bench.registry, &reference, self.emitter);
        let pushed = self.counted(async { self.guard("the push", self.limits.transfer, push).await? }).await?;
        self.moved(Measure::PushTime, &pushed, draft);
        let work = async { self.traced(transfer::weigh(&self.bench.registry, &repository, image, &pushed.record)?).await };
        let weighing = self.emitter.watch().overhead("weighing", work).await?;
        draft.numbers.weighing(&weighing);
        self.pull(&reference, &weighing, draft).await?;
        draft.push = Some(pushed.record);
        draft.weighing = Some(weighing);
        Ok(())
    }

    async fn pull(&self, reference: &str, weighing: &crate::image::Weighing, draft: &mut Draft) -> Result<(), Stop> {
        let Some(puller) = &self.bench.puller else {
            draft.warn(NO_PULL);
            return Ok(());
        };
        self.phase("pull");
        let pull = transfer::pull(puller, &self.bench.registry, reference, weighing, self.emitter);
        let fetched = self.counted(async { self.guard("the pull", self.limits.transfer, pull).await? }).await?;
        self.moved(Measure::PullTime, &fetched, draft);
        draft.pull = Some(fetched.record);
        Ok(())
    }

    fn moved(&self, measure: Measure, moved: &Moved, draft: &mut Draft) {
        self.emitter.watch().measured(moved.transfer.seconds);
        draft.numbers.transfer(measure, &moved.transfer);
    }

    /// Whether the engine is a private one that is removed as soon as this block ends, since the user stopped the run.
    fn goes_with_its_engine(&self) -> bool {
        self.bench.isolated && self.cancel.is_cancelled()
    }

    /// Takes off the names this block gave. Failures are of no consequence: a private engine is thrown away as a whole,
    /// and on a host engine the image stays under its label for the user to remove.
    async fn clean_up(&self) {
        if self.goes_with_its_engine() {
            return;
        }
        let repository = Bench::<E>::repository(&self.scenario.name, &self.variant.name, self.block.iteration);
        let work = async {
            let pushed = match &self.bench.named {
                Some(named) => {
                    named.reference(&named.repository(self.run_id, &self.scenario.name, &self.variant.name, self.block.iteration))
                }
                None => self.bench.reference(&repository),
            };
            for reference in [pushed, self.tag()] {
                drop(tokio::time::timeout(self.limits.call, self.bench.builder.remove_image(&reference)).await);
            }
            drop(self.bench.registry.forget_repository(&repository));
        };
        self.emitter.watch().overhead("clean up", work).await;
    }

    /// Counts the time of a measured call that gave no figure as measured all the same: it is not overhead.
    pub(super) async fn counted<T>(&self, call: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let began = Instant::now();
        let ended = call.await;
        if ended.is_err() {
            self.emitter.watch().measured(began.elapsed().as_secs_f64());
        }
        ended
    }

    /// Waits for `work` no longer than `limit`, and not at all once the user has stopped the run.
    pub(super) async fn guard<T>(&self, what: &str, limit: Duration, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stop::Status(Status::Interrupted)),
            done = tokio::time::timeout(limit, work) => done.map_err(|_| timed_out(what, limit)),
        }
    }

    fn outcome(&self, started: Timestamp, status: Status, draft: &mut Draft) -> TrialOutcome {
        let keep = status.has_numbers();
        let numbers = std::mem::take(&mut draft.numbers).into_observations();
        TrialOutcome {
            trial: self.trial(),
            started,
            observations: if keep { numbers } else { Vec::new() },
            steps: outcome::steps(&draft.steps),
            push: draft.push.take().filter(|_| keep),
            pull: draft.pull.take().filter(|_| keep),
            weighing: draft.weighing.take().filter(|_| keep),
            warnings: std::mem::take(&mut draft.warnings),
            log: None,
            status,
        }
    }

    /// Which trial this block's outcome belongs to.
    pub(super) fn trial(&self) -> Trial {
        trial(self.scenario, self.variant, self.block)
    }

    fn tag(&self) -> String {
        format!("loadline-run/{}-{}:{}-{}", self.scenario.name, self.variant.name, self.block.iteration, bench::nonce())
    }

    /// On a host engine what a run makes can be told by its label. An image of a private engine has none: a label is part of
    /// the configuration and so of the transfer size, which must not depend on a run's name.
    fn labels(&self) -> BTreeMap<String, String> {
        if self.bench.isolated {
            return BTreeMap::new();
        }
        host::labels(self.run_id)
    }

    pub(super) fn phase(&self, phase: &str) {
        self.emitter.send(EventKind::Phase { phase: phase.to_owned() });
    }
}

/// The cold trial of a block.
pub(super) fn trial(scenario: &Scenario, variant: &Variant, block: Block) -> Trial {
    Trial {
        scenario: scenario.name.clone(),
        variant: variant.name.clone(),
        iteration: block.iteration,
        cache_state: "cold".to_owned(),
        warmup: false,
    }
}

enum Built {
    Image(Solve),
    Expected(Status),
}

impl Draft {
    fn take_build(&mut self, vertices: &[Vertex], log: &[crate::rig::LogLine]) {
        self.steps = vertices.to_vec();
        for line in log {
            self.note(&line.step, [line.text.as_str()]);
        }
    }

    /// What an engine said instead of building; the steps and lines until a disk was full are kept.
    fn refused(&mut self, error: EngineError, log: &str) -> Stop {
        let EngineError::DataRootFull { failure: Some(failure), .. } = &error else { return error.into() };
        self.take_build(&failure.vertices, &failure.log);
        invalid(failure::quoted(chain(&error), &failure.excerpt(), log))
    }

    /// Keeps lines for the trial's log, each behind whose it is.
    fn note<'a>(&mut self, whose: &str, lines: impl IntoIterator<Item = &'a str>) {
        for line in lines {
            self.log.extend([whose, ": ", line, "\n"]);
        }
    }

    pub(super) fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(Warning { message: message.into() });
    }
}
