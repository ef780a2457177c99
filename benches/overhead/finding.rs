//! What a part found: its pairs, a table for people and rows of raw numbers.

use std::fmt::Write as _;
use std::io;

use super::request::Part;
use super::verdict::{Added, Bound, Pair, Verdict};

/// The head of the table, without the line below it.
pub(crate) const HEAD: &str = "| part | figure | pairs | without, s | with, s | added | interval | coverage | bound | verdict |";

/// The head of the raw numbers. `with_first` tells whether the pair's `with` was measured before its `without`.
pub(crate) const COLUMNS: [&str; 6] = ["part", "figure", "pair", "with_first", "without_s", "with_s"];

/// One figure of a part.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What is timed on loadline's side.
    pub(crate) id: &'static str,
    /// What may be added.
    pub(crate) bound: Bound,
    /// In the order in which they were measured.
    pub(crate) pairs: Vec<Pair>,
}

/// What a part found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) part: Part,
    /// What was measured, in words.
    pub(crate) setting: String,
    /// Of each pair, whether loadline's side went first.
    pub(crate) ours_first: Vec<bool>,
    /// All with as many pairs; the first one decides how many are enough.
    pub(crate) figures: Vec<Figure>,
}

impl Finding {
    /// One without pairs yet.
    pub(crate) fn new(part: Part, setting: String, figures: &[(&'static str, Bound)]) -> Self {
        let figures = figures.iter().map(|(id, bound)| Figure { id, bound: *bound, pairs: Vec::new() }).collect();
        Self { part, setting, ours_first: Vec::new(), figures }
    }

    /// Adds a pair: the plain time, and loadline's by each figure, seconds.
    pub(crate) fn push(&mut self, ours_first: bool, plain: f64, ours: &[f64]) {
        self.ours_first.push(ours_first);
        for (figure, ours) in self.figures.iter_mut().zip(ours) {
            figure.pairs.push(Pair { plain, ours: *ours });
        }
    }

    /// Whether the first figure needs no more pairs.
    pub(crate) fn is_fine(&self) -> bool {
        self.figures.first().and_then(|figure| Added::of(&figure.pairs, figure.bound)).is_some_and(|added| added.is_fine())
    }

    /// Whether some figure is above its bound.
    pub(crate) fn is_broken(&self) -> bool {
        self.added().any(|(_, added)| added.verdict() == Verdict::Broken)
    }

    fn added(&self) -> impl Iterator<Item = (&'static str, Added)> {
        self.figures.iter().filter_map(|figure| Some((figure.id, Added::of(&figure.pairs, figure.bound)?)))
    }

    /// The rows of the table.
    pub(crate) fn rows(&self) -> String {
        self.added().fold(String::new(), |mut text, (id, added)| {
            let (value, low, high) = (added.value, added.interval.low, added.interval.high);
            let (value, interval, bound) = match added.bound {
                Bound::Seconds(most) => {
                    let ms = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
                    (ms(value), format!("{:.1} to {}", low * 1e3, ms(high)), ms(most))
                }
                Bound::Part(most) => {
                    let percent = |part: f64| format!("{:+.2} %", part * 100.0);
                    (percent(value), format!("{:+.2} to {}", low * 100.0, percent(high)), percent(most))
                }
            };
            let Added { n, plain, ours, .. } = added;
            let (part, coverage, verdict) = (self.part.id(), added.interval.coverage * 100.0, added.verdict());
            let row =
                format!("| {part} | {id} | {n} | {plain:.4} | {ours:.4} | {value} | {interval} | {coverage:.1} % | {bound} | {verdict} |");
            let _ = writeln!(text, "{row}");
            text
        })
    }

    /// Writes every pair of every figure.
    pub(crate) fn raw<W: io::Write>(&self, csv: &mut csv::Writer<W>) -> csv::Result<()> {
        for figure in &self.figures {
            for (n, (pair, first)) in figure.pairs.iter().zip(&self.ours_first).enumerate() {
                let numbers = [(n + 1).to_string(), first.to_string(), format!("{:.6}", pair.plain), format!("{:.6}", pair.ours)];
                csv.write_record([self.part.id(), figure.id].into_iter().chain(numbers.iter().map(String::as_str)))?;
            }
        }
        Ok(csv.flush()?)
    }
}
