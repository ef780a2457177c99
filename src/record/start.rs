//! The starts of one image in a trial: raw, one after another, and what makes them believable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Observation, RunRecord, Status, TrialOutcome};
use crate::measure::Measure;

/// The definition that `start-time` and `anonymous-memory` follow where they are medians of starts after the smoke check. Without it
/// they are of the smoke check's own start, which is another figure: nothing of the image had run before it.
pub const REPEATED: &str = "repeated";

/// One start of a trial's image in a container of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Start {
    /// Whether it is the smoke check's, before which nothing of the image had run. It is in no figure where there are later ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// From before the container is asked for until its first good answer, seconds.
    pub start_time: f64,
    /// Memory of the container's processes at that answer that no file backs, bytes; absent where they do not run on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_memory: Option<u64>,
}

impl Start {
    /// The starts whose median counts, with the definition that it follows: those after the smoke check's, else that one alone.
    pub fn counted(starts: &[Self]) -> (&[Self], Option<&'static str>) {
        match starts {
            [first, later @ ..] if first.first && !later.is_empty() => (later, Some(REPEATED)),
            all => (all, None),
        }
    }
}

/// Checks the starts of one outcome by themselves; the error is the problem in words.
pub(super) fn check(outcome: &TrialOutcome) -> Result<(), String> {
    let starts = &outcome.starts;
    if starts.is_empty() {
        return Ok(());
    }
    if !outcome.status.has_numbers() {
        return Err(format!("a trial that is {} has starts", outcome.status.id()));
    }
    if starts.iter().any(|start| !start.start_time.is_finite() || start.start_time <= 0.0) {
        return Err("a start took a time that nothing takes".to_owned());
    }
    if starts.iter().enumerate().any(|(place, start)| start.first != (place == 0)) {
        return Err("of the starts another one than the first is the smoke check's".to_owned());
    }
    let (counted, definition) = Start::counted(starts);
    let times: Vec<f64> = counted.iter().map(|start| start.start_time).collect();
    let memory: Option<Vec<f64>> = counted.iter().map(|start| start.anonymous_memory.map(|bytes| bytes as f64)).collect();
    is_median(outcome, Measure::StartTime, definition, Some(&times))?;
    is_median(outcome, Measure::AnonymousMemory, definition, memory.as_deref())
}

/// Checks that a measure is observed exactly where it has values, and is their median.
fn is_median(outcome: &TrialOutcome, measure: Measure, definition: Option<&str>, values: Option<&[f64]>) -> Result<(), String> {
    let observed = outcome.observations.iter().find(|o| o.measure == measure && o.phase.is_none());
    let agree = match (observed, values) {
        (None, None) => true,
        (Some(Observation { value, definition: followed, .. }), Some(values)) => {
            followed.as_deref() == definition && is_in_the_middle(*value, values)
        }
        _ => false,
    };
    if agree { Ok(()) } else { Err(format!("{} is not the median of the starts", measure.id())) }
}

/// Whether at least half of the values are no larger and at least half no smaller: what makes a median one, however the two middle
/// values of an even number are put together.
fn is_in_the_middle(value: f64, values: &[f64]) -> bool {
    let half = |count: usize| count * 2 >= values.len();
    half(values.iter().filter(|v| **v <= value).count()) && half(values.iter().filter(|v| **v >= value).count())
}

/// Checks the starts of an outcome against what was asked for: each proven image of a cold build was started that often.
pub(super) fn check_planned(outcome: &TrialOutcome, run: &RunRecord) -> Result<(), String> {
    let asked = run.settings.starts;
    let proven = outcome.status == Status::Measured && outcome.trial.cache_state == "cold";
    let there = outcome.starts.iter().filter(|start| !start.first).count();
    let wanted = if proven { usize::try_from(asked).unwrap_or(usize::MAX) } else { 0 };
    if there == wanted {
        return Ok(());
    }
    Err(format!("{}: it was started {there} times after its smoke check, and run.json has {wanted} for it", outcome.trial))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_median_of_values_is_in_their_middle_and_what_lies_outside_of_them_is_not(
            mut values in prop::collection::vec(0.001_f64..100.0, 1..20),
        ) {
            values.sort_by(f64::total_cmp);
            let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
            prop_assert!(is_in_the_middle(f64::midpoint(lower, upper), &values));
            prop_assert!(!is_in_the_middle(0.0, &values) && !is_in_the_middle(101.0, &values));
        }
    }

    #[test]
    fn a_value_beside_the_middle_is_no_median() {
        assert!(is_in_the_middle(2.0, &[3.0, 1.0, 2.0]) && !is_in_the_middle(2.5, &[3.0, 1.0, 2.0]));
        assert!(is_in_the_middle(2.5, &[4.0, 1.0, 2.0, 3.0]) && !is_in_the_middle(3.5, &[4.0, 1.0, 2.0, 3.0]));
    }
}
