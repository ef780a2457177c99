//! Limits as they are written: `25 MB`, `90 s`, `12`, `1 %`, `+200 kB`.
//!
//! Numbers are read digit by digit as integers, so that `0.29 MB` is 290,000 bytes and no neighbour of it. Of bytes the whole part
//! counts: a figure is at most 12.3 MiB if and only if it is at most 12,897,484 bytes.

use super::exact::PARTS;
use super::{Increase, Limit, LimitError};
use crate::measure::{Kind, Measure, Unit};
use crate::units::{byte_unit, parse_duration};

/// Up to here every whole number has a floating point value of its own: 2⁵³.
const LARGEST: u128 = 1 << 53;

/// More than that limits nothing: ten times as much.
const LARGEST_SHARE: f64 = 10.0;

const MOST_DIGITS: usize = 18;

/// A number written in decimals: `digits` / 10^`decimals`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u128,
    decimals: u32,
}

impl Limit {
    /// Reads a `max` of `measure`: an amount in a unit that fits the measure.
    pub fn max(measure: Measure, text: &str) -> Result<Self, LimitError> {
        if text.trim().starts_with('+') {
            return Err(LimitError::Plus(text.to_owned()));
        }
        let value = amount(measure, text, wanted(measure))?;
        // An update can move nothing, and a build download nothing; everything else that is measured is something.
        if value == 0.0 && !matches!(measure, Measure::DeltaTransferSize | Measure::BuildDownload) {
            return Err(LimitError::Zero { text: text.to_owned(), measure: measure.id(), wanted: wanted(measure) });
        }
        Ok(Self::Max { value, written: text.trim().to_owned() })
    }

    /// Reads a `max-increase` of `measure`: a share of the baseline's figure, or an amount; a plus in front says what is meant anyway.
    pub fn max_increase(measure: Measure, text: &str) -> Result<Self, LimitError> {
        let bare = text.trim().strip_prefix('+').unwrap_or(text.trim());
        let by = if bare.ends_with('%') {
            Increase::Share(share(bare)?)
        } else {
            Increase::Amount(amount(measure, bare, more_wanted(measure))?)
        };
        let (Increase::Share(more) | Increase::Amount(more)) = by;
        if more == 0.0 && measure.kind() == Kind::Sampled {
            return Err(LimitError::NoRoom { text: text.to_owned(), measure: measure.id() });
        }
        Ok(Self::MaxIncrease { by, written: text.trim().to_owned() })
    }

    /// Reads a `max-ratio-to` the variant `to`: a share of its figure.
    pub fn max_ratio(measure: Measure, to: &str, text: &str) -> Result<Self, LimitError> {
        if !text.trim().ends_with('%') {
            return Err(LimitError::NoShare(text.to_owned()));
        }
        let share = share(text.trim())?;
        if share == 0.0 {
            return Err(LimitError::Zero { text: text.to_owned(), measure: measure.id(), wanted: "a share such as \"20 %\"" });
        }
        Ok(Self::MaxRatio { to: to.to_owned(), share, written: text.trim().to_owned() })
    }
}

/// What a limit on a measure looks like.
const fn wanted(measure: Measure) -> &'static str {
    match measure.unit() {
        Unit::Bytes => "an amount such as \"25 MB\" or \"12 MiB\"",
        Unit::Seconds => "a time such as \"90 s\" or \"2 min\"",
        Unit::One => "a plain number such as \"12\"",
    }
}

/// What a limit on the increase of a measure looks like.
const fn more_wanted(measure: Measure) -> &'static str {
    match measure.unit() {
        Unit::Bytes => "a share such as \"1 %\" or an amount such as \"200 kB\"",
        Unit::Seconds => "a share such as \"10 %\" or a time such as \"5 s\"",
        Unit::One => "a share such as \"10 %\" or a plain number such as \"2\"",
    }
}

/// An amount in the unit of `measure`; `wanted` is what to write where it is none.
fn amount(measure: Measure, text: &str, wanted: &'static str) -> Result<f64, LimitError> {
    let trimmed = text.trim();
    if trimmed.starts_with(['-', '−']) {
        return Err(LimitError::Negative(text.to_owned()));
    }
    let Some((number, rest)) = decimal(trimmed)? else {
        return Err(LimitError::NoNumber { text: text.to_owned(), wanted });
    };
    let unit: String = rest.chars().take_while(|c| !c.is_ascii_digit() && !c.is_whitespace()).collect();
    match (measure.unit(), kind_of(&unit)) {
        (_, Some(Said::Share)) => Err(LimitError::Share { text: trimmed.to_owned(), wanted }),
        (Unit::Bytes, Some(Said::Bytes(factor))) if unit == rest => bytes(text, number, factor),
        (Unit::Seconds, Some(Said::Time)) => match parse_duration(trimmed) {
            Ok(time) => Ok(time.as_secs_f64()),
            Err(_) => Err(LimitError::UnknownUnit { text: text.to_owned(), unit: rest.to_owned(), wanted }),
        },
        (Unit::One, Some(Said::Count)) => counted(text, number),
        (_, Some(Said::Count)) => Err(LimitError::NoUnit { text: text.to_owned(), wanted }),
        (own, Some(said)) if unit == rest && !said.is(own) => {
            Err(LimitError::OtherKind { text: trimmed.to_owned(), is: said.name(), measure: measure.id(), of: name(own), wanted })
        }
        _ => Err(LimitError::UnknownUnit { text: text.to_owned(), unit: rest.to_owned(), wanted }),
    }
}

fn bytes(text: &str, number: Decimal, factor: u128) -> Result<f64, LimitError> {
    let whole = number.digits * factor / 10_u128.pow(number.decimals);
    if whole == 0 && number.digits > 0 {
        return Err(LimitError::NotWhole(text.to_owned()));
    }
    exactly(text, whole)
}

fn counted(text: &str, number: Decimal) -> Result<f64, LimitError> {
    if !number.digits.is_multiple_of(10_u128.pow(number.decimals)) {
        return Err(LimitError::NotWhole(text.to_owned()));
    }
    exactly(text, number.digits / 10_u128.pow(number.decimals))
}

fn exactly(text: &str, whole: u128) -> Result<f64, LimitError> {
    if whole > LARGEST { Err(LimitError::TooLarge(text.to_owned())) } else { Ok(whole as f64) }
}

/// `1 %` as 0.01; the text ends with the sign.
fn share(text: &str) -> Result<f64, LimitError> {
    if text.starts_with(['-', '−']) {
        return Err(LimitError::Negative(text.to_owned()));
    }
    let Some((number, rest)) = decimal(text)? else { return Err(LimitError::NoShare(text.to_owned())) };
    if rest != "%" {
        return Err(LimitError::NoShare(text.to_owned()));
    }
    if number.decimals > 4 {
        return Err(LimitError::TooFine(text.to_owned()));
    }
    let parts = number.digits * 10_u128.pow(4 - number.decimals);
    let share = parts as f64 / PARTS;
    if share > LARGEST_SHARE { Err(LimitError::ShareTooLarge(text.to_owned())) } else { Ok(share) }
}

/// The number in front of a text and what follows it without blanks; none where there is no digit in front.
fn decimal(text: &str) -> Result<Option<(Decimal, &str)>, LimitError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = (&text[..end], text[end..].trim());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Ok(None);
    }
    let fraction = fraction.trim_end_matches('0');
    if whole.len() + fraction.len() > MOST_DIGITS {
        return Err(LimitError::TooManyDigits(text.to_owned()));
    }
    let digits = format!("{whole}{fraction}").parse();
    let decimals = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    Ok(digits.ok().map(|digits| (Decimal { digits, decimals }, rest)))
}

/// What a unit is one of.
#[derive(Clone, Copy)]
enum Said {
    Bytes(u128),
    Time,
    Count,
    Share,
}

impl Said {
    const fn is(self, unit: Unit) -> bool {
        matches!((self, unit), (Self::Bytes(_), Unit::Bytes) | (Self::Time, Unit::Seconds) | (Self::Count, Unit::One))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bytes(_) => "a number of bytes",
            Self::Time => "a time",
            Self::Count => "a plain number",
            Self::Share => "a share",
        }
    }
}

const fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "a number of bytes",
        Unit::Seconds => "a time",
        Unit::One => "a plain number",
    }
}

fn kind_of(unit: &str) -> Option<Said> {
    match unit {
        "" => Some(Said::Count),
        "%" => Some(Said::Share),
        "ms" | "s" | "m" | "min" | "h" => Some(Said::Time),
        other => byte_unit(other).map(|factor| Said::Bytes(factor.into())),
    }
}

#[cfg(test)]
mod tests;
