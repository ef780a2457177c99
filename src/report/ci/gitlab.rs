//! GitLab's code quality report: a JSON array of findings, each at a place in a file.
//!
//! GitLab tells findings of a merge request from those of its target by their fingerprints, so a fingerprint says which limit it is, and
//! nothing of figures.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::json::escaped;
use super::super::redefined::redefined;
use super::super::text::one_line;
use super::words;
use crate::budget::BudgetPlace;
use crate::image::Digest;
use crate::judge::{Check, CheckOutcome, Definition, Evaluation, Loosened, Redefined};
use crate::record::Record;

/// One finding for each limit that is not kept, was not checked, or was loosened, and for what is defined otherwise than in the baseline.
pub(super) fn code_quality(evaluation: &Evaluation, record: Option<&Record>) -> String {
    let mut findings: Vec<Finding> = evaluation.checks.iter().filter_map(|check| of_check(check, record)).collect();
    findings.extend(evaluation.loosened.iter().map(of_loosened));
    findings.extend(evaluation.redefined.iter().map(|found| of_redefined(found, record)));
    let mut seen = BTreeMap::<String, usize>::new();
    let findings: Vec<Value> = findings.into_iter().map(|finding| finding.json(&mut seen)).collect();
    escaped(&format!("{:#}\n", Value::from(findings)))
}

/// What the file of a scenario is called.
const FILE_NAME: &str = "scenario.toml";

struct Finding {
    description: String,
    check_name: String,
    severity: &'static str,
    path: String,
    line: usize,
    /// What makes it this one, in every run.
    identity: Vec<String>,
}

impl Finding {
    /// `seen` counts findings of the same identity, so that no two have one fingerprint.
    fn json(self, seen: &mut BTreeMap<String, usize>) -> Value {
        let identity = Value::from(self.identity).to_string();
        let again = seen.entry(identity.clone()).or_default();
        *again += 1;
        json!({
            "description": self.description,
            "check_name": self.check_name,
            "fingerprint": Digest::of(format!("{again}{identity}").as_bytes()).hex(),
            "severity": self.severity,
            "location": { "path": self.path, "lines": { "begin": self.line } },
        })
    }
}

fn of_check(check: &Check, record: Option<&Record>) -> Option<Finding> {
    let severity = match &check.outcome {
        CheckOutcome::Pass | CheckOutcome::Skip { .. } => return None,
        CheckOutcome::Fail { .. } | CheckOutcome::Unmeasured { .. } | CheckOutcome::NotComparable { .. } => "major",
        CheckOutcome::Undecided { .. } => "info",
    };
    let (path, line) = place(check.place.as_ref(), || dockerfile(check, record));
    let edit = check.edit.clone().unwrap_or_default();
    let definition = check.definition.clone().unwrap_or_default();
    let of = [&check.scenario, &check.variant, &check.budget, &definition, &check.cache_state, &edit].map(Clone::clone);
    let identity = of.into_iter().chain([check.measure.id(), check.limit.id()].map(str::to_owned)).collect();
    let description = [words::sentence(check)].into_iter().chain(words::details(check)).collect::<Vec<_>>().join("; ");
    Some(Finding { description, check_name: format!("loadline/{}", check.measure.id()), severity, path, line, identity })
}

fn of_loosened(found: &Loosened) -> Finding {
    let (path, line) = place(found.place.as_ref(), || scenario_file(&found.scenario));
    let identity = ["loosened", &found.scenario, &found.budget, found.before.id()].map(str::to_owned).to_vec();
    Finding { description: words::loosened(found), check_name: "loadline/loosened".to_owned(), severity: "minor", path, line, identity }
}

fn of_redefined(found: &Redefined, record: Option<&Record>) -> Finding {
    // The scenario's file is where its budgets are written.
    let mut budgets = record.into_iter().flat_map(|record| &record.run.budgets).filter(|budget| budget.scenario == found.scenario);
    let mut file = || budgets.find_map(|budget| budget.place.as_ref()).map_or_else(|| scenario_file(&found.scenario), words::path);
    let (what, path) = match found.what {
        Definition::SmokeCheck => ("smoke-check", file()),
        Definition::Dockerfile => ("dockerfile", one_line(&format!("{}/{}", found.scenario, found.after.join(" ")))),
    };
    let identity = ["redefined", &found.scenario, found.variant.as_deref().unwrap_or_default(), what].map(str::to_owned).to_vec();
    let path = path.trim_start_matches("./").to_owned();
    let check_name = "loadline/redefined".to_owned();
    Finding { description: redefined(found), check_name, severity: "minor", path, line: 1, identity }
}

/// A path from the repository's root without `./`, and a line from 1; GitLab demands both.
fn place(place: Option<&BudgetPlace>, otherwise: impl FnOnce() -> String) -> (String, usize) {
    let (path, line) = place.map_or_else(|| (otherwise(), 1), |place| (words::path(place), place.line.max(1)));
    let path = path.trim_start_matches("./").to_owned();
    (if path.is_empty() { FILE_NAME.to_owned() } else { path }, line)
}

/// The file in which a scenario has its budgets, in the folder that has its name.
fn scenario_file(scenario: &str) -> String {
    one_line(&format!("{scenario}/{FILE_NAME}"))
}

/// Where no file has the budget: the variant's Dockerfile in the scenario's folder, as far as it is known.
fn dockerfile(check: &Check, record: Option<&Record>) -> String {
    let plan = record.map_or(&[][..], |record| &record.run.plan);
    let planned = plan.iter().find(|planned| planned.scenario == check.scenario && planned.variant == check.variant);
    planned.map_or_else(|| scenario_file(&check.scenario), |planned| one_line(&format!("{}/{}", check.scenario, planned.dockerfile)))
}
