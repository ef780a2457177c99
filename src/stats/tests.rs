use proptest::prelude::*;

use super::*;

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[test]
fn the_median_of_an_even_sample_is_the_mean_of_the_middle_two() {
    assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
}

#[test]
fn an_empty_sample_has_no_statistic() {
    assert_eq!(median(&[]), None);
    assert_eq!(Estimate::of(&[]), None);
}

#[test]
fn a_sample_with_a_value_that_is_no_number_has_no_statistic() {
    assert_eq!(Estimate::of(&[1.0, f64::NAN]), None);
    assert_eq!(median(&[1.0, f64::INFINITY]), None);
}

#[test]
fn the_median_absolute_deviation_ignores_one_outlier() {
    // The example of the measure's usual definition: distances 1 1 0 0 2 4 7 → median 1.
    assert_eq!(median_absolute_deviation(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), Some(1.0));
}

#[test]
fn one_value_has_an_estimate_and_no_interval() {
    let estimate = Estimate::of(&[3.5]).expect("a value");
    assert_eq!((estimate.median, estimate.mad, estimate.interval), (3.5, 0.0, None));
}

#[test]
fn small_samples_state_the_coverage_that_their_range_really_has() {
    for (n, coverage) in [(2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375), (6, 0.96875)] {
        let values: Vec<f64> = (1..=n).map(f64::from).collect();
        let interval = median_interval(&values).expect("two values or more");
        assert_eq!((interval.low, interval.high), (1.0, f64::from(n)));
        assert!(close(interval.coverage, coverage), "{n}: {}", interval.coverage);
    }
}

#[test]
fn the_ranks_for_larger_samples_are_those_of_the_published_tables() {
    // n, rank of the lower end, coverage: the sign test's two-sided 5 % points.
    for (n, rank, coverage) in
        [(8, 1, 0.992_187_5), (9, 2, 0.960_937_5), (12, 3, 0.961_425_781_25), (15, 4, 0.964_843_75), (19, 5, 0.980_789_184_570_312_5)]
    {
        let values: Vec<f64> = (1..=n).map(f64::from).collect();
        let interval = median_interval(&values).expect("two values or more");
        assert_eq!((interval.low, interval.high), (f64::from(rank), f64::from(n + 1 - rank)));
        assert!(close(interval.coverage, coverage), "{n}: {}", interval.coverage);
    }
}

#[test]
fn the_stated_coverage_is_the_one_that_resampling_finds() {
    let mut random = fastrand::Rng::with_seed(7);
    let rounds = 20_000;
    let mut covered = 0;
    for _ in 0..rounds {
        let sample: Vec<f64> = (0..5).map(|_| random.f64()).collect();
        let interval = median_interval(&sample).expect("five values");
        covered += u32::from(interval.low <= 0.5 && 0.5 <= interval.high);
    }
    // Four standard errors of a proportion of 0.9375 in 20,000 rounds; the seed is fixed.
    let found = f64::from(covered) / f64::from(rounds);
    assert!((found - 0.9375).abs() < 0.007, "{found}");
}

fn sample() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.0..1e12, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_values_does_not_matter(mut values in sample()) {
        let before = Estimate::of(&values);
        values.reverse();
        prop_assert_eq!(before, Estimate::of(&values));
    }

    #[test]
    fn every_statistic_lies_within_the_range(values in sample()) {
        let e = Estimate::of(&values).expect("not empty");
        prop_assert!(e.min <= e.median && e.median <= e.max);
        prop_assert!(0.0 <= e.mad && e.mad <= e.max - e.min);
        if let Some(i) = e.interval {
            prop_assert!(e.min <= i.low && i.low <= e.median && e.median <= i.high && i.high <= e.max);
            prop_assert!(values.contains(&i.low) && values.contains(&i.high));
        }
    }

    #[test]
    fn from_six_values_on_the_coverage_is_reached(n in 6_u32..1_000) {
        let values: Vec<f64> = (0..n).map(f64::from).collect();
        let coverage = median_interval(&values).expect("values enough").coverage;
        prop_assert!((0.95..1.0).contains(&coverage), "{}", coverage);
    }

    #[test]
    fn shifting_a_sample_shifts_its_median_and_not_its_spread(values in prop::collection::vec(0_u32..1_000_000, 1..40), by in 0_u32..1_000_000) {
        let plain: Vec<f64> = values.iter().copied().map(f64::from).collect();
        let shifted: Vec<f64> = plain.iter().map(|v| v + f64::from(by)).collect();
        prop_assert_eq!(median(&plain).map(|m| m + f64::from(by)), median(&shifted));
        prop_assert_eq!(median_absolute_deviation(&plain), median_absolute_deviation(&shifted));
    }

    #[test]
    fn nothing_but_a_drift_depends_on_the_order(values in times(), seed in any::<u64>()) {
        let mut shuffled = values.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        prop_assert_eq!(median_interval(&values), median_interval(&shuffled));
        prop_assert_eq!(Change::unpaired(&values, &[1.0, 2.0, 3.0]), Change::unpaired(&shuffled, &[1.0, 2.0, 3.0]));
        prop_assert_eq!(Bounds::of(&values), Bounds::of(&shuffled));
        prop_assert_eq!(enough(&values, 0.05), enough(&shuffled, 0.05));
    }

    #[test]
    fn another_unit_changes_no_share_and_scales_every_interval(values in times(), power in -8..8_i32) {
        let by = 2.0_f64.powi(power);
        let scaled: Vec<f64> = values.iter().map(|v| v * by).collect();
        let times = |i: Interval| Interval { low: i.low * by, high: i.high * by, ..i };
        prop_assert_eq!(median_interval(&values).map(times), median_interval(&scaled));
        prop_assert_eq!(enough(&values, 0.05), enough(&scaled, 0.05));
        prop_assert_eq!(coefficient_of_variation(&values), coefficient_of_variation(&scaled));
        prop_assert_eq!(robust_coefficient_of_variation(&values), robust_coefficient_of_variation(&scaled));
        prop_assert_eq!(outliers(&values), outliers(&scaled));
        prop_assert_eq!(Drift::of(&values), Drift::of(&scaled));
        if let Some(change) = Change::unpaired(&values, &scaled) {
            prop_assert!((change.value + 1.0 - by).abs() <= by * 1e-9);
            prop_assert!(change.interval.low <= change.value && change.value <= change.interval.high);
        }
        if let Some(change) = Change::paired(&values, &scaled) {
            prop_assert!((change.value + 1.0 - by).abs() <= by * 1e-9 && change.interval.high - change.interval.low <= by * 1e-9);
        }
    }

    #[test]
    fn a_shift_moves_the_interval_along(values in prop::collection::vec(0_u32..1_000_000, 2..40), by in 0_u32..1_000_000) {
        let plain: Vec<f64> = values.iter().copied().map(f64::from).collect();
        let shifted: Vec<f64> = plain.iter().map(|v| v + f64::from(by)).collect();
        let moved = |i: Interval| Interval { low: i.low + f64::from(by), high: i.high + f64::from(by), ..i };
        prop_assert_eq!(median_interval(&plain).map(moved), median_interval(&shifted));
        prop_assert_eq!(outliers(&plain), outliers(&shifted));
    }

    #[test]
    fn the_way_back_is_the_other_way_round(one in times(), other in times()) {
        let there = Change::unpaired(&one, &other);
        let back = Change::unpaired(&other, &one);
        prop_assert_eq!(there.is_some(), back.is_some());
        if let (Some(there), Some(back)) = (there, back) {
            prop_assert!(((1.0 + there.interval.low) * (1.0 + back.interval.high) - 1.0).abs() < 1e-9);
            prop_assert!(close(there.interval.coverage, back.interval.coverage));
        }
    }

    #[test]
    fn any_numbers_are_survived(values in prop::collection::vec(any::<f64>(), 0..30), other in prop::collection::vec(any::<f64>(), 0..30), share in any::<f64>()) {
        let _ = (Estimate::of(&values), Drift::of(&values), outliers(&values), enough(&values, share));
        let _ = (coefficient_of_variation(&values), robust_coefficient_of_variation(&values));
        let _ = (Change::unpaired(&values, &other).map(|c| c.standing(share)), Change::paired(&values, &other));
    }
}

fn times() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.01..1e4_f64, 1..40)
}

#[test]
fn a_change_takes_the_quotients_that_the_tables_of_mann_and_whitney_name() {
    // With 7 and 7 values 8 of the 49 quotients are left out at each end: 96.2 %.
    let before: Vec<f64> = (0..7).map(|i| 1.03_f64.powi(i)).collect();
    let after: Vec<f64> = before.iter().map(|v| v * 1.5).collect();
    let change = Change::unpaired(&before, &after).expect("a change");
    let mut quotients: Vec<f64> = after.iter().flat_map(|a| before.iter().map(move |b| a / b)).collect();
    quotients.sort_by(f64::total_cmp);
    assert_eq!((change.interval.low, change.interval.high), (quotients[8] - 1.0, quotients[40] - 1.0));
    assert!(close(change.value, 0.5) && close(change.interval.coverage, 0.962_121_212_121_212_1), "{change:?}");
    assert_eq!((change.n, change.paired), (7, false));
}

#[test]
fn a_change_stands_where_its_whole_interval_stands() {
    let change = |low: f64, high: f64, n| Change {
        value: f64::midpoint(low, high),
        interval: Interval { low, high, coverage: 0.96 },
        n,
        paired: false,
    };
    assert_eq!(change(0.06, 0.1, 7).standing(0.05), Standing::More);
    assert_eq!(change(0.04, 0.1, 7).standing(0.05), Standing::Unclear);
    assert_eq!(change(-0.04, 0.04, 7).standing(0.05), Standing::Same);
    assert_eq!(change(-0.3, -0.06, 7).standing(0.05), Standing::Less);
    assert_eq!(change(0.06, 0.1, 6).standing(0.05), Standing::TooFew);
    let unsure = Change { interval: Interval { coverage: 0.9, ..change(0.06, 0.1, 7).interval }, ..change(0.06, 0.1, 7) };
    assert_eq!(unsure.standing(0.05), Standing::TooFew);
}

#[test]
fn samples_that_cannot_be_divided_or_paired_have_no_change() {
    assert_eq!(Change::unpaired(&[1.0, 0.0], &[1.0, 2.0]), None);
    assert_eq!(Change::unpaired(&[1.0], &[1.0, 2.0]), None);
    assert_eq!(Change::paired(&[1.0, 2.0, 3.0], &[1.0, 2.0]), None);
}

#[test]
fn one_disturbed_trial_of_eight_is_marked_in_its_place() {
    let values = [10.0, 10.1, 9.9, 10.2, 14.0, 9.8, 10.0, 10.1];
    assert_eq!(outliers(&values), [false, false, false, false, true, false, false, false]);
    assert_eq!(outliers(&values[..6]), [false; 6], "six values mark nothing");
    assert_eq!(outliers(&[5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 9.0]), [false; 7], "equal values have no scale");
}

#[test]
fn seven_values_that_only_rise_are_a_drift() {
    let drift = Drift::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).expect("values enough");
    assert!(drift.is_there() && drift.exact && close(drift.tau, 1.0) && close(drift.p, 2.0 / 5_040.0), "{drift:?}");
    assert!(drift.relative.is_some_and(|r| close(r, 1.5)), "{drift:?}");
    let level = Drift::of(&[3.0; 8]).expect("values enough");
    assert!(!level.is_there() && !level.exact && close(level.p, 1.0), "{level:?}");
    assert_eq!(Drift::of(&[1.0, 2.0, 3.0, 4.0, 5.0]), None);
}

#[test]
fn variation_is_in_proportion_to_the_middle() {
    assert!(coefficient_of_variation(&[9.0, 10.0, 11.0]).is_some_and(|v| close(v, 0.1)));
    assert!(robust_coefficient_of_variation(&[9.0, 10.0, 11.0, 90.0, 10.0]).is_some_and(|v| close(v, 0.148_260_221_850_560_2)));
    assert_eq!((coefficient_of_variation(&[1.0]), robust_coefficient_of_variation(&[-1.0, -2.0])), (None, None));
}

#[test]
fn trials_are_enough_when_the_interval_is_as_narrow_as_wanted_and_not_before_seven() {
    let narrow = [10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.0];
    let precision = enough(&narrow, 0.05);
    assert!(precision.enough && precision.half_width.is_some_and(|h| close(h, 0.02)) && precision.about == Some(7), "{precision:?}");
    assert!(!enough(&narrow[..6], 0.05).enough);
    let wide = enough(&narrow, 0.01);
    assert_eq!((wide.enough, wide.about), (false, Some(28)));
    assert_eq!(enough(&[], 0.05), Precision { half_width: None, enough: false, about: None });
}
