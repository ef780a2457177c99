//! What can be typed after `compare`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Args, Command, ValueEnum};

use crate::measure::Measure;
use crate::scenario::suggest::closest;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The folder of the run to compare with; with --between the only run
    #[arg(value_name = "BASELINE")]
    pub(crate) baseline: PathBuf,
    /// The folder of the run
    #[arg(value_name = "RUN", required_unless_present = "between", conflicts_with = "between")]
    pub(crate) run: Option<PathBuf>,
    /// Compare two variants of one run instead, iteration by iteration: the second beside the first
    #[arg(long, value_name = "SCENARIO/VARIANT", num_args = 2)]
    pub(crate) between: Vec<String>,
    /// Only this measure, such as transfer-size or build-time; may be repeated
    #[arg(long = "measure", value_name = "MEASURE", value_parser = MeasureParser)]
    pub(crate) measures: Vec<Measure>,
    /// Changes of times up to this part do not matter [default: 1.5%]
    #[arg(long, value_name = "PERCENT", value_parser = noise)]
    pub(crate) noise: Option<f64>,
    /// List every figure, also those that did not change
    #[arg(long)]
    pub(crate) all: bool,
    /// Exit 1 where a figure regressed, and 3 where a figure or a trial is missing
    #[arg(long)]
    pub(crate) fail_on_regression: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: CompareFormat,
}

/// A format that `compare` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// For people
    #[value(alias = "text")]
    Terminal,
    /// For a comment on a change: totals first
    Markdown,
    /// One figure a row, in base units
    Csv,
    /// Everything, as JSON
    Json,
}

/// Measures by their names, which help and completions list.
#[derive(Clone, Copy)]
pub(super) struct MeasureParser;

impl TypedValueParser for MeasureParser {
    type Value = Measure;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Measure, clap::Error> {
        measure.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Measure::ALL.into_iter().map(|measure| PossibleValue::new(measure.id()).help(about(measure)))))
    }
}

/// What it is, as a help text begins.
fn about(measure: Measure) -> String {
    let mut letters = measure.about().chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// A measure by its name.
pub(super) fn measure(text: &str) -> Result<Measure, String> {
    let near = || closest(text, Measure::ALL.map(Measure::id)).and_then(|id| Measure::ALL.into_iter().find(|measure| measure.id() == id));
    let unknown = || match Measure::meant(text).or_else(near) {
        Some(meant) => format!("there is no such measure; did you mean {}?", meant.id()),
        None => format!("there is no such measure; take one of {}", Measure::ALL.map(Measure::id).join(", ")),
    };
    Measure::ALL.into_iter().find(|measure| measure.id() == text).ok_or_else(unknown)
}

/// A part of a time: `2%` is 0.02.
fn noise(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
    let sensible = number.filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| percent / 100.0);
    sensible.ok_or_else(|| "noise is between 0% and 100%, with the sign of per cent, such as 3%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_says_that_it_is_in_per_cent() {
        assert_eq!((noise("5%"), noise(" 2.5 % "), noise("0%")), (Ok(0.05), Ok(0.025), Ok(0.0)));
        for wrong in ["5", "0.05", "-5%", "101%", "NaN%", "inf%", "%", ""] {
            assert!(noise(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_names_the_noise_that_is_usual() {
        assert_eq!(noise("1.5%"), Ok(crate::judge::NOISE));
    }

    #[test]
    fn a_measure_is_called_by_its_name_alone() {
        assert_eq!(measure("transfer-size"), Ok(Measure::TransferSize));
        assert!(measure("uncompresed-size").is_err_and(|e| e.ends_with("did you mean uncompressed-size?")));
        assert!(measure("size").is_err_and(|e| e.contains("uncompressed-size")));
        assert!(measure("d3").is_err_and(|e| e.ends_with("did you mean uncompressed-size?")));
        assert!(measure("layers").is_err_and(|e| e.ends_with("did you mean layer-count?")));
    }
}
