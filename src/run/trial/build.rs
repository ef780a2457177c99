//! The build of a trial: what is asked of the builder, and whether it was in the state that the trial says.

use std::path::Path;
use std::sync::Arc;

use crate::dockerfile::{BuilderKind, Context, ContextError};
use crate::record::{Record, Status, Store};
use crate::rig::{BuildFailure, BuildOutcome, BuildRequest, BuilderVersion, Engine, Solve};
use crate::scenario::{Builder, Change, Expectation};

use super::super::stop::{Stop, chain, invalid};
use super::super::{cache_state, failure};
use super::{Built, Draft, TrialRunner};

impl<E: Engine> TrialRunner<'_, E> {
    pub(super) async fn build(&self, draft: &mut Draft) -> Result<Built, Stop> {
        self.phase("build");
        let mut request = self.request()?;
        let counting = self.begin_counting(&mut request, draft)?;
        let sink = self.emitter.build_sink();
        let work = self.guard("the build", self.limits.build, self.bench.builder.build(request, &sink));
        let call = async { work.await?.map_err(|error| draft.refused(error, &Store::log_name(&self.trial()))) };
        match self.counted(self.with_proxy(counting.as_ref(), call)).await? {
            BuildOutcome::Built(solve) => {
                self.end_counting(counting, draft).await;
                let solve = self.built(solve, draft)?;
                self.stood_on_given_bases(&solve.vertices).await?;
                Ok(Built::Image(solve))
            }
            BuildOutcome::Failed(failure) => {
                Self::note_refusals(counting.as_ref(), draft);
                self.build_failed(&failure, draft)
            }
        }
    }

    fn request(&self) -> Result<BuildRequest, Stop> {
        let (builder, kind) = match self.variant.builder {
            Builder::BuildKit => (BuilderVersion::BuildKit, BuilderKind::BuildKit),
            Builder::Classic => (BuilderVersion::Classic, BuilderKind::Classic),
        };
        let mut context = Context::plan_for(&self.scenario.root, &self.variant.dockerfile, kind)
            .map_err(|e| Stop::Status(Status::BuildFailed { reason: chain(&e) }))?;
        self.leave_out(&mut context);
        self.change(&mut context).map_err(|e| invalid(format!("the edit cannot be made: {}", chain(&e))))?;
        Ok(BuildRequest {
            context: Arc::new(context),
            builder,
            target: self.variant.target.clone(),
            build_args: self.variant.build_args.clone(),
            platform: None,
            tag: self.tag(),
            cache: self.build.cache_use(),
            network: self.bench.network,
            labels: self.labels(),
        })
    }

    /// A run in the app's own folder must not weigh the record of the run before it, and files of edits are no part of the app.
    fn leave_out(&self, context: &mut Context) {
        let of_edit =
            |folder: &Path| self.scenario.edits.iter().any(|edit| matches!(&edit.change, Change::Folder { path, .. } if path == folder));
        context.leave_out(|folder| Record::lies_in(folder) || of_edit(folder));
    }

    /// Makes the trial's edit to what is sent.
    fn change(&self, context: &mut Context) -> Result<(), ContextError> {
        let Some(edit) = self.build.edit() else { return Ok(()) };
        match &edit.change {
            Change::Text { file, find, replace } => {
                let text = context.read(file)?;
                let changed = String::from_utf8_lossy(&text).replacen(find, replace, 1);
                context.replace(file, changed.into_bytes())
            }
            Change::Folder { path, files } => files.iter().try_for_each(|file| {
                let full = path.join(file);
                let bytes = std::fs::read(&full).map_err(|source| ContextError::Read { path: full, source })?;
                context.replace(file, bytes)
            }),
        }
    }

    fn built(&self, solve: Solve, draft: &mut Draft) -> Result<Solve, Stop> {
        self.emitter.watch().measured(solve.wall.as_secs_f64());
        draft.take_build(&solve.vertices, &solve.log);
        if self.variant.expect == Expectation::BuildFailure {
            return Err(invalid("the scenario expects the build to fail, but it succeeded; correct `expect` or the Dockerfile"));
        }
        if solve.vertices.is_empty() {
            return Err(invalid("the builder named no step, so that nothing shows that the build was cold"));
        }
        cache_state::check(self.build, &solve.vertices).map_err(invalid)?;
        Ok(solve)
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
}
