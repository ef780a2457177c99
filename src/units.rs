//! Bytes, seconds, counts and links as people write and read them.
//!
//! Units are decimal (1 MB = 10⁶ B) when printed; binary ones (MiB) are accepted when parsed. A column of figures uses
//! one unit throughout, chosen from its largest value, so that its numbers can be compared by eye.

mod link;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use link::{LinkProfile, LinkProfileError, LinkShape};

/// A decimal unit for byte figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ByteUnit {
    /// 1 B.
    B,
    /// 10³ B.
    Kilo,
    /// 10⁶ B.
    Mega,
    /// 10⁹ B.
    Giga,
}

impl ByteUnit {
    /// The unit in which `largest`, the greatest value of a column or an axis, reads as 1 to 999.
    pub const fn for_largest(largest: u64) -> Self {
        match largest {
            0..1_000 => Self::B,
            1_000..1_000_000 => Self::Kilo,
            1_000_000..1_000_000_000 => Self::Mega,
            _ => Self::Giga,
        }
    }

    /// The unit's symbol: `B`, `kB`, `MB`, `GB`.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::B => "B",
            Self::Kilo => "kB",
            Self::Mega => "MB",
            Self::Giga => "GB",
        }
    }

    /// How many bytes one of this unit is.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::B => 1,
            Self::Kilo => 1_000,
            Self::Mega => 1_000_000,
            Self::Giga => 1_000_000_000,
        }
    }

    /// `value` in this unit as a number without the symbol: whole bytes, one decimal for kB and MB, two for GB.
    pub fn number(self, value: u64) -> String {
        let scaled = value as f64 / self.bytes() as f64;
        match self {
            Self::B => value.to_string(),
            Self::Kilo | Self::Mega => format!("{scaled:.1}"),
            Self::Giga => format!("{scaled:.2}"),
        }
    }
}

impl fmt::Display for ByteUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// `value` bytes with the unit that fits it, for running text: `303.3 MB`.
pub fn bytes(value: u64) -> String {
    let unit = ByteUnit::for_largest(value);
    format!("{} {unit}", unit.number(value))
}

/// A time in seconds with a resolution that fits it, for running text: `82 ms`, `4.13 s`, `2 min 05 s`.
pub fn seconds(value: f64) -> String {
    // Each unit ends where its figure would round to the next one: nothing is 1000 ms or 60.00 s.
    if value < 0.9995 {
        format!("{:.0} ms", value * 1e3)
    } else if value < 59.995 {
        format!("{value:.2} s")
    } else {
        let whole = Duration::try_from_secs_f64(value.round()).unwrap_or(Duration::MAX).as_secs();
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// `n` with its noun in the right number: `1 variant`, `2 variants`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// An amount of processor time: so many processors' worth. Kept to a thousandth; never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cpus(u32);

impl Cpus {
    /// In thousandths of a processor.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// In processors.
    pub fn number(self) -> f64 {
        f64::from(self.0) / 1e3
    }
}

impl FromStr for Cpus {
    type Err = UnitError;

    /// Reads `2` or `1.5`; at least a tenth of a processor, at most 1000.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let number: f64 = text.trim().parse().map_err(|_| UnitError::NoNumber(text.to_owned(), "1.5"))?;
        if !(0.1..=1e3).contains(&number) {
            return Err(UnitError::NoCpus(text.to_owned()));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded and positive by the lines above")]
        Ok(Self((number * 1e3).round() as u32))
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// Why a quantity could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// There is no number in front.
    #[error("'{0}' has no number in front; write a number and a unit, such as \"{1}\"")]
    NoNumber(String, &'static str),
    /// The unit is none that is known.
    #[error("{}; use one of {known}", lacks_or_has(text, unit))]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The part taken for a unit.
        unit: String,
        /// The units that would do.
        known: &'static str,
    },
    /// Not an amount of processors.
    #[error("'{0}' is no number of processors from 0.1 to 1000")]
    NoCpus(String),
    /// The value does not fit.
    #[error("'{0}' is too large")]
    TooLarge(String),
}

fn lacks_or_has(text: &str, unit: &str) -> String {
    if unit.is_empty() { format!("'{text}' has no unit") } else { format!("'{unit}' in '{text}' is no unit known here") }
}

/// Reads a byte quantity: `500 B`, `25 MB` (decimal), `12 MiB` (binary). A bare number is refused: the unit must be said, in its own
/// letters, as `Mb` is a million bits.
pub fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text, "25 MB")?;
    let factor = byte_unit(unit).ok_or_else(|| unknown(text, unit, "B, kB, MB, GB, KiB, MiB, GiB"))?;
    let value = (number * f64::from(factor)).round();
    // 2⁵³ B = 9 PB: up to here every whole number of bytes is exact in the arithmetic above.
    if value > 9_007_199_254_740_992.0 {
        return Err(UnitError::TooLarge(text.to_owned()));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded and non-negative by the lines above")]
    Ok(value as u64)
}

/// How many bytes one of a unit is, decimal or binary.
pub fn byte_unit(unit: &str) -> Option<u32> {
    match unit {
        "B" => Some(1),
        "kB" | "KB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    }
}

/// Reads a duration: `500 ms`, `30 s`, `2 min`, `1 h`, `1h30m`. A bare number is refused: the unit must be said.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let (mut seconds, mut rest) = (0.0, text.trim());
    loop {
        let (number, units) = split(rest, "30 s")?;
        let end = units.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(units.len());
        seconds += number * unit_seconds(&units[..end]).ok_or_else(|| unknown(text, &units[..end], "ms, s, min, h"))?;
        rest = units[end..].trim_start();
        if rest.is_empty() {
            return Duration::try_from_secs_f64(seconds).map_err(|_| UnitError::TooLarge(text.to_owned()));
        }
    }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    match unit {
        "ms" => Some(1e-3),
        "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

fn split<'a>(text: &'a str, example: &'static str) -> Result<(f64, &'a str), UnitError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text[..end].parse().map_err(|_| UnitError::NoNumber(text.to_owned(), example))?;
    Ok((number, text[end..].trim_start()))
}

fn unknown(text: &str, unit: &str, known: &'static str) -> UnitError {
    UnitError::UnknownUnit { text: text.to_owned(), unit: unit.to_owned(), known }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_serves_a_whole_column() {
        let unit = ByteUnit::for_largest(837_940_000);
        assert_eq!((unit.number(837_940_000), unit.number(6_800_000)), ("837.9".to_owned(), "6.8".to_owned()));
    }

    #[test]
    fn bytes_are_decimal_when_printed_and_either_when_parsed() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(1_130_000_000), "1.13 GB");
        assert_eq!(parse_bytes("25 MB"), Ok(25_000_000));
        assert_eq!(parse_bytes("12MiB"), Ok(12_582_912));
    }

    #[test]
    fn a_quantity_without_its_unit_is_refused_with_the_units_that_would_do() {
        let error = parse_bytes("25").expect_err("no unit");
        assert!(error.to_string().contains("MB, GB"), "{error}");
        for wrong in ["25 Mb", "25 mib", "25M", "25 b"] {
            assert!(matches!(parse_bytes(wrong), Err(UnitError::UnknownUnit { .. })), "{wrong}");
        }
        assert!(parse_duration("soon").expect_err("no number").to_string().contains("30 s"));
    }

    #[test]
    fn a_quantity_beyond_what_can_be_exact_is_refused() {
        assert_eq!(parse_bytes("99999999999 GB"), Err(UnitError::TooLarge("99999999999 GB".to_owned())));
    }

    #[test]
    fn times_keep_about_three_digits() {
        assert_eq!(seconds(0.0823), "82 ms");
        assert_eq!(seconds(4.127), "4.13 s");
        assert_eq!(seconds(125.0), "2 min 05 s");
        assert_eq!((seconds(0.9994), seconds(0.9996)), ("999 ms".to_owned(), "1.00 s".to_owned()));
        assert_eq!((seconds(59.994), seconds(59.996)), ("59.99 s".to_owned(), "1 min 00 s".to_owned()));
    }

    #[test]
    fn durations_are_read_in_the_units_people_write() {
        assert_eq!(parse_duration("90 s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("2min"), Ok(Duration::from_mins(2)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!((parse_duration("1h30m"), parse_duration("1 h 30 min")), (Ok(Duration::from_mins(90)), Ok(Duration::from_mins(90))));
        for wrong in ["1h30", "1h m", "h", "1 hour", "1h-3m", ""] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!((count(1, "variant"), count(0, "variant")), ("1 variant".to_owned(), "0 variants".to_owned()));
    }
}
