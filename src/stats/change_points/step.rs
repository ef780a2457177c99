//! Whether a window holds a change of level that chance alone would not show.
//!
//! The ranks of different values are in every order equally often, so that how seldom a sum of them is depends on their number alone and
//! can be counted out or bounded; equal values have shuffles alone. A bound is only ever too large: it calls fewer windows clear.

use std::f64::consts::TAU;

use super::SHORTEST_LEVEL;
use super::place::{are_distinct, centred_ranks, scale};
use super::shuffle::Shuffle;
use crate::stats::ranks::mann_whitney_at_most;

/// Shuffles behind a verdict, where [`REACHED`] does not take more; fewer where it is clear early.
const SHUFFLES: f64 = 1_999.0;
/// How many shuffles are as clear as the series, at the significance that is asked for: the fewest on which a verdict is given.
const REACHED: f64 = 5.0;
/// The first shuffles, of which none may be as clear: most windows hold nothing, and few shuffles say so. At most so many, and so few that
/// a window of just the significance that is asked for passes in nine of ten cases.
const FIRST: f64 = 499.0;
/// The longest window whose rank sums are counted out. In wider ones a step of any use is far beyond the normal bound.
const COUNTED: usize = 64;
/// Below it no window of any length is significant, so that nothing need be shuffled.
const NEVER: f64 = 2.4;

/// Where `values` changed their level, if chance alone gives a change as clear in at most a share of `significance`.
pub(super) fn step(values: &[f64], significance: f64) -> Option<usize> {
    if values.len() < 2 * SHORTEST_LEVEL {
        return None;
    }
    let mut ranks = centred_ranks(values);
    let scale = scale(&ranks)?;
    let (at, clearest) = largest(&ranks, &scale);
    if clearest < NEVER {
        return None;
    }
    let sure = are_distinct(&ranks) && by_normal(ranks.len(), clearest) <= significance;
    (sure || is_seldom(&mut ranks, &scale, clearest, significance)).then_some(at)
}

/// Whether chance reaches `clearest` in at most a share of `significance`, the series itself counted among the shuffles. Ends as soon
/// as the answer is no (Besag and Clifford, Sequential Monte Carlo p-values, Biometrika 78 (1991)), or early because one of the
/// [`FIRST`] is as clear. Where it takes more than [`SHUFFLES`], bounds decide of different values.
fn is_seldom(ranks: &mut [f64], scale: &[f64], clearest: f64, significance: f64) -> bool {
    let shuffles = SHUFFLES.max((REACHED / significance).ceil());
    let first = if shuffles > SHUFFLES { FIRST.min(0.1 / significance) } else { 0.0 };
    let n = ranks.len();
    let are_different = are_distinct(ranks);
    let mut shuffle = Shuffle::new(n);
    let mut as_clear = || {
        shuffle.shuffle(ranks);
        largest(ranks, scale).1 >= clearest - 1e-9
    };
    let (mut done, mut left) = (0.0, significance * (shuffles + 1.0) - 1.0);
    while done < first {
        if as_clear() {
            return false;
        }
        done += 1.0;
    }
    if are_different && first > 0.0 {
        return n <= COUNTED && by_counting(n, clearest) <= significance;
    }
    while done < shuffles && left >= 0.0 {
        left -= f64::from(u8::from(as_clear()));
        done += 1.0;
    }
    left >= 0.0
}

/// A bound of how often chance reaches `clearest` anywhere among `n` different values: what each place gives, added up (Boole). Rank
/// sums have lighter tails than the normal distribution, whose tail is below φ(z)/z.
fn by_normal(n: usize, clearest: f64) -> f64 {
    2.0 * n as f64 * (-0.5 * clearest * clearest).exp() / (clearest * TAU.sqrt())
}

/// A closer bound: the same sum over what each place gives exactly (Mann and Whitney).
fn by_counting(n: usize, clearest: f64) -> f64 {
    let at = |t: usize| {
        let (t, rest) = (t.min(n - t), t.max(n - t));
        let pairs = (t * rest) as f64;
        let most = pairs / 2.0 - clearest * (pairs * (n as f64 + 1.0) / 12.0).sqrt() + 1e-9;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 0, and far below any limit")]
        let within = (most >= 0.0).then(|| mann_whitney_at_most(t, rest, most as usize));
        2.0 * within.unwrap_or(0.0)
    };
    (SHORTEST_LEVEL..=n - SHORTEST_LEVEL).map(at).sum()
}

/// The place with the largest standardised sum of the ranks before it, and that sum.
fn largest(ranks: &[f64], scale: &[f64]) -> (usize, f64) {
    let (mut sum, mut best) = (ranks[..SHORTEST_LEVEL - 1].iter().sum::<f64>(), (0, 0.0));
    for at in SHORTEST_LEVEL..=ranks.len() - SHORTEST_LEVEL {
        sum += ranks[at - 1];
        let clear = (sum * scale[at]).abs();
        if clear > best.1 {
            best = (at, clear);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often shuffles of `n` different values reach each of `clear`.
    fn by_shuffles(n: usize, clear: [f64; 3], shuffles: u32) -> [f64; 3] {
        let mut ranks = centred_ranks(&(0..n).map(|i| i as f64).collect::<Vec<_>>());
        let scale = scale(&ranks).expect("they differ");
        let mut shuffle = Shuffle::new(n);
        let mut reached = [0_u32; 3];
        for _ in 0..shuffles {
            shuffle.shuffle(&mut ranks);
            let found = largest(&ranks, &scale).1;
            reached.iter_mut().zip(clear).filter(|(_, clear)| found >= clear - 1e-9).for_each(|(n, _)| *n += 1);
        }
        reached.map(|n| f64::from(n) / f64::from(shuffles))
    }

    #[test]
    fn ten_values_in_two_halves_are_as_seldom_as_one_counts_by_hand() {
        let halves: Vec<f64> = (0..10).map(f64::from).collect();
        let ranks = centred_ranks(&halves);
        let (at, clearest) = largest(&ranks, &scale(&ranks).expect("they differ"));
        // Of the C(10, 5) = 252 ways to choose the ranks of the first half, two are as clear.
        assert!(at == 5 && (by_counting(10, clearest) - 2.0 / 252.0).abs() < 1e-12);
        assert_eq!((step(&halves, 2.0 / 252.0 + 1e-9), step(&halves, 1e-3)), (Some(5), None));
    }

    #[test]
    fn bounds_are_never_below_what_shuffles_show_and_counting_is_the_closer_one() {
        for n in [20, 31, 64] {
            let clear = [2.8, 3.2, 3.5];
            for (clear, shown) in clear.into_iter().zip(by_shuffles(n, clear, 20_000)) {
                let (counted, normal) = (by_counting(n, clear), by_normal(n, clear));
                assert!(shown <= counted && counted <= normal && counted <= 8.0 * shown, "{n} {clear}: {shown} {counted} {normal}");
            }
        }
    }

    #[test]
    fn a_narrow_window_is_clear_at_a_significance_far_below_what_a_few_thousand_shuffles_show() {
        let values: Vec<f64> = (0..31).map(|i| f64::from(i * 7 % 5) + if i < 20 { 0.0 } else { 10.0 } + f64::from(i) * 1e-6).collect();
        assert_eq!(step(&values, 1e-6), Some(20));
    }

    #[test]
    fn odd_values_among_equal_ones_are_judged_by_shuffles_and_no_bound() {
        // Two odd values among the last five of 125 come together by chance in one of some four hundred orders at either end.
        let values: Vec<f64> = (0..125).map(|i| if i == 121 || i == 123 { 2.0 } else { 1.0 }).collect();
        assert_eq!(step(&values, 1e-3), None);
        let level: Vec<f64> = (0..125).map(|i| if i >= 120 { 2.0 } else { 1.0 }).collect();
        assert_eq!(step(&level, 1e-4), Some(120));
    }
}
