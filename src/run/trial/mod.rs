//! One trial: one build of a variant in one cache state, and everything that is measured of its image.
//!
//! A cold trial is prune, build, smoke check on that very image, its starts once more, cold push, weighing of what the registry
//! received, cold pull. The trials that follow it in its block build on the cache that it left, and move what an update moves (`update.rs`). A part that
//! fails ends the trial: numbers of an image that was not wholly measured are not recorded.

mod base;
mod build;
mod built_on;
mod download;
mod draft;
mod names;
mod prove;
mod start;
mod update;

use std::future::Future;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::image::Weighing;
use crate::measure::Measure;
use crate::record::{Status, TrialOutcome};
use crate::rig::{CacheUse, Engine, ImageInfo, Solve};
use crate::scenario::{Edit, Scenario, Variant};

use super::computed::NO_PULL;
use super::outcome;
use super::stop::{Stop, chain, invalid, timed_out};
use super::transfer::{self, Moved};
use super::{Bench, Block, Emitter, EventKind, Gone, Limits};

pub(super) use draft::Draft;
pub(super) use names::{Named, trial};

/// A finished trial.
pub(super) struct TrialEnd {
    /// What is recorded.
    pub outcome: TrialOutcome,
    /// What steps printed.
    pub log: String,
    /// Set when something is gone that every trial needs.
    pub gone: Option<Gone>,
    /// The image, where a cold trial has figures: what later trials of the block are set beside.
    pub made: Option<Made>,
}

/// The image of a block's cold trial.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Digests of the layers' tars, lowest first.
    pub diff_ids: Vec<String>,
    /// Whether it was proven.
    pub status: Status,
    /// As it was weighed.
    pub weighing: Option<Weighing>,
}

/// Which build of a block a trial is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Build<'a> {
    /// The first, without any cache.
    Cold,
    /// Once more, with nothing changed.
    Warm(&'a Made),
    /// After a change.
    Edit(&'a Edit, &'a Made),
    /// After the base image has changed under its name.
    Base(&'a Made),
    /// Without any cache, as on a CI machine that keeps none: with nothing changed, or after a change.
    Clean(Option<&'a Edit>, &'a Made),
}

impl<'a> Build<'a> {
    /// The change that is made.
    fn edit(self) -> Option<&'a Edit> {
        match self {
            Self::Cold | Self::Warm(_) | Self::Base(_) => None,
            Self::Edit(edit, _) => Some(edit),
            Self::Clean(edit, _) => edit,
        }
    }

    const fn cache_use(self) -> CacheUse {
        match self {
            Self::Cold | Self::Clean(..) => CacheUse::NoCache,
            Self::Warm(_) | Self::Edit(..) | Self::Base(_) => CacheUse::UseCache,
        }
    }
}

/// Runs one trial.
pub(super) struct TrialRunner<'a, E> {
    pub bench: &'a Bench<E>,
    pub scenario: &'a Scenario,
    pub variant: &'a Variant,
    pub block: Block,
    pub build: Build<'a>,
    /// How often the image of a cold build is started again.
    pub starts: u32,
    pub run_id: &'a str,
    pub limits: Limits,
    pub emitter: &'a Emitter,
    pub cancel: &'a CancellationToken,
}

impl<E: Engine> TrialRunner<'_, E> {
    /// Runs the trial to its end; never fails, since every failure is an outcome.
    pub(super) async fn run(&self) -> TrialEnd {
        let started = Timestamp::now();
        let mut draft = Draft::default();
        let (status, gone) = match self.measure(&mut draft).await {
            Ok(status) | Err(Stop::Status(status)) => (status, None),
            Err(Stop::Gone(gone)) => (Status::Invalid { reason: chain(&gone) }, Some(gone)),
            Err(Stop::Lost(error)) => {
                let gone = Gone::engine(error, self.bench.isolated);
                (Status::Invalid { reason: chain(&gone) }, Some(gone))
            }
        };
        let made = draft.made.take().filter(|_| status.has_numbers());
        let outcome = TrialOutcome { lost: gone.is_some(), ..self.outcome(started, status, &mut draft) };
        TrialEnd { outcome, log: std::mem::take(&mut draft.log), gone, made }
    }

    async fn measure(&self, draft: &mut Draft) -> Result<Status, Stop> {
        // A trial is deep: what a thread has of stack is little, so that its parts lie on the heap.
        match self.build {
            Build::Cold => Box::pin(self.cold(draft)).await,
            Build::Warm(made) => Box::pin(self.warm(made, draft)).await,
            Build::Edit(_, made) => Box::pin(self.edited(made, draft)).await,
            Build::Base(made) => Box::pin(self.rebased(made, draft)).await,
            Build::Clean(_, made) => Box::pin(self.clean(made, draft)).await,
        }
    }

    async fn cold(&self, draft: &mut Draft) -> Result<Status, Stop> {
        self.reset().await?;
        let solve = match Box::pin(self.build(draft)).await? {
            Built::Image(solve) => solve,
            Built::Expected(status) => return Ok(status),
        };
        let image = self.inspect(&solve).await?;
        draft.numbers.build(&solve);
        draft.numbers.reported(image.reported_size);
        let proven = self.scenario.smoke.check().is_some();
        self.emitter.send(EventKind::size_so_far(self.trial(), image.reported_size, solve.wall, proven));
        let status = Box::pin(self.prove(&solve, draft)).await?;
        if status.has_numbers() {
            Box::pin(self.start_again(&solve, draft)).await?;
            Box::pin(self.transfer(&solve, &image, draft)).await?;
            draft.made = Some(Made { diff_ids: image.diff_ids, status: status.clone(), weighing: draft.weighing.clone() });
        }
        Ok(status)
    }

    /// Leaves the builder with the base images alone, so that nothing of an earlier block is in any cache.
    async fn reset(&self) -> Result<(), Stop> {
        if !self.bench.isolated {
            return Ok(());
        }
        self.reset_builder().await?;
        let Some(puller) = &self.bench.puller else { return Ok(()) };
        Ok(self.emitter.watch().overhead("prune", self.guard("the prune", self.limits.call, puller.prune(&[]))).await??)
    }

    /// The builder's half of it.
    async fn reset_builder(&self) -> Result<(), Stop> {
        if !self.bench.isolated {
            return Ok(());
        }
        let work = async {
            self.bench.builder.prune(&self.bench.keep).await?;
            self.bench.forget_notes()
        };
        Ok(self.emitter.watch().overhead("prune", self.guard("the prune", self.limits.call, work)).await??)
    }

    async fn inspect(&self, solve: &Solve) -> Result<ImageInfo, Stop> {
        let look = self.bench.builder.inspect(&solve.image_id);
        let found = self.emitter.watch().overhead("inspect", self.guard("the inspection", self.limits.call, look)).await??;
        found.ok_or_else(|| invalid(format!("the engine built {} but does not know it", solve.image_id)))
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
        let push = transfer::push(&self.bench.builder, self.bench.way(), &reference, self.emitter);
        let pushed = self.counted(async { self.guard("the push", self.limits.transfer, push).await? }).await?;
        self.moved(Measure::PushTime, &pushed, draft);
        let work = async { self.traced(transfer::weigh_cold(&self.bench.registry, &repository, image, &pushed.record)?).await };
        let weighing = self.emitter.watch().overhead("weighing", work).await?;
        self.compressed(&weighing, draft)?;
        draft.numbers.weighing(&weighing);
        self.pull(&reference, &weighing, draft).await?;
        draft.push = Some(pushed.record);
        draft.weighing = Some(weighing);
        Ok(())
    }

    async fn pull(&self, reference: &str, weighing: &crate::image::Weighing, draft: &mut Draft) -> Result<(), Stop> {
        let Some(puller) = &self.bench.puller else {
            if !self.bench.isolated {
                draft.warn(NO_PULL);
            }
            return Ok(());
        };
        self.phase("pull");
        let pull = transfer::pull(puller, self.bench.way(), reference, weighing, self.emitter);
        let fetched = self.counted(async { self.guard("the pull", self.limits.transfer, pull).await? }).await?;
        self.moved(Measure::PullTime, &fetched, draft);
        draft.pull = Some(fetched.record);
        Ok(())
    }

    fn moved(&self, measure: Measure, moved: &Moved, draft: &mut Draft) {
        self.emitter.watch().measured(moved.transfer.seconds);
        let mut transfer = moved.transfer.clone();
        if self.bench.containerd_store {
            // Such an engine tells of them too seldom: what began between two of its words would be left out.
            transfer.phases.clear();
        }
        draft.numbers.transfer(measure, &transfer);
        if let Some(link) = &moved.record.link {
            draft.numbers.link(measure, link);
        }
        moved.warnings.iter().for_each(|warning| draft.warn(warning));
    }

    /// Compressed sizes, and times of transfers, say nothing where a layer went out as its tar is: a store that keeps layers as they came
    /// does that with those of an archive that was not compressed.
    pub(super) fn compressed(&self, weighing: &Weighing, draft: &mut Draft) -> Result<(), Stop> {
        let Some(layer) = weighing.layers.iter().position(|layer| layer.digest.as_ref() == Some(&layer.diff_id)) else { return Ok(()) };
        let (number, bytes) = (layer + 1, crate::units::bytes(weighing.layers[layer].uncompressed));
        let what =
            format!("layer {number} was pushed without compression ({bytes}): transfer sizes and the times of push and pull are of that");
        if self.bench.isolated {
            return Err(invalid(format!(
                "{what}; make the base images anew with `loadline bases prune --all`, or measure with the classic store"
            )));
        }
        draft.warn(format!("{what}; pull its base image from a registry instead of loading it"));
        Ok(())
    }

    /// Whether the engine is a private one that is removed as soon as this block ends, since the user stopped the run.
    fn goes_with_its_engine(&self) -> bool {
        self.bench.isolated && self.cancel.is_cancelled()
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
            delta: draft.delta.take().filter(|_| keep),
            starts: if keep { std::mem::take(&mut draft.starts) } else { Vec::new() },
            download: draft.download.take().filter(|_| keep),
            warnings: std::mem::take(&mut draft.warnings),
            log: None,
            lost: false,
            noise: None,
            status,
        }
    }
}

enum Built {
    Image(Solve),
    Expected(Status),
}
