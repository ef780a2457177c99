//! What a run that is gone on with has already.

use std::collections::BTreeMap;

use crate::record::{Trial, TrialOutcome};

/// Trials whose outcomes stay: none of them is recorded a second time. Empty for a new run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled(BTreeMap<Trial, bool>);

impl Settled {
    /// Those of `outcomes` that are [final](TrialOutcome::is_final).
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a TrialOutcome>) -> Self {
        let stays = outcomes.into_iter().filter(|outcome| outcome.is_final());
        Self(stays.map(|outcome| (outcome.trial.clone(), outcome.status.has_numbers())).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether the trial's outcome stays.
    pub(super) fn has(&self, trial: &Trial) -> bool {
        self.0.contains_key(trial)
    }

    /// Whether the outcome that stays has figures; `None` where none stays.
    pub(super) fn has_figures(&self, trial: &Trial) -> Option<bool> {
        self.0.get(trial).copied()
    }
}
