//! Where the wall time of a run goes: measured, bases, or overhead by kind.
//!
//! Measured time is build, push and pull calls, smoke checks until the first good answer, and the starts after them. Everything else
//! that this module times is overhead; what nobody timed shows up as the difference to the wall time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::time::Instant;

use crate::record::Overhead;

/// Adds up seconds by what they were spent on.
#[derive(Debug)]
pub struct Stopwatch {
    began: Instant,
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    measured: f64,
    bases: f64,
    kinds: BTreeMap<String, f64>,
}

impl Stopwatch {
    /// Starts the run's clock.
    pub fn start() -> Self {
        Self { began: Instant::now(), sums: Mutex::default() }
    }

    /// Seconds since the run began.
    pub fn elapsed(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Adds the time of `work` to the overhead of the given kind.
    pub async fn overhead<T>(&self, kind: &str, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let result = work.await;
        self.add(|sums| *sums.kinds.entry(kind.to_owned()).or_default() += began.elapsed().as_secs_f64());
        result
    }

    /// Adds the time of `work` to building, pulling and loading bases.
    pub async fn bases<T>(&self, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let result = work.await;
        self.add(|sums| sums.bases += began.elapsed().as_secs_f64());
        result
    }

    /// Adds seconds that were measured as a figure of the run.
    pub fn measured(&self, seconds: f64) {
        self.add(|sums| sums.measured += seconds);
    }

    /// The account so far.
    pub fn account(&self) -> Overhead {
        let sums = self.sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Overhead { wall: self.elapsed(), bases: sums.bases, measured: sums.measured, kinds: sums.kinds.clone() }
    }

    fn add(&self, change: impl FnOnce(&mut Sums)) {
        change(&mut self.sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_second_is_counted_once_under_its_kind() {
        let watch = Stopwatch::start();
        watch.overhead("prune", async {}).await;
        watch.measured(2.0);
        watch.measured(0.5);
        let account = watch.account();
        assert!((account.measured - 2.5).abs() < 1e-9);
        assert_eq!(account.kinds.keys().collect::<Vec<_>>(), ["prune"]);
    }
}
