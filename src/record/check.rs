//! What a believable record says. The same rules hold when an outcome is written and when it is read.

use std::collections::BTreeSet;

use super::{NoiseProbe, Observation, RunRecord, TransferRecord, TrialOutcome, start};
use crate::budget::Limit;
use crate::image::{MAX_LAYER_FILES, Weighing};
use crate::measure::{Kind, Measure};
use crate::units::LinkProfile;

/// The largest whole number up to which every whole number has a floating point value of its own: 2⁵³.
const EXACT_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Checks one outcome by itself; the error is the problem in words.
pub(super) fn check_outcome(outcome: &TrialOutcome) -> Result<(), String> {
    if !outcome.status.has_numbers() && !outcome.observations.is_empty() {
        return Err(format!("a trial that is {} has numbers", outcome.status.id()));
    }
    if outcome.lost && outcome.status.has_numbers() {
        return Err("a trial that lost its engine has numbers".to_owned());
    }
    if outcome.trial.iteration == 0 {
        return Err("the iteration is 0, and counting starts at 1".to_owned());
    }
    let mut seen = BTreeSet::new();
    for observation in &outcome.observations {
        check_observation(observation)?;
        if !seen.insert((observation.measure, &observation.definition, &observation.phase)) {
            return Err(format!("there are two values of {} in one trial", observation.measure.id()));
        }
    }
    if let Some(time) = outcome.push.iter().chain(&outcome.pull).flat_map(times).find(|t| !t.is_finite() || *t < 0.0) {
        return Err(format!("a push or a pull has a time of {time} s, which nothing takes"));
    }
    start::check(outcome)?;
    check_download(outcome)?;
    outcome.noise.as_ref().map_or(Ok(()), NoiseProbe::check)?;
    outcome.weighing.as_ref().map_or(Ok(()), |weighing| check_weighing(weighing, &outcome.observations))
}

/// Every time of a transfer, seconds.
fn times(transfer: &TransferRecord) -> impl Iterator<Item = f64> + use<> {
    let on_link = transfer.link.map(|link| [link.first_byte, link.last_byte, link.seconds()]);
    [Some(transfer.seconds), transfer.active_seconds].into_iter().flatten().chain(on_link.into_iter().flatten())
}

fn check_observation(observation: &Observation) -> Result<(), String> {
    let measure = observation.measure;
    if observation.unit != measure.unit() {
        return Err(format!("{} is in {}, not in {}", measure.id(), observation.unit.id(), measure.unit().id()));
    }
    check_value(measure, observation.phase.as_deref(), observation.value)
}

/// Checks a value by its measure alone; the error is the problem in words.
pub(super) fn check_value(measure: Measure, phase: Option<&str>, value: f64) -> Result<(), String> {
    let name = measure.id();
    if !value.is_finite() || value < 0.0 {
        return Err(format!("{name} is {value}, which nothing can be"));
    }
    if measure.kind() == Kind::Exact && (value.fract() != 0.0 || value > EXACT_LIMIT) {
        return Err(format!("{name} is {value}, which is no exact whole number"));
    }
    if value == 0.0 && phase.is_none() && never_zero(measure) {
        return Err(format!("{name} is 0, which nothing weighs or takes"));
    }
    Ok(())
}

/// A figure of what was downloaded stands on two counts that agree, and says the same.
fn check_download(outcome: &TrialOutcome) -> Result<(), String> {
    let Some(observed) = outcome.observations.iter().find(|o| o.measure == Measure::BuildDownload) else { return Ok(()) };
    let name = observed.measure.id();
    let download = outcome.download.ok_or_else(|| format!("there is {name}, and nothing that it was counted by"))?;
    let counted = download.counted().map_err(|_| format!("there is {name}, and its two counts do not agree"))?;
    if observed.value.to_bits() == (counted as f64).to_bits() {
        return Ok(());
    }
    Err(format!("{name} is {} observed and {counted} counted", observed.value))
}

/// An image may have no layer and so no layer bytes; but a manifest, a tar and a call always amount to something.
fn never_zero(measure: Measure) -> bool {
    matches!(
        measure,
        Measure::TransferSize | Measure::ContextSize | Measure::BuildTime | Measure::PushTime | Measure::PullTime | Measure::StartTime
    )
}

/// The sizes are in a line twice, as observations and in the weighing: they must agree.
fn check_weighing(weighing: &Weighing, observations: &[Observation]) -> Result<(), String> {
    if let Some(layer) = weighing.layers.iter().position(|layer| layer.biggest.len() > MAX_LAYER_FILES) {
        return Err(format!("layer {} lists more than its {MAX_LAYER_FILES} biggest files", layer + 1));
    }
    let weighed = [
        (Measure::LayerTransferSize, weighing.layer_transfer_size),
        (Measure::TransferSize, weighing.transfer_size),
        (Measure::UncompressedSize, Some(weighing.uncompressed_size)),
        (Measure::LiveSize, weighing.live_size),
        (Measure::AppSize, weighing.base.as_ref().map(|base| base.app_size)),
        (Measure::ClassicSize, weighing.classic_size),
        (Measure::ClassicSizeBuilt, weighing.classic_size_built),
        (Measure::FileCount, weighing.file_count),
    ];
    for (measure, bytes) in weighed.into_iter().filter_map(|(measure, bytes)| Some((measure, bytes?))) {
        let observed = observations.iter().find(|o| o.measure == measure && o.phase.is_none());
        if let Some(o) = observed.filter(|o| o.value.to_bits() != (bytes as f64).to_bits()) {
            return Err(format!("{} is {} observed and {bytes} weighed", measure.id(), o.value));
        }
    }
    Ok(())
}

/// Checks the outcome of a trial against the plan of its run.
pub(super) fn check_planned(outcome: &TrialOutcome, run: &RunRecord) -> Result<(), String> {
    let trial = &outcome.trial;
    let Some(planned) = run.plan.iter().find(|p| p.scenario == trial.scenario && p.variant == trial.variant) else {
        return Err(format!("{}/{} is not in the plan of run.json", trial.scenario, trial.variant));
    };
    let known = run.settings.builds_of(planned).iter().any(|build| build.is_of(trial));
    if !known {
        return Err(format!("{trial}: the plan of run.json has no such build"));
    }
    let last = run.settings.iterations();
    if trial.iteration > last {
        return Err(format!("{trial}: the plan of run.json ends with iteration {last}"));
    }
    if trial.warmup != (trial.iteration <= run.settings.warm_up) {
        let warm_up = run.settings.warm_up;
        return Err(format!("{trial}: the plan of run.json has {warm_up} iterations of warm-up before those that count"));
    }
    check_link_of_downloads(outcome, run)?;
    start::check_planned(outcome, run)
}

/// A build time over a link is that of a build whose downloads are known to have kept to it.
fn check_link_of_downloads(outcome: &TrialOutcome, run: &RunRecord) -> Result<(), String> {
    let Some(link) = run.conditions.download_link.as_deref() else { return Ok(()) };
    let is_shaped = link.parse::<LinkProfile>().map_or(true, |profile| profile.shape().is_some());
    let is_timed = outcome.observations.iter().any(|o| o.measure == Measure::BuildTime);
    let is_counted = outcome.download.is_some_and(|download| download.counted().is_ok());
    if is_shaped && is_timed && !is_counted {
        return Err(format!(
            "{}: there is {}, and what the build downloaded is not known to have kept to the link {link} of run.json",
            outcome.trial,
            Measure::BuildTime.id()
        ));
    }
    Ok(())
}

/// Checks `run.json` by itself; the error is the problem in words.
pub(super) fn check_run(run: &RunRecord) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = run.plan.iter().find(|p| !seen.insert((&p.scenario, &p.variant))) {
        return Err(format!("{}/{} is in the plan twice", twice.scenario, twice.variant));
    }
    if let Some(shard) = run.settings.shard.as_ref().filter(|shard| shard.number == 0 || shard.number > shard.of) {
        return Err(format!("there is no shard {shard}"));
    }
    if let Some(problem) = run.stops().find_map(|stopped| stopped.problem(run)) {
        return Err(problem);
    }
    let overhead = &run.overhead;
    let mut times = [overhead.wall, overhead.bases, overhead.measured].into_iter().chain(overhead.kinds.values().copied());
    if let Some(time) = times.find(|t| !t.is_finite() || *t < 0.0) {
        return Err(format!("the overhead has a time of {time} s, which nothing takes"));
    }
    run.noise.iter().try_for_each(|before| before.probe.check())?;
    check_budgets(run)
}

/// Budgets are sound by themselves and of the run's scenarios and variants.
fn check_budgets(run: &RunRecord) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for budget in &run.budgets {
        let (scenario, name) = (&budget.scenario, &budget.name);
        if let Some(problem) = budget.problem() {
            return Err(problem);
        }
        if !seen.insert((scenario, name)) {
            return Err(format!("the budget {scenario}/{name} is there twice"));
        }
        if !run.plan.iter().any(|planned| planned.scenario == *scenario) {
            return Err(format!("the budget {scenario}/{name}: the plan has no such scenario"));
        }
        let planned = |variant: &String| run.plan.iter().any(|p| p.scenario == *scenario && p.variant == *variant);
        // A run of some of the variants keeps the budgets of all of them.
        let unknown = |variant: &&String| run.settings.variants.is_empty() && !planned(variant);
        if let Some(variant) = budget.variants.iter().find(unknown) {
            return Err(format!("the budget {scenario}/{name}: the plan has no variant {variant}"));
        }
        let mut others = budget.limits.iter().filter_map(|limit| if let Limit::MaxRatio { to, .. } = limit { Some(to) } else { None });
        if let Some(other) = others.find(unknown) {
            return Err(format!("the budget {scenario}/{name}: its max-ratio is to {other}, which is not in the plan"));
        }
    }
    Ok(())
}
