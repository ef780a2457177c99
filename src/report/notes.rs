//! Sentences that go with the tables: what figures mean, and why some are missing.

use super::data::{ScenarioReport, VariantReport};
use super::figures::percent;
use super::table::scale_of;
use super::text::one_line;
use crate::measure::{Measure, Unit};
use crate::record::LAST_LINES;

/// What the columns of times hold, and how surely, for the numbers of values that occur; `None` without any figure.
pub(super) fn interval_note(scenarios: &[ScenarioReport]) -> Option<String> {
    let variants = || scenarios.iter().flat_map(|s| &s.variants);
    let times = || variants().flat_map(|v| &v.estimates).filter(|e| e.unit == Unit::Seconds);
    times().next()?;
    let mut coverages: Vec<(usize, String)> = times().filter_map(|e| Some((e.n, share(e.interval?.coverage)))).collect();
    coverages.sort();
    coverages.dedup();
    let coverages: Vec<String> = coverages.into_iter().map(|(n, coverage)| format!("{coverage} at n = {n}")).collect();
    let brackets = match coverages.as_slice() {
        [] => String::new(),
        some => format!(" In brackets the median's order-statistic interval, which covers {}.", some.join(", ")),
    };
    let single = if times().any(|e| e.n == 1) { " A single trial has no interval." } else { "" };
    Some(format!("Times are medians of n trials.{brackets}{single}"))
}

/// A probability in per cent, with a decimal where it has one.
pub(super) fn share(coverage: f64) -> String {
    let text = format!("{:.1}", coverage * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// `multi: 6.8 MB to transfer where single has 303.3 MB: −97.8 %` for each variant with both figures.
pub(super) fn headlines(scenario: &ScenarioReport) -> Vec<String> {
    let measure = Measure::TransferSize;
    let Some(reference) = scenario.variants.iter().find(|v| Some(&v.name) == scenario.reference.as_ref()) else { return Vec::new() };
    let Some(plain) = reference.estimate(measure) else { return Vec::new() };
    let scale = scale_of(measure, scenario.variants.iter().filter_map(|v| v.estimate(measure)));
    let line = |v: &VariantReport| {
        let estimate = v.estimate(measure)?;
        let versus = percent(estimate.versus_reference?);
        let (name, other) = (one_line(&v.name), one_line(&reference.name));
        Some(format!("{name} transfers {} where {other} transfers {} ({versus})", scale.text(estimate.median), scale.text(plain.median)))
    };
    scenario.variants.iter().filter_map(line).collect()
}

/// Why variants have no figures, and what is to be known of those that have: `broken: build-failed: …`.
pub(super) fn remarks(scenario: &ScenarioReport) -> Vec<(String, String)> {
    let of_variant = |v: &VariantReport| {
        let missing = v.estimates.is_empty() || v.status == "unverified";
        let why = v.reason.as_deref().map_or_else(|| explanation(&v.status), |r| format!("{}: {}", v.status, sentence(r)));
        let remarks = missing.then_some(why).into_iter().chain(v.notes.iter().cloned());
        remarks.map(|r| (one_line(&v.name), one_line(&r))).collect::<Vec<_>>()
    };
    scenario.variants.iter().flat_map(of_variant).collect()
}

/// A reason without the lines that it quotes: those are in the record and in the trial's log.
fn sentence(reason: &str) -> &str {
    reason.split(LAST_LINES).next().unwrap_or_default()
}

fn explanation(status: &str) -> String {
    match status {
        "unverified" => "unverified: there is no smoke check that proves that it works".to_owned(),
        "interrupted" => "interrupted: the run was stopped during its trial".to_owned(),
        other => other.to_owned(),
    }
}
