//! Trials that one of two records lacks, where the other has figures to set beside them.

use super::{MissingTrials, Side};
use crate::judge::completeness;
use crate::record::{Record, RunState, TrialOutcome};

/// What `record` lacks of the variants that `other` has figures of, or that it has no end. A variant that was meant to fail, and what a rule
/// left out, is not lacking.
pub(super) fn missing(side: Side, record: &Record, other: &Record) -> Vec<MissingTrials> {
    let has = |scenario: &str, variant: &str| {
        let of = |o: &&TrialOutcome| o.trial.scenario == scenario && o.trial.variant == variant && !o.trial.warmup;
        other.trials.iter().filter(of).any(|o| o.status.has_numbers())
    };
    let short = completeness(record, false).missing.into_iter().filter(|short| has(&short.scenario, &short.variant));
    let found: Vec<MissingTrials> = short
        .map(|short| {
            let why = if short.status == "not-run" { short.reason } else { format!("{}: {}", short.status, short.reason) };
            MissingTrials { side, scenario: Some(short.scenario), variant: Some(short.variant), why }
        })
        .collect();
    if !found.is_empty() || record.run.state == RunState::Complete {
        return found;
    }
    vec![MissingTrials { side, scenario: None, variant: None, why: "the run did not come to its end".to_owned() }]
}
