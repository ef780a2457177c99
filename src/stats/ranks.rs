//! Distributions of rank statistics where nothing but chance decides the ranks.

use std::f64::consts::PI;

/// The largest product of two samples' sizes whose distribution is counted out; above it is taken as normal.
const EXACT_PAIRS: usize = 400;
/// The largest sample whose signed ranks or inversions are counted out.
const EXACT_VALUES: usize = 50;

/// A distribution on 0, 1, 2, …, symmetric about its middle.
pub(super) enum Ranks {
    /// The probability of each value.
    Counted(Vec<f64>),
    /// The normal distribution with that mean and standard deviation, corrected for continuity.
    Normal { mean: f64, deviation: f64 },
}

impl Ranks {
    /// Of the number of pairs in which the value of one sample of `n` exceeds that of another of `m` (Mann and Whitney).
    /// Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition (2014), section 4.1.
    pub(super) fn mann_whitney(n: usize, m: usize) -> Self {
        let (a, b) = (n as f64, m as f64);
        if n.saturating_mul(m) <= EXACT_PAIRS {
            return Self::Counted(probabilities(subsets(n, m, n * m)));
        }
        Self::Normal { mean: a * b / 2.0, deviation: (a * b * (a + b + 1.0) / 12.0).sqrt() }
    }

    /// Of the sum of the ranks of those of `n` values that are positive (Wilcoxon). Source: the same, section 3.1.
    pub(super) fn signed_rank(n: usize) -> Self {
        let a = n as f64;
        if n <= EXACT_VALUES {
            return Self::Counted(probabilities((1..=n).fold(vec![1.0], |counts, rank| added(&counts, &[0, rank]))));
        }
        Self::Normal { mean: a * (a + 1.0) / 4.0, deviation: (a * (a + 1.0) * (2.0 * a + 1.0) / 24.0).sqrt() }
    }

    /// Of the number of inversions in the order of `n` different values (Kendall). `None` above 50, where the caller has the
    /// ties that the normal distribution's variance needs. Source: the same, section 8.1.
    pub(super) fn inversions(n: usize) -> Option<Self> {
        let one_more = |counts: Vec<f64>, n: usize| probabilities(added(&counts, &(0..n).collect::<Vec<_>>()));
        (n <= EXACT_VALUES).then(|| Self::Counted((2..=n).fold(vec![1.0], one_more)))
    }

    /// The coverage of leaving out 0, 1, 2, … of the sorted pair values at each end, as long as something is left.
    pub(super) fn coverages(&self, pairs: usize) -> Vec<f64> {
        (0..pairs.div_ceil(2)).scan(0.0, |below, k| Some(1.0 - 2.0 * self.up_to(k, below))).take_while(|c| *c > 0.0).collect()
    }

    /// The probability of at most `k`; `below` is that of less than `k`, and becomes that of at most `k`.
    fn up_to(&self, k: usize, below: &mut f64) -> f64 {
        *below = match self {
            Self::Counted(probabilities) => *below + probabilities.get(k).copied().unwrap_or(0.0),
            Self::Normal { mean, deviation } => normal_cdf((k as f64 + 0.5 - mean) / deviation),
        };
        *below
    }

    /// The probability of at most `k`.
    pub(super) fn at_most(&self, k: usize) -> f64 {
        match self {
            Self::Counted(probabilities) => probabilities.iter().take(k + 1).sum(),
            Self::Normal { mean, deviation } => normal_cdf((k as f64 + 0.5 - mean) / deviation),
        }
    }
}

/// The probability that the number of pairs in which the value of one sample of `n` exceeds that of another of `m` is at most `most`,
/// counted out whatever the samples' sizes.
pub(super) fn mann_whitney_at_most(n: usize, m: usize, most: usize) -> f64 {
    let all = (1..=n).fold(1.0, |ways, i| ways * (m + i) as f64 / i as f64);
    subsets(n, m, most.min(n * m)).iter().sum::<f64>() / all
}

/// For each sum up to `most`, how many sets of `n` of the numbers 0 to `n + m − 1` exceed the least sum of such a set by it: the
/// coefficients of the Gaussian binomial, ∏ (1 − qᵐ⁺ⁱ) / (1 − qⁱ) for i from 1 to `n`. Source: Andrews, The Theory of Partitions (1976),
/// section 3.2.
fn subsets(n: usize, m: usize, most: usize) -> Vec<f64> {
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for i in 1..=n {
        (m + i..=most).rev().for_each(|sum| ways[sum] -= ways[sum - m - i]);
        (i..=most).for_each(|sum| ways[sum] += ways[sum - i]);
    }
    ways
}

/// The counts of sums of what `counts` counts and one of `steps`.
fn added(counts: &[f64], steps: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; counts.len() + steps.last().copied().unwrap_or(0)];
    for step in steps {
        sums[*step..].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sums
}

fn probabilities(counts: Vec<f64>) -> Vec<f64> {
    let all: f64 = counts.iter().sum();
    counts.into_iter().map(|count| count / all).collect()
}

/// The standard normal distribution's probability below `x`, to within 10⁻¹⁵. Source: Marsaglia, Evaluating the normal
/// distribution, Journal of Statistical Software 11 (2004), issue 4.
pub(super) fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut sum, mut term, mut divisor) = (x, x, 1.0);
    while term.abs() > 1e-18 {
        divisor += 2.0;
        term *= x * x / divisor;
        sum += term;
    }
    (0.5 + sum * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(ranks: &Ranks) -> Vec<f64> {
        match ranks {
            Ranks::Counted(probabilities) => probabilities.clone(),
            Ranks::Normal { .. } => panic!("not counted out"),
        }
    }

    #[test]
    fn small_distributions_are_those_that_one_counts_by_hand() {
        assert_eq!(counted(&Ranks::mann_whitney(2, 2)), [1.0, 1.0, 2.0, 1.0, 1.0].map(|c| c / 6.0));
        assert_eq!(counted(&Ranks::signed_rank(3)), [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0].map(|c| c / 8.0));
        let inversions = counted(&Ranks::inversions(3).expect("few values"));
        assert!(inversions.iter().zip([1.0, 2.0, 2.0, 1.0]).all(|(p, c)| (p - c / 6.0).abs() < 1e-15), "{inversions:?}");
    }

    #[test]
    fn critical_values_are_those_of_the_published_tables() {
        // Two-sided 5 %: Mann and Whitney's U for (7, 7), (10, 10), (20, 20) and (5, 8); Wilcoxon's for 7, 10 and 25.
        for ((n, m), critical) in [((7, 7), 8), ((10, 10), 23), ((20, 20), 127), ((5, 8), 6)] {
            let ranks = Ranks::mann_whitney(n, m);
            assert!(ranks.at_most(critical) <= 0.025 && ranks.at_most(critical + 1) > 0.025, "{n} {m}");
        }
        for (n, critical) in [(7, 2), (10, 8), (25, 89)] {
            let ranks = Ranks::signed_rank(n);
            assert!(ranks.at_most(critical) <= 0.025 && ranks.at_most(critical + 1) > 0.025, "{n}");
        }
    }

    #[test]
    fn a_tail_is_counted_as_the_whole_distribution_is() {
        for (n, m) in [(1, 1), (3, 9), (12, 7), (20, 20)] {
            let whole = Ranks::mann_whitney(n, m);
            for most in [0, 1, n * m / 3, n * m, n * m + 1] {
                assert!((mann_whitney_at_most(n, m, most) / whole.at_most(most) - 1.0).abs() < 1e-12, "{n} {m} {most}");
            }
        }
        // C(64, 2) sets, of which one has the least sum.
        assert!((mann_whitney_at_most(2, 62, 0) * 2_016.0 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn counting_and_the_normal_distribution_meet_where_one_takes_over() {
        let exact = Ranks::mann_whitney(20, 20);
        let normal = Ranks::Normal { mean: 200.0, deviation: (400.0_f64 * 41.0 / 12.0).sqrt() };
        assert!((exact.at_most(127) - normal.at_most(127)).abs() < 5e-4);
        let normal = Ranks::Normal { mean: 637.5, deviation: (50.0_f64 * 51.0 * 101.0 / 24.0).sqrt() };
        assert!((Ranks::signed_rank(50).at_most(434) - normal.at_most(434)).abs() < 5e-4);
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (-1.959_963_984_540_054, 0.025), (3.0, 0.998_650_101_968_37)] {
            assert!((normal_cdf(x) - p).abs() < 1e-13, "{x}");
        }
        assert!(normal_cdf(-40.0).abs() < 1e-300 && (normal_cdf(7.9) - 1.0).abs() < 1e-14);
    }
}
