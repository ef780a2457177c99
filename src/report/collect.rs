//! From a record to what a report says of it.

use super::builds::build_report;
use super::data::{
    BaseReport, BottleneckReport, Fact, IntervalReport, LayerReport, MeasureEstimate, ObservationRow, OverheadReport, REPORT_VERSION,
    ReportData, RunFacts, ScenarioReport, UpdateReport, VariantReport,
};
use super::doubts::doubts;
use super::downloads::{all_uncounted, uncounted};
use super::effort;
use super::noise::{self, NoiseReport};
use super::updates::{event, rebuild};
use crate::image::{LayerWeight, Weighing};
use crate::judge::{self, bottlenecks, reference};
use crate::measure::Unit;
use crate::record::{
    BuildCacheLeft, DeltaLayer, DeltaRecord, HostRun, MergedRun, PlannedVariant, Record, Resumption, RunRecord, RunState, Series, Status,
    TrialOutcome,
};
use crate::stats::Estimate;
use crate::units;

impl ReportData {
    /// Decides what a report of `record` says. The same record gives the same report, on any machine.
    pub fn new(record: &Record) -> Self {
        let run = &record.run;
        let noise = judge::noise(record);
        let said = run.warnings.iter().chain(&record.warnings).map(|w| w.message.clone());
        Self {
            format_version: REPORT_VERSION,
            run: run_facts(run),
            scenarios: scenarios(record),
            conditions: conditions(run),
            bases: bases(run),
            overhead: overhead(run),
            noise: noise.as_ref().map(NoiseReport::new),
            warnings: said.chain(noise.iter().flat_map(noise::warnings)).collect(),
            observations: observations(record),
        }
    }
}

fn run_facts(run: &RunRecord) -> RunFacts {
    let conditions = &run.conditions;
    RunFacts {
        id: run.run_id.clone(),
        tool_version: run.tool_version.clone(),
        started: run.started.to_string(),
        finished: run.finished.map(|t| t.to_string()),
        state: state(run.state).to_owned(),
        base_set: conditions.base_set.id().to_owned(),
        platform: conditions.platform.clone(),
        engine: format!("{} {}", conditions.engine, conditions.engine_version),
        store: conditions.store.clone(),
        link: conditions.link.clone(),
        download_link: conditions.download_link.clone(),
        trials: run.settings.trials,
        warm_up: run.settings.warm_up,
        stopped: run.stops().cloned().collect(),
    }
}

const fn state(state: RunState) -> &'static str {
    match state {
        RunState::Incomplete => "incomplete",
        RunState::Interrupted => "interrupted",
        RunState::Complete => "complete",
    }
}

fn conditions(run: &RunRecord) -> Vec<Fact> {
    let (conditions, receipt) = (&run.conditions, &run.receipt);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let dirty = if receipt.scenarios_dirty == Some(true) { " with uncommitted changes" } else { "" };
    [
        ("base set", conditions.base_set.id().to_owned()),
        ("platform", conditions.platform.clone()),
        ("engine", format!("{} {} (API {})", conditions.engine, conditions.engine_version, conditions.api_version)),
        ("builder", conditions.builder.clone()),
        ("store", conditions.store.clone()),
        ("compressor", conditions.compressor.clone()),
        ("unpigz", if conditions.unpigz { "present" } else { "absent" }.to_owned()),
        ("network of RUN steps", conditions.run_network.clone()),
        ("link of push and pull", conditions.link.clone()),
        ("CPU limit", or_none(conditions.cpus.map(|c| c.to_string()))),
        ("memory limit", or_none(conditions.memory.map(units::bytes))),
        ("file system of the data root", conditions.data_root_file_system.clone()),
        ("host", format!("{} · {}, {}, {}", conditions.host, receipt.cpu, units::count(receipt.cpus, "CPU"), units::bytes(receipt.memory))),
        ("operating system", format!("{}, kernel {}", receipt.os, receipt.kernel)),
        ("commit of the scenarios", or_none(receipt.scenarios_commit.as_ref().map(|c| format!("{c}{dirty}")))),
        ("trials per variant", run.settings.trials.to_string()),
        ("seed of the order", run.seed.to_string()),
        ("command", receipt.command_line()),
    ]
    .into_iter()
    .chain(conditions.download_link.iter().map(|link| ("link of downloads, which are counted", link.clone())))
    .chain(effort::facts(run))
    .chain(run.host.iter().flat_map(on_host))
    .chain(parts(run))
    .map(|(name, value)| Fact { name: name.to_owned(), value })
    .collect()
}

/// Of which parts the record is, and of what it is a part.
fn parts(run: &RunRecord) -> Vec<(&'static str, String)> {
    let listed = |texts: Vec<String>| texts.join("; ");
    let merged = |part: &MergedRun| format!("{} on {} · {}: {}", part.run_id, part.host, part.cpu, part.scenarios.join(", "));
    let resumed = |at: &Resumption| format!("{} after {}", at.at.strftime("%Y-%m-%d %H:%M UTC"), units::count(at.after_trials, "trial"));
    let shard = run.settings.shard.as_ref().map(|shard| ("shard", format!("{shard} of {}", shard.scenarios.join(", "))));
    let merged = (!run.merged.is_empty()).then(|| ("put together from", listed(run.merged.iter().map(merged).collect())));
    let resumed = (!run.resumed.is_empty()).then(|| ("gone on with", listed(run.resumed.iter().map(resumed).collect())));
    shard.into_iter().chain(merged).chain(resumed).collect()
}

/// What a run on the user's own engine met and left there.
fn on_host(host: &HostRun) -> Vec<(&'static str, String)> {
    let reached = host.registry_unreachable.as_ref().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
    let cache = |cache: BuildCacheLeft| format!("{} in {} records", units::bytes(cache.bytes), cache.records);
    vec![
        ("engine reaches the registry", reached),
        ("left in the build cache", host.build_cache.map_or_else(|| "not known".to_owned(), cache)),
        ("bases fetched by the engine", if host.pulled_bases.is_empty() { "none".to_owned() } else { host.pulled_bases.join(", ") }),
    ]
}

fn bases(run: &RunRecord) -> Vec<BaseReport> {
    let report = |(reference, base): (&String, &crate::record::BaseRecord)| BaseReport {
        reference: reference.clone(),
        digest: base.digest.clone(),
        uncompressed_size: base.uncompressed_size,
        differs: base.differs.clone(),
    };
    run.conditions.bases.iter().map(report).collect()
}

fn overhead(run: &RunRecord) -> OverheadReport {
    let overhead = &run.overhead;
    OverheadReport {
        wall: overhead.wall,
        bases: overhead.bases,
        measured: overhead.measured,
        overhead: (overhead.wall - overhead.bases - overhead.measured).max(0.0),
        share: overhead.share(),
        kinds: overhead.kinds.clone(),
    }
}

fn observations(record: &Record) -> Vec<ObservationRow> {
    let kind = |scenario: &str, variant: &str| {
        let planned = record.run.plan.iter().find(|p| p.scenario == scenario && p.variant == variant);
        planned.map(|p| p.kind.clone()).unwrap_or_default()
    };
    let rows = record.trials.iter().flat_map(|outcome| outcome.observations.iter().map(move |o| (outcome, o)));
    rows.map(|(TrialOutcome { trial, status, .. }, o)| ObservationRow {
        scenario: trial.scenario.clone(),
        variant: trial.variant.clone(),
        kind: kind(&trial.scenario, &trial.variant),
        measure: o.measure,
        definition: o.definition.clone(),
        phase: o.phase.clone(),
        cache_state: trial.cache_state.clone(),
        edit: trial.edit.clone(),
        iteration: trial.iteration,
        warmup: trial.warmup,
        value: o.value,
        unit: o.unit,
        status: status.id(),
    })
    .collect()
}

fn scenarios(record: &Record) -> Vec<ScenarioReport> {
    let series = record.series();
    let mut scenarios = Vec::<ScenarioReport>::new();
    for planned in &record.run.plan {
        let place = scenarios.iter().position(|s| s.name == planned.scenario).unwrap_or_else(|| {
            scenarios.push(scenario(&record.run, planned));
            scenarios.len() - 1
        });
        let variant = variant(record, &series, planned);
        scenarios[place].variants.push(variant);
    }
    scenarios
}

fn scenario(run: &RunRecord, planned: &PlannedVariant) -> ScenarioReport {
    ScenarioReport {
        name: planned.scenario.clone(),
        language: planned.language.clone(),
        reference: reference(run, &planned.scenario).map(|p| p.variant.clone()),
        variants: Vec::new(),
    }
}

fn variant(record: &Record, series: &[Series], planned: &PlannedVariant) -> VariantReport {
    let of_variant = |o: &&TrialOutcome| o.trial.scenario == planned.scenario && o.trial.variant == planned.variant;
    let outcomes: Vec<&TrialOutcome> = record.trials.iter().filter(of_variant).collect();
    let numbers: Vec<&TrialOutcome> = outcomes.iter().copied().filter(|o| o.status.has_numbers() && !o.trial.warmup).collect();
    let counted: Vec<&TrialOutcome> = numbers.iter().copied().filter(|o| o.trial.cache_state == "cold").collect();
    let decisive = counted.first().or_else(|| outcomes.iter().find(|o| !o.trial.warmup)).map(|o| &o.status);
    let (status, reason) = decisive.map_or_else(|| not_run(record), |s| (s.id().to_owned(), s.reason().map(str::to_owned)));
    VariantReport {
        name: planned.variant.clone(),
        kind: planned.kind.clone(),
        dockerfile: planned.dockerfile.clone(),
        status,
        reason,
        counted: counted.len(),
        notes: notes(&outcomes, !counted.is_empty()).into_iter().chain(doubts(of_variant_series(series, planned))).collect(),
        estimates: estimates(record, series, planned),
        build: build_report(&counted),
        updates: updates(&numbers),
        bottlenecks: bounds(record, planned),
        layers: counted.iter().find_map(|o| o.weighing.as_ref()).map(layers).unwrap_or_default(),
    }
}

fn of_variant_series<'a>(series: &'a [Series], planned: &'a PlannedVariant) -> impl Iterator<Item = &'a Series> {
    series.iter().filter(|s| s.key.scenario == planned.scenario && s.key.variant == planned.variant)
}

fn bounds(record: &Record, planned: &PlannedVariant) -> Vec<BottleneckReport> {
    let report = |found: crate::judge::Bottleneck| BottleneckReport {
        direction: found.direction.id().to_owned(),
        bound: found.bound.id().to_owned(),
        rate_share: found.rate_share,
        time_share: found.time_share,
    };
    bottlenecks(record, planned).into_iter().map(report).collect()
}

/// The first trial of each state but cold says which layers move. Updates by one change stand together.
fn updates(outcomes: &[&TrialOutcome]) -> Vec<UpdateReport> {
    let mut updates = Vec::<UpdateReport>::new();
    for (trial, delta) in outcomes.iter().filter_map(|o| Some((&o.trial, o.delta.as_ref()?))) {
        let (state, change) = (trial.state(), trial.edit.clone());
        let Some(rebuild) = rebuild(&trial.cache_state).filter(|_| !updates.iter().any(|update| update.state == state)) else { continue };
        let event = event(&trial.cache_state, trial.edit.as_deref()).to_owned();
        updates.push(UpdateReport { state, edit: change.is_some(), event, change, rebuild: rebuild.to_owned(), moved: moved(delta) });
    }
    let first = |of: &UpdateReport| updates.iter().position(|other| (&other.event, &other.change) == (&of.event, &of.change));
    let order: Vec<_> = updates.iter().map(first).collect();
    let mut updates: Vec<_> = order.into_iter().zip(updates).collect();
    updates.sort_by_key(|(place, _)| *place);
    updates.into_iter().map(|(_, update)| update).collect()
}

fn moved(delta: &DeltaRecord) -> Vec<(String, u64)> {
    let made_by = |layer: &DeltaLayer| match (&layer.dockerfile_line, layer.base) {
        (Some(line), _) => line.instruction.clone(),
        (None, Some(true)) => "the base image".to_owned(),
        (None, _) => "a layer whose instruction is not known".to_owned(),
    };
    let mut moved: Vec<(String, u64)> = delta.layers.iter().filter(|l| l.blob).map(|layer| (made_by(layer), layer.bytes)).collect();
    moved.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    moved
}

/// The layers of an image; none for a record of a format that does not say what is in them.
fn layers(weighing: &Weighing) -> Vec<LayerReport> {
    let report = |(number, layer): (usize, &LayerWeight)| {
        layer.content?;
        let base = weighing.base.as_ref().map(|base| number < base.layers);
        let instruction = layer.dockerfile_line.as_ref().map(|line| line.instruction.clone());
        Some(LayerReport { bytes: layer.uncompressed, base, instruction })
    };
    weighing.layers.iter().enumerate().map(report).collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn not_run(record: &Record) -> (String, Option<String>) {
    let reason = if record.run.state == RunState::Complete { "no outcome was recorded" } else { "the run ended before its first trial" };
    ("not-run".to_owned(), Some(reason.to_owned()))
}

/// Trials without figures beside others with some, then warnings.
fn notes(outcomes: &[&TrialOutcome], has_figures: bool) -> Vec<String> {
    let fell_out = |o: &&&TrialOutcome| has_figures && !o.status.has_numbers();
    let say = |status: &Status| status.reason().map_or_else(|| status.id().to_owned(), |r| format!("{}: {r}", status.id()));
    let failures = outcomes.iter().filter(fell_out).map(|o| {
        let state = if o.trial.cache_state == "cold" { String::new() } else { format!(" ({})", o.trial.state()) };
        let kind = if o.trial.warmup { "warm-up" } else { "trial" };
        format!("{kind} {}{state} gave no figures, {}", o.trial.iteration, say(&o.status))
    });
    let mut notes: Vec<String> = failures.collect();
    let of_one_kind = |o: &TrialOutcome, message: &str| uncounted(o).is_some_and(|why| why == message);
    for (outcome, warning) in outcomes.iter().flat_map(|o| o.warnings.iter().map(move |warning| (o, warning))) {
        if !notes.contains(&warning.message) && !of_one_kind(outcome, &warning.message) {
            notes.push(warning.message.clone());
        }
    }
    notes.extend(all_uncounted(outcomes));
    notes
}

fn estimates(record: &Record, series: &[Series], planned: &PlannedVariant) -> Vec<MeasureEstimate> {
    let reference = reference(&record.run, &planned.scenario).filter(|r| r.variant != planned.variant);
    let beside = |one: &Series| {
        let key = crate::record::SeriesKey { variant: reference?.variant.clone(), ..one.key.clone() };
        series.iter().find(|s| s.key == key)
    };
    of_variant_series(series, planned).filter_map(|s| measure_estimate(s, beside(s))).collect()
}

fn measure_estimate(series: &Series, reference: Option<&Series>) -> Option<MeasureEstimate> {
    let key = &series.key;
    let estimate = Estimate::of(&series.sample)?;
    let unit = key.measure.unit();
    let reference = reference.filter(|_| unit != Unit::One).and_then(|r| Estimate::of(&r.sample));
    Some(MeasureEstimate {
        measure: key.measure,
        definition: key.definition.clone(),
        phase: key.phase.clone(),
        cache_state: key.cache_state.clone(),
        edit: key.edit.clone(),
        unit,
        n: estimate.n,
        median: estimate.median,
        min: estimate.min,
        max: estimate.max,
        mad: estimate.mad,
        interval: estimate.interval.map(|i| IntervalReport { low: i.low, high: i.high, coverage: i.coverage }),
        versus_reference: reference.map(|r| (estimate.median / r.median - 1.0) * 100.0).filter(|p| p.is_finite()),
    })
}
