//! What came of holding a run to its budgets.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Growth, Redefined};
use crate::budget::{BudgetPlace, Limit};
use crate::measure::Measure;

/// A run held to budgets.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Evaluation {
    /// Id of the run.
    pub run: String,
    /// Id of the baseline's run; absent where there was none.
    pub baseline: Option<String>,
    /// Where the budgets come from.
    pub source: BudgetSource,
    /// One for each limit of each budget and variant, in the order of the plan and of the file.
    pub checks: Vec<Check>,
    /// Limits that the run's own budgets have looser than those that it was held to, or not at all.
    pub loosened: Vec<Loosened>,
    /// Budgets of the run's own that it was not held to, because files that know their scenario were named and have none of that name.
    pub unheld: Vec<Unheld>,
    /// Variants that no limit speaks of, and those that lack something which no limit tells.
    pub unlimited: Vec<Unlimited>,
    /// What has the name that it has in the baseline, and is defined otherwise.
    pub redefined: Vec<Redefined>,
}

/// Where budgets come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum BudgetSource {
    /// The run's own record.
    Record,
    /// Files that were named in place of them.
    Files {
        /// As they were named.
        paths: Vec<String>,
        /// Scenarios of the run that no file knows, and that its own budgets are held for.
        own: Vec<String>,
    },
    /// There was none, so that loadline's own was taken: D3 may grow by one per cent above the baseline.
    Usual {
        /// Scenarios of the run that no named file knows, and that its own budgets are held for besides.
        own: Vec<String>,
    },
}

impl BudgetSource {
    /// Scenarios that are held to the run's own budgets where others were named, because no named file knows them.
    pub fn own(&self) -> &[String] {
        match self {
            Self::Record => &[],
            Self::Files { own, .. } | Self::Usual { own } => own,
        }
    }
}

/// One limit held against one figure.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// The budget's name.
    pub budget: String,
    /// What is limited.
    pub measure: Measure,
    /// Which definition of it, where there are several.
    pub definition: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    pub edit: Option<String>,
    /// The limit as it is written.
    pub limit: Limit,
    /// What the limit comes to, in the measure's unit; absent where that needs a figure that is missing.
    pub allowed: Option<f64>,
    /// The run's figure: the median of its values, in the measure's unit.
    pub actual: Option<f64>,
    /// The figure that the limit is relative to: the baseline's, or the other variant's.
    pub reference: Option<f64>,
    /// What follows.
    pub outcome: CheckOutcome,
    /// What grew against the baseline, where there is one and the image grew.
    pub growth: Option<Growth>,
    /// Why the limit is what it is, in the user's words.
    pub reason: Option<String>,
    /// Where the budget is written.
    pub place: Option<BudgetPlace>,
}

/// What came of one limit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum CheckOutcome {
    /// Within the limit.
    Pass,
    /// Above it.
    Fail {
        /// By how much, in the measure's unit.
        excess: f64,
    },
    /// Times that lie on both sides of the limit as far as noise lets tell: no failure, and said.
    Undecided {
        /// Why, in words.
        why: String,
    },
    /// The figure is missing or proves nothing: never a pass.
    Unmeasured {
        /// Why, in words.
        why: String,
    },
    /// The baseline's figure was taken under other conditions: never a pass.
    NotComparable {
        /// Which condition differs, in words.
        why: String,
    },
    /// The limit does not ask about this run: another link, or no baseline was given.
    Skip {
        /// Why, in words.
        why: String,
    },
}

impl CheckOutcome {
    /// The word in every output: `pass`, `fail`, `undecided`, `unmeasured`, `not-comparable`, `skip`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail { .. } => "fail",
            Self::Undecided { .. } => "undecided",
            Self::Unmeasured { .. } => "unmeasured",
            Self::NotComparable { .. } => "not-comparable",
            Self::Skip { .. } => "skip",
        }
    }

    /// Why, where there is something to say.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Pass | Self::Fail { .. } => None,
            Self::Undecided { why } | Self::Unmeasured { why } | Self::NotComparable { why } | Self::Skip { why } => Some(why),
        }
    }
}

/// A limit that a run's own budgets loosened against those that it was held to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Loosened {
    /// Scenario name.
    pub scenario: String,
    /// The budget's name.
    pub budget: String,
    /// As it was held to.
    pub before: Limit,
    /// As the run's own budgets have it; absent where they lack it.
    pub after: Option<Limit>,
    /// What the run's own budget of that name is about instead, in words; absent where it is about the same, or is not there.
    pub about: Option<String>,
    /// Where the run's own budget is written; absent where it is not there.
    pub place: Option<BudgetPlace>,
}

/// A budget of a run's own that it was not held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unheld {
    /// Scenario name.
    pub scenario: String,
    /// The budget's name.
    pub budget: String,
    /// Where it is written.
    pub place: Option<BudgetPlace>,
}

/// A variant that no limit speaks of, or that lacks something which no limit tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unlimited {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// Why the run lacks figures of it, in words; absent where it has all.
    pub trouble: Option<String>,
}
