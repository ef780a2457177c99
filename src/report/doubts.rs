//! What makes a sample of times doubtful: values that lie apart, and a drift over the trials. Nothing is dropped for it.

use super::figures::{Scale, percent};
use crate::measure::Unit;
use crate::record::{Series, state};
use crate::stats::{Drift, median, outliers};

/// A sentence for each doubt about the times of one variant, in the order of its series.
pub(super) fn doubts<'a>(series: impl Iterator<Item = &'a Series>) -> Vec<String> {
    let times = series.filter(|s| s.key.measure.unit() == Unit::Seconds && s.key.phase.is_none());
    times.flat_map(|series| [apart(series), drift(series)]).flatten().collect()
}

/// `push time (cold)`.
fn subject(series: &Series) -> String {
    format!("{} ({})", series.key.measure.title(), state(&series.key.cache_state, series.key.edit.as_deref()))
}

fn apart(series: &Series) -> Option<String> {
    let scale = Scale::new(Unit::Seconds, series.sample.iter().copied());
    let marked = series.sample.iter().zip(outliers(&series.sample)).filter(|(_, apart)| *apart);
    let values: Vec<String> = marked.map(|(value, _)| scale.number(*value)).collect();
    let middle = scale.text(median(&series.sample)?);
    (!values.is_empty()).then(|| {
        format!(
            "{}: {} of {} values apart from the median of {middle}: {}; kept, look at what else ran then",
            subject(series),
            values.len(),
            series.sample.len(),
            values.join(", ")
        )
    })
}

fn drift(series: &Series) -> Option<String> {
    let drift = Drift::of(&series.sample).filter(Drift::is_there)?;
    let (way, by) = (if drift.tau > 0.0 { "rises" } else { "falls" }, percent(drift.relative? * 100.0));
    Some(format!(
        "{}: {way} over the trials, {by} from the first to the last (p = {:.4}); the machine may have changed meanwhile: its median and interval are then of no one state",
        subject(series),
        drift.p
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;
    use crate::record::SeriesKey;

    fn series(measure: Measure, sample: &[f64]) -> Series {
        let key = SeriesKey {
            scenario: "a".to_owned(),
            variant: "b".to_owned(),
            measure,
            definition: None,
            phase: None,
            cache_state: "edit".to_owned(),
            edit: Some("source".to_owned()),
        };
        Series { key, sample: sample.to_vec() }
    }

    #[test]
    fn a_value_apart_is_told_with_the_median_and_stays() {
        let found = doubts([series(Measure::BuildTime, &[5.0, 5.1, 4.9, 5.05, 4.95, 5.02, 9.5])].iter());
        assert_eq!(
            found,
            ["build time (edit source): 1 of 7 values apart from the median of 5.02 s: 9.50; kept, look at what else ran then"]
        );
    }

    #[test]
    fn times_that_rise_from_trial_to_trial_are_told_to_drift() {
        let found = doubts([series(Measure::PushTime, &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6])].iter());
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("push time (edit source): rises over the trials, +46.2 % from the first to the last (p = 0.0004)"),
            "{found:?}"
        );
    }

    #[test]
    fn quiet_times_short_samples_and_bytes_raise_no_doubt() {
        let quiet = series(Measure::PullTime, &[5.0, 5.1, 4.9, 5.05, 4.95, 5.02, 4.98]);
        let few = series(Measure::BuildTime, &[1.0, 2.0, 9.0]);
        let bytes = series(Measure::TransferSize, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 700.0]);
        assert_eq!(doubts([quiet, few, bytes].iter()), Vec::<String>::new());
    }
}
