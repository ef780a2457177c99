//! Every figure that a tracker of benchmarks may follow.

use std::collections::BTreeSet;

use serde_json::Value;

use super::words;
use crate::judge::{Check, Evaluation};
use crate::measure::{Measure, Unit};
use crate::record::{Record, Series, SeriesKey};
use crate::stats::{Estimate, Interval};

/// One figure of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// What it is of.
    pub(super) key: SeriesKey,
    /// The median, in the measure's unit; finite.
    pub(super) value: f64,
    /// Where the median lies, where that is known and both ends are finite.
    pub(super) interval: Option<Interval>,
    /// Number of values; absent where the figure is known from a check alone.
    pub(super) values: Option<usize>,
}

/// The figures of all series of `record`, else those that were held against a limit; each once.
pub(super) fn figures(evaluation: &Evaluation, record: Option<&Record>) -> Vec<Figure> {
    let all: Vec<Figure> = match record {
        Some(record) => record.series().into_iter().filter_map(of_series).collect(),
        None => evaluation.checks.iter().filter_map(of_check).collect(),
    };
    let mut seen = BTreeSet::new();
    all.into_iter().filter(|figure| figure.value.is_finite() && seen.insert(figure.key.clone())).collect()
}

/// The same without parts of measures, for consumers that raise an alarm at any figure: a context's upload of some microseconds doubles by
/// itself, and means nothing.
pub(super) fn whole_figures(evaluation: &Evaluation, record: Option<&Record>) -> Vec<Figure> {
    figures(evaluation, record).into_iter().filter(|figure| figure.key.phase.is_none()).collect()
}

fn of_series(series: Series) -> Option<Figure> {
    let estimate = Estimate::of(&series.sample)?;
    let interval = estimate.interval.filter(|interval| interval.low.is_finite() && interval.high.is_finite());
    Some(Figure { key: series.key, value: estimate.median, interval, values: Some(estimate.n) })
}

fn of_check(check: &Check) -> Option<Figure> {
    let key = SeriesKey {
        scenario: check.scenario.clone(),
        variant: check.variant.clone(),
        measure: check.measure,
        definition: check.definition.clone().or_else(|| check.measure.definition().map(str::to_owned)),
        phase: None,
        cache_state: check.cache_state.clone(),
        edit: check.edit.clone(),
    };
    Some(Figure { key, value: check.actual?, interval: None, values: None })
}

/// Whose figure it is, in the same words in every run: `go-api/multi cold`, `go-api/multi edit source`.
pub(super) fn benchmark(key: &SeriesKey) -> String {
    format!("{} {}", words::subject(&key.scenario, &key.variant), words::state(&key.cache_state, key.edit.as_deref()))
}

/// The measure's id with the definition, where it is not the usual one, and the phase: `delta-transfer-size D10-chain`.
pub(super) fn measure(key: &SeriesKey) -> String {
    let definition = key.definition.as_deref().filter(|definition| Some(*definition) != key.measure.definition());
    [Some(key.measure.id()), definition, key.phase.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The unit's name, one for each measure for ever.
pub(super) const fn unit(measure: Measure) -> &'static str {
    match measure.unit() {
        Unit::Bytes => "bytes",
        Unit::Seconds => "seconds",
        Unit::One => "count",
    }
}

/// `value` as JSON, a whole number without a decimal point.
pub(super) fn number(value: f64) -> Value {
    // 2⁵³: up to here every whole number is exact.
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and bounded by the line above")]
        let whole = value as i64;
        Value::from(whole)
    } else {
        Value::from(value)
    }
}
