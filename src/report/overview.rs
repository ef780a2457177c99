//! All scenarios at a glance: the plain variant beside the multi-stage one, a row a scenario.

use super::data::{MeasureEstimate, ScenarioReport, VariantReport};
use super::figures::percent;
use super::notes::share;
use super::table::{Table, heading, nothing, scale_of};
use super::text::one_line;
use crate::measure::Measure;
use crate::stats::{Interval, Ratio};

/// The name that a scenario gives its usual multi-stage variant.
const USUAL_NAME: &str = "multi";

/// The two variants that stand for a scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) plain: &'a VariantReport,
    pub(super) other: &'a VariantReport,
}

impl<'a> Pair<'a> {
    /// The reference and the multi-stage variant called `multi`, else the first multi-stage one. `None` for a scenario
    /// that lacks one of them.
    pub(super) fn of(scenario: &'a ScenarioReport) -> Option<Self> {
        let plain = scenario.variants.iter().find(|v| Some(&v.name) == scenario.reference.as_ref())?;
        let candidates = || scenario.variants.iter().filter(|v| v.kind == "multi-stage");
        let other = candidates().find(|v| v.name == USUAL_NAME).or_else(|| candidates().next())?;
        Some(Self { plain, other })
    }

    /// `single → multi`.
    fn names(self) -> String {
        format!("{} → {}", one_line(&self.plain.name), one_line(&self.other.name))
    }

    /// How many times the plain variant's median build takes the other's is: the other divided by the plain one.
    pub(super) fn build_ratio(self) -> Option<Ratio> {
        let side = |v: &VariantReport| v.estimate(Measure::BuildTime).map(|e| (e.median, interval(e)));
        Ratio::from_medians(side(self.other)?, side(self.plain)?)
    }
}

fn interval(estimate: &MeasureEstimate) -> Option<Interval> {
    estimate.interval.map(|i| Interval { low: i.low, high: i.high, coverage: i.coverage })
}

/// One row a scenario that has a pair: transfer size, uncompressed size and what is saved, and the ratio of build times.
/// `None` where no scenario has one.
pub(super) fn overview(scenarios: &[ScenarioReport]) -> Option<Table> {
    let rows: Vec<(&ScenarioReport, Pair)> = scenarios.iter().filter_map(|s| Some((s, Pair::of(s)?))).collect();
    (!rows.is_empty()).then_some(())?;
    let mut table = Table::new(rows.len());
    table.push_words("scenario", rows.iter().map(|(s, _)| format!("{} ({})", one_line(&s.name), one_line(&s.language))));
    if common_names(&rows).is_none() {
        table.push_words("from → to", rows.iter().map(|(_, pair)| pair.names()));
    }
    for measure in [Measure::TransferSize, Measure::UncompressedSize] {
        let estimates = rows.iter().flat_map(|(_, p)| [p.plain, p.other]).filter_map(|v| v.estimate(measure));
        let scale = scale_of(measure, estimates);
        let side = |v: &VariantReport| v.estimate(measure).map_or_else(|| one_line(&v.status), |e| scale.number(e.median));
        let both = rows.iter().flat_map(|(_, p)| [p.plain, p.other]);
        table.push(heading(measure, scale, both), rows.iter().map(|(_, p)| format!("{} → {}", side(p.plain), side(p.other))));
        let change = |p: &Pair| p.other.estimate(measure)?.versus_reference.map(percent);
        table.push("change", rows.iter().map(|(_, p)| change(p).unwrap_or_else(nothing)));
    }
    table.push("build ratio", rows.iter().map(|(_, p)| p.build_ratio().map_or_else(nothing, ratio_text)));
    Some(table)
}

/// The pair's names where all rows have the same.
fn common_names(rows: &[(&ScenarioReport, Pair)]) -> Option<String> {
    let mut names = rows.iter().map(|(_, pair)| pair.names());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// `0.73 (0.41–1.11)`.
fn ratio_text(ratio: Ratio) -> String {
    let interval = ratio.interval.map(|i| format!(" ({:.2}–{:.2})", i.low, i.high)).unwrap_or_default();
    format!("{:.2}{interval}", ratio.value)
}

/// How to read [`overview`]; `None` where it has nothing to show.
pub(super) fn overview_note(scenarios: &[ScenarioReport]) -> Option<String> {
    let rows: Vec<(&ScenarioReport, Pair)> = scenarios.iter().filter_map(|s| Some((s, Pair::of(s)?))).collect();
    rows.first()?;
    let names = common_names(&rows);
    let direction = names.as_ref().map(|names| format!("Each row: {names}. ")).unwrap_or_default();
    let (over, under) = if names.is_some() {
        (one_line(&rows[0].1.other.name), one_line(&rows[0].1.plain.name))
    } else {
        ("the second one".to_owned(), "the first one".to_owned())
    };
    let mut coverages: Vec<String> = rows.iter().filter_map(|(_, p)| Some(share(p.build_ratio()?.interval?.coverage))).collect();
    coverages.sort();
    coverages.dedup();
    let interval = match coverages.as_slice() {
        [] => String::new(),
        some => format!("; in brackets its interval, which covers at least {}", some.join(" or ")),
    };
    Some(format!("{direction}Build ratio: the median build time of {over} divided by that of {under}{interval}."))
}
