//! When a limit is reached.

use super::{SlowGrowth, TrendChange, TrendPoint};
use crate::stats;

/// How far is looked ahead, days. What lies further is no forecast.
pub const HORIZON_DAYS: f64 = 365.0;

/// When an upper limit is reached if a series goes on as it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Forecast {
    /// It is reached or passed already.
    Over,
    /// So many days after the newest run.
    At {
        /// By the slope itself.
        days: f64,
        /// By the steepest slope of the interval.
        earliest: f64,
        /// By the flattest; absent where that is beyond [`HORIZON_DAYS`].
        latest: Option<f64>,
    },
    /// It grows, and by the slope itself the limit is not reached within [`HORIZON_DAYS`].
    Later,
    /// No growth that goes on is told: the limit is not in sight.
    NotInSight,
}

/// Whether, and when, the present level reaches `limit`. The level is that of the growth where there is one, else that of the runs
/// since the last change, and the newest value of a figure that changes at every run.
pub(super) fn forecast(points: &[TrendPoint], changes: &[TrendChange], growth: Option<&SlowGrowth>, limit: f64, exact: bool) -> Forecast {
    let since = changes.last().map_or(0, |last| last.at);
    let level = stats::median(&points[since..].iter().map(|point| point.value).collect::<Vec<_>>()).unwrap_or_default();
    // An exact figure is where its newest value is, wherever a line through it ends.
    let newest = points.last().map_or(level, |point| point.value);
    let now = if exact { newest } else { growth.map_or(level, |growth| growth.end) };
    let room = limit - now;
    if room <= 0.0 {
        return Forecast::Over;
    }
    let Some(growth) = growth.filter(|growth| growth.per_day > 0.0) else { return Forecast::NotInSight };
    let days = room / growth.per_day;
    if days > HORIZON_DAYS {
        return Forecast::Later;
    }
    let latest = Some(room / growth.interval.low).filter(|days| (0.0..=HORIZON_DAYS).contains(days));
    Forecast::At { days, earliest: room / growth.interval.high, latest }
}
