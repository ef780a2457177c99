//! Variants that no limit speaks of: nothing holds them, which is told.

use super::{fails_as_expected, is_planned, same_question};
use crate::judge::{Check, Unlimited, completeness};
use crate::record::{PlannedVariant, Record};

/// The variants of the run, and those that only the baseline has though both were asked for the same, without a check among `checks`. One
/// that was meant to fail, and did, has nothing that could be limited.
pub(super) fn unlimited(run: &Record, baseline: Option<&Record>, checks: &[Check]) -> Vec<Unlimited> {
    let is_free = |planned: &&PlannedVariant| !checks.iter().any(|c| (&c.scenario, &c.variant) == (&planned.scenario, &planned.variant));
    let lacking = completeness(run, false).missing;
    let trouble = |planned: &PlannedVariant| {
        let short = lacking.iter().find(|short| (&short.scenario, &short.variant) == (&planned.scenario, &planned.variant));
        short.map(|short| format!("{}: {}", short.status, short.reason))
    };
    let here = run.run.plan.iter().filter(|planned| !fails_as_expected(run, planned)).filter(is_free);
    let gone = baseline.filter(|baseline| same_question(baseline, run)).map(|baseline| {
        let only =
            |planned: &&PlannedVariant| !is_planned(run, &planned.scenario, &planned.variant) && !fails_as_expected(baseline, planned);
        baseline.run.plan.iter().filter(only).filter(is_free)
    });
    let of =
        |planned: &PlannedVariant, trouble| Unlimited { scenario: planned.scenario.clone(), variant: planned.variant.clone(), trouble };
    let gone = gone.into_iter().flatten().map(|planned| of(planned, Some(super::GONE.to_owned())));
    here.map(|planned| of(planned, trouble(planned))).chain(gone).collect()
}
