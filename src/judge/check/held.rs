//! One limit held against one figure.

use super::figure::{Figure, Missing, figure};
use super::{GONE, is_gone};
use crate::budget::{Budget, Increase, Limit, share_of};
use crate::judge::CheckOutcome;
use crate::judge::conditions::change_obstacle;
use crate::measure::{Kind, Measure, Unit};
use crate::record::{PlannedVariant, Record};
use crate::stats::{Change, Estimate, Interval, Ratio, VERDICT_VALUES, median};

/// How surely an interval must cover what it is of for a verdict on a time. A limit has one side: an interval that covers 90 % lies
/// wholly above it by chance in at most 5 % of all cases. That of a median needs five values for it.
const SURE: f64 = 0.9;

/// What came of a limit, with the figures behind it in the measure's unit.
pub(super) struct Held {
    pub(super) allowed: Option<f64>,
    pub(super) actual: Option<f64>,
    pub(super) reference: Option<f64>,
    pub(super) outcome: CheckOutcome,
}

impl Held {
    pub(super) const fn without(outcome: CheckOutcome) -> Self {
        Self { allowed: None, actual: None, reference: None, outcome }
    }

    /// The outcome of bytes and counts.
    fn exact(actual: f64, allowed: u64, reference: Option<f64>) -> Self {
        let allowed = allowed as f64;
        let outcome = if actual <= allowed { CheckOutcome::Pass } else { CheckOutcome::Fail { excess: actual - allowed } };
        Self { allowed: Some(allowed), actual: Some(actual), reference, outcome }
    }

    /// The outcome of what noise moves: `interval` is where the truth lies, on the scale on which `limit` is.
    fn sampled((actual, allowed): (f64, f64), reference: Option<f64>, (interval, limit): (Option<Interval>, f64), few: &str) -> Self {
        let outcome = match interval.filter(|interval| interval.coverage >= SURE) {
            None => CheckOutcome::Undecided { why: few.to_owned() },
            Some(interval) if interval.high <= limit => CheckOutcome::Pass,
            Some(interval) if interval.low > limit => CheckOutcome::Fail { excess: (actual - allowed).max(0.0) },
            Some(interval) => {
                let sure = interval.coverage * 100.0;
                let why = format!("its interval ({sure:.0} %) lies on both sides of the limit; more trials would tell");
                CheckOutcome::Undecided { why }
            }
        };
        Self { allowed: Some(allowed), actual: Some(actual), reference, outcome }
    }
}

/// A run with the baseline that it may be held against.
pub(super) struct Sides<'a> {
    pub(super) run: &'a Record,
    pub(super) baseline: Option<&'a Record>,
}

impl Sides<'_> {
    /// Holds a variant of the plan to a limit.
    pub(super) fn hold(&self, budget: &Budget, planned: &PlannedVariant, limit: &Limit) -> Held {
        self.asked(budget, planned, limit).unwrap_or_else(Held::without)
    }

    fn asked(&self, budget: &Budget, planned: &PlannedVariant, limit: &Limit) -> Result<Held, CheckOutcome> {
        if self.run.run.settings.no_pull && budget.measure == Measure::PullTime {
            return Err(skip("the run was to pull nothing (--no-pull)"));
        }
        let link = &self.run.run.conditions.link;
        if let Some(wanted) = budget.link.as_ref().filter(|wanted| *wanted != link) {
            return Err(skip(format!("it is for the link {wanted}, and the run had {link}")));
        }
        let found = figure(self.run, planned, budget, self.excuses(planned)).map_err(|missing| self.of_the_run(missing, planned))?;
        let sample = &found.values;
        let actual = median(sample).ok_or_else(|| unmeasured("a value is no number"))?;
        let held = match limit {
            Limit::Max { value, .. } => max(budget, sample, *value),
            Limit::MaxIncrease { by, .. } => self.increase(budget, planned, &found, *by),
            Limit::MaxRatio { to, share, .. } => self.ratio(budget, planned, (sample, to), *share),
        };
        // The figure is told even where the limit cannot be held against it.
        held.or_else(|outcome| Ok(Held { actual: Some(actual), ..Held::without(outcome) }))
    }

    /// Whether a run without a smoke check is as the baseline was. Without a baseline that is not known, and its own word counts.
    fn excuses(&self, planned: &PlannedVariant) -> bool {
        let proven_before = |baseline: &Record| {
            let is_it = |p: &PlannedVariant| p.scenario == planned.scenario;
            baseline.run.plan.iter().any(is_it) && !baseline.run.smoke_skipped.contains_key(&planned.scenario)
        };
        !self.baseline.is_some_and(proven_before)
    }

    /// A build that the run did not make although it was asked for the same as the baseline, which has it, is no longer there.
    fn of_the_run(&self, missing: Missing, planned: &PlannedVariant) -> CheckOutcome {
        match missing {
            Missing::NotAsked(_) if self.is_gone(planned) => unmeasured("the baseline has it, and this run has no such build any more"),
            missing => of_the_run(missing),
        }
    }

    fn is_gone(&self, planned: &PlannedVariant) -> bool {
        let same = |p: &PlannedVariant| (&p.scenario, &p.variant) == (&planned.scenario, &planned.variant);
        let lost = |baseline: &Record| {
            let before = baseline.run.plan.iter().find(|p| same(p));
            before.is_some_and(|before| before.edits.iter().any(|edit| !planned.edits.contains(edit)))
                && baseline.run.settings.builds == self.run.run.settings.builds
        };
        self.baseline.is_some_and(lost)
    }

    fn increase(&self, budget: &Budget, planned: &PlannedVariant, found: &Figure, by: Increase) -> Result<Held, CheckOutcome> {
        let sample = &found.values;
        let Some(baseline) = self.baseline else {
            return Err(skip("there is no baseline; name one with --baseline RUN"));
        };
        let same = |p: &&PlannedVariant| (&p.scenario, &p.variant) == (&planned.scenario, &planned.variant);
        let Some(before) = baseline.run.plan.iter().find(same) else {
            return Err(skip("the baseline did not plan the variant"));
        };
        if !baseline.run.format_version.knows(budget.measure) {
            return Err(not_comparable(format!("the baseline's format knows no {}", budget.measure.id())));
        }
        if let Some(why) = change_obstacle(budget.measure, baseline, self.run) {
            return Err(not_comparable(why));
        }
        let old = figure(baseline, before, budget, true).map_err(of_the_baseline)?;
        if old.definition != found.definition {
            let name = |definition: &Option<String>| definition.clone().unwrap_or_else(|| "none".to_owned());
            let (was, is) = (name(&old.definition), name(&found.definition));
            return Err(not_comparable(format!("the definition differs: {was} in the baseline, {is} here")));
        }
        let old = old.values;
        let reference = Estimate::of(&old).ok_or_else(|| not_comparable("the baseline has a value that is no number"))?;
        match budget.measure.kind() {
            Kind::Exact => Ok(grown(sample, &reference, by)),
            Kind::Sampled => slower(sample, &old, by),
        }
    }

    fn ratio(&self, budget: &Budget, planned: &PlannedVariant, (sample, to): (&[f64], &str), share: f64) -> Result<Held, CheckOutcome> {
        let other = self.run.run.plan.iter().find(|p| p.scenario == planned.scenario && p.variant == to);
        let Some(other) = other else {
            let gone = self.baseline.is_some_and(|baseline| is_gone(baseline, self.run, &planned.scenario, to));
            return Err(if gone { unmeasured(format!("{to}: {GONE}")) } else { skip(format!("this run did not plan the variant {to}")) });
        };
        let of_other = |missing| match of_the_run(missing) {
            CheckOutcome::Unmeasured { why } => unmeasured(format!("{to}: {why}")),
            outcome => outcome,
        };
        let under = figure(self.run, other, budget, self.excuses(other)).map_err(of_other)?.values;
        let (Some(over), Some(under)) = (Estimate::of(sample), Estimate::of(&under)) else {
            return Err(unmeasured("a value is no number"));
        };
        if budget.measure.kind() == Kind::Exact {
            return Ok(Held::exact(over.median, share_of(whole(under.median), share), Some(under.median)));
        }
        let ratio = Ratio::of(&over, &under).ok_or_else(|| unmeasured(format!("{to} has no {} to be a share of", budget.measure.id())))?;
        let there = there_are(&[over.n, under.n]);
        let few = format!("a verdict on a ratio of times needs 6 values of both: {there}; measure with --trials 6 or more");
        Ok(Held::sampled((over.median, under.median * share), Some(under.median), (ratio.interval, share), &few))
    }
}

fn max(budget: &Budget, sample: &[f64], value: f64) -> Result<Held, CheckOutcome> {
    let estimate = Estimate::of(sample).ok_or_else(|| unmeasured("a value is no number"))?;
    if budget.measure.kind() == Kind::Exact {
        return Ok(Held::exact(estimate.median, whole(value), None));
    }
    let what = if budget.measure.unit() == Unit::Seconds { "a time" } else { "a figure that varies" };
    let few = format!("a verdict on {what} needs 5 values: {}; measure with --trials 5 or more", there_are(&[estimate.n]));
    Ok(Held::sampled((estimate.median, value), None, (estimate.interval, value), &few))
}

/// `there is 1`, `there are 5 and 7`.
fn there_are(values: &[usize]) -> String {
    let said: Vec<String> = values.iter().map(usize::to_string).collect();
    format!("there {} {}", if values == [1] { "is" } else { "are" }, said.join(" and "))
}

/// Bytes and counts may be what the limit makes of the baseline's median. A baseline whose own trials differ, as compressed sizes do where
/// archive headers carry times, allows what it had itself.
fn grown(sample: &[f64], baseline: &Estimate, by: Increase) -> Held {
    let allowed = by.above(whole(baseline.median)).max(whole(baseline.max));
    Held::exact(median(sample).unwrap_or(f64::INFINITY), allowed, Some(baseline.median))
}

/// Times are held by the relative change between two runs. An amount is taken as its share of the baseline's median.
fn slower(sample: &[f64], old: &[f64], by: Increase) -> Result<Held, CheckOutcome> {
    let (Some(actual), Some(reference)) = (median(sample), median(old)) else { return Err(unmeasured("a value is no number")) };
    let (share, allowed) = match by {
        Increase::Share(share) => (share, reference * (1.0 + share)),
        Increase::Amount(amount) => (amount / reference, reference + amount),
    };
    let (need, there) = (VERDICT_VALUES, there_are(&[old.len(), sample.len()]));
    let few = format!("a verdict on a change of times needs {need} values a side: {there}; measure both runs with --trials {need} or more");
    if old.iter().chain(sample).any(|value| *value == 0.0) && old.len().min(sample.len()) >= VERDICT_VALUES {
        // Of nothing there is no relative change, as with downloads of builds that need none: the figure itself is held to what it comes to.
        let interval = Estimate::of(sample).and_then(|estimate| estimate.interval);
        return Ok(Held::sampled((actual, allowed), Some(reference), (interval, allowed), &few));
    }
    let change = Change::unpaired(old, sample).filter(|change| change.n >= VERDICT_VALUES);
    Ok(Held::sampled((actual, allowed), Some(reference), (change.map(|change| change.interval), share), &few))
}

/// Sizes are whole numbers from 0 to 2⁵³; the middle of two of them is rounded down.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "records have no other sizes, and casts saturate")]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

fn of_the_run(missing: Missing) -> CheckOutcome {
    match missing {
        Missing::NotAsked(why) => skip(format!("{why}; choose the builds of a run with --builds")),
        Missing::Lacking(why) => CheckOutcome::Unmeasured { why },
    }
}

fn of_the_baseline(missing: Missing) -> CheckOutcome {
    let (Missing::NotAsked(why) | Missing::Lacking(why)) = missing;
    not_comparable(format!("the baseline: {why}"))
}

fn skip(why: impl Into<String>) -> CheckOutcome {
    CheckOutcome::Skip { why: why.into() }
}

fn unmeasured(why: impl Into<String>) -> CheckOutcome {
    CheckOutcome::Unmeasured { why: why.into() }
}

fn not_comparable(why: impl Into<String>) -> CheckOutcome {
    CheckOutcome::NotComparable { why: why.into() }
}
