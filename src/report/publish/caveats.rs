//! What a reader of a published run must know, as far as the record knows it.

use std::collections::BTreeSet;

use crate::judge::{Layers, MIN_TIMES, layers};
use crate::measure::{Measure, Unit};
use crate::record::Record;
use crate::report::ReportData;
use crate::report::data::{MeasureEstimate, ScenarioReport, VariantReport};
use crate::report::notes::share;
use crate::report::table::is_told;
use crate::units;

/// A time whose largest value is this many times its smallest did not come from a quiet machine.
const RESTLESS: f64 = 1.25;
/// An overhead above this share is worth a word.
const MUCH_OVERHEAD: f64 = 0.2;

/// What the run did not measure, so that nobody reads it in.
pub(super) fn not_covered(record: &Record, data: &ReportData) -> Vec<String> {
    let conditions = &record.run.conditions;
    let mut found = Vec::new();
    let states: BTreeSet<&str> = record.trials.iter().map(|o| o.trial.cache_state.as_str()).collect();
    if states.iter().all(|state| *state == "cold") {
        found.push("builds with a warm cache and builds after an edit: every trial was cold".to_owned());
    }
    found.push(format!(
        "platforms other than {}, engines other than {} and stores other than {}",
        data.run.platform, data.run.engine, data.run.store
    ));
    if conditions.link == "loopback" {
        found.push("a network: push and pull crossed the loopback interface, so their times are of packing and unpacking".to_owned());
    }
    let without = variants(data).filter(|(_, v)| v.estimates.is_empty());
    found.extend(without.map(|(s, v)| format!("{} {}: {}", s.name, v.name, v.status)));
    for measure in Measure::ALL.into_iter().filter(|m| is_told(*m, variants(data).map(|(_, v)| v))) {
        let lack = |v: &VariantReport| !v.estimates.is_empty() && v.estimate(measure).is_none();
        let lacking: Vec<String> = variants(data).filter(|(_, v)| lack(v)).map(|(s, v)| format!("{} {}", s.name, v.name)).collect();
        if !lacking.is_empty() {
            found.push(format!("{} of {}", measure.title(), lacking.join(", ")));
        }
    }
    found
}

/// What limits the figures that there are.
pub(super) fn caveats(record: &Record, data: &ReportData) -> Vec<String> {
    let conditions = &record.run.conditions;
    let mut found = Vec::new();
    if data.run.base_set == "stand-in" {
        found.push(
            "Bytes are of images on stand-in bases: ratios carry over to the published bases within a few per cent, bytes do not."
                .to_owned(),
        );
    }
    found.push(format!(
        "Transfer sizes were compressed by {}; another engine compresses the same layers to other lengths.",
        conditions.compressor
    ));
    if let Some(link) = &conditions.download_link {
        found.push(format!(
            "Builds fetched through loadline's proxy (link {link}): their times are not those of builds that fetch by themselves."
        ));
    }
    found.extend(few_trials(data));
    found.extend(restless(data));
    found.extend(moving_bytes(record, data));
    found.extend(unproven(data));
    if record.run.receipt.cpus <= 2 {
        found.push(format!("The machine had {}: parallel builders gain more on others.", units::count(record.run.receipt.cpus, "CPU")));
    }
    if let Some(share) = data.overhead.share.filter(|s| *s > MUCH_OVERHEAD) {
        found.push(format!("Overhead took {:.0} % of the wall time without bases.", share * 100.0));
    }
    found.extend(data.warnings.iter().map(|w| format!("Warning of the run: {w}")));
    found
}

fn variants(data: &ReportData) -> impl Iterator<Item = (&ScenarioReport, &VariantReport)> {
    data.scenarios.iter().flat_map(|s| s.variants.iter().map(move |v| (s, v)))
}

fn times(data: &ReportData) -> impl Iterator<Item = (String, &MeasureEstimate)> {
    let whole = |e: &&MeasureEstimate| e.unit == Unit::Seconds && e.phase.is_none();
    variants(data).flat_map(move |(s, v)| {
        let of = format!("{} {}", s.name, v.name);
        v.estimates.iter().filter(whole).map(move |e| (format!("{} of {of}", e.measure.title()), e))
    })
}

/// Too few trials for a verdict on times.
fn few_trials(data: &ReportData) -> Option<String> {
    let least = times(data).map(|(_, e)| e).min_by_key(|e| e.n).filter(|e| e.n < MIN_TIMES)?;
    let covers =
        least.interval.map_or_else(|| "there is no interval".to_owned(), |i| format!("the median's interval covers {}", share(i.coverage)));
    Some(format!(
        "Times come from {} and more: {covers}. Two times may be told apart only where their intervals do not meet.",
        units::count(least.n, "trial")
    ))
}

/// Times that moved much between trials: the one that moved most, and how many did.
fn restless(data: &ReportData) -> Option<String> {
    let spread = |e: &MeasureEstimate| e.max / e.min;
    let moved: Vec<(String, &MeasureEstimate)> = times(data).filter(|(_, e)| spread(e) > RESTLESS).collect();
    let (what, worst) = moved.iter().max_by(|a, b| spread(a.1).total_cmp(&spread(b.1)))?;
    Some(format!(
        "The machine was not quiet, or the work varies: {} of {} times differ by more than a quarter between trials, {what} most: {} to {}.",
        moved.len(),
        times(data).count(),
        units::seconds(worst.min),
        units::seconds(worst.max),
    ))
}

/// Variants whose layers are not the same in each build, and by how much their transfer size moves.
fn moving_bytes(record: &Record, data: &ReportData) -> Option<String> {
    let differ = |(s, v): &(&ScenarioReport, &VariantReport)| matches!(layers(record, &s.name, &v.name), Layers::Differ { .. });
    let told = |(s, v): (&ScenarioReport, &VariantReport)| {
        let span = v.estimate(Measure::TransferSize).map(|e| e.max - e.min).filter(|bytes| *bytes > 0.0);
        let by = span.map_or_else(|| "not by a byte".to_owned(), |bytes| format!("by up to {bytes} B"));
        format!("{} {} {by}", s.name, v.name)
    };
    let told: Vec<String> = variants(data).filter(differ).map(told).collect();
    (!told.is_empty()).then(|| {
        format!(
            "Some layers differ from build to build, since files in them carry times. So moved the transfer size of {}.",
            told.join(", of ")
        )
    })
}

fn unproven(data: &ReportData) -> Option<String> {
    let names: Vec<String> =
        variants(data).filter(|(_, v)| v.status == "unverified").map(|(s, v)| format!("{} {}", s.name, v.name)).collect();
    (!names.is_empty()).then(|| format!("Nothing proved that these work: {}.", names.join(", ")))
}
