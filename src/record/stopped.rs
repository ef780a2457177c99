//! A run that ended before its last iteration because a rule said so.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PlannedVariant, RunRecord, Trial};
use crate::units;

/// A rule that ended a run, and what was left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stopped {
    /// Which rule.
    pub rule: StopRule,
    /// From the start of measuring to the end, seconds. Of a run that was gone on with, of its last part.
    pub after_seconds: f64,
    /// Iterations that every variant has whole, warm-ups not counted. Of a run that was gone on with, of all its parts.
    pub iterations: u32,
    /// The blocks that were left out.
    pub blocks_left: Vec<BlocksLeft>,
}

/// What can end a run before its last iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopRule {
    /// The time for measuring was over, or too short for one more iteration.
    TimeLimit,
    /// Every median of a time that is asked for was known as precisely as was wanted.
    Precision,
}

/// Iterations of a variant that were left out, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlocksLeft {
    /// Scenario name.
    pub scenario: String,
    /// Variant name.
    pub variant: String,
    /// The first iteration that was left out.
    pub first: u32,
    /// The last one.
    pub last: u32,
}

impl BlocksLeft {
    /// How many blocks.
    pub fn count(&self) -> u32 {
        self.last.checked_sub(self.first).map_or(0, |more| more.saturating_add(1))
    }
}

impl Stopped {
    /// How many blocks were left out.
    pub fn blocks(&self) -> u32 {
        self.blocks_left.iter().map(BlocksLeft::count).fold(0, u32::saturating_add)
    }

    /// What no run can have said of itself, in words.
    pub(super) fn problem(&self, run: &RunRecord) -> Option<String> {
        let last = run.settings.iterations();
        let planned = |left: &BlocksLeft| run.plan.iter().any(|p| (&p.scenario, &p.variant) == (&left.scenario, &left.variant));
        let sound = |left: &&BlocksLeft| planned(left) && left.first > 0 && left.first <= left.last && left.last <= last;
        match self.blocks_left.iter().find(|left| !sound(left)) {
            Some(left) => Some(format!("no iterations {} to {} of {}/{} were planned", left.first, left.last, left.scenario, left.variant)),
            None if !self.after_seconds.is_finite() || self.after_seconds < 0.0 => {
                Some("it was stopped after no time that is one".to_owned())
            }
            None => None,
        }
    }
}

impl fmt::Display for Stopped {
    /// `the time limit after 31 min 05 s of measuring: 3 whole iterations, 6 blocks left out`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.rule {
            StopRule::TimeLimit => "the time limit",
            StopRule::Precision => "the precision that was asked for",
        };
        let count = |n: u32, noun| units::count(usize::try_from(n).unwrap_or(usize::MAX), noun);
        let (iterations, blocks) = (count(self.iterations, "whole iteration"), count(self.blocks(), "block"));
        write!(f, "{rule} after {} of measuring: {iterations}, {blocks} left out", units::seconds(self.after_seconds))
    }
}

impl RunRecord {
    /// The rules that ended this run or, where it was put together, its shards before their last iteration.
    pub fn stops(&self) -> impl Iterator<Item = &Stopped> {
        self.stopped.iter().chain(self.merged.iter().filter_map(|part| part.stopped.as_ref()))
    }

    /// Whether a rule left out the block that `trial` is of.
    pub(super) fn leaves_out(&self, trial: &Trial) -> bool {
        let of = |left: &BlocksLeft| {
            (&left.scenario, &left.variant) == (&trial.scenario, &trial.variant) && (left.first..=left.last).contains(&trial.iteration)
        };
        self.stops().flat_map(|stopped| &stopped.blocks_left).any(of)
    }

    /// How many iterations of a variant a rule left out, in this run or in the shard that the variant is from.
    pub fn left_out(&self, planned: &PlannedVariant) -> u32 {
        let of = |left: &&BlocksLeft| (&left.scenario, &left.variant) == (&planned.scenario, &planned.variant);
        self.stops().flat_map(|stopped| &stopped.blocks_left).filter(of).map(BlocksLeft::count).fold(0, u32::saturating_add)
    }
}
