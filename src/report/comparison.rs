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
    let mut grid = Grid::new();
    grid.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(60));
    grid.set_header(["figure", "baseline", "this run", "change", "verdict"]);
    grid.add_rows(comparison.findings.iter().map(row));
    for index in 1..=3 {
        if let Some(column) = grid.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let title = one_line(&format!("Run {} beside baseline {}", comparison.run, comparison.baseline));
    format!("{title}\n{grid}\n{}\n", count(comparison))
}

fn row(finding: &Finding) -> [String; 5] {
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
    one_line(&format!("{} {what}: {}{phase}", finding.scenario, name(finding.measure)))
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
    let count = |wanted: fn(&Verdict) -> bool| comparison.findings.iter().filter(|f| wanted(&f.verdict)).count();
    format!(
        "{} reproduced, {} drifted, {} not comparable",
        count(|v| matches!(v, Verdict::Reproduced)),
        count(|v| matches!(v, Verdict::Drifted { .. })),
        count(|v| matches!(v, Verdict::NotComparable { .. })),
    )
}
