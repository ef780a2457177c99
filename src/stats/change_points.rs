//! Where a series that is observed over and over changed its level for good.
//!
//! The test is by ranks, so that the shape of the noise does not matter: in a window of the series, the sum of the ranks of the first
//! t values is set against what chance gives, for every t that leaves a level on either side, each standardised by its own
//! deviation (Pettitt, A non-parametric approach to the change-point problem, Applied Statistics 28 (1979), pp. 126–135; standardised as
//! in Csörgő and Horváth, Limit Theorems in Change-Point Analysis (1997), section 2.3). How large the largest of them is by chance is
//! counted over shuffles of the same ranks, or bounded where that is enough. Windows of many lengths are asked, narrow ones first (Baranowski, Chen and Fryzlewicz,
//! Narrowest-over-threshold detection, JRSS B 81 (2019); windows laid out as by Kovács et al., Seeded binary segmentation, Biometrika
//! 110 (2023)), so that a level that came and went is found as well as one that stayed.

mod place;
mod shuffle;
mod step;
mod windows;

use super::median;
use place::{place, standing};
use step::step;
use windows::{Window, windows};

/// The fewest values that make a level. Newer ones than that are no level yet.
pub const SHORTEST_LEVEL: usize = 5;

/// The probability with which chance alone puts any point into a series without one. Where steps are certain, an honest table of what
/// is found and what is made up is in `docs/history.md`, from `examples/change_points.rs`.
pub const CHANGE_POINT_SIGNIFICANCE: f64 = 0.03;

/// Longer series are asked about their newest values alone.
pub const LONGEST_SERIES: usize = 2_000;

/// The share of [`CHANGE_POINT_SIGNIFICANCE`] at which a stretch between two points is asked once more.
const BETWEEN: f64 = 0.2;
/// The least standardised sum of ranks that a point keeps beside its neighbours: 0.5 % by chance, both ways.
const KEEPS: f64 = 2.8;
/// A value lies apart from its neighbours when it is this many of their scaled median absolute deviations away. Larger than for
/// [`outliers`](super::outliers): here a value that is left out is gone.
const APART: f64 = 5.0;
/// Neighbours on either side: a level of [`SHORTEST_LEVEL`] values is the majority around each of its own.
const NEIGHBOURS: usize = SHORTEST_LEVEL - 1;

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The place of the first value of the new level, counted from 0.
    pub at: usize,
    /// Median from the point before, or the beginning, up to here.
    pub before: f64,
    /// Median from here to the next point, or the end.
    pub after: f64,
}

impl ChangePoint {
    /// The change relative to the level before: 0.05 is 5 % more. `None` where that is 0.
    pub fn relative(&self) -> Option<f64> {
        Some((self.after - self.before) / self.before).filter(|change| change.is_finite())
    }
}

/// The points at which `values`, in the order in which they were observed, changed their level; in that order. None below twice
/// [`SHORTEST_LEVEL`] values or where one of them is not finite. Single values that lie far from their neighbours are left out of the
/// question, so that a tenth of them wrong does no harm.
pub fn change_points(values: &[f64]) -> Vec<ChangePoint> {
    let first = values.len().saturating_sub(LONGEST_SERIES);
    let newest = &values[first..];
    if newest.len() < 2 * SHORTEST_LEVEL || newest.iter().any(|v| !v.is_finite()) {
        return Vec::new();
    }
    let kept = in_company(newest);
    let calm: Vec<f64> = kept.iter().map(|i| newest[*i]).collect();
    let mut found = search(&calm);
    between(&calm, &mut found);
    settle(&calm, &mut found);
    let places: Vec<usize> = found.into_iter().map(|at| first + kept[at]).collect();
    with_levels(values, &places)
}

/// The places of the values that do not lie apart from their neighbours.
fn in_company(values: &[f64]) -> Vec<usize> {
    let around = |i: usize| &values[i.saturating_sub(NEIGHBOURS)..(i + NEIGHBOURS + 1).min(values.len())];
    let distances: Vec<f64> = (0..values.len()).map(|i| (values[i] - middle(around(i))).abs()).collect();
    let reach = APART * super::variation::NORMAL * middle(&distances);
    (0..values.len()).filter(|i| reach == 0.0 || distances[*i] <= reach).collect()
}

/// The median of values that are there and finite.
fn middle(values: &[f64]) -> f64 {
    median(values).unwrap_or_default()
}

/// A point of every window that has one and holds no point yet, narrow windows first.
fn search(values: &[f64]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for Window { from, to, share } in windows(values.len()) {
        if found.iter().any(|at| from < *at && *at < to) {
            continue;
        }
        found.extend(step(&values[from..to], CHANGE_POINT_SIGNIFICANCE * share).map(|at| from + at));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Asks each stretch between two points once more: a window that reached over its ends could not be asked.
fn between(values: &[f64], found: &mut Vec<usize>) {
    let (mut from, mut next) = (0, 0);
    while !found.is_empty() && next <= found.len() {
        let to = found.get(next).copied().unwrap_or(values.len());
        let enough = to - from >= windows::NARROWEST;
        if let Some(at) = enough.then(|| step(&values[from..to], CHANGE_POINT_SIGNIFICANCE * BETWEEN)).flatten() {
            found.insert(next, from + at);
        } else {
            (from, next) = (to, next + 1);
        }
    }
}

/// Moves every point to where both levels fit best, and drops those that do not stand beside their neighbours.
fn settle(values: &[f64], found: &mut Vec<usize>) {
    for _ in 0..3 {
        let before = found.clone();
        for i in 0..found.len() {
            let (from, to) = stretch(values, found, i);
            found[i] = from + place(&values[from..to], found[i] - from);
        }
        while let Some(weakest) = weakest(values, found) {
            found.remove(weakest);
        }
        if *found == before {
            return;
        }
    }
}

/// From the point before the `i`-th to the one after it.
fn stretch(values: &[f64], found: &[usize], i: usize) -> (usize, usize) {
    let from = i.checked_sub(1).map_or(0, |before| found[before]);
    (from, found.get(i + 1).copied().unwrap_or(values.len()))
}

/// The point that stands worst, if it does not stand.
fn weakest(values: &[f64], found: &[usize]) -> Option<usize> {
    let stands = (0..found.len()).map(|i| {
        let (from, to) = stretch(values, found, i);
        (standing(&values[from..to], found[i] - from), i)
    });
    stands.filter(|(z, _)| *z < KEEPS).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, i)| i)
}

fn with_levels(values: &[f64], places: &[usize]) -> Vec<ChangePoint> {
    let point = |i: usize| {
        let (from, to) = stretch(values, places, i);
        let at = places[i];
        ChangePoint { at, before: middle(&values[from..at]), after: middle(&values[at..to]) }
    };
    (0..places.len()).map(point).collect()
}

#[cfg(test)]
mod tests;
