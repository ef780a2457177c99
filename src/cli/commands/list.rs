//! `list`: scenarios and variants, how each is verified, which bases it needs and how many limits it is held to.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use crate::cli::args::{ListArgs, ScenarioListFormat};
use crate::cli::{Exit, Failure, layout, plain, printer};
use crate::rig::bases;
use crate::run;
use crate::scenario::{Expectation, Scenario, Smoke, Variant};

use super::{print, select};

/// The columns, named above them on a terminal.
const HEADINGS: [&str; 7] = ["VARIANT", "KIND", "DOCKERFILE", "SMOKE CHECK", "BASES", "STAND-INS", "LIMITS"];

/// Of the JSON form; raised when a reader of the old one would misread the new one.
const FORMAT_VERSION: u32 = 1;

/// Everything that is listed.
#[derive(Debug, Serialize, JsonSchema)]
struct List {
    /// Of this format.
    format_version: u32,
    /// In order of scenarios, and of each scenario in the order of its file.
    variants: Vec<Listed>,
}

/// A variant.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    /// The scenario's name.
    scenario: String,
    /// The variant's name.
    variant: String,
    /// `single-stage` or `multi-stage`.
    kind: &'static str,
    /// The Dockerfile, relative to the scenario, and its target.
    dockerfile: String,
    /// How the variant is verified, in words.
    smoke_check: String,
    /// Base images by reference, without `scratch`.
    bases: Vec<String>,
    /// Those of them that have no stand-in.
    without_stand_in: Vec<String>,
    /// How many limits the budgets of the scenario put on it.
    limits: usize,
}

/// The schema (draft 2020-12) of `list --format json`, kept as `schemas/list.schema.json`.
pub fn list_schema() -> Schema {
    schema_for!(List)
}

/// Prints one line for each variant: aligned columns on a terminal, cells that a script can split at tabs elsewhere; or JSON.
pub(super) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let found = select(&args.selection)?;
    let each = found.scenarios.iter().flat_map(|scenario| scenario.variants.iter().map(move |variant| (scenario, variant)));
    let variants = each.map(|(scenario, variant)| listed(scenario, variant)).collect::<Result<Vec<_>, _>>()?;
    if args.format == ScenarioListFormat::Json {
        let list = List { format_version: FORMAT_VERSION, variants };
        return print(&(serde_json::to_string_pretty(&list).map_err(|e| Failure::new(Exit::Internal, e))? + "\n"));
    }
    let mut rows: Vec<_> = variants.iter().map(|variant| row(variant).map(|cell| plain::line(&cell))).collect();
    if !printer::data_on_terminal() {
        return print(&layout::tabbed(&rows));
    }
    rows.insert(0, HEADINGS.map(str::to_owned));
    print(&layout::columns(&rows))
}

fn listed(scenario: &Scenario, variant: &Variant) -> Result<Listed, Failure> {
    let bases = run::variant_references(variant).map_err(|e| Failure::new(Exit::Usage, e))?;
    let budgets = scenario.budgets.iter().filter(|budget| budget.variants.contains(&variant.name));
    Ok(Listed {
        scenario: scenario.name.clone(),
        variant: variant.name.clone(),
        kind: variant.kind.id(),
        dockerfile: dockerfile(scenario, variant),
        smoke_check: smoke(&scenario.smoke, variant.expect),
        without_stand_in: bases.iter().filter(|reference| !bases::has_stand_in(reference)).cloned().collect(),
        bases,
        limits: budgets.map(|budget| budget.limits.len()).sum(),
    })
}

fn row(variant: &Listed) -> [String; 7] {
    [
        format!("{}/{}", variant.scenario, variant.variant),
        variant.kind.to_owned(),
        variant.dockerfile.clone(),
        variant.smoke_check.clone(),
        if variant.bases.is_empty() { "scratch alone".to_owned() } else { variant.bases.join(", ") },
        stand_ins(variant),
        if variant.limits == 0 { "none".to_owned() } else { variant.limits.to_string() },
    ]
}

fn dockerfile(scenario: &Scenario, variant: &Variant) -> String {
    let path = variant.dockerfile_in(&scenario.root).to_string_lossy();
    match &variant.target {
        Some(target) => format!("{path} --target {target}"),
        None => path.into_owned(),
    }
}

/// How a variant is verified, or what is expected of it instead.
fn smoke(smoke: &Smoke, expect: Expectation) -> String {
    if expect == Expectation::BuildFailure {
        return "must fail to build".to_owned();
    }
    match smoke {
        Smoke::Check(check) => {
            let verb = if expect == Expectation::SmokeFailure { "must fail" } else { "verified by" };
            let more = if check.requests.is_empty() { String::new() } else { format!(" and {} more", check.requests.len()) };
            format!("{verb} {} {}{more}", check.ready.method, check.ready.path)
        }
        Smoke::Waived { reason } => format!("no smoke check: {reason}"),
        Smoke::Unsaid => "no smoke check".to_owned(),
    }
}

/// Whether the variant can be measured where nothing published can be had.
fn stand_ins(variant: &Listed) -> String {
    match (variant.bases.is_empty(), variant.without_stand_in.as_slice()) {
        (true, _) => "not needed".to_owned(),
        (false, []) => "yes".to_owned(),
        (false, without) => format!("not for {}", without.join(", ")),
    }
}
