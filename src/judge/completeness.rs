//! Whether a run got what it planned.

use crate::record::{Build, PlannedVariant, Record, RunRecord, Status, TrialOutcome};

/// What a run lacks. It decides between exit codes 0 and 3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Variants that lack a trial, in the order of the plan.
    pub missing: Vec<Shortfall>,
    /// Variants that were skipped where skips are allowed.
    pub excused: Vec<Shortfall>,
}

impl Completeness {
    /// Whether nothing is missing but what is excused.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

/// A variant that lacks at least one trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// The status of the first trial that fell short, or `not-run`.
    pub status: &'static str,
    /// Why, in words.
    pub reason: String,
}

/// Holds a record against its plan. A variant falls short when a trial of it failed unexpectedly, was invalid, skipped,
/// timed out or interrupted, or when it has fewer trials than were asked for and no rule ended the run before them. Warm-ups do
/// not count either way. `allow_skips` excuses variants that fell
/// short by skipped trials alone: a failed build is not a skip.
pub fn completeness(record: &Record, allow_skips: bool) -> Completeness {
    let mut result = Completeness::default();
    for planned in &record.run.plan {
        let outcomes: Vec<&TrialOutcome> = record.trials.iter().filter(|o| of(planned, o) && !o.trial.warmup).collect();
        let Some(shortfall) = shortfall(planned, &outcomes, &record.run) else { continue };
        if allow_skips && only_skipped(&outcomes) {
            result.excused.push(shortfall);
        } else {
            result.missing.push(shortfall);
        }
    }
    result
}

fn only_skipped(outcomes: &[&TrialOutcome]) -> bool {
    let mut short = outcomes.iter().filter(|o| !o.status.is_complete()).peekable();
    short.peek().is_some() && short.all(|o| matches!(o.status, Status::Skipped { .. }))
}

fn of(planned: &PlannedVariant, outcome: &TrialOutcome) -> bool {
    outcome.trial.scenario == planned.scenario && outcome.trial.variant == planned.variant
}

fn shortfall(planned: &PlannedVariant, outcomes: &[&TrialOutcome], run: &RunRecord) -> Option<Shortfall> {
    let (status, reason) = match outcomes.iter().find(|o| !o.status.is_complete()) {
        Some(failed) => (failed.status.id(), failed.status.reason().unwrap_or("the run was stopped").to_owned()),
        None => ("not-run", unfinished(planned, outcomes, run)?),
    };
    Some(Shortfall { scenario: planned.scenario.clone(), variant: planned.variant.clone(), status, reason })
}

/// Says that there are fewer trials than asked for. What a stopping rule left out is not missing, as long as one iteration is there;
/// a failure that was expected needs no repetition.
fn unfinished(planned: &PlannedVariant, outcomes: &[&TrialOutcome], run: &RunRecord) -> Option<String> {
    let expected_failure = outcomes.iter().any(|o| matches!(o.status, Status::ExpectedFailure { .. }));
    let of = |build: &Build| outcomes.iter().filter(|o| build.is_of(&o.trial)).count();
    let each = usize::try_from(run.settings.trials.saturating_sub(run.left_out(planned)).max(1)).unwrap_or(usize::MAX);
    let builds = run.settings.builds_of(planned);
    let counted: usize = builds.iter().map(|build| of(build).min(each)).sum();
    let wanted = each.saturating_mul(builds.len());
    let enough = counted >= wanted || (expected_failure && counted > 0);
    (!enough).then(|| format!("{counted} of {wanted} trials have an outcome"))
}
