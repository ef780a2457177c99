//! The proof that the image of a trial works.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::record::Status;
use crate::rig::{Container, ContainerSpec, Engine, EngineError, Solve, host};
use crate::scenario::{Expectation, SmokeCheck};

use super::super::smoke::{self, Proof};
use super::super::stop::{Stop, invalid, timed_out};
use super::{Build, Draft, TrialRunner};

impl<E: Engine> TrialRunner<'_, E> {
    /// Starts the very image that was built and asks it; without a smoke check its numbers stay unverified.
    pub(super) async fn prove(&self, solve: &Solve, draft: &mut Draft) -> Result<Status, Stop> {
        let Some(check) = self.scenario.smoke.check() else { return Ok(Status::Unverified) };
        self.phase("smoke");
        let labels = if self.bench.isolated { BTreeMap::new() } else { host::container_labels(self.run_id) };
        let (env, command) = (check.env.clone(), check.command.clone());
        let spec = ContainerSpec { image: solve.image_id.clone(), port: check.port, labels, env, command };
        let began = Instant::now();
        // Not given up when the user stops the run: a container that was half started would be nobody's to remove.
        let start = tokio::time::timeout(self.limits.call, self.bench.builder.start(&spec));
        let started = self.emitter.watch().overhead("container start", start).await;
        match started.map_err(|_| timed_out("the container's start", self.limits.call))? {
            Ok(container) => self.ask(&container, check, began, draft).await,
            Err(EngineError::NotStarted { message, .. }) => {
                self.not_proven(format!("its container did not start: {message}; check the image's ENTRYPOINT and CMD"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The container is removed whatever came of it; only a private engine that is about to go takes it along.
    async fn ask(&self, container: &Container, check: &SmokeCheck, began: Instant, draft: &mut Draft) -> Result<Status, Stop> {
        let limit = check.timeout + self.limits.call;
        let proof = self.guard("the smoke check", limit, smoke::prove(&self.bench.builder, container, check)).await;
        if self.goes_with_its_engine() {
            return Err(Stop::Status(Status::Interrupted));
        }
        let removed = self.emitter.watch().overhead("container removal", self.bench.builder.remove_container(&container.id)).await;
        let proof = proof??;
        removed?;
        match proof {
            Proof::Passed { seconds, ready, memory } => {
                self.emitter.watch().measured(seconds);
                if matches!(self.build, Build::Cold) {
                    draft.numbers.started((ready - began).as_secs_f64(), memory);
                }
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
}
