//! What a believable budget says: one that was stored is held to the rules of one that was written.

use std::collections::BTreeSet;

use super::{Budget, Limit};
use crate::measure::Measure;
use crate::units::LinkProfile;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 300;

impl Budget {
    /// The definitions of `delta-transfer-size` that a budget names.
    pub const DEFINITIONS: [&'static str; 2] = ["blob", "chain"];

    /// The cache states that a budget names, the usual one first.
    pub const CACHE_STATES: [&'static str; 5] = ["cold", "warm", "edit", "base", "clean"];

    /// Whether builds in `cache_state` have `measure`: images are weighed after the cold build, and updates are of the others.
    pub fn has(measure: Measure, cache_state: &str) -> bool {
        match measure {
            Measure::DeltaTransferSize => cache_state != "cold",
            // A trial after the cold one does not weigh the image as a whole again.
            measure => cache_state == "cold" || !Measure::OF_AN_IMAGE.contains(&measure),
        }
    }

    /// What no budget says, in words; `None` for one that a scenario file can have.
    pub fn problem(&self) -> Option<String> {
        let what = self.of_the_figure().or_else(|| self.of_the_names()).or_else(|| self.limits.iter().find_map(|limit| self.of(limit)));
        let mut kinds = BTreeSet::new();
        let twice =
            self.limits.iter().find(|limit| !kinds.insert(limit.id())).map(|limit| format!("it has the limit {} twice", limit.id()));
        what.or(twice).map(|what| format!("the budget {}/{}: {what}", self.scenario, self.name))
    }

    fn of_the_names(&self) -> Option<String> {
        let mut seen = BTreeSet::new();
        if self.variants.is_empty() {
            return Some("it is of no variant".to_owned());
        }
        if let Some(twice) = self.variants.iter().find(|variant| !seen.insert(*variant)) {
            return Some(format!("it names the variant {twice} twice"));
        }
        if self.limits.is_empty() {
            return Some("it has no limit".to_owned());
        }
        let reason = self.reason.as_deref().unwrap_or("none");
        let told = !reason.is_empty() && reason.chars().count() <= LONGEST_REASON && !reason.chars().any(char::is_control);
        (!told).then(|| format!("its reason is empty, has more than {LONGEST_REASON} characters, or control characters among them"))
    }

    fn of_the_figure(&self) -> Option<String> {
        let state = self.cache_state.as_str();
        let delta = self.measure == Measure::DeltaTransferSize;
        if !Self::CACHE_STATES.contains(&state) {
            return Some(format!("there is no cache state {state}"));
        }
        if !Self::has(self.measure, state) {
            return Some(format!("a build that is {state} has no {}", self.measure.id()));
        }
        if delta != self.definition.is_some() || self.definition.as_deref().is_some_and(|known| !Self::DEFINITIONS.contains(&known)) {
            return Some(format!("{} has no such definition", self.measure.id()));
        }
        let edit = if state == "edit" { self.edit.is_some() } else { state == "clean" || self.edit.is_none() };
        if !edit {
            return Some(format!("the edit does not fit the cache state {state}"));
        }
        let is_one = |link: &str| link.parse::<LinkProfile>().is_ok_and(|profile| profile.to_string() == link);
        self.link.as_deref().filter(|link| !is_one(link)).map(|link| format!("its link is '{link}', which no run has"))
    }

    /// The number of a limit must be the one that its text says.
    fn of(&self, limit: &Limit) -> Option<String> {
        let read = match limit {
            Limit::Max { written, .. } => Limit::max(self.measure, written),
            Limit::MaxIncrease { written, .. } => Limit::max_increase(self.measure, written),
            Limit::MaxRatio { to, written, .. } => Limit::max_ratio(self.measure, to, written),
        };
        match read {
            Err(error) => Some(format!("{}: {error}", limit.id())),
            Ok(read) if read != *limit => Some(format!("its {} is not the number that '{}' is", limit.id(), limit.written())),
            Ok(_) => match limit {
                Limit::MaxRatio { to, .. } if self.variants == [to.clone()] => Some(format!("it holds {to} against itself")),
                _ => None,
            },
        }
    }
}
