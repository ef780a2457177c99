//! What bounds pushes and pulls over a link, in words.

use super::data::{BottleneckReport, RunFacts, ScenarioReport, VariantReport};
use super::text::one_line;
use crate::measure::Measure;
use crate::units::LinkProfile;

impl RunFacts {
    /// The link of push and pull, where it keeps to a rate.
    fn shaped_link(&self) -> Option<&str> {
        self.link.parse::<LinkProfile>().ok()?.shape()?;
        Some(&self.link)
    }

    /// What follows the name of `measure` in a heading: ` over 20mbit,30ms` for a time of a link that keeps to a rate.
    pub(super) fn over(&self, measure: Measure) -> String {
        let on_link = matches!(measure, Measure::PushTime | Measure::PullTime);
        self.shaped_link().filter(|_| on_link).map_or_else(String::new, |link| format!(" over {link}"))
    }
}

/// For each variant that went over a link, a sentence that says what its push and its pull waited for.
pub(super) fn bounds(run: &RunFacts, scenario: &ScenarioReport) -> Vec<String> {
    let Some(link) = run.shaped_link() else { return Vec::new() };
    scenario.variants.iter().filter_map(|variant| sentence(link, variant)).collect()
}

fn sentence(link: &str, variant: &VariantReport) -> Option<String> {
    let told: Vec<String> = variant.bottlenecks.iter().map(words).collect();
    (!told.is_empty()).then(|| format!("{} over {link}: {}.", one_line(&variant.name), told.join("; ")))
}

fn words(found: &BottleneckReport) -> String {
    let BottleneckReport { direction, bound, rate_share, time_share } = found;
    let because = match bound.as_str() {
        "link" => "the link bounds it",
        "round-trips" => "the round trips of its requests may be the rest",
        "gzip" => "gzip in the engine bounds it",
        "extraction" => "the engine's disk and unpacking bound it",
        _ => "the engine bounds it",
    };
    format!("the {direction} kept {:.0} % of the link's rate for {:.0} % of its time, {because}", rate_share * 100.0, time_share * 100.0)
}
