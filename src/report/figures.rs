//! Numbers as columns and axes print them: one unit and one resolution for all values that are read together.

use crate::measure::Unit;
use crate::units::ByteUnit;

/// The unit and resolution of a column or an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Bytes in one decimal unit.
    Bytes(ByteUnit),
    /// Seconds with so many decimals.
    Seconds(usize),
    /// Plain counts.
    Count,
}

impl Scale {
    /// The scale for `values` of `unit`.
    ///
    /// Bytes are in the unit of the largest value, unless the smallest would read as less than a tenth of it and a
    /// smaller unit keeps the largest below 10,000: 1.13 GB beside 6.8 MB is 1130.0 beside 6.8 MB.
    pub(super) fn new(unit: Unit, values: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = values.clone().fold(0.0, f64::max);
        let smallest = values.filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        match unit {
            Unit::Bytes => Self::Bytes(byte_unit(largest, smallest)),
            Unit::Seconds => Self::Seconds(decimals(smallest)),
            Unit::One => Self::Count,
        }
    }

    /// The scale for two values that are read beside each other: of bytes that differ, in a unit in which they look different.
    pub(super) fn apart(unit: Unit, values: [f64; 2]) -> Self {
        let mut scale = Self::new(unit, values.into_iter());
        while let Self::Bytes(bytes) = scale
            && bytes > ByteUnit::B
            && whole(values[0]) != whole(values[1])
            && scale.number(values[0]) == scale.number(values[1])
        {
            scale = Self::Bytes(smaller(bytes));
        }
        scale
    }

    /// The unit's symbol; none for counts.
    pub(super) fn symbol(self) -> Option<&'static str> {
        match self {
            Self::Bytes(unit) => Some(unit.symbol()),
            Self::Seconds(_) => Some("s"),
            Self::Count => None,
        }
    }

    /// `value` without the unit. A value that would round to zero without being zero is said to be below the smallest
    /// one that can be read.
    pub(super) fn number(self, value: f64) -> String {
        let text = match self {
            Self::Bytes(unit) => unit.number(whole(value)),
            Self::Seconds(decimals) => format!("{value:.decimals$}"),
            Self::Count => return plain(value),
        };
        let reads_as_zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
        if reads_as_zero && value > 0.0 { format!("<{}1", &text[..text.len() - 1]) } else { text }
    }

    /// `value` with the unit.
    pub(super) fn text(self, value: f64) -> String {
        self.symbol().map_or_else(|| self.number(value), |symbol| format!("{} {symbol}", self.number(value)))
    }
}

fn byte_unit(largest: f64, smallest: f64) -> ByteUnit {
    let unit = ByteUnit::for_largest(whole(largest));
    let smaller = smaller(unit);
    let lost = smallest < unit.bytes() as f64 / 10.0;
    if lost && largest < smaller.bytes() as f64 * 1e4 { smaller } else { unit }
}

const fn smaller(unit: ByteUnit) -> ByteUnit {
    match unit {
        ByteUnit::Giga => ByteUnit::Mega,
        ByteUnit::Mega => ByteUnit::Kilo,
        ByteUnit::Kilo | ByteUnit::B => ByteUnit::B,
    }
}

/// Decimals that leave the smallest value two digits, between 2 and 4; one decimal from 100 s on.
fn decimals(smallest: f64) -> usize {
    match smallest {
        s if s < 0.01 => 4,
        s if s < 0.1 => 3,
        s if s < 100.0 => 2,
        _ => 1,
    }
}

/// A value as CSV has it: the shortest text that reads back as the same number, whole numbers without a point.
pub(super) fn plain(value: f64) -> String {
    format!("{value}")
}

/// A relative change in per cent with its sign: `−97.8 %`. Close to −100 % a second decimal keeps changes apart, and
/// nothing that is left of a figure reads as none: the largest fall short of all of it is −99.99 %.
pub(super) fn percent(value: f64) -> String {
    let size = if value > -100.0 && value < -99.99 { 99.99 } else { value.abs() };
    let decimals = if (99.0..100.0).contains(&size) { 2 } else { usize::from(size < 1000.0) };
    let sign = match value {
        _ if format!("{size:.decimals$}").bytes().all(|b| matches!(b, b'0' | b'.')) => "",
        v if v < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{size:.decimals$} %")
}

/// How many times smaller a figure is that differs from another by `change` per cent: `44.5×`, `107×`; below 1 it is
/// larger. `None` where nothing is left.
pub(super) fn times_smaller(change: f64) -> Option<String> {
    let ratio = Some(1.0 / (1.0 + change / 100.0)).filter(|r| r.is_finite() && *r > 0.0)?;
    let decimals = match ratio {
        r if r < 9.95 => 2,
        r if r < 99.5 => 1,
        _ => 0,
    };
    Some(format!("{ratio:.decimals$}×"))
}

/// The nearest whole number of bytes; what is below zero or no number is 0.
pub(super) fn whole(value: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    let bytes = value.round() as u64;
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(unit: Unit, values: &[f64]) -> Vec<String> {
        let scale = Scale::new(unit, values.iter().copied());
        values.iter().map(|v| scale.text(*v)).collect()
    }

    #[test]
    fn a_small_value_beside_a_large_one_keeps_its_digits() {
        assert_eq!(column(Unit::Bytes, &[1_130_000_000.0, 6_812_345.0]), ["1130.0 MB", "6.8 MB"]);
        assert_eq!(column(Unit::Bytes, &[303_281_114.0, 6_812_345.0]), ["303.3 MB", "6.8 MB"]);
        assert_eq!(column(Unit::Seconds, &[12.6, 0.0834]), ["12.600 s", "0.083 s"]);
    }

    #[test]
    fn bytes_that_differ_look_different_beside_each_other() {
        let pair = |values: [f64; 2]| values.map(|v| Scale::apart(Unit::Bytes, values).text(v));
        assert_eq!(pair([7_123_456.0, 7_144_789.0]), ["7123.5 kB", "7144.8 kB"]);
        assert_eq!(pair([303_281_114.0, 303_281_115.0]), ["303281114 B", "303281115 B"]);
        assert_eq!(pair([303_281_114.0, 313_281_114.0]), ["303.3 MB", "313.3 MB"]);
        assert_eq!(pair([303_281_114.0; 2]), ["303.3 MB"; 2]);
    }

    #[test]
    fn what_is_too_small_for_its_column_is_not_printed_as_nothing() {
        assert_eq!(column(Unit::Bytes, &[303_281_114.0, 12.0]), ["303.3 MB", "<0.1 MB"]);
        assert_eq!(column(Unit::Bytes, &[0.0]), ["0 B"]);
    }

    #[test]
    fn changes_have_a_sign_and_none_is_rounded_to_all() {
        assert_eq!(percent(-97.754), "−97.8 %");
        assert_eq!(percent(-99.957), "−99.96 %");
        assert_eq!(percent(-99.999_9), "−99.99 %");
        assert_eq!(percent(5.04), "+5.0 %");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(-0.04), "0.0 %");
        assert_eq!(percent(5_300.0), "+5300 %");
    }

    #[test]
    fn a_ratio_has_three_digits_or_more() {
        let texts = [-97.754, -50.0, -99.064, 25.0, -90.0].map(|change| times_smaller(change).expect("a ratio"));
        assert_eq!(texts, ["44.5×", "2.00×", "107×", "0.80×", "10.0×"]);
        assert_eq!(times_smaller(-100.0), None);
    }

    proptest! {
        #[test]
        fn no_value_above_zero_reads_as_zero(values in prop::collection::vec(1.0..1e13_f64, 1..6)) {
            for text in column(Unit::Bytes, &values).into_iter().chain(column(Unit::Seconds, &values)) {
                prop_assert!(text.bytes().any(|b| (b'1'..=b'9').contains(&b)), "{}", text);
            }
        }
    }
}
