//! The formats for CI, each read by its consumer's parser or held to its schema, with ordinary names and with hostile ones.

mod comment;
mod exposition;
mod github;
mod json;
mod junit;
mod shown;

use loadline::judge::{CheckOutcome, Evaluation};

/// How many limits came to one of these outcomes.
fn count(evaluation: &Evaluation, wanted: &[&str]) -> usize {
    evaluation.checks.iter().filter(|check| wanted.contains(&check.outcome.id())).count()
}

/// Whether a limit is one that CI must not take for kept.
fn is_wrong(outcome: &CheckOutcome) -> bool {
    matches!(outcome, CheckOutcome::Fail { .. } | CheckOutcome::Unmeasured { .. } | CheckOutcome::NotComparable { .. })
}
