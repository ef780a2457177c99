//! How noisy the machine was, in words: a line with the verdict and its figures, and a warning with its cure for all that disturbed.

use schemars::JsonSchema;
use serde::Serialize;

use super::text::one_line;
use crate::judge::{Calm, Disturbance, Factors, Noise, Part, What, When, look};
use crate::record::{Jitter, NoiseProbe, Told};

/// What helps where the machine had something else to do.
const CURE: &str = "something else was at work; stop it, or run again with more trials";
/// What helps where the disk is what varies.
const DISK_CURE: &str =
    "something else used that disk, or it is uneven by itself; stop that, run with --data-root tmpfs, or with more trials";
/// What helps where the machine is virtual.
const STOLEN_CURE: &str = "other machines on the same hardware were at work; take another machine or hour, or run again with more trials";

/// How noisy the machine was, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoiseReport {
    /// `quiet`, `noisy` or `unknown`.
    pub verdict: &'static str,
    /// The verdict in words, with what disturbed and the figures of before the run.
    pub line: String,
    /// All figures of the probe before the run; of several, as when it was gone on with, the last one.
    pub before: Option<String>,
    /// How long the same work took right before the blocks, by how long it took before the run.
    pub blocks: Option<String>,
}

impl NoiseReport {
    pub(super) fn new(noise: &Noise<'_>) -> Self {
        let last = noise.before.last();
        // The verdict is on all of them: the figures of one would contradict it.
        let brief = if let [only] = noise.before[..] { format!(" ({})", brief(only)) } else { String::new() };
        let factors: Vec<String> = noise.factors.iter().map(|(part, factors)| compared(*part, factors)).collect();
        Self {
            verdict: id(noise.calm()),
            line: format!("{}{brief}", verdict(noise.calm(), &noise.disturbances)),
            before: last.map(|probe| one_line(&figures(probe))),
            blocks: (!factors.is_empty()).then(|| factors.join(", ")),
        }
    }
}

const fn id(calm: Calm) -> &'static str {
    match calm {
        Calm::Quiet => "quiet",
        Calm::Noisy => "noisy",
        Calm::Unknown => "unknown",
    }
}

/// A sentence with its cure for all that disturbed.
pub(super) fn warnings(noise: &Noise<'_>) -> Vec<String> {
    noise.disturbances.iter().map(|found| one_line(&format!("{}: {}", sentence(found), cure(found.what)))).collect()
}

/// The verdict of one look at a machine: its words, the figures on a second line, and the cure where it is noisy.
pub fn noise_now(probe: &NoiseProbe) -> (Calm, String, Option<String>) {
    let (calm, found) = look(probe);
    let words = format!("{}\n{}", verdict(calm, &found), one_line(&figures(probe)));
    let cure = (calm == Calm::Noisy).then(|| "stop what else is at work before a run, or take more trials".to_owned());
    (calm, words, cure)
}

fn verdict(calm: Calm, disturbances: &[Disturbance]) -> String {
    match calm {
        Calm::Quiet => "quiet".to_owned(),
        Calm::Unknown => "not known: the processor could not be probed".to_owned(),
        Calm::Noisy => {
            let causes: Vec<String> = disturbances.iter().map(cause).collect();
            format!("noisy: {}", causes.join(", "))
        }
    }
}

/// `processor 38 % longer before 3 of 28 blocks`.
fn cause(found: &Disturbance) -> String {
    let when = match &found.when {
        When::Before => String::new(),
        When::Blocks { count, of, .. } => format!(" before {count} of {of} blocks"),
    };
    let worst = found.worst;
    let what = match found.what {
        What::Varies(part) => format!("{} varies by {}", part.id(), share(worst)),
        What::Longer(part) => format!("{} {} longer", part.id(), share(worst - 1.0)),
        What::Shorter(part) => format!("{} {} shorter", part.id(), share(1.0 - worst.recip())),
        What::Others => format!("others took {} of the CPUs' time", share(worst)),
        What::Stolen => format!("{} of the CPUs' time stolen", share(worst)),
    };
    what + &when
}

fn sentence(found: &Disturbance) -> String {
    let worst = found.worst;
    let what = match found.what {
        What::Varies(part) => {
            return format!("before the run the times of the same work ({}) varied by {}", work(part), share(worst));
        }
        What::Longer(part) => format!("the same work ({}) took up to {} longer than before the run", work(part), share(worst - 1.0)),
        What::Shorter(part) => {
            format!("the same work ({}) took up to {} less time than before the run", work(part), share(1.0 - worst.recip()))
        }
        What::Others => format!("other processes took {} of the CPUs' time", share(worst)),
        What::Stolen => format!("the hypervisor took {} of the CPUs' time", share(worst)),
    };
    match &found.when {
        When::Before => format!("before the run {what}"),
        When::Blocks { worst, count, of } => format!("{what} right before {count} of {of} blocks, most before {worst}"),
    }
}

const fn cure(what: What) -> &'static str {
    match what {
        What::Varies(Part::Disk) | What::Longer(Part::Disk) | What::Shorter(Part::Disk) => DISK_CURE,
        What::Stolen => STOLEN_CURE,
        _ => CURE,
    }
}

const fn work(part: Part) -> &'static str {
    match part {
        Part::Processor => "hashing on the processor",
        Part::Disk => "writing to the disk",
        Part::Loopback => "a byte there and back over loopback",
    }
}

/// `processor 4.62 ms ± 1.2 %, …`: what a probe measured, without what it could not.
fn brief(probe: &NoiseProbe) -> String {
    let part = |part: Part| {
        let jitter = part.of(probe).figure()?;
        Some(format!("{} {} ± {}", part.id(), short(jitter.seconds), share(jitter.variation)))
    };
    let named = [("others", &probe.others), ("stolen", &probe.stolen)];
    let shares = named.into_iter().filter_map(|(name, told)| told.figure().map(|value| format!("{name} {}", share(*value))));
    let shares = shares.collect::<Vec<_>>().join(" and ");
    let shares = (!shares.is_empty()).then(|| format!("{shares} of the CPUs' time"));
    Part::ALL.into_iter().filter_map(part).chain(shares).collect::<Vec<_>>().join(", ")
}

/// Everything that a probe measured.
fn figures(probe: &NoiseProbe) -> String {
    let part = |part: Part| match part.of(probe) {
        Told::Figure(jitter) => format!("{} {}", part.id(), repeated(*jitter, (part == Part::Disk).then_some(probe.disk_place.as_str()))),
        Told::Missing { missing } => format!("{} not probed ({missing})", part.id()),
    };
    let told = |told: &Told<f64>, name: &str, shown: &dyn Fn(f64) -> String| match told {
        Told::Figure(value) => format!("{name} {}", shown(*value)),
        Told::Missing { missing } => format!("{name} not known ({missing})"),
    };
    let mut all: Vec<String> = Part::ALL.into_iter().map(part).collect();
    all.push(told(&probe.others, "others", &|value| format!("{} of the CPUs' time", share(value))));
    all.push(told(&probe.stolen, "stolen", &share));
    all.push(told(&probe.load, "load average", &|value| format!("{value:.2}")));
    all.join(", ")
}

/// `1.83 ms (variation 1.2 %, n = 60)`.
fn repeated(jitter: Jitter, place: Option<&str>) -> String {
    let place = place.map(|place| format!("; {place}")).unwrap_or_default();
    format!("{} (variation {}, n = {}{place})", short(jitter.seconds), share(jitter.variation), jitter.n)
}

/// `processor 0.97 to 1.38 times, median 1.01, n = 28`.
fn compared(part: Part, factors: &Factors) -> String {
    let Factors { median, least, most, n } = factors;
    format!("{} {least:.2} to {most:.2} times (median {median:.2}, n = {n})", part.id())
}

/// A short time with three digits: `1.83 ms`, `31.4 µs`.
fn short(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

/// A share in per cent: one decimal below ten.
fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_and_shares_have_the_digits_that_they_need() {
        let times = [0.001_83, 0.031_4e-3, 0.000_314, 2.5, 0.25].map(short);
        assert_eq!(times, ["1.83 ms", "31.4 µs", "314 µs", "2.50 s", "250 ms"]);
        assert_eq!([0.0, 0.012, 0.0996, 0.38].map(share), ["0.0 %", "1.2 %", "10 %", "38 %"]);
    }
}
