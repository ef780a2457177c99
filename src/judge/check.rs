//! A run held to budgets: one [`Check`] for each limit of each variant.
//!
//! Bytes and counts are held against the limit as whole numbers. A time fails only where its whole interval lies above the limit, and
//! passes only where the whole interval lies below. A figure that is missing, unproven, or of another kind than its baseline's is
//! never a pass.

mod figure;
mod held;
mod loosened;
mod ruling;
mod unlimited;

use super::sides::asks_as_much;
use super::{BudgetSource, Check, CheckOutcome, Evaluation, growth, redefined};
use crate::budget::{Budget, Increase, Limit};
use crate::measure::{Kind, Measure};
use crate::record::{PlannedVariant, Record, Status, TrialOutcome};
use held::{Held, Sides};
pub use ruling::Ruling;

/// The share by which D3 may grow above the baseline where nobody said anything: one per cent.
const USUAL: &str = "1 %";

/// Holds `run` to `budgets`, which come from `source`.
///
/// A variant that the run did not plan, another link than the budget's and a relative limit without a baseline are skipped and named.
pub fn check(run: &Record, baseline: Option<&Record>, source: BudgetSource, budgets: &[Budget]) -> Evaluation {
    let sides = Sides { run, baseline };
    let mut checks = Vec::new();
    for planned in &run.run.plan {
        for budget in budgets.iter().filter(|budget| budget.scenario == planned.scenario && budget.variants.contains(&planned.variant)) {
            checks.extend(questions(budget, &planned.variant).map(|limit| judged(&sides, budget, planned, limit)));
        }
    }
    for budget in budgets {
        for variant in budget.variants.iter().filter(|variant| !is_planned(run, &budget.scenario, variant)) {
            checks.extend(questions(budget, variant).map(|limit| not_planned(&sides, budget, variant, limit)));
        }
    }
    // Where no run had budgets of its own, those of the files are all that there ever were.
    let had_none = run.run.budgets.is_empty() && baseline.is_some_and(|baseline| baseline.run.budgets.is_empty());
    let are_others = matches!(source, BudgetSource::Files { .. }) && !had_none;
    let loosened = if are_others { loosened::loosened(run, budgets) } else { Vec::new() };
    let unheld = if source == BudgetSource::Record { Vec::new() } else { loosened::unheld(run, budgets) };
    let unlimited = unlimited::unlimited(run, baseline, &checks);
    let redefined = baseline.map(|baseline| redefined(baseline, run)).unwrap_or_default();
    let baseline = baseline.map(|baseline| baseline.run.run_id.clone());
    Evaluation { run: run.run.run_id.clone(), baseline, source, checks, loosened, unheld, unlimited, redefined }
}

/// What a run is held to where nobody wrote budgets but named a baseline: D3 of every variant of either may grow by one per cent.
pub fn usual_budgets(run: &Record, baseline: &Record) -> Vec<Budget> {
    let mut budgets: Vec<Budget> = Vec::new();
    let gone = baseline.run.plan.iter().filter(|planned| !is_planned(run, &planned.scenario, &planned.variant));
    let of = |record, planned: &&PlannedVariant| !fails_as_expected(record, planned);
    for planned in run.run.plan.iter().filter(|planned| of(run, planned)).chain(gone.filter(|planned| of(baseline, planned))) {
        match budgets.iter_mut().find(|budget| budget.scenario == planned.scenario) {
            Some(budget) => budget.variants.push(planned.variant.clone()),
            None => budgets.push(usual(planned)),
        }
    }
    budgets
}

/// Whether a variant is meant to fail and did: it has no figures and lacks none.
fn fails_as_expected(run: &Record, planned: &PlannedVariant) -> bool {
    let of = |o: &&TrialOutcome| (&o.trial.scenario, &o.trial.variant) == (&planned.scenario, &planned.variant);
    let mut outcomes = run.trials.iter().filter(of).peekable();
    outcomes.peek().is_some() && outcomes.all(|o| matches!(o.status, Status::ExpectedFailure { .. }))
}

fn usual(planned: &PlannedVariant) -> Budget {
    Budget {
        scenario: planned.scenario.clone(),
        name: "usual-growth".to_owned(),
        variants: vec![planned.variant.clone()],
        measure: Measure::UncompressedSize,
        definition: None,
        cache_state: "cold".to_owned(),
        edit: None,
        link: None,
        limits: vec![Limit::MaxIncrease { by: Increase::Share(0.01), written: USUAL.to_owned() }],
        reason: None,
        place: None,
    }
}

/// Why a figure is missing of what was taken out of the scenarios, or renamed.
const GONE: &str = "the baseline has the variant, and this run has it no more; where that is meant, take a baseline without it";

/// Whether the baseline has a variant that the run lacks without having been asked to.
fn is_gone(baseline: &Record, run: &Record, scenario: &str, variant: &str) -> bool {
    is_planned(baseline, scenario, variant) && !is_planned(run, scenario, variant) && asks_as_much(baseline, run)
}

fn is_planned(run: &Record, scenario: &str, variant: &str) -> bool {
    run.run.plan.iter().any(|planned| planned.scenario == scenario && planned.variant == variant)
}

/// The limits that say something of a variant: none of them asks how it stands to itself.
fn questions<'a>(budget: &'a Budget, variant: &str) -> impl Iterator<Item = &'a Limit> {
    budget.limits.iter().filter(move |limit| !matches!(limit, Limit::MaxRatio { to, .. } if to == variant))
}

fn judged(sides: &Sides<'_>, budget: &Budget, planned: &PlannedVariant, limit: &Limit) -> Check {
    let held = sides.hold(budget, planned, limit);
    let told = matches!(held.outcome, CheckOutcome::Fail { .. } | CheckOutcome::NotComparable { .. });
    let grew = told && budget.measure.kind() == Kind::Exact;
    let growth = sides.baseline.filter(|_| grew).and_then(|baseline| growth(baseline, sides.run, &budget.scenario, &planned.variant));
    let growth = growth.map(|growth| growth.of(budget.measure));
    // That nothing grew explains a size that was too large before, and nothing else.
    let was_too_large = budget.measure != Measure::LayerCount && matches!(held.outcome, CheckOutcome::Fail { .. });
    let growth = growth.filter(|growth| was_too_large || growth.is_any());
    Check { growth, ..written(budget, &planned.variant, limit, held) }
}

/// A variant that the baseline has, and a run that was asked for the same has not, is gone or has another name: its limit is no longer
/// held. A run that was asked for other scenarios or variants left it out on purpose.
fn not_planned(sides: &Sides<'_>, budget: &Budget, variant: &str, limit: &Limit) -> Check {
    let outcome = if sides.baseline.is_some_and(|baseline| is_gone(baseline, sides.run, &budget.scenario, variant)) {
        CheckOutcome::Unmeasured { why: GONE.to_owned() }
    } else {
        CheckOutcome::Skip { why: "this run did not plan the variant".to_owned() }
    };
    written(budget, variant, limit, Held::without(outcome))
}

fn written(budget: &Budget, variant: &str, limit: &Limit, held: Held) -> Check {
    Check {
        scenario: budget.scenario.clone(),
        variant: variant.to_owned(),
        budget: budget.name.clone(),
        measure: budget.measure,
        definition: budget.definition.clone(),
        cache_state: budget.cache_state.clone(),
        edit: budget.edit.clone(),
        limit: limit.clone(),
        allowed: held.allowed,
        actual: held.actual,
        reference: held.reference,
        outcome: held.outcome,
        growth: None,
        reason: budget.reason.clone(),
        place: budget.place.clone(),
    }
}
