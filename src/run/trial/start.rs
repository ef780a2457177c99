//! Starts of a trial's image: one for the smoke check, and those after it that give the start time.
//!
//! Each start has a container of its own, which is removed before the next. The smoke check's start is the first time that anything of
//! the image runs: what the kernel and the engine read and unpack then, they have for the later ones. It is recorded and marked; the
//! later ones are alike, and their median is the trial's figure. An image that starts only sometimes is no image that works.

use std::collections::BTreeMap;
use std::time::Instant;

use tokio::time::error::Elapsed;

use crate::record::{Start, Status};
use crate::rig::{Container, ContainerSpec, Engine, EngineError, Solve, host};
use crate::scenario::SmokeCheck;
use crate::units;

use super::super::bench::container_name;
use super::super::smoke::{self, Proof};
use super::super::stop::{Stop, timed_out};
use super::{Draft, TrialRunner};

/// What a time-out of it is called.
const START: &str = "the container's start";

/// What a container is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The smoke check. That the engine makes a container for it is overhead.
    Proof,
    /// A figure, of which the making of the container is a part.
    Again,
}

/// How a start ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With a good answer.
    Ready(Start),
    /// Without one.
    Failed {
        /// What happened, with the container's last lines.
        reason: String,
        /// The container's last lines.
        log: Vec<String>,
    },
}

impl<E: Engine> TrialRunner<'_, E> {
    /// Starts a proven image as often as was asked for, until the first good answer each time.
    pub(super) async fn start_again(&self, solve: &Solve, draft: &mut Draft) -> Result<(), Stop> {
        let Some(check) = self.scenario.smoke.check() else { return Ok(()) };
        if self.starts > 0 {
            self.phase("starts");
        }
        let ready_alone = SmokeCheck { requests: Vec::new(), ..check.clone() };
        let mut failures = Vec::new();
        for _ in 0..self.starts {
            match self.start(solve, &ready_alone, Turn::Again).await? {
                Ended::Ready(start) => draft.starts.push(start),
                Ended::Failed { reason, log } => {
                    draft.note("container", log.iter().map(String::as_str));
                    failures.push(reason);
                }
            }
        }
        draft.numbers.started(&draft.starts);
        self.all_started(&failures)
    }

    /// That an image passed its smoke check once does not make up for a start that failed.
    fn all_started(&self, failures: &[String]) -> Result<(), Stop> {
        let Some(first) = failures.first() else { return Ok(()) };
        let all = units::count(self.starts as usize, "time");
        let good = self.starts as usize - failures.len();
        let reason = format!("after it had passed its smoke check, its container started {good} of {all}; first failure: {first}");
        Err(Stop::Status(Status::SmokeFailed { reason }))
    }

    /// Starts the image once, asks it and removes the container.
    pub(super) async fn start(&self, solve: &Solve, check: &SmokeCheck, turn: Turn) -> Result<Ended, Stop> {
        let labels = if self.bench.isolated { BTreeMap::new() } else { host::container_labels(self.run_id) };
        let (env, command) = (check.env.clone(), check.command.clone());
        let name = container_name();
        let spec = ContainerSpec { image: solve.image_id.clone(), name: Some(name.clone()), port: check.port, labels, env, command };
        let Ok(started) = self.make(&spec, turn).await else { return Err(self.given_up(&name).await) };
        match started {
            Ok(container) => Box::pin(self.ask(&container, check, turn)).await,
            Err(EngineError::NotStarted { message, .. }) => Ok(Ended::Failed {
                reason: format!("its container did not start: {message}; check the image's ENTRYPOINT and CMD"),
                log: Vec::new(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the engine for a container, and adds the time that it takes to what it is made for.
    async fn make(&self, spec: &ContainerSpec, turn: Turn) -> Result<Result<Container, EngineError>, Elapsed> {
        // Not given up when the user stops the run: a container that was half started would be nobody's to remove.
        let start = Box::pin(tokio::time::timeout(self.limits.call, self.bench.builder.start(spec)));
        if turn == Turn::Proof {
            return self.emitter.watch().overhead("container start", start).await;
        }
        let began = Instant::now();
        let started = start.await;
        // Tries before the one that worked are in no figure.
        let asked = if let Ok(Ok(container)) = &started { container.asked } else { began };
        self.emitter.watch().measured(asked.elapsed().as_secs_f64());
        started
    }

    /// A start that took too long may have made its container all the same: it goes by the name that was asked for.
    async fn given_up(&self, name: &str) -> Stop {
        let late = timed_out(START, self.limits.call);
        match self.remove(name).await {
            Ok(()) => late,
            Err(Stop::Status(status)) => {
                let limit = units::seconds(self.limits.call.as_secs_f64());
                let why = status.reason().unwrap_or_default();
                let left = format!("its container {name} may still be there: {why}; remove it with `docker rm --force {name}`");
                Stop::Status(Status::TimedOut { reason: format!("{START} took longer than {limit}, and {left}") })
            }
            Err(gone) => gone,
        }
    }

    /// Removes a container by its id or name.
    async fn remove(&self, container: &str) -> Result<(), Stop> {
        let removal = tokio::time::timeout(self.limits.call, self.bench.builder.remove_container(container));
        let removed = self.emitter.watch().overhead("container removal", removal).await;
        Ok(removed.map_err(|_| timed_out("the container's removal", self.limits.call))??)
    }

    /// The container is removed whatever came of it; only a private engine that is about to go takes it along.
    async fn ask(&self, container: &Container, check: &SmokeCheck, turn: Turn) -> Result<Ended, Stop> {
        let limit = check.timeout + self.limits.call;
        let proof = self.guard("the smoke check", limit, Box::pin(smoke::prove(&self.bench.builder, container, check))).await;
        if self.goes_with_its_engine() {
            return Err(Stop::Status(Status::Interrupted));
        }
        let removed = self.remove(&container.id).await;
        let proof = proof??;
        removed?;
        Ok(self.ended(proof, turn, container.asked))
    }

    fn ended(&self, proof: Proof, turn: Turn, asked: Instant) -> Ended {
        let (Proof::Passed { seconds, .. } | Proof::Failed { seconds, .. }) = &proof;
        self.emitter.watch().measured(*seconds);
        match proof {
            Proof::Passed { ready, memory, .. } => {
                Ended::Ready(Start { first: turn == Turn::Proof, start_time: (ready - asked).as_secs_f64(), anonymous_memory: memory })
            }
            Proof::Failed { reason, log, .. } => Ended::Failed { reason, log },
        }
    }
}
