//! A network link as people name it: `loopback`, `lan`, `100mbit`, `20mbit,30ms`.
//!
//! Rates are decimal bits per second of payload; the time after the comma is a round trip, as `ping` shows it. A profile has
//! one canonical form, so that two links are the same if and only if they are written the same.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least rate, in bit/s: below it one packet takes a fifth of a second.
const MIN_RATE: u64 = 64_000;
/// The greatest rate, in bit/s.
const MAX_RATE: u64 = 10_000_000_000;
/// The longest round trip: that of two hops over geostationary satellites is shorter.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(2);
/// The most that may be on its way in one direction, in bytes: a proxy keeps it in memory.
const MAX_IN_FLIGHT: u64 = 64_000_000;
/// How much time without traffic a sender may make up for at once.
const BURST: Duration = Duration::from_micros(1_500);
/// No burst is longer, in bytes: one in a hundred of 20 MB.
const MAX_BURST: u64 = 200_000;

const FORMS: &str = "write loopback, lan, or a rate with or without a round trip, such as 100mbit or 20mbit,30ms";

/// The link between an engine and a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum LinkProfile {
    /// The machine's own loopback interface, as fast as it is.
    Loopback,
    /// A link of a stated rate and latency.
    Shaped(LinkShape),
}

/// Rate and latency of a link; both directions are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkShape {
    rate: u64,
    round_trip: Duration,
}

/// Why a text or a pair of figures is no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkProfileError {
    /// It is neither a name nor a rate.
    #[error("'{0}' is no link; {FORMS}")]
    Unknown(String),
    /// The rate's unit is missing or none that is known.
    #[error("'{0}' is no rate; write a number and kbit, mbit or gbit (decimal bits per second), such as 100mbit")]
    Rate(String),
    /// A part after the comma is no time.
    #[error("'{0}' is no round-trip time; write a number and us, ms or s, such as 30ms")]
    RoundTrip(String),
    /// More digits than the quantity can have.
    #[error("'{0}' has too many digits; rates are whole bits per second and times whole microseconds")]
    Digits(String),
    /// A rate that cannot be kept.
    #[error("a link of {} is out of range; use 64kbit to 10gbit, or loopback for no limit", rate_text(*.0))]
    RateRange(u64),
    /// A round trip that cannot be kept.
    #[error("a round trip of {} is out of range; use 2s or less", time_text(*.0))]
    RoundTripRange(Duration),
    /// Rate and latency together ask for too much memory.
    #[error("{} has {} MB on their way at once, and at most 64 MB are kept; take a lower rate or a shorter round trip", .0, .0.bytes_in_flight() / 1_000_000)]
    InFlight(LinkShape),
}

impl LinkProfile {
    /// A local network: 1 Gbit/s and a round trip of 0.2 ms.
    pub const LAN: Self = Self::Shaped(LinkShape { rate: 1_000_000_000, round_trip: Duration::from_micros(200) });

    /// What is to be kept, where there is a limit.
    pub const fn shape(self) -> Option<LinkShape> {
        match self {
            Self::Loopback => None,
            Self::Shaped(shape) => Some(shape),
        }
    }
}

impl LinkShape {
    /// A link of `rate` bit/s with a round trip of `round_trip`, half of it each way.
    pub fn new(rate: u64, round_trip: Duration) -> Result<Self, LinkProfileError> {
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(LinkProfileError::RateRange(rate));
        }
        if round_trip > MAX_ROUND_TRIP {
            return Err(LinkProfileError::RoundTripRange(round_trip));
        }
        let whole = Duration::from_micros(u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX));
        let shape = Self { rate, round_trip: whole };
        if shape.bytes_in_flight() > MAX_IN_FLIGHT { Err(LinkProfileError::InFlight(shape)) } else { Ok(shape) }
    }

    /// Payload in bit/s, each way.
    pub const fn rate(self) -> u64 {
        self.rate
    }

    /// The latency that `ping` would show, in whole microseconds.
    pub const fn round_trip(self) -> Duration {
        self.round_trip
    }

    /// The latency of one direction: half of the round trip.
    pub fn one_way(self) -> Duration {
        self.round_trip / 2
    }

    /// The burst credit: bytes that may pass beyond rate × time after a pause, those of 1.5 ms and at most 200 kB.
    pub fn burst(self) -> u64 {
        self.bytes_in(BURST).min(MAX_BURST)
    }

    /// The bandwidth-delay product of one direction, in bytes.
    pub fn bytes_in_flight(self) -> u64 {
        self.bytes_in(self.one_way())
    }

    /// Whole bytes that pass in `time`.
    pub fn bytes_in(self, time: Duration) -> u64 {
        u64::try_from(time.as_nanos() * u128::from(self.rate) / 8_000_000_000).unwrap_or(u64::MAX)
    }

    /// How long `bytes` take to pass, without latency; rounded up to nanoseconds.
    pub fn time_of(self, bytes: u64) -> Duration {
        let nanos = (u128::from(bytes) * 8_000_000_000).div_ceil(u128::from(self.rate));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for LinkProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("loopback"),
            Self::Shaped(shape) => shape.fmt(f),
        }
    }
}

impl fmt::Display for LinkShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rate_text(self.rate))?;
        if self.round_trip.is_zero() { Ok(()) } else { write!(f, ",{}", time_text(self.round_trip)) }
    }
}

impl FromStr for LinkProfile {
    type Err = LinkProfileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim().to_ascii_lowercase();
        match lower.as_str() {
            "loopback" => Ok(Self::Loopback),
            "lan" => Ok(Self::LAN),
            other if other.starts_with(|c: char| c.is_ascii_digit()) => parse_shape(other).map(Self::Shaped),
            _ => Err(LinkProfileError::Unknown(shown(text))),
        }
    }
}

impl TryFrom<String> for LinkProfile {
    type Error = LinkProfileError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LinkProfile> for String {
    fn from(profile: LinkProfile) -> Self {
        profile.to_string()
    }
}

fn parse_shape(text: &str) -> Result<LinkShape, LinkProfileError> {
    let (rate, round_trip) = text.split_once(',').map_or((text, None), |(rate, time)| (rate.trim_end(), Some(time.trim_start())));
    let rate = parse_with(rate, &[("kbit", 3), ("mbit", 6), ("gbit", 9)], LinkProfileError::Rate)?;
    let micros = match round_trip {
        Some(time) => parse_with(time, &[("us", 0), ("ms", 3), ("s", 6)], LinkProfileError::RoundTrip)?,
        None => 0,
    };
    LinkShape::new(rate, Duration::from_micros(micros))
}

/// Reads a decimal number and one of `units`, each with its power of ten, as a whole number of the smallest unit.
fn parse_with(text: &str, units: &[(&str, u32)], wrong: fn(String) -> LinkProfileError) -> Result<u64, LinkProfileError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let power = units.iter().find(|(name, _)| *name == unit).map(|(_, power)| *power).ok_or_else(|| wrong(shown(text)))?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return Err(wrong(shown(text)));
    }
    scaled(whole, decimals.trim_end_matches('0'), power).ok_or_else(|| LinkProfileError::Digits(shown(text)))
}

/// `whole.decimals` × 10^`power`, if that is a whole number that fits.
fn scaled(whole: &str, decimals: &str, power: u32) -> Option<u64> {
    let missing = power.checked_sub(u32::try_from(decimals.len()).ok()?)?;
    let decimals: u64 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
    let whole = whole.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(power)?)?;
    decimals.checked_mul(10_u64.checked_pow(missing)?)?.checked_add(whole)
}

/// `rate` bit/s in the largest unit that it reaches.
fn rate_text(rate: u64) -> String {
    match rate {
        0..1_000_000 => format!("{}kbit", decimal(rate, 3)),
        1_000_000..1_000_000_000 => format!("{}mbit", decimal(rate, 6)),
        _ => format!("{}gbit", decimal(rate, 9)),
    }
}

fn time_text(time: Duration) -> String {
    format!("{}ms", decimal(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), 3))
}

/// `value` ÷ 10^`power`, exactly.
fn decimal(value: u64, power: usize) -> String {
    let one = 10_u64.pow(u32::try_from(power).unwrap_or(0));
    let text = format!("{}.{:0power$}", value / one, value % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The beginning of a text, with everything that a terminal would interpret escaped.
fn shown(text: &str) -> String {
    text.trim().chars().take(60).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
