//! Which runs may be published, and which one is quoted.

use std::collections::BTreeSet;

use crate::judge::completeness;
use crate::record::{Record, RunState};

/// Why `record` may not be published, in words; empty when it may. Variants that were skipped are no obstacle: the README
/// names them with the reason.
pub fn obstacles(record: &Record) -> Vec<String> {
    let run = &record.run;
    let mut found = Vec::new();
    if run.state != RunState::Complete {
        found.push("the run did not end by itself; run it again to the end".to_owned());
    }
    if let Some(shard) = &run.settings.shard {
        found.push(format!("it is shard {shard} of a run; put all of them together by `loadline merge`"));
    }
    if run.merged.iter().any(|part| part.host != run.conditions.host) {
        found.push("it was measured on several machines, and a published page speaks of one".to_owned());
    }
    let missing = completeness(record, true).missing;
    found.extend(missing.into_iter().map(|m| format!("{}/{} is {}: {}", m.scenario, m.variant, m.status, m.reason)));
    if measured(record) == 0 {
        found.push("no variant has a figure".to_owned());
    }
    if run.receipt.scenarios_commit.is_none() {
        found.push("the record names no commit of the scenarios; run it in a git work tree".to_owned());
    }
    if run.receipt.scenarios_dirty == Some(true) {
        found.push("the scenarios had changes that are in no commit; commit them and run again".to_owned());
    }
    found.extend(record.warnings.iter().map(|w| w.message.clone()));
    found
}

/// The run to quote: the one that measured the most scenarios, and of equals the one that began last.
pub fn broadest<T>(runs: &[(T, Record)]) -> Option<&(T, Record)> {
    runs.iter().max_by_key(|(_, record)| (measured(record), record.run.started))
}

/// How many scenarios have figures.
fn measured(record: &Record) -> usize {
    let with_figures = record.trials.iter().filter(|o| o.status.has_numbers());
    with_figures.map(|o| o.trial.scenario.as_str()).collect::<BTreeSet<_>>().len()
}
