//! What the statistics claim, held against populations whose truth is known. Seeds are fixed.

use super::*;

/// A normally distributed number, by the transformation of Box and Muller.
fn gauss(random: &mut fastrand::Rng) -> f64 {
    (-2.0 * random.f64().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

/// Times of about 10 s whose noise is normal.
fn normal(random: &mut fastrand::Rng) -> f64 {
    10.0 + 0.5 * gauss(random)
}

/// Times with a median of 10 s and a long tail.
fn log_normal(random: &mut fastrand::Rng) -> f64 {
    10.0 * (0.4 * gauss(random)).exp()
}

/// Draws one value.
type Draw = fn(&mut fastrand::Rng) -> f64;

const POPULATIONS: [(&str, Draw); 2] = [("normal", normal), ("log-normal", log_normal)];

fn draw(n: usize, random: &mut fastrand::Rng, population: fn(&mut fastrand::Rng) -> f64) -> Vec<f64> {
    (0..n).map(|_| population(random)).collect()
}

/// The share of `rounds` in which something holds.
fn share(rounds: u32, seed: u64, mut holds: impl FnMut(&mut fastrand::Rng) -> bool) -> f64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let held: u32 = (0..rounds).map(|_| u32::from(holds(&mut random))).sum();
    f64::from(held) / f64::from(rounds)
}

fn holds(interval: Interval, truth: f64) -> bool {
    interval.low <= truth && truth <= interval.high
}

/// Four standard errors of a proportion in so many rounds: what chance leaves between a true share and a found one.
fn chance(p: f64, rounds: u32) -> f64 {
    4.0 * (p * (1.0 - p) / f64::from(rounds)).sqrt()
}

#[test]
fn an_interval_of_order_statistics_covers_as_often_as_it_says() {
    for (name, population) in POPULATIONS {
        for n in [3, 7, 12, 19, 31] {
            let stated = median_interval(&(0..n).map(f64::from).collect::<Vec<_>>()).expect("an interval").coverage;
            let n = usize::try_from(n).expect("a few");
            let found = share(3_000, 11, |random| holds(median_interval(&draw(n, random, population)).expect("an interval"), 10.0));
            assert!((found - stated).abs() < chance(stated, 3_000), "{name} {n}: {found} for {stated}");
        }
    }
}

#[test]
fn the_interval_of_a_change_covers_as_often_as_it_says() {
    for (name, population) in POPULATIONS {
        for (n, rounds) in [(4, 2_000), (7, 2_000), (20, 300)] {
            let mut stated = 0.0;
            let found = share(rounds, 13, |random| {
                let before = draw(n, random, population);
                let after: Vec<f64> = draw(n, random, population).iter().map(|v| v * 1.1).collect();
                let change = Change::unpaired(&before, &after).expect("a change");
                stated = change.interval.coverage;
                holds(change.interval, 0.1)
            });
            // A normal population's shape is not quite the same after it is multiplied.
            assert!((found - stated).abs() < chance(stated, rounds) + 0.002, "{name} {n}: {found} for {stated}");
        }
    }
}

#[test]
fn pairs_cover_as_often_as_they_say_and_see_what_blocks_hide() {
    let block = |random: &mut fastrand::Rng| (0.5 * gauss(random)).exp();
    let mut widths = (0.0, 0.0);
    let mut stated = 0.0;
    let found = share(2_000, 14, |random| {
        let blocks: Vec<f64> = (0..7).map(|_| block(random)).collect();
        let mut side = |factor: f64| blocks.iter().map(|b| b * factor * normal(random)).collect::<Vec<f64>>();
        let (before, after) = (side(1.0), side(1.1));
        let paired = Change::paired(&before, &after).expect("a change");
        let unpaired = Change::unpaired(&before, &after).expect("a change");
        widths.0 += paired.interval.high - paired.interval.low;
        widths.1 += unpaired.interval.high - unpaired.interval.low;
        stated = paired.interval.coverage;
        holds(paired.interval, 0.1)
    });
    assert!((found - stated).abs() < chance(stated, 2_000), "{found} for {stated}");
    assert!(widths.0 * 5.0 < widths.1, "{widths:?}");
}

#[test]
fn a_change_that_is_not_there_is_rarely_found_and_a_large_one_nearly_always() {
    let standing = |random: &mut fastrand::Rng, factor: f64| {
        let after: Vec<f64> = draw(7, random, normal).iter().map(|v| v * factor).collect();
        Change::unpaired(&draw(7, random, normal), &after).expect("a change").standing(0.0)
    };
    let false_alarms = share(2_000, 15, |random| standing(random, 1.0) != Standing::Unclear);
    assert!(false_alarms < 0.05 + chance(0.05, 2_000) / 2.0, "{false_alarms}");
    let found = share(500, 16, |random| standing(random, 1.2) == Standing::More);
    assert!(found > 0.98, "{found}");
}

#[test]
fn a_drift_is_found_where_there_is_one_and_rarely_elsewhere() {
    for (name, population) in POPULATIONS {
        let found = share(2_000, 17, |random| Drift::of(&draw(10, random, population)).expect("values enough").is_there());
        assert!(found < DRIFT_SIGNIFICANCE + chance(DRIFT_SIGNIFICANCE, 2_000), "{name}: {found}");
    }
    let warming = share(300, 18, |random| {
        let values: Vec<f64> = (0..12).map(|i| normal(random) * (1.0 - 0.02 * f64::from(i))).collect();
        Drift::of(&values).is_some_and(|d| d.is_there() && d.tau < 0.0 && d.relative.is_some_and(|r| r < 0.0))
    });
    assert!(warming > 0.9, "{warming}");
}

#[test]
fn few_values_of_a_normal_sample_are_marked() {
    let mut random = fastrand::Rng::with_seed(19);
    let mut rate = |n: usize| {
        let marked: usize = (0..1_000).map(|_| outliers(&draw(n, &mut random, normal)).iter().filter(|m| **m).count()).sum();
        marked as f64 / (1_000 * n) as f64
    };
    for (n, wanted) in [(7, 1.0 / 32.0), (20, 1.0 / 150.0), (100, 1.0 / 900.0)] {
        let found = rate(n);
        assert!((0.7..1.3).contains(&(found / wanted)), "{n}: {found}");
    }
}
