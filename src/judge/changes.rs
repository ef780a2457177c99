//! What became better or worse: every figure of a run beside the one of a baseline, or of one variant beside that of another.
//!
//! Owns no state. Bytes and counts are compared as integers, times by the interval of their relative change. Less is better of every
//! measure. A base image that moved is among what changed, and so is no obstacle; all other conditions are.

mod figure;
mod missing;
mod model;

use std::collections::BTreeMap;

use super::conditions::change_obstacle;
use super::growth::{between, growth, weighed};
use super::redefined::redefined;
use super::reproduction::LAYER_TOLERANCE;
use super::sides::{Sides, median};
use crate::measure::{Kind, Measure, Unit};
use crate::record::{Record, SeriesKey, UNKNOWN};

use figure::{exact, unjudged, without};
use missing::missing;
pub use model::{BaseChange, ChangeInterval, ChangeVerdict, Changes, FigureChange, MissingTrials, Side, Tally, Unasked, VariantChange};

/// The smallest relative change of a time that matters where none is given. With 5 % of noise and 15 values a side, the interval of a
/// change lies beyond it in less than 1 of 100 comparisons of the same with itself, and in more than 95 of 100 where a tenth was added;
/// `docs/comparing.md` has the table.
pub const NOISE: f64 = 0.015;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The smallest relative change of a time that matters: 0.05 is 5 %.
    pub noise: f64,
    /// These measures alone; all where there is none.
    pub measures: Vec<Measure>,
}

impl Default for Question {
    fn default() -> Self {
        Self { noise: NOISE, measures: Vec::new() }
    }
}

impl Question {
    fn asks(&self, key: &SeriesKey) -> bool {
        key.phase.is_none() && (self.measures.is_empty() || self.measures.contains(&key.measure))
    }

    /// Whether any size is asked for, so that what made it is too.
    fn asks_sizes(&self) -> bool {
        self.measures.is_empty() || self.measures.iter().any(|m| m.unit() == Unit::Bytes && m.kind() == Kind::Exact)
    }
}

/// Every figure of `run` beside the one of `baseline`, variant by variant, in the order of the plan. Parts of a measure are no figures
/// of their own: the whole decides.
pub fn changes(baseline: &Record, run: &Record, question: &Question) -> Changes {
    let sides = Sides::new(baseline, run);
    let grown = question.asks_sizes() && change_obstacle(Measure::UncompressedSize, baseline, run).is_none();
    let variant = |(scenario, variant): (String, String), figures: Vec<FigureChange>| VariantChange {
        figures,
        bases: base_changes((baseline, &variant), (run, &variant), &scenario),
        growth: growth(baseline, run, &scenario, &variant).filter(|growth| grown && growth.is_any()),
        before: variant.clone(),
        after: variant,
        scenario,
    };
    Changes {
        baseline: baseline.run.run_id.clone(),
        run: run.run.run_id.clone(),
        noise: question.noise,
        paired: false,
        missing: [missing(Side::Run, run, baseline), missing(Side::Baseline, baseline, run)].concat(),
        redefined: redefined(baseline, run),
        unasked: unasked(&sides, question),
        variants: by_variant(sides.keys().filter(|key| question.asks(key)), |key| judged(&sides, question.noise, key))
            .into_iter()
            .map(|(of, figures)| variant(of, figures))
            .collect(),
    }
}

/// One figure of a run beside that of its baseline.
fn judged(sides: &Sides<'_>, noise: f64, key: &SeriesKey) -> FigureChange {
    let obstacle = match sides.planned(key) {
        Ok(_) => sides.lacking(key).or_else(|| change_obstacle(key.measure, sides.baseline, sides.run)),
        Err(words) => Some(words),
    };
    match obstacle {
        Some(condition) => {
            let verdict = if sides.is_lost(key) { ChangeVerdict::Lost { condition } } else { ChangeVerdict::NotComparable { condition } };
            without(key, (sides.old.get(key), sides.new.get(key)), verdict)
        }
        None if is_only_compressed_anew(sides, key) => {
            FigureChange { verdict: ChangeVerdict::WithinNoise, ..exact(key, &sides.old[key], &sides.new[key]) }
        }
        None if key.measure.kind() == Kind::Exact => exact(key, &sides.old[key], &sides.new[key]),
        None => figure::unpaired(key, &sides.old[key], &sides.new[key], noise),
    }
}

/// What is asked for and only one of both can have, by the reason, in the order in which the reasons come first.
fn unasked(sides: &Sides<'_>, question: &Question) -> Vec<Unasked> {
    let mut found: Vec<Unasked> = Vec::new();
    for why in sides.all_keys().filter(|key| question.asks(key)).filter_map(|key| sides.unasked(&key)) {
        match found.iter_mut().find(|known| known.why == why) {
            Some(known) => known.figures += 1,
            None => found.push(Unasked { why, figures: 1 }),
        }
    }
    found
}

/// Whether a compressed size differs by no more than layers of the same length do that were built at another time: files carry the time
/// at which a step wrote them, which compresses to another length by some bytes.
fn is_only_compressed_anew(sides: &Sides<'_>, key: &SeriesKey) -> bool {
    let is_compressed = matches!(key.measure, Measure::TransferSize | Measure::LayerTransferSize);
    let pair = |key: &SeriesKey| median(&sides.old, key).zip(median(&sides.new, key));
    let uncompressed = SeriesKey {
        measure: Measure::UncompressedSize,
        definition: Measure::UncompressedSize.definition().map(str::to_owned),
        ..key.clone()
    };
    let is_as_long = pair(&uncompressed).is_some_and(|(before, after)| before.total_cmp(&after).is_eq());
    let differs =
        pair(key).is_some_and(|(before, after)| before.total_cmp(&after).is_ne() && (after - before).abs() <= LAYER_TOLERANCE * before);
    is_compressed && is_as_long && differs
}

/// The figures of one variant of a run beside those of another, `before` and `after`, of the same scenario. Blocks of both took turns, so
/// that times are compared in pairs, iteration by iteration: what slowed down one iteration slowed down both.
pub fn changes_between(record: &Record, scenario: &str, (before, after): (&str, &str), question: &Question) -> Changes {
    let (old, new) = (alone(record, scenario, before, after), alone(record, scenario, after, after));
    let mut sides = Sides::new(&old, &new);
    sides.names = [before, after].map(|variant| format!("the variant {variant}"));
    let judged = |key: &SeriesKey| match sides.lacking(key) {
        Some(condition) => unjudged(key, (sides.old.get(key), sides.new.get(key)), condition),
        None if key.measure.kind() == Kind::Exact => exact(key, &sides.old[key], &sides.new[key]),
        None => figure::paired(key, &by_iteration(&old, key), &by_iteration(&new, key), question.noise),
    };
    let images = weighed(record, scenario, before).zip(weighed(record, scenario, after));
    let variant = VariantChange {
        scenario: scenario.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        figures: sides.keys().filter(|key| question.asks(key)).map(|key| judged(&key)).collect(),
        bases: base_changes((record, before), (record, after), scenario),
        growth: images.map(|(before, after)| between(before, after)).filter(|growth| question.asks_sizes() && growth.is_any()),
    };
    let run = record.run.run_id.clone();
    let named = |lack: MissingTrials, name: &str| MissingTrials { variant: lack.variant.map(|_| name.to_owned()), ..lack };
    let mut lacking: Vec<MissingTrials> = missing(Side::Run, &new, &old).into_iter().map(|lack| named(lack, after)).collect();
    lacking.extend(missing(Side::Baseline, &old, &new).into_iter().map(|lack| named(lack, before)));
    Changes {
        baseline: run.clone(),
        run,
        noise: question.noise,
        paired: true,
        missing: lacking,
        redefined: Vec::new(),
        unasked: unasked(&sides, question),
        variants: vec![variant],
    }
}

/// The figures of each variant, in the order in which the variants come first.
fn by_variant(
    keys: impl Iterator<Item = SeriesKey>,
    judged: impl Fn(&SeriesKey) -> FigureChange,
) -> Vec<((String, String), Vec<FigureChange>)> {
    let mut variants: Vec<((String, String), Vec<FigureChange>)> = Vec::new();
    for key in keys {
        let of = (key.scenario.clone(), key.variant.clone());
        let at = variants.iter().position(|(known, _)| *known == of).unwrap_or_else(|| {
            variants.push((of, Vec::new()));
            variants.len() - 1
        });
        variants[at].1.push(judged(&key));
    }
    variants
}

/// The record of one variant alone, under another name.
fn alone(record: &Record, scenario: &str, variant: &str, name: &str) -> Record {
    let mut record = record.clone();
    record.run.plan.retain(|planned| planned.scenario == scenario && planned.variant == variant);
    record.trials.retain(|outcome| outcome.trial.scenario == scenario && outcome.trial.variant == variant);
    record.run.plan.iter_mut().for_each(|planned| name.clone_into(&mut planned.variant));
    record.trials.iter_mut().for_each(|outcome| name.clone_into(&mut outcome.trial.variant));
    record
}

/// The values of a series by iteration.
fn by_iteration(record: &Record, key: &SeriesKey) -> BTreeMap<u32, f64> {
    let of = |trial: &crate::record::Trial| (&trial.cache_state, &trial.edit) == (&key.cache_state, &key.edit) && !trial.warmup;
    let trials = record.trials.iter().filter(|o| o.status.has_numbers() && of(&o.trial));
    let value = |o: &crate::record::TrialOutcome| {
        let is_it = |v: &&crate::record::Observation| (v.measure, &v.definition, &v.phase) == (key.measure, &key.definition, &key.phase);
        o.observations.iter().find(is_it).map(|v| (o.trial.iteration, v.value))
    };
    trials.filter_map(value).collect()
}

/// The base images of a variant that are others than before, by reference; none where one of the records did not plan it. A variant on
/// `scratch` alone has none, and gains or loses one like any other.
fn base_changes((baseline, before): (&Record, &str), (run, after): (&Record, &str), scenario: &str) -> Vec<BaseChange> {
    let bases = |record: &Record, variant: &str| -> Option<BTreeMap<String, String>> {
        let planned = record.run.plan.iter().find(|p| p.scenario == scenario && p.variant == variant)?;
        let digest = |name: &String| record.run.conditions.bases.get(name).map_or_else(|| UNKNOWN.to_owned(), |base| base.digest.clone());
        Some(planned.bases.iter().map(|name| (name.clone(), digest(name))).collect())
    };
    let Some((old, new)) = bases(baseline, before).zip(bases(run, after)) else { return Vec::new() };
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name: &String| BaseChange { name: name.clone(), before: old.get(name).cloned(), after: new.get(name).cloned() };
    names.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

#[cfg(test)]
mod tests;
