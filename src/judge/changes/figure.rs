//! The verdict on one figure.

use std::collections::BTreeMap;

use super::{ChangeInterval, ChangeVerdict, FigureChange};
use crate::record::SeriesKey;
use crate::stats::{Change, Estimate, Standing, VERDICT_VALUES, median, outliers};

/// A figure that cannot be compared, and why.
pub(super) fn unjudged(key: &SeriesKey, sides: (Option<&Vec<f64>>, Option<&Vec<f64>>), condition: String) -> FigureChange {
    without(key, sides, ChangeVerdict::NotComparable { condition })
}

/// A figure that is not compared, as `verdict` says.
pub(super) fn without(key: &SeriesKey, (old, new): (Option<&Vec<f64>>, Option<&Vec<f64>>), verdict: ChangeVerdict) -> FigureChange {
    let sample = |sample: Option<&Vec<f64>>| sample.cloned().unwrap_or_default();
    FigureChange { difference: None, ..figure(key, &sample(old), &sample(new), verdict) }
}

/// Whole numbers: any difference counts. Where the trials of one side differ among themselves, as compressed sizes do when archive
/// headers carry times, a median of the other side among them is no difference.
pub(super) fn exact(key: &SeriesKey, old: &[f64], new: &[f64]) -> FigureChange {
    let (Some(before), Some(after)) = (Estimate::of(old), Estimate::of(new)) else {
        return unjudged(key, (None, None), "a sample is empty or has a value that is no number".to_owned());
    };
    let among = |value: f64, side: &Estimate| side.min <= value && value <= side.max;
    let verdict = match after.median.total_cmp(&before.median) {
        std::cmp::Ordering::Equal => ChangeVerdict::Equal,
        _ if among(after.median, &before) || among(before.median, &after) => ChangeVerdict::WithinNoise,
        std::cmp::Ordering::Less => ChangeVerdict::Improved,
        std::cmp::Ordering::Greater => ChangeVerdict::Regressed,
    };
    let change = Some((after.median - before.median) / before.median).filter(|change| change.is_finite());
    FigureChange { change, ..figure(key, old, new, verdict) }
}

/// Times of two runs.
pub(super) fn unpaired(key: &SeriesKey, old: &[f64], new: &[f64], noise: f64) -> FigureChange {
    let (before, after) = (kept(old, old), kept(new, new));
    let set_aside = old.len() + new.len() - before.len() - after.len();
    FigureChange { set_aside, ..sampled(key, (old, new), Change::unpaired(&before, &after), noise) }
}

/// Times of two variants by iteration: of those that both have.
pub(super) fn paired(key: &SeriesKey, old: &BTreeMap<u32, f64>, new: &BTreeMap<u32, f64>, noise: f64) -> FigureChange {
    let pairs = old.iter().filter_map(|(iteration, before)| Some((*before, *new.get(iteration)?)));
    let (before, after): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let quotients: Vec<f64> = before.iter().zip(&after).map(|(before, after)| after / before).collect();
    let (old, new) = (kept(&before, &quotients), kept(&after, &quotients));
    let set_aside = before.len() - old.len();
    FigureChange { set_aside, ..sampled(key, (&before, &after), Change::paired(&old, &new), noise) }
}

/// The values without those that `by`, which has one for each, marks as lying apart. All of them where too few would be left for a verdict,
/// and where more than a third would go: what happens that often is no accident.
fn kept(values: &[f64], by: &[f64]) -> Vec<f64> {
    let marks = outliers(by);
    let kept: Vec<f64> = values.iter().zip(&marks).filter(|(_, apart)| !**apart).map(|(value, _)| *value).collect();
    let enough = kept.len() >= VERDICT_VALUES && (values.len() - kept.len()) * 3 <= values.len();
    if enough { kept } else { values.to_vec() }
}

/// The verdict is read off the interval of the change.
fn sampled(key: &SeriesKey, (old, new): (&[f64], &[f64]), change: Option<Change>, noise: f64) -> FigureChange {
    let verdict = match change.map(|change| change.standing(noise)) {
        _ if old.len().min(new.len()) < VERDICT_VALUES => ChangeVerdict::TooFew { need: VERDICT_VALUES },
        Some(Standing::TooFew) => ChangeVerdict::TooFew { need: VERDICT_VALUES },
        Some(Standing::Less) => ChangeVerdict::Improved,
        Some(Standing::More) => ChangeVerdict::Regressed,
        Some(Standing::Same | Standing::Unclear) => ChangeVerdict::WithinNoise,
        None => ChangeVerdict::NotComparable {
            condition: "a value is 0, to which nothing is relative, or there are more than a thousand".to_owned(),
        },
    };
    let interval =
        change.map(|Change { interval, .. }| ChangeInterval { low: interval.low, high: interval.high, coverage: interval.coverage });
    FigureChange { change: change.map(|change| change.value), interval, ..figure(key, old, new, verdict) }
}

fn figure(key: &SeriesKey, old: &[f64], new: &[f64], verdict: ChangeVerdict) -> FigureChange {
    let (before, after) = (median(old), median(new));
    FigureChange {
        measure: key.measure,
        definition: key.definition.clone(),
        cache_state: key.cache_state.clone(),
        edit: key.edit.clone(),
        unit: key.measure.unit(),
        before,
        after,
        before_values: old.len(),
        after_values: new.len(),
        set_aside: 0,
        difference: before.zip(after).map(|(before, after)| after - before),
        change: None,
        interval: None,
        verdict,
    }
}
