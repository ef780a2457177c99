//! Figures of checks in their measure's unit.

use crate::measure::{Measure, Unit};
use crate::units::{bytes, seconds};

/// A figure for running text: `6.8 MB`, `4.13 s`, `12`.
pub(super) fn figure(measure: Measure, value: f64) -> String {
    match measure.unit() {
        Unit::Bytes => bytes(whole(value)),
        Unit::Seconds => seconds(value),
        Unit::One => format!("{value:.0}"),
    }
}

/// Two figures that are read side by side: with all their bytes where they differ and would look equal.
pub(super) fn pair(measure: Measure, values: [f64; 2]) -> [String; 2] {
    let shown = values.map(|value| figure(measure, value));
    let differ = values[0].total_cmp(&values[1]).is_ne();
    if differ && shown[0] == shown[1] { values.map(|value| with_exact(measure, value)) } else { shown }
}

/// The same with all its bytes: what is above a limit by little looks equal in megabytes.
pub(super) fn with_exact(measure: Measure, value: f64) -> String {
    match measure.unit() {
        Unit::Bytes if value >= 1_000.0 => format!("{} ({} B)", bytes(whole(value)), whole(value)),
        _ => figure(measure, value),
    }
}

/// A change in bytes: `+1.2 MB`.
pub(super) fn signed(change: i64) -> String {
    format!("{}{}", if change < 0 { "−" } else { "+" }, bytes(change.unsigned_abs()))
}

/// Sizes are whole numbers from 0 to 2⁵³.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "figures are not negative, and casts saturate")]
fn whole(value: f64) -> u64 {
    value as u64
}
