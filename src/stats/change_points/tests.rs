use proptest::prelude::*;

use super::*;

/// A normally distributed number, by the transformation of Box and Muller.
fn gauss(random: &mut fastrand::Rng) -> f64 {
    (-2.0 * random.f64().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

/// Values with noise of 2 % about a level that the place decides.
fn noisy(n: usize, seed: u64, level: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|i| level(i) * (1.0 + 0.02 * gauss(&mut random))).collect()
}

fn places(values: &[f64]) -> Vec<usize> {
    change_points(values).into_iter().map(|point| point.at).collect()
}

#[test]
fn a_step_is_placed_where_it_is_and_has_both_levels() {
    let found = change_points(&noisy(60, 1, |i| if i < 33 { 10.0 } else { 11.0 }));
    let [point] = found[..] else { panic!("{found:?}") };
    assert_eq!(point.at, 33);
    assert!((point.before - 10.0).abs() < 0.1 && (point.after - 11.0).abs() < 0.1, "{point:?}");
    assert!(point.relative().is_some_and(|change| (change - 0.1).abs() < 0.02), "{point:?}");
}

#[test]
fn a_level_that_came_and_went_is_two_steps() {
    let found = (0..40).filter(|seed| {
        let found = places(&noisy(200, *seed, |i| if (90..105).contains(&i) { 11.0 } else { 10.0 }));
        matches!(found[..], [up, down] if up.abs_diff(90) <= 1 && down.abs_diff(105) <= 1)
    });
    assert!(found.count() >= 36);
}

#[test]
fn a_short_level_is_found_in_a_long_history() {
    for (runs, length, level) in [(500, 20, 10.5), (1_000, 20, 10.5), (500, 10, 11.0), (1_000, 12, 11.0)] {
        let found = |seed: u64| {
            let first = runs / 3 + 13 * usize::try_from(seed).expect("a few");
            let found = places(&noisy(runs, 3_000 + seed, |i| if (first..first + length).contains(&i) { level } else { 10.0 }));
            [first, first + length].into_iter().filter(|step| found.iter().any(|at| at.abs_diff(*step) <= 2)).count()
        };
        let found: usize = (0..20).map(found).sum();
        assert!(found >= 36, "{length} runs of {runs}: {found} of 40 steps");
    }
}

#[test]
fn five_values_of_a_clear_new_level_are_enough() {
    let found = |from: usize, seed: u64| places(&noisy(60, seed, |i| if i < from { 10.0 } else { 12.0 }));
    let five = (0..40).filter(|seed| found(55, *seed) == [55]).count();
    assert!(five >= 30, "{five} of 40");
    let three = (0..40).filter(|seed| !found(57, *seed).is_empty()).count();
    assert!(three <= 4, "{three} of 40");
}

#[test]
fn values_far_from_their_neighbours_are_no_step() {
    let mut values = noisy(80, 4, |_| 10.0);
    for i in [5, 17, 18, 40, 63, 79] {
        values[i] *= 3.0;
    }
    assert_eq!(places(&values), [] as [usize; 0]);
}

#[test]
fn too_few_values_equal_ones_and_what_is_no_number_have_no_point() {
    for values in [vec![], vec![1.0; 9], vec![7.0; 300], [vec![1.0; 20], vec![f64::NAN], vec![2.0; 20]].concat()] {
        assert_eq!(change_points(&values), []);
    }
}

#[test]
fn a_step_between_two_constant_levels_is_found() {
    assert_eq!(places(&[vec![3.0; 12], vec![4.0; 9]].concat()), [12]);
}

/// The table in `docs/history.md` has many more rounds.
#[test]
fn flat_series_are_calm_and_steps_are_found() {
    let flat = (0..200).filter(|seed| !places(&noisy(200, 1_000 + seed, |_| 10.0)).is_empty()).count();
    assert!(flat <= 10, "{flat} of 200");
    let found =
        |seed: &u64| places(&noisy(200, 2_000 + seed, |i| if i < 120 { 10.0 } else { 10.5 })).iter().any(|at| at.abs_diff(120) <= 2);
    let found = (0..200).filter(found).count();
    assert!(found >= 188, "{found} of 200");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn points_are_in_order_leave_two_values_a_level_and_do_not_depend_on_the_unit(
        values in prop::collection::vec(0.5..2.0_f64, 0..120),
        step in 1.0..3.0_f64,
    ) {
        let values: Vec<f64> = values.iter().enumerate().map(|(i, v)| if i % 50 < 25 { *v } else { v * step }).collect();
        let found = places(&values);
        prop_assert!(found.windows(2).all(|pair| pair[0] + 2 <= pair[1]), "{found:?}");
        prop_assert!(found.iter().all(|at| *at >= 2 && at + 2 <= values.len()), "{found:?}");
        // A power of two changes no digit.
        prop_assert_eq!(found, places(&values.iter().map(|v| v * 1_024.0).collect::<Vec<_>>()));
    }
}
