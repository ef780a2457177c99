//! What can be typed after `check`.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::report::CiFormat;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The run's folder
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// The folder of a run to hold increases against; without budgets, D3 may grow by 1 %
    #[arg(long, value_name = "RUN")]
    pub(crate) baseline: Option<PathBuf>,
    /// Hold the run to the budgets of this scenario file or folder, or folder of scenarios, not to its own; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) budgets: Vec<PathBuf>,
    /// When every limit holds, lower each max that leaves more than 1 % of room, in the scenario files
    #[arg(long)]
    pub(crate) tighten: bool,
    /// Exit 1 also where noise hides whether a time is within its limit
    #[arg(long)]
    pub(crate) strict: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: CheckFormat,
}

/// A format that `check` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// Everything, as JSON.
    Json,
    /// For another program.
    Ci(CiFormat),
}

impl ValueEnum for CheckFormat {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<CheckFormat>> =
            LazyLock::new(|| [CheckFormat::Text, CheckFormat::Json].into_iter().chain(CiFormat::ALL.map(CheckFormat::Ci)).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (id, about) = match self {
            Self::Text => ("text", "For people: failures first, the verdict last"),
            Self::Json => ("json", "Everything, as JSON"),
            Self::Ci(format) => (format.id(), format.about()),
        };
        Some(PossibleValue::new(id).help(about))
    }
}
