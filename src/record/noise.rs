//! How unquiet the machine was: what a probe measured before a run, or before one of its blocks.
//!
//! Raw figures of the same fixed work each time. What they mean is decided by whoever reads them; what could not be measured
//! says why in the figure's place.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Told_{T}")]
pub enum Told<T> {
    /// What was measured.
    Figure(T),
    /// Nothing was.
    Missing {
        /// Why not.
        missing: String,
    },
}

impl<T> Told<T> {
    /// Nothing, for a reason.
    pub fn missing(why: impl Into<String>) -> Self {
        Self::Missing { missing: why.into() }
    }

    /// The figure, where there is one.
    pub const fn figure(&self) -> Option<&T> {
        match self {
            Self::Figure(figure) => Some(figure),
            Self::Missing { .. } => None,
        }
    }

    /// Why there is none, where that is so.
    pub fn why_missing(&self) -> Option<&str> {
        match self {
            Self::Figure(_) => None,
            Self::Missing { missing } => Some(missing),
        }
    }
}

/// The times of one piece of work that was repeated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Jitter {
    /// Their median, seconds.
    pub seconds: f64,
    /// Their robust coefficient of variation: the median absolute deviation, scaled to a normal distribution's standard
    /// deviation, as a share of the median.
    pub variation: f64,
    /// How many they were, those that only warmed up left out.
    pub n: usize,
}

/// What one probe of the machine measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoiseProbe {
    /// When it began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// SHA-256 of 8 MiB in memory, on one thread.
    pub processor: Told<Jitter>,
    /// Writing 1 MiB over itself and waiting until it is on the disk.
    pub disk: Told<Jitter>,
    /// Where that was written, with its file system.
    pub disk_place: String,
    /// A byte there and back over a TCP connection on 127.0.0.1.
    pub loopback: Told<Jitter>,
    /// The share of the time of all CPUs, 0 to 1, that other processes than this one took during the probe.
    pub others: Told<f64>,
    /// The share of the time of all CPUs, 0 to 1, that the hypervisor gave to other machines during the probe.
    pub stolen: Told<f64>,
    /// The kernel's load average over the minute before the probe: what was at work then, the making ready of the run included.
    pub load: Told<f64>,
}

/// A probe before the first trial of a run, or of a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoiseBefore {
    /// The number of the shard that began then; absent for a run that is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<u32>,
    /// What was measured.
    #[serde(flatten)]
    pub probe: NoiseProbe,
}

impl NoiseProbe {
    /// Whether every figure is one that its quantity can have; the error is the problem in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let times = [("processor", &self.processor), ("disk", &self.disk), ("loopback", &self.loopback)];
        for (name, jitter) in times.into_iter().filter_map(|(name, told)| Some((name, told.figure()?))) {
            let positive = jitter.seconds.is_finite() && jitter.seconds > 0.0;
            if !positive || !jitter.variation.is_finite() || jitter.variation < 0.0 || jitter.n < 2 {
                return Err(format!("the noise of the {name} has figures that nothing takes"));
            }
        }
        let shares = [&self.others, &self.stolen].into_iter().filter_map(Told::figure);
        if shares.into_iter().any(|share| !(0.0..=1.0).contains(share)) {
            return Err("a share of the CPUs' time is not between 0 and 1".to_owned());
        }
        if self.load.figure().is_some_and(|load| !load.is_finite() || *load < 0.0) {
            return Err("the load average is none that a machine has".to_owned());
        }
        Ok(())
    }
}
