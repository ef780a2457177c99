//! What a run measured otherwise than its baseline under the same names: figures of one name are of one thing only as long as nobody
//! gives it another Dockerfile, or asks less of it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::{PlannedVariant, Record};

/// Something that has the name which it had in the baseline, and is defined otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Redefined {
    /// Scenario name.
    pub scenario: String,
    /// Variant name; absent where it is of the whole scenario.
    pub variant: Option<String>,
    /// What is another one.
    pub what: Definition,
    /// What the baseline had: the requests of a smoke check, or the path of a Dockerfile.
    pub before: Vec<String>,
    /// What the run has, in the same way; empty where nothing proves the scenario any more. Where the requests are the same, something
    /// else of the smoke check is not: what is sent or wanted, or the container's port, environment or command.
    pub after: Vec<String>,
}

/// What can be defined otherwise under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Definition {
    /// What proves that a scenario's variants work.
    SmokeCheck,
    /// The file that a variant is built from.
    Dockerfile,
}

/// What of `run` is defined otherwise than in `baseline`, in the order of the plan, of each scenario its smoke check first. A record
/// that does not say what proved its figures tells nothing of that.
pub fn redefined(baseline: &Record, run: &Record) -> Vec<Redefined> {
    let mut found: Vec<Redefined> = Vec::new();
    let mut scenario = None;
    for planned in &run.run.plan {
        if scenario.replace(&planned.scenario) != Some(&planned.scenario) {
            found.extend(smoke_check(baseline, run, &planned.scenario));
        }
        let is_it = |before: &&PlannedVariant| (&before.scenario, &before.variant) == (&planned.scenario, &planned.variant);
        found.extend(baseline.run.plan.iter().find(is_it).and_then(|before| dockerfile(before, planned)));
    }
    found
}

fn smoke_check(baseline: &Record, run: &Record, scenario: &str) -> Option<Redefined> {
    let (before, after) = (baseline.run.smoke_checks.as_ref()?.get(scenario)?, run.run.smoke_checks.as_ref()?.get(scenario));
    (Some(&before.digest) != after.map(|after| &after.digest)).then(|| Redefined {
        scenario: scenario.to_owned(),
        variant: None,
        what: Definition::SmokeCheck,
        before: before.requests.clone(),
        after: after.map(|after| after.requests.clone()).unwrap_or_default(),
    })
}

fn dockerfile(before: &PlannedVariant, after: &PlannedVariant) -> Option<Redefined> {
    (before.dockerfile != after.dockerfile).then(|| Redefined {
        scenario: after.scenario.clone(),
        variant: Some(after.variant.clone()),
        what: Definition::Dockerfile,
        before: vec![before.dockerfile.clone()],
        after: vec![after.dockerfile.clone()],
    })
}
