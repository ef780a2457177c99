//! What builds download, by cache state: what an order of steps and a cache mount save in bytes.

use super::data::ScenarioReport;
use super::table::{Table, lines, names, nothing, scale_of, states_of};
use super::text::one_line;
use crate::measure::Measure;
use crate::record::TrialOutcome;
use crate::units;

/// One row a variant, one column a build: medians of what was downloaded. `None` where nothing was counted.
pub(super) fn downloads(scenarios: &[ScenarioReport]) -> Option<Table> {
    let (measure, lines) = (Measure::BuildDownload, lines(scenarios));
    let states = states_of(measure, &lines);
    (!states.is_empty()).then_some(())?;
    let mut table = names(scenarios, &lines);
    for state in states {
        let estimates = || lines.iter().map(|(_, v)| v.estimate_in(measure, &state));
        let scale = scale_of(measure, estimates().flatten());
        let unit = scale.symbol().unwrap_or_default();
        let cells = estimates().map(|e| e.map_or_else(nothing, |e| scale.number(e.median)));
        table.push(format!("{}, {}, {unit}", measure.title(), one_line(&state)), cells);
    }
    Some(table)
}

/// Why the download of a trial's build has no figure.
pub(super) fn uncounted(outcome: &TrialOutcome) -> Option<String> {
    Some(outcome.download?.counted().err()?.to_string())
}

/// One sentence for all trials whose downloads have no figure: of the one whose interfaces received the most.
pub(super) fn all_uncounted(outcomes: &[&TrialOutcome]) -> Option<String> {
    let mut without: Vec<(&TrialOutcome, String)> = outcomes.iter().filter_map(|o| Some((*o, uncounted(o)?))).collect();
    without.sort_by_key(|(outcome, _)| outcome.download.and_then(|download| download.interfaces));
    let (_, why) = without.pop()?;
    let others = (!without.is_empty()).then(|| format!("; no figure in {} either", units::count(without.len(), "other trial")));
    Some(format!("{why}{}", others.unwrap_or_default()))
}
