//! Whether the machine was quiet enough for its times to be believed: verdicts on what probes measured.
//!
//! A figure that is missing disturbs nothing and proves nothing: without the processor's there is no verdict. The limits are for
//! times that are to be told apart by a few per cent, and above what was seen on an idle machine (`results/noise`).

use std::collections::BTreeMap;

use crate::record::{Jitter, NoiseProbe, Record, Told, TrialOutcome};
use crate::stats::{max, median, min};

/// The share of the CPUs' time from which on other processes disturb: on a machine of two CPUs a third of one. What an idle
/// machine's services take, and the coarseness of the kernel's clock in a short probe, stay below.
pub const MUCH_BY_OTHERS: f64 = 0.15;

/// The share of the CPUs' time from which on a hypervisor that takes it disturbs: it makes times longer by about as much. One tick
/// of the kernel's clock, which may be chance, is less of the shortest probe.
pub const MUCH_STOLEN: f64 = 0.05;

/// A kind of work that a probe repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Hashing in memory.
    Processor,
    /// Writing and waiting for the disk.
    Disk,
    /// A byte there and back over the loopback interface.
    Loopback,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Processor, Self::Disk, Self::Loopback];

    /// `processor`, `disk`, `loopback`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Disk => "disk",
            Self::Loopback => "loopback",
        }
    }

    /// The robust coefficient of variation from which on repetitions vary too much. Hashing is the same work each time, so that
    /// whatever varies is the machine. A disk's flush varies by itself, on an idle machine by a fifth. A wake-up over the loopback
    /// interface takes one of two times, by whether the other side's processor slept: on an idle machine it varied by 99 %.
    pub const fn unsteady(self) -> f64 {
        match self {
            Self::Processor => 0.05,
            Self::Disk => 0.5,
            Self::Loopback => 2.0,
        }
    }

    /// How many times as long, or as short, the same work takes when the machine is another than before. A processor's clock
    /// moves by some per cent with its temperature and what was before; 15 % is beyond that. On an idle machine the median of a few
    /// flushes was 3.3 times as long after a block that had written much, and that of wake-ups moved by a factor of 2.9.
    pub const fn moved(self) -> f64 {
        match self {
            Self::Processor => 1.15,
            Self::Disk | Self::Loopback => 5.0,
        }
    }

    /// Its figure in a probe.
    pub const fn of(self, probe: &NoiseProbe) -> &Told<Jitter> {
        match self {
            Self::Processor => &probe.processor,
            Self::Disk => &probe.disk,
            Self::Loopback => &probe.loopback,
        }
    }
}

/// What disturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Repetitions of the same work vary; by their robust coefficient of variation.
    Varies(Part),
    /// The same work takes longer before blocks than before the run; by how many times.
    Longer(Part),
    /// The same work takes less time before blocks than before the run; by how many times.
    Shorter(Part),
    /// Other processes are at work; by their share of the CPUs' time.
    Others,
    /// A hypervisor runs other machines; by their share of the CPUs' time.
    Stolen,
}

/// When it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the first trial of the run, or of a part of it.
    Before,
    /// Right before blocks.
    Blocks {
        /// The first recorded trial of the block where it was worst.
        worst: String,
        /// Before how many blocks.
        count: usize,
        /// Of how many.
        of: usize,
    },
}

/// Something that disturbed.
#[derive(Clone, Debug, PartialEq)]
pub struct Disturbance {
    /// What.
    pub what: What,
    /// By how much at the worst, as [`What`] says.
    pub worst: f64,
    /// When.
    pub when: When,
}

/// How long the same work took before the blocks, by how long it took before the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// The middle of all blocks.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// Of how many blocks.
    pub n: usize,
}

/// What is said of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calm {
    /// Nothing disturbed that was probed.
    Quiet,
    /// Something did.
    Noisy,
    /// The processor could not be probed before the run or before one of its blocks, and nothing else disturbed.
    Unknown,
}

/// What the probes of a run say.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise<'a> {
    /// The probes before the first trial of each part of the run.
    pub before: Vec<&'a NoiseProbe>,
    /// Before how many blocks there was a probe.
    pub blocks: usize,
    /// How the blocks compare with before the run, for each part that was probed in both.
    pub factors: BTreeMap<Part, Factors>,
    /// All that disturbed: before the run first.
    pub disturbances: Vec<Disturbance>,
}

impl Noise<'_> {
    /// The verdict.
    pub fn calm(&self) -> Calm {
        let compared = self.factors.get(&Part::Processor).map_or(0, |factors| factors.n);
        let probed =
            !self.before.is_empty() && self.before.iter().all(|probe| probe.processor.figure().is_some()) && compared == self.blocks;
        calm(probed, &self.disturbances)
    }
}

/// The verdict on one probe by itself, and what disturbs.
pub fn look(probe: &NoiseProbe) -> (Calm, Vec<Disturbance>) {
    let found = before(&[probe]);
    (calm(probe.processor.figure().is_some(), &found), found)
}

fn calm(probed: bool, disturbances: &[Disturbance]) -> Calm {
    match (probed, disturbances.is_empty()) {
        (_, false) => Calm::Noisy,
        (true, true) => Calm::Quiet,
        (false, true) => Calm::Unknown,
    }
}

/// What the probes in a record say; `None` for one without any.
pub fn noise(record: &Record) -> Option<Noise<'_>> {
    let probes: Vec<&NoiseProbe> = record.run.noise.iter().map(|before| &before.probe).collect();
    let blocks: Vec<Block<'_>> =
        record.trials.iter().filter(|outcome| !outcome.trial.warmup).filter_map(|outcome| block(record, outcome)).collect();
    if probes.is_empty() && blocks.is_empty() {
        return None;
    }
    let factors = Part::ALL.into_iter().filter_map(|part| Some((part, factors(&blocks, part)?))).collect();
    let mut disturbances = before(&probes);
    disturbances.extend(during(&blocks));
    Some(Noise { before: probes, blocks: blocks.len(), factors, disturbances })
}

/// The probe right before a block, with the one before the part of the run that the block is in.
struct Block<'a> {
    outcome: &'a TrialOutcome,
    probe: &'a NoiseProbe,
    before: Option<&'a NoiseProbe>,
}

impl Block<'_> {
    /// How long the same work took, by how long it took before the run.
    fn factor(&self, part: Part) -> Option<f64> {
        let (now, then) = (part.of(self.probe).figure()?, part.of(self.before?).figure()?);
        Some(now.seconds / then.seconds).filter(|factor| factor.is_finite() && *factor > 0.0)
    }
}

fn block<'a>(record: &'a Record, outcome: &'a TrialOutcome) -> Option<Block<'a>> {
    let (run, probe) = (&record.run, outcome.noise.as_ref()?);
    let part = run.merged.iter().find(|part| part.scenarios.contains(&outcome.trial.scenario)).map(|part| part.shard);
    let same = |shard: Option<u32>| run.merged.is_empty() || shard == part;
    let earlier = run.noise.iter().filter(|before| same(before.shard) && before.probe.at <= probe.at);
    let before = earlier.map(|before| &before.probe).max_by_key(|before| before.at);
    Some(Block { outcome, probe, before })
}

fn factors(blocks: &[Block<'_>], part: Part) -> Option<Factors> {
    let all: Vec<f64> = blocks.iter().filter_map(|block| block.factor(part)).collect();
    Some(Factors { median: median(&all)?, least: min(&all)?, most: max(&all)?, n: all.len() })
}

/// What disturbed before a run, or a part of one: the worst of each kind.
fn before(probes: &[&NoiseProbe]) -> Vec<Disturbance> {
    let worst = |what, limit: f64, figure: &dyn Fn(&NoiseProbe) -> Option<f64>| {
        let figures: Vec<f64> = probes.iter().filter_map(|probe| figure(probe)).collect();
        let worst = max(&figures).filter(|worst| *worst >= limit)?;
        Some(Disturbance { what, worst, when: When::Before })
    };
    let varies = |part: Part| worst(What::Varies(part), part.unsteady(), &|probe| Some(part.of(probe).figure()?.variation));
    let others = worst(What::Others, MUCH_BY_OTHERS, &|probe| probe.others.figure().copied());
    let stolen = worst(What::Stolen, MUCH_STOLEN, &|probe| probe.stolen.figure().copied());
    Part::ALL.into_iter().filter_map(varies).chain(others).chain(stolen).collect()
}

/// What disturbed before blocks. How much a few repetitions vary among themselves says little, and is not looked at.
fn during(blocks: &[Block<'_>]) -> Vec<Disturbance> {
    let longer = |part: Part| worst_block(blocks, What::Longer(part), part.moved(), |block| block.factor(part));
    let shorter = |part: Part| worst_block(blocks, What::Shorter(part), part.moved(), |block| block.factor(part).map(f64::recip));
    let others = worst_block(blocks, What::Others, MUCH_BY_OTHERS, |block| block.probe.others.figure().copied());
    let stolen = worst_block(blocks, What::Stolen, MUCH_STOLEN, |block| block.probe.stolen.figure().copied());
    Part::ALL.into_iter().flat_map(|part| [longer(part), shorter(part)]).flatten().chain(others).chain(stolen).collect()
}

fn worst_block(blocks: &[Block<'_>], what: What, limit: f64, figure: impl Fn(&Block<'_>) -> Option<f64>) -> Option<Disturbance> {
    let known: Vec<(f64, &Block<'_>)> = blocks.iter().filter_map(|block| Some((figure(block)?, block))).collect();
    let over: Vec<_> = known.iter().filter(|(figure, _)| *figure >= limit).collect();
    let (worst, block) = over.iter().max_by(|one, two| one.0.total_cmp(&two.0))?;
    let when = When::Blocks { worst: block.outcome.trial.to_string(), count: over.len(), of: known.len() };
    Some(Disturbance { what, worst: *worst, when })
}
