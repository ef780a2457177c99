//! A comparison as plain text: every figure beside the baseline's, with its verdict.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table as Grid};

use super::figures::{Scale, percent};
use super::table::name;
use super::text::one_line;
use crate::judge::{Comparison, Finding, Subject, Verdict};
use crate::measure::Unit;

/// The comparison as a table for a terminal of `width` columns, then a line that counts the verdicts. Bytes are printed
/// in full: they are compared to the last one.
pub fn comparison(comparison: &Comparison, width: u16) -> String {
    let grid = grid(&["figure", "baseline", "this run", "change", "verdict"], comparison.findings.iter().map(|f| row(f).to_vec()), width);
    let title = one_line(&format!("Run {} beside baseline {}", comparison.run, comparison.baseline));
    format!("{title}\n{grid}\n{}\n", count(comparison))
}

/// A table for a terminal of `width` columns; all columns but the first and the last hold numbers.
pub(super) fn grid(header: &[&str], rows: impl Iterator<Item = Vec<String>>, width: u16) -> String {
    let mut grid = Grid::new();
    grid.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(60));
    grid.set_header(header);
    grid.add_rows(rows);
    for index in 1..header.len().saturating_sub(1) {
        if let Some(column) = grid.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid.to_string()
}

/// Figure, baseline, this run, change, verdict.
pub(super) fn row(finding: &Finding) -> [String; 5] {
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| figure(finding, v));
    let change = change(finding).unwrap_or_else(|| "–".to_owned());
    [subject(finding), value(finding.baseline), value(finding.run), change, verdict(&finding.verdict)]
}

/// In per cent, or for a change too small for that in bytes.
fn change(finding: &Finding) -> Option<String> {
    let relative = percent(finding.change()? * 100.0);
    let difference = finding.run? - finding.baseline?;
    let bytes = finding.measure.unit() == Unit::Bytes && matches!(finding.subject, Subject::Variant(_));
    Some(if bytes && difference != 0.0 && relative == percent(0.0) { format!("{difference:+} B") } else { relative })
}

fn subject(finding: &Finding) -> String {
    let phase = finding.phase.as_deref().map(|p| format!(", {p}")).unwrap_or_default();
    let what = match &finding.subject {
        Subject::Variant(variant) => variant.clone(),
        Subject::Ratio { of, to } => format!("{of} ÷ {to}"),
    };
    let state = if finding.cache_state == "cold" { String::new() } else { format!(", {}", finding.state()) };
    one_line(&format!("{} {what}: {}{phase}{state}", finding.scenario, name(finding.measure, std::iter::empty())))
}

fn figure(finding: &Finding, value: f64) -> String {
    if matches!(finding.subject, Subject::Ratio { .. }) {
        return format!("{value:.2}");
    }
    let scale = Scale::new(finding.measure.unit(), [finding.baseline, finding.run].into_iter().flatten());
    match scale {
        Scale::Bytes(_) => format!("{value} B"),
        scale => scale.text(value),
    }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Reproduced => "reproduced".to_owned(),
        Verdict::Drifted { .. } => "drifted".to_owned(),
        Verdict::NotComparable { condition } => one_line(&format!("not comparable: {condition}")),
    }
}

fn count(comparison: &Comparison) -> String {
    Tally::of(comparison.findings.iter()).words()
}

/// How many verdicts of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    reproduced: usize,
    drifted: usize,
    not_comparable: usize,
}

impl Tally {
    /// Counts the verdicts of `findings`.
    pub(super) fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut tally = Self::default();
        for finding in findings {
            *match finding.verdict {
                Verdict::Reproduced => &mut tally.reproduced,
                Verdict::Drifted { .. } => &mut tally.drifted,
                Verdict::NotComparable { .. } => &mut tally.not_comparable,
            } += 1;
        }
        tally
    }

    /// `13 reproduced, 3 drifted, 12 not comparable`.
    pub(super) fn words(self) -> String {
        format!("{} reproduced, {} drifted, {} not comparable", self.reproduced, self.drifted, self.not_comparable)
    }

    /// `13/3/12`; a dash without any verdict.
    pub(super) fn short(self) -> String {
        if self == Self::default() { "–".to_owned() } else { format!("{}/{}/{}", self.reproduced, self.drifted, self.not_comparable) }
    }
}
