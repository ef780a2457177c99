//! How much is measured, and how long anything may take, as it is typed.

use std::time::Duration;

use clap::Args;

use crate::record::Settings;
use crate::run::{Limits, StopRules};
use crate::stats::VERDICT_VALUES;
use crate::units;

use super::{Exit, Failure};

/// What [`Effort`] is called among the arguments of `run`.
pub(crate) const SETTLED: [&str; 7] = ["time_limit", "precision", "warm_up", "starts", "no_pull", "build_timeout", "transfer_timeout"];

/// When a run has enough, and when a step took too long.
#[derive(Clone, Copy, Debug, PartialEq, Args)]
pub(crate) struct Effort {
    /// Begin nothing more after this time of measuring, such as 30m or 1h30m, and end with a whole iteration if that can be
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) time_limit: Option<Duration>,
    /// End as soon as the medians of all build, push and pull times are known to ± this part of them, such as 5%; --trials is the most
    #[arg(long, value_name = "PERCENT", value_parser = share, conflicts_with = "quick")]
    pub(crate) precision: Option<f64>,
    /// Iterations before those of --trials that are recorded and left out of all figures
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) warm_up: u32,
    /// How often each image is started again after its smoke check, for the start time; with --quick once
    #[arg(long, value_name = "N", default_value_t = 5, default_value_if("quick", "true", "1"))]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) starts: u32,
    /// Pull nothing, and start no engine that pulls: bytes are the same, times of pulls are not measured
    #[arg(long)]
    pub(crate) no_pull: bool,
    /// The longest that one build may take [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) build_timeout: Option<Duration>,
    /// The longest that one push or pull may take [default: 30m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) transfer_timeout: Option<Duration>,
}

impl Effort {
    /// What was recorded, as if it had been typed; `None` where it cannot have been.
    pub(super) fn recorded(settings: &Settings) -> Option<Self> {
        let time = |seconds: Option<f64>| seconds.map(Duration::try_from_secs_f64).transpose().ok();
        Some(Self {
            time_limit: time(settings.time_limit)?,
            precision: settings.precision,
            warm_up: settings.warm_up,
            starts: settings.starts,
            no_pull: settings.no_pull,
            build_timeout: time(settings.build_timeout)?,
            transfer_timeout: time(settings.transfer_timeout)?,
        })
    }

    /// How many trials a run has: as many as were asked for, else the usual number, which is more where precision ends the run.
    pub(super) fn trials(&self, asked: Option<u32>) -> u32 {
        asked.unwrap_or(if self.precision.is_some() { 30 } else { 5 })
    }

    /// The rules that end a run of at most `trials` iterations.
    pub(super) fn rules(&self, trials: u32) -> Result<StopRules, Failure> {
        if self.precision.is_some() && usize::try_from(trials).is_ok_and(|most| most < VERDICT_VALUES) {
            let message = format!(
                "--precision needs {VERDICT_VALUES} trials before a median is known well enough to tell, and --trials {trials} are the \
                 most; allow more, or leave out one of them"
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        Ok(StopRules { time_limit: self.time_limit, precision: self.precision })
    }

    /// How long single calls may take.
    pub(super) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            build: self.build_timeout.unwrap_or(usual.build),
            transfer: self.transfer_timeout.unwrap_or(usual.transfer),
            call: usual.call,
        }
    }
}

/// A time that something can take.
fn duration(text: &str) -> Result<Duration, String> {
    let time = units::parse_duration(text).map_err(|e| e.to_string())?;
    if time.is_zero() { Err("nothing can be done in no time; give more, such as 30m".to_owned()) } else { Ok(time) }
}

/// A part of a median: `5%` is 0.05.
fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
    let sensible = number.filter(|percent| (0.1..=100.0).contains(percent)).map(|percent| percent / 100.0);
    sensible.ok_or_else(|| "a precision is between 0.1% and 100%, with the sign of per cent, such as 5%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_says_that_it_is_in_per_cent() {
        assert_eq!((share("5%"), share(" 2.5 % "), share("100%")), (Ok(0.05), Ok(0.025), Ok(1.0)));
        for wrong in ["5", "0.05", "0%", "-5%", "101%", "NaN%", "inf%", "%", ""] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_names_the_time_outs_that_are_usual() {
        let usual = Limits::default();
        assert_eq!((usual.build, usual.transfer), (Duration::from_hours(1), Duration::from_mins(30)));
    }

    #[test]
    fn no_time_is_no_limit() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert!(duration("0s").is_err_and(|e| e.contains("such as 30m")));
        assert!(duration("30").is_err());
    }
}
