//! The proof that the image of a trial works.

use crate::record::Status;
use crate::rig::{Engine, Solve};
use crate::scenario::Expectation;

use super::super::stop::{Stop, invalid};
use super::start::{Ended, Turn};
use super::{Build, Draft, TrialRunner};

impl<E: Engine> TrialRunner<'_, E> {
    /// Starts the very image that was built and asks it; without a smoke check its numbers stay unverified.
    pub(super) async fn prove(&self, solve: &Solve, draft: &mut Draft) -> Result<Status, Stop> {
        let Some(check) = self.scenario.smoke.check() else { return Ok(Status::Unverified) };
        self.phase("smoke");
        match self.start(solve, check, Turn::Proof).await? {
            Ended::Ready(start) => {
                draft.starts.extend(matches!(self.build, Build::Cold).then_some(start));
                self.proven()
            }
            Ended::Failed { reason, log } => {
                draft.note("container", log.iter().map(String::as_str));
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
