//! The values of a figure, or why there is none that proves anything.

use crate::budget::Budget;
use crate::measure::Measure;
use crate::record::{Build, Observation, PlannedVariant, Record, Status, Trial, TrialOutcome};

/// Why a record has no figure.
pub(super) enum Missing {
    /// It was not asked for: the run made no such build.
    NotAsked(String),
    /// It was asked for, and is not there or proves nothing.
    Lacking(String),
}

/// The values of a figure with the definition that they follow.
pub(super) struct Figure {
    /// One for each trial that counts.
    pub(super) values: Vec<f64>,
    /// Absent for a measure that has one definition only.
    pub(super) definition: Option<String>,
}

/// What `budget` is about in `record`, of a variant of its plan. Images without a smoke check count where their scenario says why there is
/// none and `excused` says that this is no news.
pub(super) fn figure(record: &Record, planned: &PlannedVariant, budget: &Budget, excused: bool) -> Result<Figure, Missing> {
    let build = Build { cache_state: budget.cache_state.clone(), edit: budget.edit.clone() };
    if !record.run.settings.builds_of(planned).contains(&build) {
        let state = crate::record::state(&budget.cache_state, budget.edit.as_deref());
        return Err(Missing::NotAsked(format!("the run made no build that is {state}")));
    }
    let of = |trial: &Trial| (&trial.scenario, &trial.variant) == (&planned.scenario, &planned.variant) && !trial.warmup;
    let all: Vec<&TrialOutcome> = record.trials.iter().filter(|o| of(&o.trial)).collect();
    let outcomes: Vec<&TrialOutcome> = all.iter().copied().filter(|o| build.is_of(&o.trial)).collect();
    whole(record, planned, (&outcomes, &all), excused).map_err(Missing::Lacking)?;
    let found: Vec<&Observation> = outcomes.iter().filter_map(|outcome| observation(outcome, budget)).collect();
    if found.len() == outcomes.len() {
        return of_one_definition(&found).map_err(Missing::Lacking);
    }
    let values = found;
    let why = other_definition(&outcomes, budget.measure).unwrap_or_else(|| {
        let (lacking, all) = (outcomes.len() - values.len(), outcomes.len());
        format!("{lacking} of {all} trials have no {}", budget.measure.id())
    });
    Err(Missing::Lacking(why))
}

/// Every trial that was planned and not left out by a rule has numbers of an image that is proven, or whose scenario says why it is not.
/// Where a cold build failed, the builds after it are not there, and `all` outcomes of the variant tell why.
fn whole(
    record: &Record,
    planned: &PlannedVariant,
    (outcomes, all): (&[&TrialOutcome], &[&TrialOutcome]),
    excused: bool,
) -> Result<(), String> {
    if let Some(outcome) = outcomes.iter().find(|outcome| !outcome.status.has_numbers()) {
        return Err(without_numbers(outcome));
    }
    let run = &record.run;
    let wanted = usize::try_from(run.settings.trials.saturating_sub(run.left_out(planned)).max(1)).unwrap_or(usize::MAX);
    if outcomes.len() < wanted {
        let failed = all.iter().find(|outcome| !outcome.status.has_numbers()).map(|outcome| without_numbers(outcome));
        return Err(failed.unwrap_or_else(|| format!("{} of {wanted} trials have an outcome", outcomes.len())));
    }
    let unproven = outcomes.iter().any(|outcome| outcome.status == Status::Unverified);
    let skipped = run.smoke_skipped.contains_key(&planned.scenario);
    if unproven && skipped && !excused {
        return Err("no smoke check proves that the image works any more, as one did in the baseline; put [smoke] back".to_owned());
    }
    if unproven && !skipped {
        return Err("no smoke check proves that the image works; add [smoke], or say why there is none with smoke.skip".to_owned());
    }
    Ok(())
}

fn without_numbers(outcome: &TrialOutcome) -> String {
    let reason = outcome.status.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} trial {} is {}{reason}", outcome.trial.state(), outcome.trial.iteration, outcome.status.id())
}

fn observation<'a>(outcome: &'a TrialOutcome, budget: &Budget) -> Option<&'a Observation> {
    let definition = match &budget.definition {
        Some(form) => Some(format!("D10-{form}")),
        None => budget.measure.definition().map(str::to_owned),
    };
    // A measure without a number of its own in the list of sizes has one definition in a run, whatever that is called.
    let fits = |found: &Option<String>| definition.is_none() || *found == definition;
    let mut of = outcome.observations.iter().filter(|o| o.measure == budget.measure && o.phase.is_none() && fits(&o.definition));
    of.next()
}

/// One sample is of one definition: a start after others is another figure than the first.
fn of_one_definition(found: &[&Observation]) -> Result<Figure, String> {
    let definition = found.first().and_then(|observation| observation.definition.clone());
    if found.iter().any(|observation| observation.definition != definition) {
        return Err("its trials follow several definitions".to_owned());
    }
    Ok(Figure { values: found.iter().map(|observation| observation.value).collect(), definition })
}

/// Sizes that another compressor than the engine's made are other numbers, and no limit was written for them.
fn other_definition(outcomes: &[&TrialOutcome], measure: Measure) -> Option<String> {
    let of = |definition: &Option<String>| definition.as_deref().is_some_and(|known| Some(known) != measure.definition());
    let observed = outcomes.iter().flat_map(|outcome| &outcome.observations).filter(|o| o.measure == measure && o.phase.is_none());
    let other = observed.map(|o| &o.definition).find(|definition| of(definition))?.as_deref()?;
    (measure.computed_definition() == Some(other)).then(|| {
        format!("nothing was pushed, so that it was computed ({other}); measure where there is a registry, or limit uncompressed-size")
    })
}
