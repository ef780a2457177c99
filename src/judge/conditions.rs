//! Whether the conditions allow two figures to be compared.

use std::fmt::Display;

use crate::measure::{Kind, Measure};
use crate::record::{Conditions, PlannedVariant, Record, UNKNOWN};

/// What stands in the way of comparing `measure` of `variant` between two records; `None` when nothing does.
///
/// Bytes and counts depend on the base images and the platform, compressed ones also on the compressor, and what an
/// engine reports also on its store. The context depends on the files alone. Times depend on everything.
pub(super) fn obstacle(measure: Measure, variant: (&PlannedVariant, &PlannedVariant), baseline: &Record, run: &Record) -> Option<String> {
    if measure == Measure::ContextSize {
        return None;
    }
    let bases = || unequal_bases(variant, &baseline.run.conditions, &run.run.conditions);
    change_obstacle(measure, baseline, run).or_else(bases)
}

/// The same where it is asked what changed: base images are among what may have, and stand in nobody's way.
pub(super) fn change_obstacle(measure: Measure, baseline: &Record, run: &Record) -> Option<String> {
    let (old, new) = (&baseline.run.conditions, &run.run.conditions);
    if measure.kind() == Kind::Sampled {
        return unequal_time_condition(old, new);
    }
    match measure {
        Measure::ContextSize => None,
        Measure::TransferSize | Measure::LayerTransferSize | Measure::DeltaTransferSize => {
            ratio_obstacle(measure, baseline, run).or_else(|| differs("compressor", &old.compressor, &new.compressor))
        }
        _ => ratio_obstacle(measure, baseline, run),
    }
}

/// What stands in the way of comparing a ratio of `measure` between two variants. A ratio outlives a rebuilt base image
/// and another compressor, within a tolerance; it does not outlive another set of bases or another platform.
pub(super) fn ratio_obstacle(measure: Measure, baseline: &Record, run: &Record) -> Option<String> {
    let (old, new) = (&baseline.run.conditions, &run.run.conditions);
    differs("base set", old.base_set.id(), new.base_set.id())
        .or_else(|| differs("platform", &old.platform, &new.platform))
        .or_else(|| if measure == Measure::ReportedSize { differs("store", &old.store, &new.store) } else { None })
}

fn unequal_bases((before, after): (&PlannedVariant, &PlannedVariant), old: &Conditions, new: &Conditions) -> Option<String> {
    if before.bases != after.bases {
        return differs("list of base images", &before.bases.join(" "), &after.bases.join(" "));
    }
    after.bases.iter().find_map(|name| match (old.bases.get(name), new.bases.get(name)) {
        (Some(before), Some(after)) if before.digest == after.digest => None,
        (Some(_), Some(_)) => Some(format!("the base image {name} was rebuilt or moved: its digest differs")),
        _ => Some(format!("the digest of the base image {name} is not in both records")),
    })
}

fn unequal_time_condition(old: &Conditions, new: &Conditions) -> Option<String> {
    unequal_host(old, new).or_else(|| unequal_setting(old, new))
}

/// An unknown host is never known to be the same one.
pub(super) fn unequal_host(old: &Conditions, new: &Conditions) -> Option<String> {
    let same = new.host != UNKNOWN && old.host == new.host;
    (!same).then(|| "times are not comparable across hosts".to_owned())
}

/// Which condition of times differs, the host aside.
pub(super) fn unequal_setting(old: &Conditions, new: &Conditions) -> Option<String> {
    old.differences(new).into_iter().next().map(|found| differing(&found.what, &found.first, &found.second))
}

fn differs<T: PartialEq + Display + ?Sized>(what: &str, old: &T, new: &T) -> Option<String> {
    (old != new).then(|| differing(what, old, new))
}

fn differing<T: Display + ?Sized>(what: &str, old: &T, new: &T) -> String {
    format!("the {what} differs: {old} in the baseline, {new} here")
}
