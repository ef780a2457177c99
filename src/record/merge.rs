//! One record out of the shards of a plan.
//!
//! A scenario is in one shard whole, so that nothing that is set beside each other comes from two machines. What differs between the
//! shards is refused, all of it at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BaseRecord, FORMAT_VERSION, MergedRun, Overhead, PlannedVariant, Record, RunRecord, RunState, Settings, Shard, TrialOutcome, UNKNOWN,
    Warning,
};

/// The record of the whole plan, its id left empty, and its outcomes in the order of the shards; or every reason why these are not the
/// shards of one plan.
pub fn merge(mut parts: Vec<Record>) -> Result<(RunRecord, Vec<TrialOutcome>), Vec<String>> {
    parts.sort_by_key(|part| part.run.settings.shard.as_ref().map(|shard| shard.number));
    let problems = problems(&parts);
    let (Some(first), true) = (parts.first(), problems.is_empty()) else { return Err(problems) };
    let run = merged(&first.run, &parts);
    Ok((run, parts.into_iter().flat_map(|part| part.trials).collect()))
}

fn problems(parts: &[Record]) -> Vec<String> {
    if parts.is_empty() {
        return vec!["there is no run to put together".to_owned()];
    }
    let mut problems: Vec<String> = parts.iter().flat_map(alone).collect();
    let mut shards = parts.iter().map(|part| &part.run).filter(|run| run.settings.shard.is_some());
    if let Some(first) = shards.next() {
        problems.extend(shards.flat_map(|other| between(first, other)));
    }
    problems.extend(twice(parts));
    problems.extend(missing(parts));
    problems.extend(bases(parts));
    problems
}

/// What keeps one run from being a part.
fn alone(part: &Record) -> Vec<String> {
    let (run, id) = (&part.run, &part.run.run_id);
    let mut problems = Vec::new();
    match &run.settings.shard {
        None => problems.push(format!("{id} is no shard: it was not measured with --shard")),
        Some(shard) => {
            let planned: BTreeSet<&str> = run.plan.iter().map(|planned| planned.scenario.as_str()).collect();
            if planned != shard.own().collect() {
                problems.push(format!("{id} has not the scenarios of shard {shard}"));
            }
        }
    }
    if run.state != RunState::Complete {
        problems.push(format!("{id} has not come to its end; go on with it by `loadline run --resume`"));
    }
    problems
}

/// What differs between two shards that are to be of one plan.
fn between(first: &RunRecord, other: &RunRecord) -> Vec<String> {
    let (mut one, mut two) = (said(first), said(other));
    one.extend(fields(&first.settings));
    two.extend(fields(&other.settings));
    let absent = "nothing".to_owned();
    let names: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    let both = names.into_iter().map(|name| (name, one.get(name).unwrap_or(&absent), two.get(name).unwrap_or(&absent)));
    let unequal = both.filter(|(_, one, two)| one != two).map(|(name, one, two)| differs(first, other, name, one, two));
    let conditions = first.conditions.differences(&other.conditions);
    unequal.chain(conditions.iter().map(|found| differs(first, other, &found.what, &found.first, &found.second))).collect()
}

/// What is the same in all shards of a plan, by name.
fn said(run: &RunRecord) -> BTreeMap<String, String> {
    let none = || "none".to_owned();
    let shard = run.settings.shard.as_ref();
    [
        ("version of loadline", run.tool_version.clone()),
        ("seed", run.seed.to_string()),
        ("commit of the scenarios", run.receipt.scenarios_commit.clone().unwrap_or_else(none)),
        ("number of shards", shard.map_or_else(none, |shard| shard.of.to_string())),
        ("list of all scenarios", shard.map_or_else(none, |shard| shard.scenarios.join(" "))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn differs(first: &RunRecord, other: &RunRecord, what: &str, one: &str, two: &str) -> String {
    format!("the {what} differs: {one} in {}, {two} in {}", first.run_id, other.run_id)
}

/// The settings by name, as they are written, but for the shard.
fn fields(settings: &Settings) -> BTreeMap<String, String> {
    match serde_json::to_value(Settings { shard: None, ..settings.clone() }) {
        Ok(serde_json::Value::Object(fields)) => {
            fields.into_iter().map(|(name, value)| (format!("setting {name}"), value.to_string())).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// Shards that are there more than once.
fn twice(parts: &[Record]) -> Vec<String> {
    let mut seen = BTreeMap::<u32, &str>::new();
    let mut problems = Vec::new();
    for (shard, run) in parts.iter().filter_map(|part| Some((part.run.settings.shard.as_ref()?, &part.run))) {
        if let Some(before) = seen.insert(shard.number, &run.run_id) {
            problems.push(format!("{before} and {} are both shard {shard}: the same trials would be there twice", run.run_id));
        }
    }
    problems
}

/// Shards that nobody measured.
fn missing(parts: &[Record]) -> Vec<String> {
    let shards: Vec<&Shard> = parts.iter().filter_map(|part| part.run.settings.shard.as_ref()).collect();
    let Some(of) = shards.first().map(|shard| shard.of) else { return Vec::new() };
    // No plan has more shards than scenarios; a number that is not so is told above.
    let most = of.min(u32::try_from(shards[0].scenarios.len()).unwrap_or(u32::MAX));
    let lacks = |number: &u32| shards.iter().all(|shard| shard.number != *number);
    (1..=most).filter(lacks).map(|number| format!("shard {number}/{of} is missing")).collect()
}

/// Base images that are not the same in every part that has them.
fn bases(parts: &[Record]) -> Vec<String> {
    let mut known = BTreeMap::<&str, (&BaseRecord, &str)>::new();
    let mut problems = Vec::new();
    for part in parts {
        for (name, base) in &part.run.conditions.bases {
            let (before, run) = *known.entry(name).or_insert((base, &part.run.run_id));
            if before.digest != base.digest {
                let (one, two, other) = (&before.digest, &base.digest, &part.run.run_id);
                problems.push(format!("the base image {name} differs: {one} in {run}, {two} in {other}"));
            }
        }
    }
    problems
}

fn merged(first: &RunRecord, parts: &[Record]) -> RunRecord {
    let mut conditions = first.conditions.clone();
    conditions.bases = parts.iter().flat_map(|part| part.run.conditions.bases.clone()).collect();
    conditions.host = one_host(parts);
    let mut receipt = first.receipt.clone();
    receipt.scenarios_dirty = parts.iter().filter_map(|part| part.run.receipt.scenarios_dirty).reduce(|one, two| one || two);
    let hosts = parts.iter().filter_map(|part| part.run.host.clone());
    RunRecord {
        format_version: FORMAT_VERSION,
        run_id: String::new(),
        tool_version: first.tool_version.clone(),
        started: parts.iter().map(|part| part.run.started).min().unwrap_or(first.started),
        finished: parts.iter().filter_map(|part| part.run.finished).max(),
        state: RunState::Complete,
        conditions,
        receipt,
        settings: Settings { shard: None, ..first.settings.clone() },
        plan: plan(first, parts),
        seed: first.seed,
        overhead: parts.iter().fold(Overhead::default(), |all, part| all.and(&part.run.overhead)),
        warnings: warnings(parts),
        host: hosts.reduce(|one, two| one.and(&two)),
        resumed: Vec::new(),
        merged: parts.iter().map(of_part).collect(),
        stopped: None,
        noise: parts.iter().flat_map(|part| part.run.noise.clone()).collect(),
        // A scenario is in one part whole, and its budgets with it.
        budgets: parts.iter().flat_map(|part| part.run.budgets.clone()).collect(),
        smoke_skipped: parts.iter().flat_map(|part| part.run.smoke_skipped.clone()).collect(),
        smoke_checks: parts
            .iter()
            .map(|part| part.run.smoke_checks.clone())
            .collect::<Option<Vec<_>>>()
            .map(|all| all.into_iter().flatten().collect()),
    }
}

/// The machine of all parts. Of several none is named: no other record's times were taken on the same ones.
fn one_host(parts: &[Record]) -> String {
    let hosts: BTreeSet<&String> = parts.iter().map(|part| &part.run.conditions.host).collect();
    hosts.first().filter(|_| hosts.len() == 1).map_or_else(|| UNKNOWN.to_owned(), |host| (*host).clone())
}

/// The variants of all parts in the order of the whole plan.
fn plan(first: &RunRecord, parts: &[Record]) -> Vec<PlannedVariant> {
    let order: Vec<&String> = first.settings.shard.iter().flat_map(|shard| &shard.scenarios).collect();
    let mut all: Vec<PlannedVariant> = parts.iter().flat_map(|part| part.run.plan.clone()).collect();
    all.sort_by_key(|planned| order.iter().position(|name| **name == planned.scenario));
    all
}

fn of_part(part: &Record) -> MergedRun {
    let run = &part.run;
    MergedRun {
        run_id: run.run_id.clone(),
        shard: run.settings.shard.as_ref().map_or(0, |shard| shard.number),
        scenarios: run.settings.shard.iter().flat_map(Shard::own).map(str::to_owned).collect(),
        host: run.conditions.host.clone(),
        cpu: run.receipt.cpu.clone(),
        started: run.started,
        stopped: run.stopped.clone(),
    }
}

fn warnings(parts: &[Record]) -> Vec<Warning> {
    let mut all = Vec::new();
    if one_host(parts) == UNKNOWN {
        all.push(Warning {
            message:
                "put together from runs on several machines, or on some that are not known: each scenario was measured whole on one, so \
                      that its variants may be compared; times of two scenarios may not"
                    .to_owned(),
        });
    }
    if parts.iter().any(|part| part.run.receipt.scenarios_dirty != Some(false)) {
        let message = "the scenarios of some part were in no commit or had changes: that all parts measured the same cannot be told";
        all.push(Warning { message: message.to_owned() });
    }
    for part in parts {
        let id = &part.run.run_id;
        all.extend(part.run.warnings.iter().map(|warning| Warning { message: format!("{id}: {}", warning.message) }));
    }
    all
}
