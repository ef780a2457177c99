//! Where the time of a cold build went: the chain of steps that ended last, of the trial nearest to the median.

use schemars::JsonSchema;
use serde::Serialize;

use super::data::{ScenarioReport, VariantReport};
use super::figures::Scale;
use super::table::{Table, lines};
use super::text::one_line;
use crate::measure::{Measure, Unit};
use crate::record::{Part, Step, TrialOutcome, chain, serialize_number};
use crate::stats;

/// Steps that a cell names.
const NAMED: usize = 3;

/// The longest name of a step that is printed.
const LONGEST: usize = 40;

/// Where the wall time of one build went.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BuildReport {
    /// Whose: the iteration of the trial nearest to the median.
    pub iteration: u32,
    /// Seconds of the build call.
    #[serde(serialize_with = "serialize_number")]
    pub wall: f64,
    /// The steps of the chain that ended last, longest first.
    pub chain: Vec<StepSeconds>,
    /// Seconds in which no step of the chain ran. With those of the chain they are the wall time.
    #[serde(serialize_with = "serialize_number")]
    pub waiting: f64,
    /// All steps, for the chart. They are in the record, so JSON does not repeat them.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// A step and its time on the chain.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StepSeconds {
    /// As the builder names it.
    pub name: String,
    /// Seconds on the chain: what it ran after all that it needs was there.
    #[serde(serialize_with = "serialize_number")]
    pub seconds: f64,
}

/// The build of the trial whose build time is nearest to the median, where its steps tell the chain.
pub(super) fn build_report(counted: &[&TrialOutcome]) -> Option<BuildReport> {
    let times: Vec<(f64, &TrialOutcome)> = counted.iter().filter_map(|outcome| Some((build_time(outcome)?, *outcome))).collect();
    let median = stats::median(&times.iter().map(|(time, _)| *time).collect::<Vec<_>>())?;
    let (wall, outcome) = times.into_iter().min_by(|(a, _), (b, _)| (a - median).abs().total_cmp(&(b - median).abs()))?;
    let found = chain(&outcome.steps, wall).ok()?;
    let step = |link: &crate::record::Link| match link.part {
        Part::Step(place) => Some(StepSeconds { name: outcome.steps.get(place)?.name.clone(), seconds: link.seconds }),
        Part::Waiting(_) => None,
    };
    let mut steps: Vec<StepSeconds> = found.links.iter().filter_map(step).collect();
    steps.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    Some(BuildReport { iteration: outcome.trial.iteration, wall, chain: steps, waiting: found.waiting(), steps: outcome.steps.clone() })
}

fn build_time(outcome: &TrialOutcome) -> Option<f64> {
    outcome.observations.iter().find(|o| o.measure == Measure::BuildTime && o.phase.is_none()).map(|o| o.value)
}

/// One row a variant: the steps that decided how long its build took, and the time between them. `None` where no builder told
/// which step needs which.
pub(super) fn builds(scenarios: &[ScenarioReport]) -> Option<Table> {
    let rows: Vec<(&ScenarioReport, &VariantReport, &BuildReport)> =
        lines(scenarios).into_iter().filter_map(|(s, v)| Some((s, v, v.build.as_ref()?))).collect();
    (!rows.is_empty()).then_some(())?;
    let mut table = Table::new(rows.len());
    if scenarios.len() > 1 {
        table.push_words("scenario", rows.iter().map(|(s, ..)| one_line(&s.name)));
    }
    table.push_words("variant", rows.iter().map(|(_, v, _)| one_line(&v.name)));
    let scale = Scale::new(Unit::Seconds, rows.iter().map(|(.., build)| build.wall));
    table.push("build time, cold, s", rows.iter().map(|(.., build)| scale.number(build.wall)));
    table.push_words("longest steps of the chain that ended last", rows.iter().map(|(.., build)| longest(build, scale)));
    table.push("waiting, s", rows.iter().map(|(.., build)| scale.number(build.waiting)));
    Some(table)
}

/// `RUN npm ci 7.21 s; RUN npm run build 3.10 s; 4 more 0.52 s`.
fn longest(build: &BuildReport, scale: Scale) -> String {
    let named = build.chain.iter().take(NAMED).map(|step| format!("{} {}", short(&step.name), scale.text(step.seconds)));
    let rest = build.chain.get(NAMED..).unwrap_or_default();
    let seconds: f64 = rest.iter().map(|step| step.seconds).sum();
    let more = (!rest.is_empty()).then(|| format!("{} more {}", rest.len(), scale.text(seconds)));
    named.chain(more).collect::<Vec<_>>().join("; ")
}

/// The instruction without its place in the stage.
fn short(name: &str) -> String {
    let line = one_line(name);
    let line = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line.as_str(), |(_, instruction)| instruction);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The file of a variant's timeline, relative to the run's folder. Two dashes keep apart names that have one.
pub(super) fn timeline_file(scenario: &ScenarioReport, variant: &VariantReport) -> String {
    let safe = |name: &str| -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        name.chars().map(safe).take(80).collect()
    };
    format!("timelines/{}--{}.svg", safe(&scenario.name), safe(&variant.name))
}
