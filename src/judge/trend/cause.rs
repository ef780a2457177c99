//! What a change can come from: what was another thing in the run after it than in the run before.

use crate::measure::{Kind, Measure};
use crate::record::{Conditions, Difference, HistoryRun, SeriesKey, UNKNOWN};

/// Something that was not the same before and after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A base image has another digest under the same name.
    BaseMoved {
        /// The image, by reference.
        reference: String,
        /// Its digest before.
        from: String,
        /// And after.
        to: String,
    },
    /// The variant is built on other base images.
    OtherBases {
        /// References before.
        from: Vec<String>,
        /// And after.
        to: Vec<String>,
    },
    /// A condition of the run that does not make figures incomparable: the compressor, the engine's version.
    Condition(Difference),
    /// The scenarios are of another commit.
    Commits {
        /// Commit before.
        from: Option<String>,
        /// And after.
        to: Option<String>,
    },
    /// The scenarios had changes that were not committed, before or after.
    Uncommitted,
    /// Nothing that is recorded was another thing; these are, and were the same.
    Same(Vec<&'static str>),
    /// These are not recorded in both runs, and may have been other things.
    NotRecorded(Vec<&'static str>),
}

/// Everything that differs between two runs and can move a figure of `key`; what is outside of the own commits comes first. Where
/// nothing does, what is known to be the same; at the end what is not known.
pub(super) fn causes(key: &SeriesKey, before: &HistoryRun, after: &HistoryRun) -> Vec<Cause> {
    let mut causes = if key.measure == Measure::ContextSize { Vec::new() } else { bases(key, before, after) };
    if key.measure.kind() == Kind::Exact && key.measure != Measure::ContextSize {
        let differences = before.conditions.differences(&after.conditions).into_iter();
        causes.extend(differences.filter(|found| matters(key.measure, &found.what)).map(Cause::Condition));
    }
    if before.commit != after.commit {
        causes.push(Cause::Commits { from: before.commit.clone(), to: after.commit.clone() });
    }
    if [before, after].iter().any(|run| run.dirty == Some(true)) {
        causes.push(Cause::Uncommitted);
    }
    let (recorded, not_recorded) = recorded(key, before, after);
    if causes.is_empty() && !recorded.is_empty() {
        causes.push(Cause::Same(recorded));
    }
    if !not_recorded.is_empty() {
        causes.push(Cause::NotRecorded(not_recorded));
    }
    causes
}

/// What can move a figure of `key` and is recorded in both runs, and what is not. A commit that one of them has is a cause by itself.
fn recorded(key: &SeriesKey, before: &HistoryRun, after: &HistoryRun) -> (Vec<&'static str>, Vec<&'static str>) {
    let both = [before, after];
    let commits = both.iter().all(|run| run.commit.is_some());
    let mut all = vec![("commit", commits)];
    if key.measure != Measure::ContextSize {
        all.push(("bases", both.iter().all(|run| has_digests(key, run))));
        all.push(("engine", both.iter().all(|run| is_engine_known(&run.conditions))));
    }
    if commits && both.iter().any(|run| run.dirty.is_none()) {
        all.push(("uncommitted changes", false));
    }
    all.retain(|(what, _)| *what != "commit" || before.commit == after.commit);
    let (known, unknown): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, is_recorded)| *is_recorded);
    let names = |all: Vec<(&'static str, bool)>| all.into_iter().map(|(what, _)| what).collect();
    (names(known), names(unknown))
}

fn has_digests(key: &SeriesKey, run: &HistoryRun) -> bool {
    let has = |name: &String| run.conditions.bases.get(name).is_some_and(|base| base.digest != UNKNOWN);
    run.bases_of(&key.scenario, &key.variant).is_some_and(|names| names.iter().all(has))
}

fn is_engine_known(conditions: &Conditions) -> bool {
    let Conditions { engine, engine_version, builder, store, compressor, .. } = conditions;
    [engine, engine_version, builder, store, compressor].iter().all(|fact| *fact != UNKNOWN)
}

fn bases(key: &SeriesKey, before: &HistoryRun, after: &HistoryRun) -> Vec<Cause> {
    let (Some(old), Some(new)) = (before.bases_of(&key.scenario, &key.variant), after.bases_of(&key.scenario, &key.variant)) else {
        return Vec::new();
    };
    if old != new {
        return vec![Cause::OtherBases { from: old.to_vec(), to: new.to_vec() }];
    }
    let digest = |run: &HistoryRun, name: &String| run.conditions.bases.get(name).map(|base| base.digest.clone());
    let moved = |name: &String| {
        let (from, to) = (digest(before, name)?, digest(after, name)?);
        (from != to).then(|| Cause::BaseMoved { reference: name.clone(), from, to })
    };
    new.iter().filter_map(moved).collect()
}

/// Whether a condition, by its name, can move an exact figure.
fn matters(measure: Measure, condition: &str) -> bool {
    let compressed = matches!(measure, Measure::TransferSize | Measure::LayerTransferSize | Measure::DeltaTransferSize);
    matches!(condition, "engine" | "engine version" | "builder" | "store") || (compressed && condition == "compressor")
}
