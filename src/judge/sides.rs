//! Two records with their samples, figure beside figure: which figures there are, and which of them one side lacks.

use std::collections::BTreeMap;

use super::conditions::change_obstacle;
use crate::measure::Measure;
use crate::record::{PlannedVariant, Record, SeriesKey, Trial};

/// Samples by what they have in common.
pub(super) type Samples = BTreeMap<SeriesKey, Vec<f64>>;

fn samples(record: &Record) -> Samples {
    record.series().into_iter().map(|s| (s.key, s.sample)).collect()
}

/// Both records with their samples.
pub(super) struct Sides<'a> {
    pub(super) baseline: &'a Record,
    pub(super) run: &'a Record,
    pub(super) old: Samples,
    pub(super) new: Samples,
    /// What both sides are called where one of them lacks something.
    pub(super) names: [String; 2],
}

impl<'a> Sides<'a> {
    pub(super) fn new(baseline: &'a Record, run: &'a Record) -> Self {
        let names = ["the baseline", "this run"].map(str::to_owned);
        Self { baseline, run, old: samples(baseline), new: samples(run), names }
    }

    /// The run's series in the order of its plan, then those that only the baseline has, without what is [`unasked`](Self::unasked).
    pub(super) fn keys(&self) -> impl Iterator<Item = SeriesKey> {
        self.all_keys().filter(|key| self.unasked(key).is_none())
    }

    /// All series of both in the order of [`keys`](Self::keys).
    pub(super) fn all_keys(&self) -> impl Iterator<Item = SeriesKey> {
        let gone =
            self.baseline.series().into_iter().filter(|s| !self.new.contains_key(&s.key) && other_definition(&self.new, &s.key).is_none());
        self.run.series().into_iter().chain(gone).map(|s| s.key)
    }

    /// Why a figure is no question, in words: the format of one of the records does not know the measure, or one of the runs was not to
    /// count it, or not to make such a build.
    pub(super) fn unasked(&self, key: &SeriesKey) -> Option<String> {
        let of = |record: &Record, name: &String| {
            let run = &record.run;
            match key.measure {
                measure if !run.format_version.knows(measure) => {
                    Some(format!("the format of {name}, {}, knows no {}", run.format_version, measure.id()))
                }
                _ if !run.settings.builds.contains(&key.cache_state) => Some(format!("{name} made no {} builds", key.cache_state)),
                Measure::BuildDownload if run.conditions.download_link.is_none() => Some(format!("{name} counted no downloads")),
                Measure::PullTime if run.settings.no_pull => Some(format!("{name} was to pull nothing (--no-pull)")),
                _ => None,
            }
        };
        of(self.baseline, &self.names[0]).or_else(|| of(self.run, &self.names[1]))
    }

    /// The variant of `key` in both plans, or which plan lacks it, in words.
    pub(super) fn planned(&self, key: &SeriesKey) -> Result<(&'a PlannedVariant, &'a PlannedVariant), String> {
        let lacks = |place: &str| format!("{place} did not plan the variant {}/{}", key.scenario, key.variant);
        let after = planned(self.run, key).ok_or_else(|| lacks(&self.names[1]));
        let before = planned(self.baseline, key).ok_or_else(|| lacks(&self.names[0]));
        after.and_then(|after| Ok((before?, after)))
    }

    /// Why one of the two figures of `key` is not there, in words; `None` means that both are.
    pub(super) fn lacking(&self, key: &SeriesKey) -> Option<String> {
        if !self.old.contains_key(key)
            && let Some(other) = other_definition(&self.old, key)
        {
            return Some(definition_differs(other, key));
        }
        if !self.old.contains_key(key) {
            return Some(missing(self.baseline, key, &self.names[0]));
        }
        (!self.new.contains_key(key)).then(|| missing(self.run, key, &self.names[1]))
    }

    /// Whether the baseline has the figure of `key` and the run has it no more, though it planned its variant or was asked for as much as the
    /// baseline: it has no such trial with numbers, or the numbers lack this one while nothing else stands in the way of comparing it.
    pub(super) fn is_lost(&self, key: &SeriesKey) -> bool {
        let has = self.run.trials.iter().any(|o| o.status.has_numbers() && !o.trial.warmup && is_of(&o.trial, key));
        let is_comparable = change_obstacle(key.measure, self.baseline, self.run).is_none();
        let lacks = self.old.contains_key(key) && !self.new.contains_key(key) && (!has || is_comparable);
        lacks && (planned(self.run, key).is_some() || asks_as_much(self.baseline, self.run))
    }
}

/// Whether `run` was asked for all scenarios and variants that `baseline` was asked for: what it lacks of them then was not left out by
/// whoever started it. A part of a run is asked for something of its own.
pub(super) fn asks_as_much(baseline: &Record, run: &Record) -> bool {
    let (before, now) = (&baseline.run.settings, &run.run.settings);
    // Nothing named is everything.
    let covers = |now: &[String], before: &[String]| now.is_empty() || !before.is_empty() && before.iter().all(|name| now.contains(name));
    covers(&now.scenarios, &before.scenarios) && covers(&now.variants, &before.variants) && now.shard == before.shard
}

/// The median of one sample.
pub(super) fn median(samples: &Samples, key: &SeriesKey) -> Option<f64> {
    crate::stats::median(samples.get(key)?)
}

fn planned<'a>(record: &'a Record, key: &SeriesKey) -> Option<&'a PlannedVariant> {
    record.run.plan.iter().find(|p| p.scenario == key.scenario && p.variant == key.variant)
}

/// The definition that the same figure follows in `samples`, where that is another one.
pub(super) fn other_definition<'a>(samples: &'a Samples, key: &SeriesKey) -> Option<&'a SeriesKey> {
    samples
        .keys()
        .find(|other| other.definition != key.definition && SeriesKey { definition: key.definition.clone(), ..(*other).clone() } == *key)
}

/// That two figures follow different definitions, in words.
pub(super) fn definition_differs(baseline: &SeriesKey, run: &SeriesKey) -> String {
    let shown = |key: &SeriesKey| key.definition.clone().unwrap_or_else(|| "none".to_owned());
    format!("the definition differs: {} in the baseline, {} here", shown(baseline), shown(run))
}

/// Whether a figure of `key` is one of `trial`.
fn is_of(trial: &Trial, key: &SeriesKey) -> bool {
    (&trial.scenario, &trial.variant, &trial.cache_state, &trial.edit) == (&key.scenario, &key.variant, &key.cache_state, &key.edit)
}

/// Why `record` has no such figure, in words.
fn missing(record: &Record, key: &SeriesKey, place: &str) -> String {
    let failed = record.trials.iter().find(|o| is_of(&o.trial, key) && !o.status.has_numbers());
    match failed.map(|o| &o.status) {
        Some(status) => {
            let reason = status.reason().map(|r| format!(": {r}")).unwrap_or_default();
            format!("{place} has no figure, its trial is {}{reason}", status.id())
        }
        None => format!("{place} has no figure"),
    }
}
