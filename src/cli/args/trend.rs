//! Arguments of `trend` and `history`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

use super::compare::{MeasureParser, measure};
use crate::measure::{Measure, Unit};
use crate::units::{parse_bytes, parse_duration};

/// Arguments of `trend`.
#[derive(Debug, Args)]
pub(crate) struct TrendArgs {
    /// Histories (history.jsonl), run folders, or folders that hold either
    #[arg(value_name = "HISTORY|RUN|DIR", default_value = "results")]
    pub(crate) places: Vec<PathBuf>,
    /// Only these scenarios: a name, with * and ?; may be repeated
    #[arg(long = "scenario", value_name = "GLOB")]
    pub(crate) scenarios: Vec<String>,
    /// Only variants that match: NAME, SCENARIO/NAME, with * and ?; may be repeated
    #[arg(long = "variant", value_name = "GLOB")]
    pub(crate) variants: Vec<String>,
    /// Only these measures, such as transfer-size or build-time; may be repeated
    #[arg(long = "measure", value_name = "MEASURE", value_parser = MeasureParser)]
    pub(crate) measures: Vec<Measure>,
    /// Say when a limit is reached: transfer-size=25MB, build-time=90s, layer-count=12; may be repeated
    #[arg(long = "limit", value_name = "MEASURE=LIMIT")]
    pub(crate) limits: Vec<LimitArg>,
    /// Set the newest run beside: merge-base:BRANCH, last-release, run:ID, or window:N (the median of N runs); else the first run
    #[arg(long, value_name = "WHAT")]
    pub(crate) baseline: Option<BaselineArg>,
    /// The git repository that merge-base and last-release ask
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,
    /// Changes of times, and growth, of less than this are not told
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = share)]
    pub(crate) smallest: f64,
    /// Every series, also the calm ones, parts of figures and earlier conditions
    #[arg(long)]
    pub(crate) all: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: TrendFormat,
}

/// A format that `trend` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrendFormat {
    /// A line for each series and what there is to tell of it
    #[value(alias = "text")]
    Terminal,
    /// A table for a pull request
    Markdown,
    /// One row a series and one a change, exact values
    Csv,
    /// Everything, as JSON
    Json,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: HistoryCommand,
}

/// What to do with a history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Add runs to a history; one that is there already is not added again
    Add(HistoryAddArgs),
}

/// Arguments of `history add`.
#[derive(Debug, Args)]
pub(crate) struct HistoryAddArgs {
    /// The history's file, such as history.jsonl; created where missing
    #[arg(value_name = "HISTORY")]
    pub(crate) history: PathBuf,
    /// Folders of runs that have come to their end
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
}

/// A limit of a measure, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LimitArg {
    pub(crate) measure: Measure,
    pub(crate) limit: f64,
}

impl FromStr for LimitArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, limit) = text.split_once('=').ok_or("write a measure, = and a limit, such as transfer-size=25MB")?;
        let measure = measure(name)?;
        let limit = match measure.unit() {
            Unit::Bytes => parse_bytes(limit).map(|bytes| bytes as f64).map_err(|e| e.to_string())?,
            Unit::Seconds => parse_duration(limit).map(|time| time.as_secs_f64()).map_err(|e| e.to_string())?,
            Unit::One => limit.trim().parse::<u32>().map(f64::from).map_err(|_| format!("'{limit}' is no whole number"))?,
        };
        if limit > 0.0 { Ok(Self { measure, limit }) } else { Err("a limit is more than 0".to_owned()) }
    }
}

/// What the newest run is set beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BaselineArg {
    /// The commit at which this branch and another parted.
    MergeBase(String),
    /// The newest tag.
    LastRelease,
    /// A run.
    Run(String),
    /// So many runs.
    Window(usize),
}

impl FromStr for BaselineArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "last-release" => Ok(Self::LastRelease),
            Some(("merge-base", other)) if !other.is_empty() => Ok(Self::MergeBase(other.to_owned())),
            Some(("run", id)) if !id.is_empty() => Ok(Self::Run(id.to_owned())),
            Some(("window", runs)) => match runs.parse() {
                Ok(runs @ 1..=10_000) => Ok(Self::Window(runs)),
                _ => Err(format!("'{runs}' is no number of runs from 1 to 10000")),
            },
            _ => Err("write merge-base:BRANCH, last-release, run:ID or window:N".to_owned()),
        }
    }
}

/// A share in per cent.
fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let share = number.map(|percent| percent / 100.0).filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "write a share from 0% to less than 100%, such as 2%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_in_the_unit_of_its_measure() {
        assert_eq!("transfer-size=25MB".parse(), Ok(LimitArg { measure: Measure::TransferSize, limit: 25e6 }));
        assert_eq!("build-time=1m30s".parse(), Ok(LimitArg { measure: Measure::BuildTime, limit: 90.0 }));
        assert_eq!("layer-count=12".parse(), Ok(LimitArg { measure: Measure::LayerCount, limit: 12.0 }));
        for wrong in ["transfer-size", "transfer-size=25", "size=25MB", "build-time=25MB", "layer-count=x", "layer-count=0"] {
            assert!(wrong.parse::<LimitArg>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_baseline_is_one_of_four() {
        assert_eq!("merge-base:main".parse(), Ok(BaselineArg::MergeBase("main".to_owned())));
        assert_eq!("last-release".parse(), Ok(BaselineArg::LastRelease));
        assert_eq!("run:2026-11-21-1".parse(), Ok(BaselineArg::Run("2026-11-21-1".to_owned())));
        assert_eq!("window:10".parse(), Ok(BaselineArg::Window(10)));
        for wrong in ["", "main", "run:", "merge-base:", "window:0", "window:x", "last-release:1"] {
            assert!(wrong.parse::<BaselineArg>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_per_cent() {
        assert_eq!(share("2%"), Ok(0.02));
        assert!(["2", "100%", "-1%", "x%"].into_iter().all(|wrong| share(wrong).is_err()));
    }
}
