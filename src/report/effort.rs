//! How much was measured: what was left out of the figures, and why a run ended before its last iteration.

use crate::record::{BlocksLeft, RunRecord};
use crate::units;

use super::data::RunFacts;

impl RunFacts {
    /// What a reader of all tables must know of how much was measured, a sentence each.
    pub(super) fn effort(&self) -> Vec<String> {
        let verb = if self.warm_up == 1 { "is" } else { "are" };
        let iterations = units::count(self.warm_up as usize, "warm-up iteration");
        let warm_up = (self.warm_up > 0).then(|| format!("{iterations} {verb} in no figure."));
        warm_up.into_iter().chain(self.stopped.iter().map(|stopped| format!("Ended by {stopped}."))).collect()
    }

    /// How often each variant was measured: `3 trials`, or `at least 9 of 30 trials` where a rule ended the run.
    pub(super) fn trials_of_each(&self) -> String {
        let trials = units::count(self.trials as usize, "trial");
        match self.stopped.iter().map(|stopped| stopped.iterations).min() {
            Some(least) if least < self.trials => format!("at least {least} of {trials}"),
            _ => trials,
        }
    }
}

/// What was asked for beyond a number of trials, and what came of it, by name.
pub(super) fn facts(run: &RunRecord) -> Vec<(&'static str, String)> {
    let settings = &run.settings;
    let left = |left: &BlocksLeft| {
        let iterations = if left.first == left.last { left.first.to_string() } else { format!("{} to {}", left.first, left.last) };
        format!("{}/{} {iterations}", left.scenario, left.variant)
    };
    let left: Vec<String> = run.stops().flat_map(|stopped| &stopped.blocks_left).map(left).collect();
    let stops: Vec<String> = run.stops().map(ToString::to_string).collect();
    [
        (settings.warm_up > 0).then(|| ("warm-up iterations, in no figure", settings.warm_up.to_string())),
        (settings.starts > 0).then(|| ("starts after the smoke check, whose median counts", settings.starts.to_string())),
        settings.time_limit.map(|limit| ("time limit of measuring", units::seconds(limit))),
        settings.precision.map(|share| ("precision that was enough", format!("±{} %", percent(share)))),
        (!stops.is_empty()).then(|| ("ended by", stops.join("; "))),
        (!left.is_empty()).then(|| ("iterations left out", left.join("; "))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A share in per cent with as many digits as were asked for.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}
