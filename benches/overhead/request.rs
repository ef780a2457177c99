//! What the bench is asked for. Pure.

use std::path::PathBuf;

/// How the bench is called, for whoever calls it wrongly.
const USAGE: &str = "cargo bench --bench overhead [-- cached build push --pairs N --seconds S --megabytes MB --seed N --csv PATH]";

/// The most pairs that are taken: the statistics know no larger sample.
const MOST_PAIRS: usize = 1_000;

/// One question that can be asked alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A fully cached build by loadline, and the same request posted to the engine.
    Cached,
    /// The same for a build that computes for some seconds.
    Build,
    /// A push to loadline's registry, and to Debian's.
    Push,
}

impl Part {
    /// In the order in which they are asked.
    pub(crate) const ALL: [Self; 3] = [Self::Cached, Self::Build, Self::Push];

    /// As it is asked for, and as the table of raw numbers names it.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Build => "build",
            Self::Push => "push",
        }
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// `cargo bench` says `--bench`. Without it (`cargo test`) nothing is measured: the bench says what it would do.
    pub(crate) measure: bool,
    /// `--list` asks for names only.
    pub(crate) list: bool,
    /// What is asked, each part once.
    pub(crate) parts: Vec<Part>,
    /// The most pairs of a part, instead of its own number.
    pub(crate) pairs: Option<usize>,
    /// About how long the step of the part `build` computes.
    pub(crate) seconds: f64,
    /// Decimal megabytes of the layers that the part `push` moves.
    pub(crate) megabytes: usize,
    /// What decides which of a pair goes first.
    pub(crate) seed: u64,
    /// Where the raw numbers go.
    pub(crate) csv: Option<PathBuf>,
}

impl Default for Request {
    fn default() -> Self {
        Self { measure: false, list: false, parts: Part::ALL.to_vec(), pairs: None, seconds: 20.0, megabytes: 64, seed: 1, csv: None }
    }
}

impl Request {
    /// Reads the arguments after the program's name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut request, mut parts) = (Self::default(), Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => request.measure = true,
                "--list" => request.list = true,
                option if option.starts_with('-') => request.set(option, arguments.next())?,
                name => parts.push(part(name)?),
            }
        }
        if !parts.is_empty() {
            request.parts = Part::ALL.into_iter().filter(|part| parts.contains(part)).collect();
        }
        Ok(request)
    }

    fn set(&mut self, option: &str, value: Option<String>) -> Result<(), String> {
        match option {
            "--pairs" => self.pairs = Some(number(option, value, 2, MOST_PAIRS)?),
            "--seconds" => self.seconds = number(option, value, 0.1, 600.0)?,
            "--megabytes" => self.megabytes = number(option, value, 1, 2_000)?,
            "--seed" => self.seed = number(option, value, 0, u64::MAX)?,
            "--csv" => self.csv = Some(value.ok_or_else(|| format!("--csv needs a path; use {USAGE}"))?.into()),
            _ => return Err(format!("there is no option {option}; use {USAGE}")),
        }
        Ok(())
    }
}

fn part(name: &str) -> Result<Part, String> {
    let known = Part::ALL.into_iter().find(|part| part.id() == name);
    known.ok_or_else(|| format!("there is no part {name}; there are {}", Part::ALL.map(Part::id).join(", ")))
}

fn number<T: Copy + std::str::FromStr + PartialOrd + std::fmt::Display>(
    option: &str,
    value: Option<String>,
    least: T,
    most: T,
) -> Result<T, String> {
    let parsed = value.and_then(|value| value.parse().ok()).filter(|number| *number >= least && *number <= most);
    parsed.ok_or_else(|| format!("{option} needs a number from {least} to {most}; use {USAGE}"))
}
