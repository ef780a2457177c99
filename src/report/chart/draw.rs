//! Where everything on a chart goes. All lengths are pixels.

use super::canvas::{Canvas, Look, Side};
use super::font::{fit, width, wrap};
use super::palette::{BACKGROUND, FAINT, GRID, INK, Tint, style};
use super::plan::{Bars, Chart, Row};
use super::plot::Plot;
use crate::report::ReportError;

pub(super) const WIDTH: i32 = 800;
pub(super) const MARGIN: i32 = 20;
pub(super) const GAP: i32 = 8;
const HEAD_HEIGHT: i32 = 100;
const COLUMN_GAP: i32 = 18;
const TITLE_HEIGHT: i32 = 22;
const TICK_HEIGHT: i32 = 20;
const GROUP_HEIGHT: i32 = 30;
const BAR_ROW: i32 = 20;
const LINE: i32 = 14;
const FOOTER: i32 = 18;
const LONGEST_LABEL: i32 = 165;
const LABEL_LINES: usize = 3;
/// With more rows than this the axis is too far away at the bottom alone.
const ROWS_IN_VIEW: usize = 16;

pub(super) const TITLE: u32 = 18;
pub(super) const TEXT: u32 = 13;
pub(super) const SMALL: u32 = 12;

pub(super) const fn look(size: u32, bold: bool, tint: Tint, at: Side) -> Look {
    Look { size, bold, color: tint.color(), side: at }
}

/// The chart as an SVG document of its own. `file` names it in errors.
pub(super) fn draw(file: &'static str, chart: &Chart) -> Result<String, ReportError> {
    let mut svg = String::new();
    let layout = Layout::new(chart);
    let canvas = Canvas::new(&mut svg, file, (WIDTH, layout.height), BACKGROUND.color())?;
    head(&canvas, chart)?;
    layout.draw(&canvas, chart)?;
    canvas.finish()?;
    Ok(readable(file, &chart.title, &format!("{}.\n{}", chart.subtitle, chart.description), &svg))
}

/// `svg` with what the backend cannot write: title and description for screen readers, and the colours of dark pages.
pub(super) fn readable(file: &str, title: &str, about: &str, svg: &str) -> String {
    let id = file.trim_end_matches(".svg");
    let (title, about) = (escape(title), escape(about));
    let opening = format!(
        " role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n<title id=\"{id}-title\">{title}</title>\n\
         <desc id=\"{id}-desc\">{about}</desc>\n{}\n",
        style()
    );
    svg.replacen(">\n", &opening, 1)
}

fn head(canvas: &Canvas, chart: &Chart) -> Result<(), ReportError> {
    let room = WIDTH - 2 * MARGIN;
    canvas.text(&fit(&chart.title, TITLE, true, room), (MARGIN, 28), look(TITLE, true, INK, Side::Left))?;
    canvas.text(&fit(&chart.subtitle, TEXT, false, room), (MARGIN, 52), look(TEXT, false, FAINT, Side::Left))?;
    let mut left = MARGIN;
    for kind in &chart.kinds {
        canvas.rectangle((left, 70), (left + 12, 82), kind.tint().color())?;
        canvas.text(kind.name(), (left + 18, 76), look(TEXT, false, INK, Side::Left))?;
        left += 18 + width(kind.name(), TEXT, false) + 2 * GAP;
    }
    let note = fit(&chart.note, TEXT, false, WIDTH - MARGIN - left);
    canvas.text(&note, (left, 76), look(TEXT, false, FAINT, Side::Left))
}

/// Where rows and columns are.
struct Layout {
    /// Labels, by row, in lines that fit; empty for a group.
    labels: Vec<Vec<String>>,
    plots: Vec<Plot>,
    /// The upper edge of the first row.
    top: i32,
    /// The lower edge of the last one.
    bottom: i32,
    axis_above: bool,
    height: i32,
}

impl Layout {
    fn new(chart: &Chart) -> Self {
        let labels: Vec<Vec<String>> = chart.rows.iter().map(label).collect();
        let label = labels.iter().flatten().map(|l| width(l, SMALL, false)).max().unwrap_or(0);
        let axis_above = chart.rows.len() > ROWS_IN_VIEW;
        let top = HEAD_HEIGHT + TITLE_HEIGHT + if axis_above { TICK_HEIGHT } else { 0 };
        let bottom = top + chart.rows.iter().zip(&labels).map(|(row, label)| row_height(row, label)).sum::<i32>() + GAP / 2;
        let footers = i32::try_from(chart.footers.len()).unwrap_or(0) * FOOTER;
        let height = bottom + TICK_HEIGHT + GAP + footers + MARGIN / 2;
        Self { plots: plots(chart, MARGIN + label + GAP), labels, top, bottom, axis_above, height }
    }

    fn draw(&self, canvas: &Canvas, chart: &Chart) -> Result<(), ReportError> {
        for (plot, column) in self.plots.iter().zip(&chart.columns) {
            let title = fit(&column.title, TEXT, true, plot.right - plot.left + COLUMN_GAP);
            canvas.text(&title, (plot.left, HEAD_HEIGHT + 8), look(TEXT, true, INK, Side::Left))?;
            plot.axis(canvas, (self.top, self.bottom), self.axis_above)?;
        }
        let mut top = self.top;
        for (index, (row, label)) in chart.rows.iter().zip(&self.labels).enumerate() {
            let height = row_height(row, label);
            match row {
                Row::Group(name) => group(canvas, name, (top, height), index > 0)?,
                Row::Bars(bars) => self.row(canvas, bars, label, (top, height))?,
            }
            top += height;
        }
        self.footers(canvas, chart)
    }

    fn row(&self, canvas: &Canvas, bars: &Bars, label: &[String], (top, height): (i32, i32)) -> Result<(), ReportError> {
        let middle = top + height / 2;
        let right = self.plots.first().map_or(MARGIN, |p| p.left) - GAP;
        let mut line = middle - LINE * (i32::try_from(label.len()).unwrap_or(1) - 1) / 2;
        for part in label {
            canvas.text(part, (right, line), look(SMALL, false, INK, Side::Right))?;
            line += LINE;
        }
        if let (Some(missing), Some(plot)) = (&bars.missing, self.plots.first()) {
            return plot.words(canvas, missing, middle, WIDTH - MARGIN);
        }
        for (plot, bar) in self.plots.iter().zip(&bars.cells) {
            match bar {
                Some(bar) => plot.bar(canvas, bar, bars.kind, middle)?,
                None => plot.words(canvas, "no figure", middle, plot.right)?,
            }
        }
        Ok(())
    }

    fn footers(&self, canvas: &Canvas, chart: &Chart) -> Result<(), ReportError> {
        let mut top = self.bottom + TICK_HEIGHT + GAP + FOOTER / 2;
        for footer in &chart.footers {
            canvas.text(&fit(footer, SMALL, false, WIDTH - 2 * MARGIN), (MARGIN, top), look(SMALL, false, FAINT, Side::Left))?;
            top += FOOTER;
        }
        Ok(())
    }
}

fn label(row: &Row) -> Vec<String> {
    match row {
        Row::Group(_) => Vec::new(),
        Row::Bars(bars) => wrap(&bars.label, SMALL, LONGEST_LABEL, LABEL_LINES),
    }
}

fn row_height(row: &Row, label: &[String]) -> i32 {
    match row {
        Row::Group(_) => GROUP_HEIGHT,
        Row::Bars(_) => BAR_ROW.max(i32::try_from(label.len()).unwrap_or(1) * LINE + GAP / 2),
    }
}

/// The columns between `left` and the margin, all of one width.
fn plots(chart: &Chart, left: i32) -> Vec<Plot> {
    let count = i32::try_from(chart.columns.len()).unwrap_or(1).max(1);
    let each = (WIDTH - MARGIN - left - COLUMN_GAP * (count - 1)) / count;
    let place = |index: usize| left + i32::try_from(index).unwrap_or(0) * (each + COLUMN_GAP);
    let plot = |(index, column)| Plot::new(chart, column, index, (place(index), place(index) + each));
    chart.columns.iter().enumerate().map(plot).collect()
}

/// The name lies over the grid lines: a patch of background keeps it readable. A line parts it from the group before.
pub(super) fn group(canvas: &Canvas, name: &str, (top, height): (i32, i32), parted: bool) -> Result<(), ReportError> {
    let name = fit(name, TEXT, true, WIDTH - 2 * MARGIN);
    if parted {
        canvas.line((MARGIN, top + 5), (WIDTH - MARGIN, top + 5), 1, GRID.color())?;
    }
    let end = MARGIN + width(&name, TEXT, true) + GAP / 2;
    canvas.rectangle((MARGIN, top + 7), (end, top + height - 1), BACKGROUND.color())?;
    canvas.text(&name, (MARGIN, top + height / 2 + 4), look(TEXT, true, INK, Side::Left))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
