//! `list`: scenarios and variants, how each is verified, and which bases it needs.

use crate::cli::args::ListArgs;
use crate::cli::{Exit, Failure, layout, plain, printer};
use crate::rig::bases;
use crate::run;
use crate::scenario::{Expectation, Scenario, Smoke, Variant};

use super::{print, select};

/// The columns, named above them on a terminal.
const HEADINGS: [&str; 6] = ["VARIANT", "KIND", "DOCKERFILE", "SMOKE CHECK", "BASES", "STAND-INS"];

/// Prints one line for each variant: aligned columns on a terminal, cells that a script can split at tabs elsewhere.
pub(super) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let found = select(&args.selection)?;
    let mut rows = Vec::new();
    for scenario in &found.scenarios {
        for variant in &scenario.variants {
            rows.push(row(scenario, variant)?.map(|cell| plain::line(&cell)));
        }
    }
    if !printer::data_on_terminal() {
        return print(&layout::tabbed(&rows));
    }
    rows.insert(0, HEADINGS.map(str::to_owned));
    print(&layout::columns(&rows))
}

fn row(scenario: &Scenario, variant: &Variant) -> Result<[String; 6], Failure> {
    let references = run::variant_references(variant).map_err(|e| Failure::new(Exit::Usage, e))?;
    Ok([
        format!("{}/{}", scenario.name, variant.name),
        variant.kind.id().to_owned(),
        dockerfile(scenario, variant),
        smoke(&scenario.smoke, variant.expect),
        if references.is_empty() { "scratch alone".to_owned() } else { references.join(", ") },
        stand_ins(&references),
    ])
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
fn stand_ins(references: &[String]) -> String {
    let without: Vec<&str> = references.iter().map(String::as_str).filter(|reference| !bases::has_stand_in(reference)).collect();
    match (references.is_empty(), without.as_slice()) {
        (true, _) => "not needed".to_owned(),
        (false, []) => "yes".to_owned(),
        (false, without) => format!("not for {}", without.join(", ")),
    }
}
