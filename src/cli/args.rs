//! What can be typed. Resolved into [`options`](super::options) at once; nothing below `cli` sees these types.

mod check;
mod compare;
mod doctor;
mod trend;
mod weigh;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::downloads::DownloadArgs;
use super::effort::{Effort, SETTLED};
use super::part::Part;
use crate::units::{Cpus, LinkProfile, parse_bytes};
pub(crate) use check::{CheckArgs, CheckFormat};
pub(crate) use compare::{CompareArgs, CompareFormat};
pub(crate) use doctor::{DoctorArgs, DoctorFormat, StoreArg};
pub(crate) use trend::{BaselineArg, HistoryArgs, HistoryCommand, TrendArgs, TrendFormat};
pub(crate) use weigh::{WeighArgs, WeighFormat};

/// Builds container images, proves that they work, weighs them and times build, push and pull
#[derive(Debug, Parser)]
#[command(name = "loadline", version, about, max_term_width = 110, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 ok, 1 verdict, 2 usage, 3 incomplete, 4 engine, 5 record, 70 internal, 130 interrupted")]
pub(crate) struct Cli {
    /// Take defaults of options from this file, not from the nearest loadline.toml
    #[arg(long, global = true, value_name = "FILE", display_order = 990)]
    pub(crate) config: Option<PathBuf>,
    /// Take defaults of options from no file
    #[arg(long, global = true, display_order = 991)]
    pub(crate) no_config: bool,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what this machine can measure, what not, and the cure
    Doctor(DoctorArgs),
    /// Write a scenario.toml for a folder with a Dockerfile; finds its smoke check by trying
    Init(InitArgs),
    /// Build, prove, weigh and time; writes a run folder and ends with the table
    Run(Box<RunArgs>),
    /// Weigh an image: every size by its name, layers, biggest files, waste
    Weigh(WeighArgs),
    /// List scenarios and variants, which bases they need and how many limits they have
    List(ListArgs),
    /// Make all report files of a run again from its record, and print the table
    Report(ReportArgs),
    /// Hold a run to budgets: pass, fail or skip for each limit, for people and for CI
    Check(CheckArgs),
    /// Say what became better or worse between two runs, or two variants of one, and what made it
    Compare(CompareArgs),
    /// Put the shards of a run together into one record, and print the table
    Merge(MergeArgs),
    /// Say what changed over many runs, since when and why, and what grows slowly
    Trend(TrendArgs),
    /// Keep runs in one small file over time
    History(HistoryArgs),
    /// Base sets and how near each stand-in is to what is published
    Bases(BasesArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Which scenarios.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Names of scenarios, or paths of folders with a Dockerfile; all scenarios when none is given
    #[arg(value_name = "SCENARIO|PATH")]
    pub(crate) wanted: Vec<String>,
    /// The folder that holds the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    pub(crate) scenarios: PathBuf,
    /// Only variants that match: NAME, SCENARIO/NAME, with * and ?; may be repeated
    #[arg(long = "variant", value_name = "GLOB")]
    pub(crate) variants: Vec<String>,
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineArg {
    /// Private where it can run, else host
    Auto,
    /// An own dockerd that leaves no trace (Linux, root)
    Private,
    /// The engine that `DOCKER_HOST` names, else the default socket
    Host,
}

/// Which base set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BasesArg {
    /// Hub when every FROM resolves, else stand-in for all
    Auto,
    /// As published, pulled by name
    Hub,
    /// Built locally after the published recipes
    StandIn,
}

/// A build of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BuildArg {
    /// Without any cache
    Cold,
    /// Once more, with nothing changed
    Warm,
    /// After each edit of the scenario
    Edit,
    /// After a change of the base image: one small layer more under the same name
    Base,
    /// Once more and after each edit, without any cache, as updates of the cold image
    Clean,
}

/// How a run talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Lines or bars on stderr, the table on stdout
    Human,
    /// One JSON event a line on stdout
    Json,
}

/// Arguments of `run` that a run which is gone on with takes from its record. What says where things lie on this machine, and how
/// progress is told, may stand beside `--resume`.
pub(crate) const SETTLED_BY_A_RECORD: [&str; 20] = [
    "wanted",
    "variants",
    "engine",
    "store",
    "cpus",
    "memory",
    "bases",
    "locked",
    "registry",
    "link",
    "count_downloads",
    "download_link",
    "builds",
    "trials",
    "quick",
    "seed",
    "out",
    "results",
    "allow_skips",
    "shard",
];

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Which scenarios
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Which engine measures
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) engine: EngineArg,
    /// The dockerd binary for the private engine
    #[arg(long, value_name = "PATH")]
    pub(crate) dockerd: Option<PathBuf>,
    /// A root file system with an engine of its own for the private engine, such as scripts/engine-root.sh makes
    #[arg(long, value_name = "DIR", conflicts_with = "dockerd")]
    pub(crate) engine_root: Option<PathBuf>,
    /// How the private engine keeps images; classic when not given
    #[arg(long, value_enum)]
    pub(crate) store: Option<StoreArg>,
    /// Where the private engine keeps its data: auto, tmpfs, disk, or a new or empty folder
    #[arg(long, value_name = "auto|tmpfs|disk|PATH", default_value = "auto")]
    pub(crate) data_root: String,
    /// Processors that the private engine and its builds may take, such as 2 or 1.5; all of them when not given
    #[arg(long, value_name = "N")]
    pub(crate) cpus: Option<Cpus>,
    /// Memory that the private engine and its builds may take, such as "4 GB", without swap; its data then lies on disk
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) memory: Option<u64>,
    /// Where base images come from
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) bases: BasesArg,
    /// Refuse a base image whose digest differs from bases.lock
    #[arg(long)]
    pub(crate) locked: bool,
    /// A registry that the private engine asks instead of the public one
    #[arg(long, value_name = "URL")]
    pub(crate) registry_mirror: Option<String>,
    /// Push to and pull from this registry, with the login that docker has for it, instead of loadline's own
    #[arg(long, value_name = "HOST[:PORT]/PATH")]
    pub(crate) registry: Option<String>,
    /// The link that pushes and pulls go over: loopback (as fast as this machine), lan, 100mbit, 20mbit,30ms, or any RATE[,ROUND TRIP]
    #[arg(long, value_name = "PROFILE", default_value = "loopback")]
    pub(crate) link: LinkProfile,
    /// Whether downloads of builds are counted
    #[command(flatten)]
    pub(crate) downloads: DownloadArgs,
    /// Which builds are measured, separated by commas; cold,warm,edit when not given, with --quick cold alone
    #[arg(long, value_enum, value_name = "BUILDS", value_delimiter = ',')]
    pub(crate) builds: Vec<BuildArg>,
    /// How often each variant is measured, with --precision at most [default: 5, with --precision 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) trials: Option<u32>,
    /// One trial of each variant: exact bytes, times as a first look
    #[arg(long, conflicts_with = "trials")]
    pub(crate) quick: bool,
    /// When it has enough, and when a step took too long
    #[command(flatten)]
    pub(crate) effort: Effort,
    /// Seed of the order in which variants are measured; drawn and recorded when not given
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The run's folder, new or empty; DATE-N in the folder of --results when not given
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The folder that runs are put into which are given no folder of their own
    #[arg(long, value_name = "DIR", default_value = "results", conflicts_with = "out")]
    pub(crate) results: PathBuf,
    /// Go on with the run in this folder, with the settings that it has
    #[arg(long, value_name = "RUN", conflicts_with_all = SETTLED_BY_A_RECORD.into_iter().chain(SETTLED))]
    pub(crate) resume: Option<PathBuf>,
    /// Measure one part of the scenarios: 2/3 is every third from the second; the same seed for all parts
    #[arg(long, value_name = "K/N", requires = "seed")]
    pub(crate) shard: Option<Part>,
    /// Exit 0 although some variant was skipped, such as one whose base image cannot be had
    #[arg(long)]
    pub(crate) allow_skips: bool,
    /// How progress is told
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder with the Dockerfile, which is its build context
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Write what can be told from the files alone
    #[arg(long, conflicts_with_all = ["env", "engine", "dockerd", "wait"])]
    pub(crate) no_build: bool,
    /// Replace a scenario.toml that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// The port that the app listens on, where no EXPOSE says so
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// A variable that the app needs to start, tried and written into the file; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// How long the app may take to answer, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) wait: u64,
    /// Which engine tries it
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) engine: EngineArg,
    /// The dockerd binary for the private engine
    #[arg(long, value_name = "PATH")]
    pub(crate) dockerd: Option<PathBuf>,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Which scenarios
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ScenarioListFormat,
}

/// A format that `list` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScenarioListFormat {
    /// Columns on a terminal, elsewhere cells between tabs
    Text,
    /// Everything, as JSON
    Json,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run's folder
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: ReportFormat,
}

/// A format that `report` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// The table for people
    Terminal,
    /// The same as Markdown
    Markdown,
    /// All observations, one a row
    Csv,
    /// Everything in the report, as JSON
    Json,
    /// The README.md of a published run; refused for a run that may not be published
    Readme,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The folders of all shards
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The folder of the whole, new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Arguments of `bases`.
#[derive(Debug, Args)]
pub(crate) struct BasesArgs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: BasesCommand,
}

/// What to do with bases.
#[derive(Debug, Subcommand)]
pub(crate) enum BasesCommand {
    /// List the stand-ins: published size, ours, ratio, what differs; and how large the cache is
    List(BasesListArgs),
    /// Build stand-ins into the cache: those that the scenarios need, or those that are named
    Build(BasesBuildArgs),
    /// Remove from the cache what no recipe refers to any more
    Prune(BasesPruneArgs),
}

/// Arguments of `bases list`.
#[derive(Debug, Args)]
pub(crate) struct BasesListArgs {
    /// What is printed on stdout
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: ListFormat,
}

/// A format that `bases list` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// A table for people, and what differs below it
    Terminal,
    /// The same as Markdown
    Markdown,
    /// One stand-in a row, sizes in bytes
    Csv,
    /// Everything in the list, as JSON
    Json,
}

/// Arguments of `bases prune`.
#[derive(Debug, Args)]
pub(crate) struct BasesPruneArgs {
    /// Remove everything, so that all bases are made or pulled anew
    #[arg(long)]
    pub(crate) all: bool,
}

/// Arguments of `bases build`.
#[derive(Debug, Args)]
pub(crate) struct BasesBuildArgs {
    /// Names of images, such as debian:trixie-slim, or scenarios whose images are built; all scenarios when none is given
    #[arg(value_name = "IMAGE|SCENARIO|PATH")]
    pub(crate) wanted: Vec<String>,
    /// Every stand-in that there is
    #[arg(long, conflicts_with_all = ["wanted", "variants"])]
    pub(crate) all: bool,
    /// The folder that holds the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    pub(crate) scenarios: PathBuf,
    /// Only variants that match: NAME, SCENARIO/NAME, with * and ?; may be repeated
    #[arg(long = "variant", value_name = "GLOB")]
    pub(crate) variants: Vec<String>,
    /// The dockerd binary for the private engine
    #[arg(long, value_name = "PATH")]
    pub(crate) dockerd: Option<PathBuf>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests;
