//! A run beside a baseline: figure by figure, and the ratios between variants.

use super::conditions::{obstacle, ratio_obstacle};
use super::reference;
use super::sides::{Sides, definition_differs, median, other_definition};
use crate::measure::{Kind, Measure};
use crate::record::{Record, SeriesKey};
use crate::stats::Estimate;

/// How far a ratio between two variants may move and still count as reproduced. Bases that are rebuilt take in newer
/// packages, which moves their size by a few per cent; a claim such as "40 times smaller" does not hang on that.
pub const RATIO_TOLERANCE: f64 = 0.05;

/// The smallest change of a median time that matters. Smaller ones are within what a machine does by itself.
pub const TIME_EFFECT: f64 = 0.05;

/// Fewer times than this a side give estimates and no verdict: their intervals are too wide to tell anything apart.
pub const MIN_TIMES: usize = 7;

/// A run set beside a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Id of the baseline's run.
    pub baseline: String,
    /// Id of the run.
    pub run: String,
    /// Every figure of either record, then every ratio, in the order of the plan.
    pub findings: Vec<Finding>,
}

impl Comparison {
    /// Whether there is a verdict on at least one figure.
    pub fn has_comparable(&self) -> bool {
        self.findings.iter().any(|f| !matches!(f.verdict, Verdict::NotComparable { .. }))
    }

    /// Whether any figure drifted.
    pub fn has_drift(&self) -> bool {
        self.findings.iter().any(|f| matches!(f.verdict, Verdict::Drifted { .. }))
    }
}

/// One figure in both records.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Scenario name.
    pub scenario: String,
    /// What the figure is of.
    pub subject: Subject,
    /// What was measured.
    pub measure: Measure,
    /// Which part of the measure; absent is the whole.
    pub phase: Option<String>,
    /// `cold`, `warm` or `edit`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    pub edit: Option<String>,
    /// Which definition of the measure.
    pub definition: Option<String>,
    /// Median in the baseline, in the measure's unit or as a plain ratio; absent where it has none.
    pub baseline: Option<f64>,
    /// Median in the run.
    pub run: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

impl Finding {
    /// The cache state with the edit and the definition where there are several, as people read it.
    pub fn state(&self) -> String {
        let state = crate::record::state(&self.cache_state, self.edit.as_deref());
        match &self.definition {
            Some(definition) if self.measure == Measure::DeltaTransferSize => format!("{state} ({definition})"),
            _ => state,
        }
    }

    /// The relative change from the baseline's figure to the run's: 0.1 is a tenth more. Absent where one of them is
    /// missing or the baseline's is 0.
    pub fn change(&self) -> Option<f64> {
        relative(self.baseline?, self.run?).filter(|c| c.is_finite())
    }
}

/// What a figure is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A variant.
    Variant(String),
    /// How many times `of` is `to`.
    Ratio {
        /// The scenario's reference variant.
        of: String,
        /// Another variant.
        to: String,
    },
}

/// What follows from two figures.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Equal: for bytes and counts to the last one, or within what the baseline's own trials differed by; for a ratio
    /// within [`RATIO_TOLERANCE`]; for times as far as noise lets tell.
    Reproduced,
    /// Different.
    Drifted {
        /// Relative to the baseline: 0.1 is a tenth more. Infinite when the baseline is 0.
        change: f64,
    },
    /// No verdict is possible.
    NotComparable {
        /// The condition that differs, in words.
        condition: String,
    },
}

/// Sets every figure of `run` beside the one of `baseline`.
///
/// Bytes and counts are compared as integers where base set, base digests, platform and (for compressed sizes) compressor
/// are equal; ratios between variants where base set and platform are; times where all conditions are equal.
pub fn compare(baseline: &Record, run: &Record) -> Comparison {
    let sides = Sides::new(baseline, run);
    let mut findings: Vec<Finding> = sides.keys().map(|key| sides.figure(key)).collect();
    findings.extend(sides.keys().filter_map(|key| sides.ratio(key)));
    Comparison { baseline: baseline.run.run_id.clone(), run: run.run.run_id.clone(), findings }
}

impl Sides<'_> {
    fn figure(&self, key: SeriesKey) -> Finding {
        let verdict = self
            .obstacle(&key)
            .map_or_else(|| judge(key.measure, &self.old[&key], &self.new[&key]), |condition| Verdict::NotComparable { condition });
        let baseline = median(&self.old, &key);
        let run = median(&self.new, &key);
        finding(Subject::Variant(key.variant.clone()), key, (baseline, run), verdict)
    }

    /// Why the figures of `key` get no verdict; `None` means that both are there and comparable.
    fn obstacle(&self, key: &SeriesKey) -> Option<String> {
        match self.planned(key) {
            Ok(variant) => self.lacking(key).or_else(|| obstacle(key.measure, variant, self.baseline, self.run)),
            Err(words) => Some(words),
        }
    }

    /// The reference variant's figure divided by the one of `key`; `None` where that is no question.
    fn ratio(&self, key: SeriesKey) -> Option<Finding> {
        let asked =
            matches!(key.measure, Measure::TransferSize | Measure::LayerTransferSize | Measure::UncompressedSize | Measure::ReportedSize);
        let of = reference(&self.run.run, &key.scenario)?.variant.clone();
        if !asked || of == key.variant {
            return None;
        }
        let reference_key = SeriesKey { variant: of.clone(), ..key.clone() };
        let quotient = |samples| Some(median(samples, &reference_key)? / median(samples, &key)?).filter(|q: &f64| q.is_finite());
        let (old, new) = (quotient(&self.old), quotient(&self.new));
        let differs =
            if self.old.contains_key(&key) { None } else { other_definition(&self.old, &key).map(|other| definition_differs(other, &key)) };
        let verdict = ratio_verdict(old, new, differs.or_else(|| ratio_obstacle(key.measure, self.baseline, self.run)));
        Some(finding(Subject::Ratio { of, to: key.variant.clone() }, key, (old, new), verdict))
    }
}

fn finding(subject: Subject, key: SeriesKey, (baseline, run): (Option<f64>, Option<f64>), verdict: Verdict) -> Finding {
    let SeriesKey { scenario, measure, definition, phase, cache_state, edit, .. } = key;
    Finding { scenario, subject, measure, phase, cache_state, edit, definition, baseline, run, verdict }
}

fn ratio_verdict(old: Option<f64>, new: Option<f64>, obstacle: Option<String>) -> Verdict {
    let condition = match (old, new, obstacle) {
        (Some(old), Some(new), None) => {
            return match relative(old, new) {
                Some(change) if change.abs() > RATIO_TOLERANCE => Verdict::Drifted { change },
                _ => Verdict::Reproduced,
            };
        }
        (_, _, Some(condition)) => condition,
        (None, _, None) => "the baseline lacks one of the two figures".to_owned(),
        (_, None, None) => "this run lacks one of the two figures".to_owned(),
    };
    Verdict::NotComparable { condition }
}

/// The verdict on two samples whose conditions are equal.
fn judge(measure: Measure, old: &[f64], new: &[f64]) -> Verdict {
    let (Some(old), Some(new)) = (Estimate::of(old), Estimate::of(new)) else {
        return Verdict::NotComparable { condition: "a sample is empty or has a value that is no number".to_owned() };
    };
    match measure.kind() {
        Kind::Exact => judge_exact(&old, &new),
        Kind::Sampled => judge_times(&old, &new),
    }
}

/// Whole numbers are equal or not. Where the baseline's own trials differed (archive headers carry times, which compress
/// to other lengths), anything from its smallest to its largest value is equal.
fn judge_exact(old: &Estimate, new: &Estimate) -> Verdict {
    if old.min <= new.median && new.median <= old.max { Verdict::Reproduced } else { drift(old, new) }
}

/// Times differ when the intervals of their medians do not meet and the medians are further apart than
/// [`TIME_EFFECT`].
fn judge_times(old: &Estimate, new: &Estimate) -> Verdict {
    let (Some(before), Some(after), true) = (old.interval, new.interval, old.n.min(new.n) >= MIN_TIMES) else {
        let condition = format!("a verdict on times needs {MIN_TIMES} values a side: there are {} in the baseline, {} here", old.n, new.n);
        return Verdict::NotComparable { condition };
    };
    let apart = before.high < after.low || after.high < before.low;
    match relative(old.median, new.median) {
        Some(change) if apart && change.abs() > TIME_EFFECT => Verdict::Drifted { change },
        _ => Verdict::Reproduced,
    }
}

fn drift(old: &Estimate, new: &Estimate) -> Verdict {
    Verdict::Drifted { change: relative(old.median, new.median).unwrap_or(f64::INFINITY) }
}

/// The change from `old` to `new` relative to `old`; `None` when both are 0.
fn relative(old: f64, new: f64) -> Option<f64> {
    let change = (new - old) / old;
    (!change.is_nan()).then_some(change)
}
