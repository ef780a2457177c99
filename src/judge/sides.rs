//! Two records with their samples, figure beside figure: which figures there are, and which of them one side lacks.

use std::collections::BTreeMap;

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

    /// The run's series in the order of its plan, then those that only the baseline has. A measure that the format of one of the
    /// records does not know or one of the runs did not count, and a build that one of the runs did not make, is no question.
    pub(super) fn keys(&self) -> impl Iterator<Item = SeriesKey> {
        let gone =
            self.baseline.series().into_iter().filter(|s| !self.new.contains_key(&s.key) && other_definition(&self.new, &s.key).is_none());
        let asked = |record: &Record, key: &SeriesKey| {
            let counted = key.measure != Measure::BuildDownload || record.run.conditions.download_link.is_some();
            counted && record.run.format_version.knows(key.measure) && record.run.settings.builds.contains(&key.cache_state)
        };
        let known = move |key: &SeriesKey| [self.baseline, self.run].iter().all(|record| asked(record, key));
        self.run.series().into_iter().chain(gone).map(|s| s.key).filter(known)
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

    /// Whether the baseline has the figure of `key`, and the run has no such trial with numbers, though it planned its variant or was asked
    /// for as much as the baseline.
    pub(super) fn is_lost(&self, key: &SeriesKey) -> bool {
        let has = self.run.trials.iter().any(|o| o.status.has_numbers() && !o.trial.warmup && is_of(&o.trial, key));
        self.old.contains_key(key) && !has && (planned(self.run, key).is_some() || asks_as_much(self.baseline, self.run))
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
