//! How many times one median is another, and how surely.

use super::{Estimate, Interval};

/// The quotient of two medians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Numerator's median divided by the denominator's.
    pub value: f64,
    /// Where the quotient of the populations' medians lies; absent where one of the medians has no interval.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// `over` divided by `under`; `None` when the quotient is no finite number.
    ///
    /// The interval goes from the smallest to the largest quotient of two values within the medians' own intervals. It
    /// fails to hold the true quotient only where one of those two fails, so its coverage is at least c₁ + c₂ − 1, by the
    /// inequality of Bonferroni, whether or not the samples depend on each other. Values are positive, as times are.
    pub fn of(over: &Estimate, under: &Estimate) -> Option<Self> {
        Self::from_medians((over.median, over.interval), (under.median, under.interval))
    }

    /// The same from medians and their intervals.
    pub fn from_medians(over: (f64, Option<Interval>), under: (f64, Option<Interval>)) -> Option<Self> {
        let value = Some(over.0 / under.0).filter(|q| q.is_finite())?;
        let interval = over.1.zip(under.1).map(|(over, under)| Interval {
            low: over.low / under.high,
            high: over.high / under.low,
            coverage: (over.coverage + under.coverage - 1.0).max(0.0),
        });
        Some(Self { value, interval: interval.filter(|i| i.low.is_finite() && i.high.is_finite()) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(over: &[f64], under: &[f64]) -> Option<Ratio> {
        Ratio::of(&Estimate::of(over)?, &Estimate::of(under)?)
    }

    #[test]
    fn the_interval_of_a_quotient_takes_the_ends_of_both() {
        let ratio = ratio(&[2.0, 4.0, 6.0], &[1.0, 2.0, 4.0]).expect("a quotient");
        assert_eq!(ratio, Ratio { value: 2.0, interval: Some(Interval { low: 0.5, high: 6.0, coverage: 0.5 }) });
    }

    #[test]
    fn a_single_value_gives_a_quotient_without_an_interval() {
        assert_eq!(ratio(&[3.0], &[1.0, 2.0]), Some(Ratio { value: 2.0, interval: None }));
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        assert_eq!(ratio(&[3.0], &[0.0]), None);
        assert_eq!(ratio(&[3.0, 3.0], &[0.0, 2.0]).map(|r| r.interval), Some(None));
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_quotient_of_the_medians(
            over in prop::collection::vec(1e-3..1e5_f64, 2..12),
            under in prop::collection::vec(1e-3..1e5_f64, 2..12),
        ) {
            let ratio = ratio(&over, &under).expect("a quotient");
            let interval = ratio.interval.expect("both have one");
            prop_assert!(interval.low <= ratio.value && ratio.value <= interval.high);
            prop_assert!((0.0..=1.0).contains(&interval.coverage));
        }
    }
}
