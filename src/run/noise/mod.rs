//! How noisy the machine is: the same small pieces of work, repeated and timed, before a run and before each of its blocks.
//!
//! Measures and judges nothing. Each piece ends when it was repeated as often as planned or its time is up, whichever is first, but not
//! before there is a figure: what is slow is what is looked for. It leaves no file: the one that it writes has no name.

mod kernel;
mod work;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::record::{Jitter, NoiseProbe, Told, UNKNOWN, file_system};
use crate::stats::{median, robust_coefficient_of_variation};

use super::Emitter;

/// The kind of overhead that probes are counted as.
pub const NOISE_OVERHEAD: &str = "noise probe";

/// The fewest values that a figure comes from: of fewer the median absolute deviation says next to nothing.
const FEWEST: usize = 3;

/// How often a piece of work is repeated, and for how long at most.
#[derive(Clone, Copy, Debug)]
struct Share {
    times: usize,
    limit: Duration,
}

impl Share {
    const fn new(times: usize, millis: u64) -> Self {
        Self { times, limit: Duration::from_millis(millis) }
    }
}

/// How much of each piece of work a probe does.
#[derive(Clone, Copy, Debug)]
struct Extent {
    processor: Share,
    disk: Share,
    loopback: Share,
}

/// Before a run: 1.3 s at most.
const LONG: Extent = Extent { processor: Share::new(60, 500), disk: Share::new(20, 600), loopback: Share::new(200, 200) };

/// Before a block, and for a look at the machine: 0.35 s at most. Long enough for the kernel's clock on two CPUs.
const SHORT: Extent = Extent { processor: Share::new(60, 200), disk: Share::new(6, 100), loopback: Share::new(50, 50) };

/// Where a probe may write.
#[derive(Clone, Debug)]
enum Disk {
    Folder(PathBuf),
    None(String),
}

/// Probes the machine.
#[derive(Clone, Debug)]
pub struct Prober {
    disk: Disk,
    place: String,
}

impl Prober {
    /// One that writes in `folder`, which readers of the record know as `what`.
    pub fn in_folder(folder: &Path, what: &str) -> Self {
        let on = file_system(folder).unwrap_or_else(|_| UNKNOWN.to_owned());
        Self { disk: Disk::Folder(folder.to_owned()), place: format!("{what}, {on}") }
    }

    /// One that writes nowhere, for a reason.
    pub fn without_disk(why: impl Into<String>) -> Self {
        Self { disk: Disk::None(why.into()), place: "nowhere".to_owned() }
    }

    /// The long probe, for the time before the first trial.
    pub async fn before_run(&self, emitter: &Emitter) -> NoiseProbe {
        emitter.preparing("probing how noisy the machine is");
        emitter.watch().overhead(NOISE_OVERHEAD, self.apart(LONG)).await
    }

    /// The short probe, for the time before a block.
    pub(super) async fn before_block(&self, emitter: &Emitter) -> NoiseProbe {
        emitter.watch().overhead(NOISE_OVERHEAD, self.apart(SHORT)).await
    }

    /// The short probe for a look at the machine. Blocks the thread.
    pub fn look(&self) -> NoiseProbe {
        self.probe(SHORT)
    }

    /// A probe on a thread that may block.
    async fn apart(&self, extent: Extent) -> NoiseProbe {
        let this = self.clone();
        match tokio::task::spawn_blocking(move || this.probe(extent)).await {
            Ok(probe) => probe,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    fn probe(&self, extent: Extent) -> NoiseProbe {
        let (at, load, before) = (Timestamp::now(), kernel::load(), kernel::Clocks::read());
        let processor = told(work::processor(extent.processor));
        let disk = match &self.disk {
            Disk::Folder(folder) => told(work::disk(folder, extent.disk)),
            Disk::None(why) => Told::missing(why.clone()),
        };
        let loopback = told(work::loopback(extent.loopback));
        let (others, stolen) = kernel::shares(before, kernel::Clocks::read());
        NoiseProbe { at, processor, disk, disk_place: self.place.clone(), loopback, others, stolen, load }
    }
}

/// The times of `work`, repeated: seconds. The first of them warm up caches, clocks and connections and are left out.
fn repeated(share: Share, warm_up: usize, mut work: impl FnMut() -> std::io::Result<()>) -> std::io::Result<Vec<f64>> {
    let began = Instant::now();
    let mut times = Vec::with_capacity(share.times);
    for number in 0..share.times + warm_up {
        let started = Instant::now();
        work()?;
        if number >= warm_up {
            times.push(started.elapsed().as_secs_f64());
        }
        if began.elapsed() >= share.limit && times.len() >= FEWEST {
            break;
        }
    }
    Ok(times)
}

/// The figure of a piece of work, or why it has none.
fn told(times: std::io::Result<Vec<f64>>) -> Told<Jitter> {
    let times = match times {
        Ok(times) => times,
        Err(error) => return Told::missing(format!("the probe failed: {error}")),
    };
    if times.len() < FEWEST {
        return Told::missing(format!("{} repetitions are too few", times.len()));
    }
    match (median(&times).filter(|seconds| *seconds > 0.0), robust_coefficient_of_variation(&times)) {
        (Some(seconds), Some(variation)) => Told::Figure(Jitter { seconds, variation, n: times.len() }),
        _ => Told::missing("the clock is too coarse for so short a work"),
    }
}

#[cfg(test)]
mod tests;
