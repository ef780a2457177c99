//! Observations grouped into samples.

use std::collections::BTreeMap;

use super::{Observation, PlannedVariant, Record, Trial, TrialOutcome};
use crate::measure::Measure;

/// Everything that must be equal for values to form one sample.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// What was measured.
    pub measure: Measure,
    /// Which definition.
    pub definition: Option<String>,
    /// Which part.
    pub phase: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    pub edit: Option<String>,
}

/// All observations of one measure under one set of conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What they have in common.
    pub key: SeriesKey,
    /// The values in order of iteration, warm-ups left out.
    pub sample: Vec<f64>,
}

impl SeriesKey {
    fn new(trial: &Trial, observation: &Observation) -> Self {
        Self {
            scenario: trial.scenario.clone(),
            variant: trial.variant.clone(),
            measure: observation.measure,
            definition: observation.definition.clone(),
            phase: observation.phase.clone(),
            cache_state: trial.cache_state.clone(),
            edit: trial.edit.clone(),
        }
    }
}

impl Record {
    /// All samples, by scenario and variant in the order of the plan, then by measure. Warm-ups and trials without a
    /// measured image are left out.
    pub fn series(&self) -> Vec<Series> {
        let mut samples = BTreeMap::<(usize, SeriesKey), Vec<(u32, f64)>>::new();
        for outcome in self.trials.iter().filter(|o| counts(o)) {
            let place = self.place(&outcome.trial);
            for observation in &outcome.observations {
                let key = (place, SeriesKey::new(&outcome.trial, observation));
                samples.entry(key).or_default().push((outcome.trial.iteration, observation.value));
            }
        }
        samples.into_iter().map(|((_, key), values)| Series { key, sample: in_order(values) }).collect()
    }

    /// Where in the plan a trial's variant stands.
    fn place(&self, trial: &Trial) -> usize {
        let same = |p: &PlannedVariant| p.scenario == trial.scenario && p.variant == trial.variant;
        self.run.plan.iter().position(same).unwrap_or(usize::MAX)
    }
}

fn counts(outcome: &TrialOutcome) -> bool {
    outcome.status.has_numbers() && !outcome.trial.warmup
}

fn in_order(mut values: Vec<(u32, f64)>) -> Vec<f64> {
    values.sort_by_key(|(iteration, _)| *iteration);
    values.into_iter().map(|(_, value)| value).collect()
}
