//! A line for each series, and below it what there is to tell.

use super::data::{TrendReport, TrendSeries};
use super::spark::{Glyphs, sparkline};
use super::words::{details, figures, name};
use crate::units;

/// The most columns of a series' bars.
const BARS: usize = 24;

/// The report as text: one line a series with bars, first and last value and the change, and indented below it changes, growth and
/// forecast; then how many series were calm.
pub fn trend_terminal(report: &TrendReport, glyphs: Glyphs) -> String {
    let mut text = format!("{}\n", head(report));
    let rows: Vec<[String; 5]> = report.series.iter().map(|series| row(series, glyphs)).collect();
    let widths: [usize; 5] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for (row, series) in rows.iter().zip(&report.series) {
        let [name, bars, first, last, change] = row;
        let [wide, bar, one, two, three] = widths;
        let arrow = if glyphs == Glyphs::Blocks { "→" } else { "->" };
        text.push('\n');
        text.push_str(format!("{name:wide$}  {bars:bar$}  {first:>one$} {arrow} {last:>two$}  {change:>three$}").trim_end());
        text.push('\n');
        for line in details(series) {
            text.extend(["    ", &line, "\n"]);
        }
    }
    text.extend(["\n", &calm(report), "\n"]);
    if glyphs == Glyphs::Ascii { ascii(&text) } else { text }
}

/// Signs that a terminal without Unicode has no glyph for.
fn ascii(text: &str) -> String {
    text.replace('→', "->").replace(['−', '–'], "-")
}

fn row(series: &TrendSeries, glyphs: Glyphs) -> [String; 5] {
    let [first, last, change] = figures(series);
    [name(series), sparkline(&series.values, BARS, glyphs), first, last, change]
}

pub(super) fn head(report: &TrendReport) -> String {
    let day = |moment: &str| moment.split('T').next().unwrap_or_default().to_owned();
    format!("{}, {} to {}", units::count(report.runs, "run"), day(&report.from), day(&report.to))
}

/// What is not told.
pub(super) fn calm(report: &TrendReport) -> String {
    let calm = match (report.series.len(), report.calm) {
        (0, calm) => format!("Nothing to tell of {calm} series."),
        (_, 0) => "No series is calm.".to_owned(),
        (_, calm) => format!("{calm} more series are calm."),
    };
    let ended = (report.ended > 0).then(|| format!(" {} of them ended before the newest run of their scenario.", report.ended));
    let aside = (report.aside > 0).then(|| format!(" {} of earlier conditions or parts of figures are shown with --all.", report.aside));
    calm + &ended.unwrap_or_default() + &aside.unwrap_or_default()
}
