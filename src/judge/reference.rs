//! Which variant of a scenario the others are set beside.

use crate::record::{PlannedVariant, RunRecord};

/// The name that a scenario gives its plain variant.
const USUAL_NAME: &str = "single";
/// [`PlannedVariant::kind`] of a variant whose Dockerfile copies from no other stage.
const SINGLE_STAGE: &str = "single-stage";

/// The variant that the others of `scenario` are set beside: the single-stage one called `single`, else the first
/// single-stage one of the plan. A scenario without any has none.
pub fn reference<'a>(run: &'a RunRecord, scenario: &str) -> Option<&'a PlannedVariant> {
    let candidates = || run.plan.iter().filter(|p| p.scenario == scenario && p.kind == SINGLE_STAGE);
    candidates().find(|p| p.variant == USUAL_NAME).or_else(|| candidates().next())
}
