//! What was asked for of a run, and the builds that follow from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PlannedVariant, Shard, Trial};

/// What was asked for, resolved: enough to run it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// Scenarios and paths as given.
    pub scenarios: Vec<String>,
    /// Variant patterns as given.
    pub variants: Vec<String>,
    /// `private` or `host`.
    pub engine: String,
    /// How the private engine was to keep images: `containerd`; absent is the classic store, and a host engine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// `auto`, `hub` or `stand-in`.
    pub bases: String,
    /// Whether digests had to agree with `bases.lock`.
    pub locked: bool,
    /// The registry that was named, as host and path; absent is loadline's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The link that was asked for, such as `20mbit,30ms`; absent is the loopback interface as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether nothing was to be pulled. Absent is no, as before format 1.5.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_pull: bool,
    /// The link of what builds download, `loopback` where that is only counted; absent where it is not, and before format 1.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_link: Option<String>,
    /// Iterations of every block, warm-ups not counted. With `precision` the most.
    pub trials: u32,
    /// Iterations before them whose trials are warm-ups. Absent is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up: u32,
    /// Seconds of measuring after which no block began; absent is no limit. A run that is gone on with has it anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<f64>,
    /// The half width of the medians' intervals that was enough to end the run, as a share of the median: 0.05 is ± 5 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// The longest that one build may take, seconds. Absent before format 1.4, when it was 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_timeout: Option<f64>,
    /// The longest that one push or pull may take, seconds. Absent before format 1.4, when it was 1800.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_timeout: Option<f64>,
    /// How often the image of a cold build was started again after its smoke check. Absent is not at all, as before format 1.5:
    /// `start-time` is then of the smoke check's own start.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub starts: u32,
    /// The builds of a block: `cold`, `warm`, `edit`, `base`, `clean`. Records without it have `cold` alone.
    #[serde(default = "cold_alone")]
    pub builds: Vec<String>,
    /// Whether skipped variants still exit 0.
    pub allow_skips: bool,
    /// Which part of the scenarios was measured; absent is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference to it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn cold_alone() -> Vec<String> {
    vec!["cold".to_owned()]
}

/// A build of a variant in each iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// `cold`, `warm`, `edit`, `base` or `clean`.
    pub cache_state: String,
    /// The edit that was made.
    pub edit: Option<String>,
}

impl Build {
    /// Whether `trial` is one of this build.
    pub fn is_of(&self, trial: &Trial) -> bool {
        (&self.cache_state, &self.edit) == (&trial.cache_state, &trial.edit)
    }
}

impl Settings {
    /// All iterations of a variant, warm-ups and those that count.
    pub fn iterations(&self) -> u32 {
        self.warm_up.saturating_add(self.trials)
    }

    /// The builds that each iteration of a variant has, in their order.
    pub fn builds_of(&self, planned: &PlannedVariant) -> Vec<Build> {
        let edits = || planned.edits.iter().cloned().map(Some).collect();
        let of = |build: &String| -> Vec<Option<String>> {
            match build.as_str() {
                "edit" => edits(),
                "clean" => [vec![None], edits()].concat(),
                _ => vec![None],
            }
        };
        let build = |state: &String, edit| Build { cache_state: state.clone(), edit };
        self.builds.iter().flat_map(|state| of(state).into_iter().map(move |edit| build(state, edit))).collect()
    }
}
