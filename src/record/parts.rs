//! A run in several parts: gone on with after an end that was none, or split into shards.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BuildCacheLeft, HostRun, Overhead, Stopped};

/// A moment at which a run was gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumption {
    /// When, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// How many trials had an outcome then that stays.
    pub after_trials: usize,
}

/// A part of a plan: of all scenarios, in the order of their names, every `of`-th from the `number`-th on, with all their variants and
/// iterations, so that whatever is set beside each other was measured side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// The scenarios of the whole plan, in order.
    pub scenarios: Vec<String>,
}

impl Shard {
    /// The scenarios of this part.
    pub fn own(&self) -> impl Iterator<Item = &str> {
        let (first, step) = (as_index(self.number.max(1)) - 1, as_index(self.of.max(1)));
        self.scenarios.iter().skip(first).step_by(step).map(String::as_str)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A run whose outcomes are in a record that was put together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergedRun {
    /// Its id.
    pub run_id: String,
    /// The number of its shard.
    pub shard: u32,
    /// Its scenarios.
    pub scenarios: Vec<String>,
    /// The machine, as in its conditions.
    pub host: String,
    /// The machine's CPU, for people.
    pub cpu: String,
    /// Its start, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// The rule that ended it before its last iteration; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}

impl Overhead {
    /// The account of two parts of a run together, seconds.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut kinds: BTreeMap<String, f64> = self.kinds.clone();
        for (kind, seconds) in &other.kinds {
            *kinds.entry(kind.clone()).or_default() += seconds;
        }
        Self { wall: self.wall + other.wall, bases: self.bases + other.bases, measured: self.measured + other.measured, kinds }
    }
}

impl HostRun {
    /// What two parts of a run met and left on the user's engine.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        Self {
            registry_unreachable: later.registry_unreachable.clone().or_else(|| self.registry_unreachable.clone()),
            build_cache: match (self.build_cache, later.build_cache) {
                (Some(one), Some(two)) => {
                    Some(BuildCacheLeft { records: one.records + two.records, bytes: one.bytes + two.bytes, gone: one.gone + two.gone })
                }
                (one, two) => one.or(two),
            },
            pulled_bases: united(&self.pulled_bases, &later.pulled_bases),
            left_behind: united(&self.left_behind, &later.left_behind),
            commands: united(&self.commands, &later.commands),
        }
    }
}

fn united(one: &[String], two: &[String]) -> Vec<String> {
    one.iter().chain(two.iter().filter(|text| !one.contains(text))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_scenario_is_in_exactly_one_shard(count in 1_usize..40, of in 1_u32..50) {
            let scenarios: Vec<String> = (0..count).map(|n| format!("s{n:02}")).collect();
            let mut all: Vec<String> = Vec::new();
            for number in 1..=of {
                all.extend(Shard { number, of, scenarios: scenarios.clone() }.own().map(str::to_owned));
            }
            all.sort();
            prop_assert_eq!(all, scenarios);
        }
    }

    #[test]
    fn accounts_of_two_parts_add_up_by_kind() {
        let account = |wall, kind: &str| Overhead { wall, bases: 1.0, measured: 2.0, kinds: BTreeMap::from([(kind.to_owned(), 0.5)]) };
        let both = account(10.0, "prune").and(&account(5.0, "prune")).and(&account(1.0, "inspect"));
        assert_eq!((both.wall, both.bases, both.measured), (16.0, 3.0, 6.0));
        assert_eq!(both.kinds, BTreeMap::from([("inspect".to_owned(), 0.5), ("prune".to_owned(), 1.0)]));
    }
}
