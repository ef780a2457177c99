//! A published run beside the same run made again, perhaps elsewhere: what carries over, and within which allowance.

use super::compare::{Comparison, Finding, Subject, Verdict, compare};
use super::conditions::{unequal_host, unequal_setting};
use super::layers::{Layers, layers};
use super::reference;
use crate::measure::{Kind, Measure, Unit};
use crate::record::{PlannedVariant, Record};
use crate::stats::{Estimate, Ratio};

/// How far bytes may move for a variant whose layers differ from build to build: files that a RUN step writes carry the
/// time of the build, which compresses to another length, and caches that tools leave hold times too.
pub const LAYER_TOLERANCE: f64 = 0.001;

/// Fewer times than this a side give no verdict on a ratio of times.
pub const MIN_RATIO_TIMES: usize = 3;

/// The smallest change of a ratio of times that matters.
pub const TIME_RATIO_EFFECT: f64 = 0.25;

/// A run set beside the published one that it repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Reproduction {
    /// Id of the published run.
    pub baseline: String,
    /// Id of the run.
    pub run: String,
    /// Every figure, every ratio of sizes, then every ratio of times.
    pub outcomes: Vec<Outcome>,
}

/// A finding and what it hangs on.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The figure in both runs and the verdict.
    pub finding: Finding,
    /// The allowance that the verdict was given with, or the intervals that it was read off.
    pub remark: Option<String>,
}

impl Reproduction {
    /// Whether there is a verdict on at least one figure.
    pub fn has_comparable(&self) -> bool {
        self.outcomes.iter().any(|o| !matches!(o.finding.verdict, Verdict::NotComparable { .. }))
    }

    /// Whether any figure drifted.
    pub fn has_drift(&self) -> bool {
        self.outcomes.iter().any(|o| matches!(o.finding.verdict, Verdict::Drifted { .. }))
    }
}

/// Sets `run` beside `baseline` as [`compare`] does, with two differences. Bytes of a variant whose layers are not the
/// same in all trials of the baseline may move by [`LAYER_TOLERANCE`]; all others are exact. And times are judged by the
/// ratio between variants too, which tells something where the times themselves cannot be compared.
pub fn reproduce(baseline: &Record, run: &Record) -> Reproduction {
    let Comparison { baseline: old, run: new, findings } = compare(baseline, run);
    let mut outcomes: Vec<Outcome> = findings.into_iter().map(|finding| allowed(baseline, finding)).collect();
    outcomes.extend(time_ratios(baseline, run));
    Reproduction { baseline: old, run: new, outcomes }
}

/// The finding with the allowance for layers that are never the same.
fn allowed(baseline: &Record, finding: Finding) -> Outcome {
    let Some(reason) = allowance(baseline, &finding) else { return Outcome { finding, remark: None } };
    match finding.verdict {
        Verdict::Drifted { change } if change.abs() <= LAYER_TOLERANCE => {
            let remark = Some(format!("within {} %: {reason}", LAYER_TOLERANCE * 100.0));
            Outcome { finding: Finding { verdict: Verdict::Reproduced, ..finding }, remark }
        }
        Verdict::Drifted { .. } => Outcome { remark: Some(format!("more than {} %, though {reason}", LAYER_TOLERANCE * 100.0)), finding },
        _ => Outcome { finding, remark: None },
    }
}

/// Why the bytes of a finding may move; `None` where they must be equal.
fn allowance(baseline: &Record, finding: &Finding) -> Option<String> {
    let Subject::Variant(variant) = &finding.subject else { return None };
    let of_image =
        finding.measure.unit() == Unit::Bytes && finding.measure.kind() == Kind::Exact && finding.measure != Measure::ContextSize;
    if !of_image {
        return None;
    }
    match layers(baseline, &finding.scenario, variant) {
        Layers::Same => None,
        Layers::Unknown => Some("the baseline has one trial, which cannot tell whether its layers are the same in each build".to_owned()),
        Layers::Differ { created_by } => Some(format!("{} differ from build to build, as files carry times", steps(&created_by))),
    }
}

fn steps(created_by: &[String]) -> String {
    match created_by {
        [] => "its layers".to_owned(),
        [only] => format!("the layers of {}", short(only)),
        [first, others @ ..] => format!("the layers of {} and {} more", short(first), others.len()),
    }
}

/// The beginning of an instruction without the builder's own words around it.
fn short(instruction: &str) -> String {
    const LONGEST: usize = 40;
    let text = instruction.replace("/bin/sh -c ", "").replace(" # buildkit", "");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

fn time_ratios(baseline: &Record, run: &Record) -> Vec<Outcome> {
    let measures = || Measure::ALL.into_iter().filter(|m| m.unit() == Unit::Seconds);
    let variants = run.run.plan.iter();
    variants.flat_map(|planned| measures().filter_map(move |measure| time_ratio(baseline, run, planned, measure))).collect()
}

/// How many times the reference's time is the variant's, in both runs; `None` for the reference, and where the baseline
/// has no such time.
fn time_ratio(baseline: &Record, run: &Record, planned: &PlannedVariant, measure: Measure) -> Option<Outcome> {
    let of = &reference(&run.run, &planned.scenario)?.variant;
    if *of == planned.variant {
        return None;
    }
    let sides = |record| Some((estimate(record, planned, of, measure)?, estimate(record, planned, &planned.variant, measure)?));
    let old = sides(baseline)?;
    let new = sides(run);
    let ratio = |(over, under): &(Estimate, Estimate)| Ratio::of(over, under);
    let (before, after) = (ratio(&old), new.as_ref().and_then(ratio));
    let values = new.as_ref().map(|(over, under)| over.n.min(under.n)).unwrap_or_default();
    let finding = Finding {
        scenario: planned.scenario.clone(),
        subject: Subject::Ratio { of: of.clone(), to: planned.variant.clone() },
        measure,
        phase: None,
        cache_state: "cold".to_owned(),
        edit: None,
        definition: None,
        baseline: before.map(|r| r.value),
        run: after.map(|r| r.value),
        verdict: time_verdict(baseline, run, (before, old.0.n.min(old.1.n)), (after, values)),
    };
    Some(Outcome { finding, remark: intervals(before, after) })
}

fn estimate(record: &Record, planned: &PlannedVariant, variant: &str, measure: Measure) -> Option<Estimate> {
    let series = record.series();
    let found = series.iter().find(|s| {
        let key = &s.key;
        key.scenario == planned.scenario
            && key.variant == variant
            && key.measure == measure
            && key.phase.is_none()
            && key.cache_state == "cold"
    });
    Estimate::of(&found?.sample)
}

/// Reproduced where the intervals meet, on any host. Where they are apart, the same host means drift; another host is
/// reason enough.
fn time_verdict(baseline: &Record, run: &Record, (old, before): (Option<Ratio>, usize), (new, after): (Option<Ratio>, usize)) -> Verdict {
    let (had, has) = (&baseline.run.conditions, &run.run.conditions);
    if let Some(condition) = unequal_setting(had, has) {
        return Verdict::NotComparable { condition };
    }
    let (Some(old), Some(new), true) = (old, new, before.min(after) >= MIN_RATIO_TIMES) else {
        let condition = format!(
            "a verdict on a ratio of times needs {MIN_RATIO_TIMES} values a side: there are {before} in the baseline, {after} here"
        );
        return Verdict::NotComparable { condition };
    };
    let change = new.value / old.value - 1.0;
    let apart = old.interval.zip(new.interval).is_none_or(|(old, new)| old.high < new.low || new.high < old.low);
    match unequal_host(had, has) {
        _ if !apart || change.abs() <= TIME_RATIO_EFFECT => Verdict::Reproduced,
        Some(condition) => Verdict::NotComparable { condition },
        None => Verdict::Drifted { change },
    }
}

fn intervals(old: Option<Ratio>, new: Option<Ratio>) -> Option<String> {
    let text = |ratio: Option<Ratio>| ratio.and_then(|r| r.interval).map(|i| format!("{:.2}–{:.2}", i.low, i.high));
    Some(format!("{} in the baseline, {} here", text(old)?, text(new)?))
}
