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
}
