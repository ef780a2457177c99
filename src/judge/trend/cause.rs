//! What a change can come from: what was another thing in the run after it than in the run before.

use crate::measure::{Kind, Measure};
use crate::record::{Difference, HistoryRun, SeriesKey};

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
    /// Nothing that a record knows of.
    Unknown,
}

/// Everything that differs between two runs and can move a figure of `key`; what is outside of the own commits comes first.
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
    if causes.is_empty() {
        causes.push(Cause::Unknown);
    }
    causes
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
