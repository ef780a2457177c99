//! What a figure may be at most: a budget as it was understood, as a record keeps it and as it is judged.
//!
//! Owns no state. A budget names one measure in one cache state and has at least one limit; its amounts are finite, not negative and in the
//! measure's unit. The text that a limit was written in stays with it, so that messages quote what the user wrote.

mod amount;
mod check;
mod error;
mod exact;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::Measure;
pub use check::LONGEST_REASON;
pub use error::LimitError;
pub use exact::share_of;

/// Limits on one measure of some variants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// The scenario whose file has it.
    pub scenario: String,
    /// Unique within the scenario.
    pub name: String,
    /// The variants that it holds for, in the order of the file; at least one.
    pub variants: Vec<String>,
    /// What is limited.
    pub measure: Measure,
    /// Which definition of it, where there are several: `blob` or `chain` of `delta-transfer-size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The scenario's edit; absent for an unchanged app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<String>,
    /// Holds only for runs over this link, spelled as in the conditions; absent is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// At least one, each kind at most once.
    pub limits: Vec<Limit>,
    /// Why the limit is what it is, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it is written; absent for one that no file has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<BudgetPlace>,
}

/// Where a budget is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetPlace {
    /// The file as it was named.
    pub file: String,
    /// Line of the budget's header, from 1.
    pub line: usize,
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Limit {
    /// The figure is at most `value`.
    Max {
        /// In the measure's unit.
        value: f64,
        /// As written: `25 MB`.
        written: String,
    },
    /// The figure is at most so much above the baseline's.
    MaxIncrease {
        /// How much.
        by: Increase,
        /// As written: `1 %`, `+200 kB`.
        written: String,
    },
    /// The figure is at most `share` times that of another variant in the same run.
    MaxRatio {
        /// The other variant.
        to: String,
        /// 0.2 is a fifth.
        share: f64,
        /// As written: `20 %`.
        written: String,
    },
}

/// How far a figure may be above its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Increase {
    /// A share of the baseline: 0.01 is one per cent.
    Share(f64),
    /// An amount in the measure's unit.
    Amount(f64),
}

impl Limit {
    /// The word in formats for programs: `max`, `max-increase`, `max-ratio`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Max { .. } => "max",
            Self::MaxIncrease { .. } => "max-increase",
            Self::MaxRatio { .. } => "max-ratio",
        }
    }

    /// As the user wrote it.
    pub fn written(&self) -> &str {
        match self {
            Self::Max { written, .. } | Self::MaxIncrease { written, .. } | Self::MaxRatio { written, .. } => written,
        }
    }
}
