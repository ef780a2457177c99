//! The last words of a run: where the report lies, and what to do next.

use std::path::Path;

use crate::record::{Record, RunState, TrialOutcome};
use crate::units;

/// Where the report of the run in `folder` lies, and the next step, a line each.
pub(super) fn farewell(folder: &Path, record: &Record) -> String {
    let folder = folder.display();
    let next = match record.run.state {
        RunState::Complete => next(&folder.to_string(), &record.trials),
        RunState::Interrupted => "stopped early: the report shows what was measured until then".to_owned(),
        RunState::Incomplete => "incomplete: the report shows what was measured until then".to_owned(),
    };
    format!("report: {folder}/report.md, with sizes.svg, times.svg and observations.csv beside it\n{next}")
}

fn next(folder: &str, trials: &[TrialOutcome]) -> String {
    let short: Vec<&TrialOutcome> = trials.iter().filter(|outcome| !outcome.status.is_complete()).collect();
    match short.iter().find_map(|outcome| outcome.log.as_deref()) {
        Some(log) => format!("next: {} fell short; the logs say why, such as {folder}/{log}", units::count(short.len(), "trial")),
        None => format!("next: `loadline report {folder} --format markdown` (or csv, json) prints it for others"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Status, Trial};

    fn failed(log: Option<&str>) -> TrialOutcome {
        TrialOutcome {
            trial: Trial { scenario: "a".into(), variant: "b".into(), iteration: 1, cache_state: "cold".into(), warmup: false },
            started: jiff::Timestamp::UNIX_EPOCH,
            status: Status::BuildFailed { reason: "it broke".to_owned() },
            observations: Vec::new(),
            steps: Vec::new(),
            push: None,
            pull: None,
            weighing: None,
            warnings: Vec::new(),
            log: log.map(str::to_owned),
        }
    }

    #[test]
    fn a_trial_that_fell_short_is_followed_to_its_log() {
        assert_eq!(
            next("results/x", &[failed(None), failed(Some("log/a--b--1.log"))]),
            "next: 2 trials fell short; the logs say why, such as results/x/log/a--b--1.log"
        );
        assert!(next("results/x", &[failed(None)]).contains("`loadline report results/x --format markdown`"));
    }
}
