//! Variants that no limit speaks of, and troubles of variants that no limit tells: nothing holds them, which is said.

use super::{GONE, fails_as_expected, is_gone};
use crate::judge::{Check, CheckOutcome, Unlimited, completeness};
use crate::record::{PlannedVariant, Record};

/// The variants of the run without a check among `checks`, those that fell short though no check is unmeasured for it, and those without
/// a check that are gone since the baseline. One that was meant to fail, and did, has nothing that could be limited.
pub(super) fn unlimited(run: &Record, baseline: Option<&Record>, checks: &[Check]) -> Vec<Unlimited> {
    let lacking = completeness(run, false).missing;
    let trouble = |planned: &PlannedVariant| {
        let short = lacking.iter().find(|short| (&short.scenario, &short.variant) == (&planned.scenario, &planned.variant));
        short.map(|short| format!("{}: {}", short.status, short.reason))
    };
    let of =
        |planned: &PlannedVariant, trouble| Unlimited { scenario: planned.scenario.clone(), variant: planned.variant.clone(), trouble };
    let here = run.run.plan.iter().filter(|planned| !fails_as_expected(run, planned)).filter_map(|planned| {
        let trouble = trouble(planned);
        let tells = |check: &Check| trouble.is_none() || matches!(check.outcome, CheckOutcome::Unmeasured { .. });
        (!is_checked(planned, checks, tells)).then(|| of(planned, trouble))
    });
    let before = baseline.into_iter().flat_map(|baseline| baseline.run.plan.iter().map(move |planned| (baseline, planned)));
    let gone = before.filter(|(baseline, planned)| {
        let is_gone = is_gone(baseline, run, &planned.scenario, &planned.variant) && !fails_as_expected(baseline, planned);
        is_gone && !is_checked(planned, checks, |_| true)
    });
    here.chain(gone.map(|(_, planned)| of(planned, Some(GONE.to_owned())))).collect()
}

/// Whether one of a variant's checks is as wanted.
fn is_checked(planned: &PlannedVariant, checks: &[Check], wanted: impl Fn(&Check) -> bool) -> bool {
    checks.iter().any(|check| (&check.scenario, &check.variant) == (&planned.scenario, &planned.variant) && wanted(check))
}
