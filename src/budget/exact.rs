//! Arithmetic of limits on bytes and counts, in whole numbers: no limit is off by one for how a fraction is stored.

use super::{Increase, Limit};

/// A share is kept to a millionth: per cents with four decimals.
pub(super) const PARTS: f64 = 1e6;

impl Increase {
    /// The most that a figure may be above `baseline`, whole; what is not whole of it is cut off, as no byte has parts.
    pub fn above(self, baseline: u64) -> u64 {
        let more = match self {
            Self::Share(share) => share_of(baseline, share),
            Self::Amount(amount) => whole(amount),
        };
        baseline.saturating_add(more)
    }
}

/// `share` of `of`, whole, rounded down. A negative share and one that is no number are nothing.
pub fn share_of(of: u64, share: f64) -> u64 {
    let parts = u128::from(whole((share * PARTS).round()));
    u64::try_from(u128::from(of) * parts / 1_000_000).unwrap_or(u64::MAX)
}

/// The whole part of a number; 0 for a negative one and for none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts saturate, and 0 is meant for what is below it")]
pub(super) fn whole(number: f64) -> u64 {
    number as u64
}

impl Limit {
    /// A limit that `figure`, in bytes or counted, keeps with a hundredth to spare, rounded up to three digits in a unit that fits it: a
    /// binary one (MiB) where `now`, the limit as it is written, has one.
    pub fn with_room(figure: u64, bytes: bool, now: &str) -> Self {
        let wanted = figure.saturating_add(figure / 100);
        if bytes && now.ends_with("iB") {
            return binary(wanted);
        }
        let value = rounded_up(wanted);
        Self::Max { value: value as f64, written: if bytes { written(value) } else { value.to_string() } }
    }
}

/// At least `bytes`, in three digits of KiB, MiB or GiB; what is not whole of it is cut off, as where a limit is read.
fn binary(bytes: u64) -> Limit {
    let (unit, size) = match bytes {
        0..0x10_0000 => ("KiB", 1_u128 << 10),
        0x10_0000..0x4000_0000 => ("MiB", 1 << 20),
        _ => ("GiB", 1 << 30),
    };
    let bytes = u128::from(bytes);
    let decimals: u32 = if bytes < 10 * size { 2 } else { u32::from(bytes < 100 * size) };
    let parts = 10_u128.pow(decimals);
    let digits = (bytes * parts).div_ceil(size);
    let number = format!("{}.{:0width$}", digits / parts, digits % parts, width = decimals as usize);
    let number = if decimals > 0 { number.trim_end_matches('0').trim_end_matches('.') } else { number.trim_end_matches(".0") };
    Limit::Max { value: (digits * size / parts) as f64, written: format!("{number} {unit}") }
}

/// The smallest number of three digits and zeros that is at least `number`.
fn rounded_up(number: u64) -> u64 {
    let step = 10_u64.pow(number.max(1).ilog10().saturating_sub(2));
    number.div_ceil(step).saturating_mul(step)
}

/// Bytes of three digits and zeros, exactly, in the unit in which they are 1 to 999.
fn written(value: u64) -> String {
    let unit = crate::units::ByteUnit::for_largest(value);
    let (whole, rest) = (value / unit.bytes(), value % unit.bytes());
    let digits = unit.bytes().ilog10() as usize;
    let decimals = format!("{rest:0digits$}");
    let decimals = decimals.trim_end_matches('0');
    if digits == 0 || decimals.is_empty() { format!("{whole} {unit}") } else { format!("{whole}.{decimals} {unit}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::Measure;

    #[test]
    fn a_share_of_bytes_is_exact() {
        assert_eq!(Increase::Share(0.01).above(1_000), 1_010);
        assert_eq!(Increase::Share(0.01).above(99), 99);
        assert_eq!(Increase::Amount(200_000.0).above(1), 200_001);
        assert_eq!(share_of(837_943_296, 0.29), 243_003_555);
        assert_eq!((share_of(5, -1.0), share_of(5, f64::NAN)), (0, 0));
    }

    #[test]
    fn room_is_a_hundredth_rounded_up_to_three_digits() {
        let text = |figure, bytes| Limit::with_room(figure, bytes, "25 MB").written().to_owned();
        assert_eq!((text(6_812_345, true), text(20_480, true)), ("6.89 MB".to_owned(), "20.7 kB".to_owned()));
        assert_eq!((text(837_943_296, true), text(999, true)), ("847 MB".to_owned(), "1.01 kB".to_owned()));
        assert_eq!((text(9, false), text(1_234, false), text(100, true)), ("9".to_owned(), "1250".to_owned(), "101 B".to_owned()));
    }

    #[test]
    fn a_limit_in_binary_units_stays_in_them() {
        let text = |figure| Limit::with_room(figure, true, "25 MiB").written().to_owned();
        assert_eq!(
            (text(6_812_345), text(20_480), text(837_943_296)),
            ("6.57 MiB".to_owned(), "20.2 KiB".to_owned(), "808 MiB".to_owned())
        );
        assert_eq!((text(1), text(1 << 20), text(1_063_004_406)), ("0.01 KiB".to_owned(), "1.01 MiB".to_owned(), "1024 MiB".to_owned()));
    }

    proptest! {
        #[test]
        fn a_limit_with_room_holds_the_figure_and_reads_back(figure in 1_u64..1_u64 << 50) {
            for measure in [Measure::TransferSize, Measure::FileCount] {
                for now in ["1 GB", "1 GiB"] {
                    let limit = Limit::with_room(figure, measure == Measure::TransferSize, now);
                    let Limit::Max { value, .. } = &limit else { unreachable!("room is a max") };
                    prop_assert!(*value >= figure as f64 && *value <= figure as f64 * 1.021 + 12.0, "{limit:?}");
                    prop_assert_eq!(Limit::max(measure, limit.written()), Ok(limit.clone()));
                }
            }
        }

        #[test]
        fn a_share_is_what_integers_make_of_it(of in 0_u64..1 << 53, parts in 0_u64..10_000_000) {
            let expected = u64::try_from(u128::from(of) * u128::from(parts) / 1_000_000).expect("it fits");
            prop_assert_eq!(share_of(of, parts as f64 / PARTS), expected);
        }
    }
}
