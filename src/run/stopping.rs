//! When a run has enough, or its time is over.
//!
//! Both rules are asked before a block begins. An iteration holds every variant once, so that a run that ends between two iterations
//! has as many trials of each: the precision is asked there alone, and the time limit tries to end there.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::Measure;
use crate::record::{StopRule, TrialOutcome};
use crate::stats;

use super::Block;

/// Rules that end a run before its last iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StopRules {
    /// No block but the first begins after it, and no iteration that would not end within it if it took as long as the longest before.
    pub time_limit: Option<Duration>,
    /// The half width of a median's interval, as a share of the median, that is enough of all times at once.
    pub precision: Option<f64>,
}

/// How long a run has been measuring, by a clock that only goes forward.
pub type Clock<'a> = &'a (dyn Fn() -> Duration + Sync);

/// Where a run stands among its iterations.
pub(super) struct Pace<'a> {
    rules: StopRules,
    clock: Clock<'a>,
    /// Blocks of a whole iteration.
    blocks: u32,
    /// The iteration under way and its begin; `None` before the first.
    iteration: Option<(u32, Duration)>,
    /// Blocks that were begun in it.
    begun: u32,
    longest: Duration,
}

impl<'a> Pace<'a> {
    /// `blocks` is how many an iteration has.
    pub(super) const fn new(rules: StopRules, clock: Clock<'a>, blocks: u32) -> Self {
        Self { rules, clock, blocks, iteration: None, begun: 0, longest: Duration::ZERO }
    }

    /// How long the run has been measuring.
    pub(super) fn elapsed(&self) -> Duration {
        (self.clock)()
    }

    /// The rule by which `block` and all after it are left out; `outcomes` are all until now.
    pub(super) fn ends_before(&mut self, block: Block, outcomes: &[TrialOutcome]) -> Option<StopRule> {
        let (now, first) = (self.elapsed(), self.iteration.is_none());
        let begins = self.iteration.is_none_or(|(number, _)| number != block.iteration);
        if let Some((_, began)) = self.iteration.filter(|_| begins) {
            // Of the iteration that a run was gone on with in, only the rest was measured.
            let whole = now.saturating_sub(began).mul_f64(f64::from(self.blocks.max(self.begun)) / f64::from(self.begun.max(1)));
            self.longest = self.longest.max(whole);
        }
        if begins {
            (self.iteration, self.begun) = (Some((block.iteration, now)), 0);
        }
        self.begun += 1;
        let needs = if begins { self.longest } else { Duration::ZERO };
        let enough = || self.rules.precision.is_some_and(|wanted| precise(whole(outcomes, block.iteration), wanted));
        match self.rules.time_limit {
            _ if begins && enough() => Some(StopRule::Precision),
            // Whatever the limit, each part of a run measures something.
            Some(limit) if !first && (now >= limit || now + needs > limit) => Some(StopRule::TimeLimit),
            _ => None,
        }
    }
}

/// The outcomes of the iterations before `iteration`: a run that is gone on with in the midst of one decides as it would have without.
fn whole(outcomes: &[TrialOutcome], iteration: u32) -> impl Iterator<Item = &TrialOutcome> {
    outcomes.iter().filter(move |outcome| outcome.trial.iteration < iteration)
}

/// Whether every time that a variant has is known to `wanted`, in the words of [`stats::enough`]: the build in each cache state, and the
/// push and the pull of the cold build. A variant without a figure cannot become more precise and is not waited for; without any figure
/// nothing is known.
pub fn precise<'a>(outcomes: impl IntoIterator<Item = &'a TrialOutcome>, wanted: f64) -> bool {
    let mut samples = BTreeMap::<_, Vec<f64>>::new();
    for outcome in outcomes.into_iter().filter(|outcome| outcome.status.has_numbers() && !outcome.trial.warmup) {
        let trial = &outcome.trial;
        let asked = outcome.observations.iter().filter(|o| o.phase.is_none() && is_asked(o.measure, &trial.cache_state));
        for observation in asked {
            let key = (&trial.scenario, &trial.variant, &trial.cache_state, &trial.edit, observation.measure);
            samples.entry(key).or_default().push(observation.value);
        }
    }
    !samples.is_empty() && samples.values().all(|values| stats::enough(values, wanted).enough)
}

/// An update moves so little that its time is that of a few requests, which is no reason to go on.
fn is_asked(measure: Measure, cache_state: &str) -> bool {
    match measure {
        Measure::BuildTime => true,
        Measure::PushTime | Measure::PullTime => cache_state == "cold",
        _ => false,
    }
}
