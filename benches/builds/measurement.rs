//! Build time as criterion's measurement.

use std::time::{Duration, Instant};

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};

/// The build time that a run keeps: from the request to the end of the engine's answer. What is done between two builds is in none.
pub(crate) struct BuildTime;

impl Measurement for BuildTime {
    type Intermediate = Instant;
    type Value = Duration;

    fn start(&self) -> Instant {
        Instant::now()
    }

    fn end(&self, begun: Instant) -> Duration {
        begun.elapsed()
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    /// Nanoseconds, as criterion's own clock gives them: it plans its samples by that, and files of both are read alike.
    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_secs_f64() * NANOSECONDS
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Seconds
    }
}

const NANOSECONDS: f64 = 1e9;

struct Seconds;

impl ValueFormatter for Seconds {
    fn scale_values(&self, typical: f64, values: &mut [f64]) -> &'static str {
        let (unit, one) = if typical < NANOSECONDS { ("ms", NANOSECONDS / 1e3) } else { ("s", NANOSECONDS) };
        for value in values {
            *value /= one;
        }
        unit
    }

    /// No build has a throughput here.
    fn scale_throughputs(&self, typical: f64, _: &Throughput, values: &mut [f64]) -> &'static str {
        self.scale_values(typical, values)
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        "ns"
    }
}
