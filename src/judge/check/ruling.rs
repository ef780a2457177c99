//! What follows from all checks together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::judge::{CheckOutcome, Evaluation};

/// What follows from an evaluation. An incomplete measurement goes before a failure: a verdict is on complete data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// Every limit that could be asked holds.
    Passed,
    /// At least one does not hold.
    Failed,
    /// None fails, but too few trials or noise hide whether some time is within its limit.
    Undecided,
    /// Some figure is missing, proves nothing, or has no comparable baseline.
    Incomplete,
    /// No limit could be judged, because of what the baseline's figures were taken under.
    NotComparable,
    /// No limit could be judged, because none asks about this run.
    NothingJudged,
}

impl Ruling {
    /// The word in every output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Undecided => "undecided",
            Self::Incomplete => "incomplete",
            Self::NotComparable => "not-comparable",
            Self::NothingJudged => "nothing-judged",
        }
    }
}

impl Evaluation {
    /// What follows from all checks.
    pub fn ruling(&self) -> Ruling {
        let counts = self.counts();
        let any = |outcome: &str| counts.contains_key(outcome);
        let judged = any("pass") || any("fail") || any("undecided");
        match () {
            () if any("unmeasured") || (judged && any("not-comparable")) => Ruling::Incomplete,
            () if any("not-comparable") => Ruling::NotComparable,
            () if !judged => Ruling::NothingJudged,
            () if any("fail") => Ruling::Failed,
            () if any("undecided") => Ruling::Undecided,
            () => Ruling::Passed,
        }
    }

    /// How many checks came to each outcome, by its word; only those that are there.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for outcome in self.checks.iter().map(|check| CheckOutcome::id(&check.outcome)) {
            *counts.entry(outcome).or_default() += 1;
        }
        counts
    }
}
