//! Which runs' figures may be compared.

use std::collections::{BTreeMap, HashMap};

use super::super::conditions::unequal_host;
use crate::measure::{Kind, Measure};
use crate::record::{Conditions, HistoryPoint, HistoryRun, SeriesKey, UNKNOWN};

/// For every run, and every kind of figure, the number of the first run that it may be compared with.
pub(super) struct Stretches {
    times: Vec<usize>,
    sizes: Vec<usize>,
    reported: Vec<usize>,
}

impl Stretches {
    pub(super) fn of(runs: &[HistoryRun]) -> Self {
        Self { times: classes(runs, of_times), sizes: classes(runs, of_sizes), reported: classes(runs, of_reported) }
    }

    /// The points of each stretch; those of the newest run last, of the others with what differs from it.
    pub(super) fn split<'h>(
        &self,
        key: &SeriesKey,
        points: &'h [HistoryPoint],
        runs: &[HistoryRun],
    ) -> Vec<(Option<String>, Vec<&'h HistoryPoint>)> {
        let mut stretches = BTreeMap::<usize, Vec<&HistoryPoint>>::new();
        for point in points {
            stretches.entry(self.class(key.measure, point.run)).or_default().push(point);
        }
        let mut stretches: Vec<Vec<&HistoryPoint>> = stretches.into_values().collect();
        stretches.sort_by_key(|points| points.last().map(|point| point.run));
        let newest = stretches.last().and_then(|points| points.last()).map(|point| &runs[point.run].conditions);
        let last = stretches.len().saturating_sub(1);
        let words = |place: usize, points: &[&HistoryPoint]| {
            let earlier = points.first().filter(|_| place < last).map(|point| &runs[point.run].conditions);
            earlier.zip(newest).map(|(earlier, newest)| differs(earlier, newest))
        };
        stretches.into_iter().enumerate().map(|(place, points)| (words(place, &points), points)).collect()
    }

    fn class(&self, measure: Measure, run: usize) -> usize {
        match (measure, measure.kind()) {
            (_, Kind::Sampled) => self.times[run],
            (Measure::ContextSize, _) => 0,
            (Measure::ReportedSize, _) => self.reported[run],
            _ => self.sizes[run],
        }
    }
}

/// By what `of` says of each run: what is the same for two may be compared.
fn classes(runs: &[HistoryRun], of: fn(&HistoryRun) -> String) -> Vec<usize> {
    let mut firsts = HashMap::<String, usize>::new();
    runs.iter().enumerate().map(|(place, run)| *firsts.entry(of(run)).or_insert(place)).collect()
}

/// Everything but the base images: a digest that moved is the cause of a change. An unknown machine is never known to be the same, so
/// that a run on one may be compared with itself alone.
fn of_times(run: &HistoryRun) -> String {
    let without_bases = Conditions { bases: BTreeMap::new(), ..run.conditions.clone() };
    let known = serde_json::to_string(&without_bases).ok().filter(|_| run.conditions.host != UNKNOWN);
    known.unwrap_or_else(|| run.key.clone())
}

fn of_sizes(run: &HistoryRun) -> String {
    format!("{}\n{}", run.conditions.base_set.id(), run.conditions.platform)
}

fn of_reported(run: &HistoryRun) -> String {
    format!("{}\n{}", of_sizes(run), run.conditions.store)
}

/// In what earlier conditions differ from those of the newest run.
fn differs(earlier: &Conditions, newest: &Conditions) -> String {
    let host = unequal_host(earlier, newest).map(|_| "on another machine".to_owned());
    let settings = earlier.differences(newest).into_iter().map(|found| format!("{} {}, now {}", found.what, found.first, found.second));
    host.into_iter().chain(settings).collect::<Vec<_>>().join("; ")
}
