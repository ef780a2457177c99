//! Verdicts on samples whose truth is known.

use proptest::prelude::*;

use super::*;

fn key(measure: Measure) -> SeriesKey {
    SeriesKey {
        scenario: "go-api".to_owned(),
        variant: "multi".to_owned(),
        measure,
        definition: None,
        phase: None,
        cache_state: "cold".to_owned(),
        edit: None,
    }
}

fn bytes(old: &[f64], new: &[f64]) -> FigureChange {
    exact(&key(Measure::TransferSize), old, new)
}

fn times(old: &[f64], new: &[f64]) -> FigureChange {
    figure::unpaired(&key(Measure::BuildTime), old, new, NOISE)
}

/// Ten times that lie close to each other around `middle`.
fn steady(middle: f64) -> Vec<f64> {
    (0..10).map(|at| middle * (1.0 + 0.001 * f64::from(at))).collect()
}

#[test]
fn one_byte_more_is_a_regression_and_one_less_an_improvement() {
    let found = bytes(&[1_000.0, 1_000.0], &[1_001.0]);
    assert_eq!((found.verdict, found.difference, found.change), (ChangeVerdict::Regressed, Some(1.0), Some(0.001)));
    assert_eq!(bytes(&[1_000.0], &[999.0]).verdict, ChangeVerdict::Improved);
    assert_eq!(bytes(&[1_000.0], &[1_000.0]).verdict, ChangeVerdict::Equal);
    assert_eq!(bytes(&[0.0], &[5.0]).change, None, "nothing is relative to 0");
}

#[test]
fn bytes_that_differ_from_trial_to_trial_are_within_noise_as_far_as_they_do() {
    assert_eq!(bytes(&[990.0, 1_000.0, 1_010.0], &[1_010.0]).verdict, ChangeVerdict::WithinNoise);
    assert_eq!(bytes(&[1_000.0], &[980.0, 1_003.0, 1_004.0]).verdict, ChangeVerdict::WithinNoise);
    assert_eq!(bytes(&[990.0, 1_000.0, 1_010.0], &[1_011.0]).verdict, ChangeVerdict::Regressed);
}

#[test]
fn a_time_that_is_longer_beyond_noise_is_a_regression() {
    let found = times(&steady(10.0), &steady(11.0));
    assert_eq!(found.verdict, ChangeVerdict::Regressed);
    let interval = found.interval.expect("ten values have one");
    assert!(interval.low > NOISE && interval.low < 0.1 && interval.high > 0.1, "{interval:?}");
    assert_eq!(times(&steady(11.0), &steady(10.0)).verdict, ChangeVerdict::Improved);
    assert_eq!(times(&steady(10.0), &steady(10.05)).verdict, ChangeVerdict::WithinNoise);
}

#[test]
fn few_times_have_an_estimate_and_say_how_many_are_needed() {
    let found = times(&steady(10.0)[..6], &steady(20.0));
    assert_eq!(found.verdict, ChangeVerdict::TooFew { need: 7 });
    assert!(found.change.is_some_and(|change| change > 0.9));
}

#[test]
fn a_time_that_lies_apart_is_set_aside_and_counted() {
    let mut slow = steady(10.0);
    slow[4] = 40.0;
    let found = times(&slow, &steady(11.0));
    assert_eq!((found.set_aside, &found.verdict, found.before_values), (1, &ChangeVerdict::Regressed, 10));
    let few = times(&slow[..7], &steady(11.0));
    assert_eq!(few.set_aside, 0, "too few would be left");
}

#[test]
fn what_happens_in_many_trials_is_no_accident() {
    let mut often = steady(10.0);
    often[..4].iter_mut().for_each(|value| *value *= 4.0);
    assert_eq!(times(&steady(10.0), &often).set_aside, 0);
}

#[test]
fn a_time_of_nothing_has_no_verdict() {
    let found = times(&[0.0; 9], &steady(1.0));
    assert!(matches!(found.verdict, ChangeVerdict::NotComparable { .. }), "{found:?}");
}

#[test]
fn pairs_see_what_slow_iterations_hide() {
    let slowed = |at: u32| 10.0 * (1.0 + f64::from(at % 5));
    let side =
        |factor: f64| -> BTreeMap<u32, f64> { (1..=10).map(|at| (at, slowed(at) * factor * (1.0 + 0.001 * f64::from(at % 3)))).collect() };
    let (old, new) = (side(1.0), side(1.05));
    let build = key(Measure::BuildTime);
    let values = |side: &BTreeMap<u32, f64>| side.values().copied().collect::<Vec<_>>();
    assert_eq!(figure::paired(&build, &old, &new, NOISE).verdict, ChangeVerdict::Regressed);
    assert_eq!(times(&values(&old), &values(&new)).verdict, ChangeVerdict::WithinNoise);
    let half: BTreeMap<u32, f64> = new.into_iter().filter(|(at, _)| at % 2 == 0).collect();
    assert_eq!(figure::paired(&build, &old, &half, NOISE).verdict, ChangeVerdict::TooFew { need: 7 });
}

proptest! {
    #[test]
    fn equal_bytes_are_never_flagged_and_one_per_cent_always_is(hundredth in 1..1_u64 << 40, trials in 1..20_usize) {
        let side = |size: u64| vec![size as f64; trials];
        let size = hundredth * 100;
        prop_assert_eq!(bytes(&side(size), &side(size)).verdict, ChangeVerdict::Equal);
        prop_assert_eq!(bytes(&side(size), &side(size + hundredth)).verdict, ChangeVerdict::Regressed);
        prop_assert_eq!(bytes(&side(size), &side(size - hundredth)).verdict, ChangeVerdict::Improved);
    }

    #[test]
    fn turning_times_round_turns_the_verdict_round(
        old in prop::collection::vec(0.1..100.0_f64, 2..20), new in prop::collection::vec(0.1..100.0_f64, 2..20),
    ) {
        let turned = match times(&new, &old).verdict {
            ChangeVerdict::Improved => ChangeVerdict::Regressed,
            ChangeVerdict::Regressed => ChangeVerdict::Improved,
            other => other,
        };
        prop_assert_eq!(times(&old, &new).verdict, turned);
    }
}
