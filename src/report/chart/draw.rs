//! Where everything on a chart goes. All lengths are pixels.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Look, Side};
use super::font::{fit, width};
use super::plan::{Bar, Chart, Kind, Panel, Row};
use crate::report::ReportError;
use crate::report::figures::Scale;

const WIDTH: i32 = 880;
const MARGIN: i32 = 24;
const GAP: i32 = 10;
const HEAD_HEIGHT: i32 = 104;
const PANEL_HEAD: i32 = 46;
const ROW_HEIGHT: i32 = 26;
const BAR_HEIGHT: i32 = 16;
const AXIS_HEIGHT: i32 = 24;
const PANEL_GAP: i32 = 22;
/// A bar of a value above zero is never narrower: 6.8 MB beside 5 GB is still there.
const THINNEST: i32 = 2;
const LONGEST_LABEL: i32 = 220;
const LONGEST_VALUE: i32 = 230;

const TITLE: u32 = 20;
const TEXT: u32 = 13;
const SMALL: u32 = 12;

const BACKGROUND: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(31, 35, 40);
const FAINT_INK: RGBColor = RGBColor(89, 96, 105);
const GRID: RGBColor = RGBColor(222, 226, 230);
const AXIS: RGBColor = RGBColor(140, 149, 159);

impl Kind {
    /// Of the palette by Okabe and Ito (2008), whose colours stay apart for all common kinds of colour blindness: orange
    /// and blue, which also differ in grey.
    const fn color(self) -> RGBColor {
        match self {
            Self::SingleStage => RGBColor(230, 159, 0),
            Self::MultiStage => RGBColor(0, 114, 178),
            Self::Other => RGBColor(153, 153, 153),
        }
    }
}

const fn look(size: u32, bold: bool, color: RGBColor, at: Side) -> Look {
    Look { size, bold, color, side: at }
}

/// The chart as an SVG document of its own. `file` names it in errors.
pub(super) fn draw(file: &'static str, chart: &Chart) -> Result<String, ReportError> {
    let mut svg = String::new();
    let heights: i32 = chart.panels.iter().map(panel_height).sum();
    let canvas = Canvas::new(&mut svg, file, (WIDTH, HEAD_HEIGHT + heights + MARGIN / 2), BACKGROUND)?;
    head(&canvas, chart)?;
    let mut top = HEAD_HEIGHT;
    for panel in &chart.panels {
        Plot::new(panel).draw(&canvas, panel, top)?;
        top += panel_height(panel);
    }
    canvas.finish()?;
    // Screen readers take the document's title, which the backend cannot write.
    let title = format!(" role=\"img\">\n<title>{}</title>\n", escape(&format!("{} ({})", chart.title, chart.subtitle)));
    Ok(svg.replacen(">\n", &title, 1))
}

fn panel_height(panel: &Panel) -> i32 {
    let rows = i32::try_from(panel.rows.len().max(1)).unwrap_or(i32::MAX / ROW_HEIGHT);
    PANEL_HEAD + rows * ROW_HEIGHT + AXIS_HEIGHT + PANEL_GAP
}

fn head(canvas: &Canvas, chart: &Chart) -> Result<(), ReportError> {
    let room = WIDTH - 2 * MARGIN;
    canvas.text(&fit(&chart.title, TITLE, true, room), (MARGIN, 32), look(TITLE, true, INK, Side::Left))?;
    canvas.text(&fit(&chart.subtitle, TEXT, false, room), (MARGIN, 58), look(TEXT, false, FAINT_INK, Side::Left))?;
    let mut left = MARGIN;
    for kind in &chart.kinds {
        canvas.rectangle((left, 76), (left + 12, 88), kind.color())?;
        canvas.text(kind.name(), (left + 18, 82), look(TEXT, false, INK, Side::Left))?;
        left += 18 + width(kind.name(), TEXT, false) + 2 * GAP;
    }
    let note = fit(&chart.note, TEXT, false, WIDTH - MARGIN - left);
    canvas.text(&note, (left, 82), look(TEXT, false, FAINT_INK, Side::Left))
}

/// Where a panel's bars begin and how long they are.
struct Plot {
    left: i32,
    length: f64,
    largest: f64,
    scale: Scale,
}

impl Plot {
    fn new(panel: &Panel) -> Self {
        let bars = || panel.rows.iter().filter_map(|r| if let Row::Bar(bar) = r { Some(bar) } else { None });
        let label = bars().map(|b| width(&b.label, TEXT, false)).max().unwrap_or(0).min(LONGEST_LABEL);
        let left = MARGIN + label + GAP;
        let largest = bars().filter_map(reach).fold(0.0, f64::max);
        // As long as lets every bar's text end within the margin, whichever bar that is.
        let lengths = bars().filter_map(|b| {
            let share = reach(b).map(|value| value / largest).filter(|share| *share > 0.0)?;
            let room = WIDTH - MARGIN - left - GAP - width(&b.text, TEXT, false).min(LONGEST_VALUE);
            Some(f64::from(room) / share)
        });
        let longest = f64::from(WIDTH - MARGIN - left);
        Self { left, length: lengths.fold(longest, f64::min), largest, scale: panel.scale }
    }

    /// The place of `value` on the axis.
    fn x(&self, value: f64) -> i32 {
        if self.largest <= 0.0 {
            return self.left;
        }
        let share = (value / self.largest).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "a share of a width in pixels")]
        let along = (self.length * share).round() as i32;
        self.left + along
    }

    fn draw(&self, canvas: &Canvas, panel: &Panel, top: i32) -> Result<(), ReportError> {
        canvas.text(&panel.title, (MARGIN, top + 12), look(TEXT + 1, true, INK, Side::Left))?;
        canvas.text(&panel.about, (MARGIN, top + 30), look(SMALL, false, FAINT_INK, Side::Left))?;
        let first = top + PANEL_HEAD;
        let bottom = top + panel_height(panel) - PANEL_GAP - AXIS_HEIGHT;
        self.axis(canvas, first, bottom)?;
        let mut row_top = first;
        for row in &panel.rows {
            match row {
                Row::Group(name) => group(canvas, name, row_top)?,
                Row::Bar(bar) => self.bar(canvas, bar, row_top)?,
            }
            row_top += ROW_HEIGHT;
        }
        Ok(())
    }

    fn axis(&self, canvas: &Canvas, top: i32, bottom: i32) -> Result<(), ReportError> {
        for tick in ticks(self.largest, self.scale) {
            let x = self.x(tick);
            canvas.line((x, top), (x, bottom), 1, GRID)?;
            canvas.text(&tick_text(self.scale, tick), (x, bottom + 12), look(SMALL, false, FAINT_INK, Side::Middle))?;
        }
        canvas.line((self.left, top), (self.left, bottom), 1, AXIS)
    }

    fn bar(&self, canvas: &Canvas, bar: &Bar, top: i32) -> Result<(), ReportError> {
        let middle = top + ROW_HEIGHT / 2;
        let label = fit(&bar.label, TEXT, false, LONGEST_LABEL);
        canvas.text(&label, (self.left - GAP, middle), look(TEXT, false, INK, Side::Right))?;
        let text = fit(&bar.text, TEXT, false, LONGEST_VALUE);
        let Some(value) = bar.value else {
            let patch = self.left + 2 + GAP + width(&text, TEXT, false);
            canvas.rectangle((self.left + 2, top + 3), (patch, top + ROW_HEIGHT - 3), BACKGROUND)?;
            return canvas.text(&text, (self.left + GAP, middle), look(TEXT, false, FAINT_INK, Side::Left));
        };
        let end = self.x(value).max(self.left + if value > 0.0 { THINNEST } else { 0 });
        canvas.rectangle((self.left, middle - BAR_HEIGHT / 2), (end, middle + BAR_HEIGHT / 2), bar.kind.color())?;
        let mut text_left = end;
        if let Some((low, high)) = bar.interval {
            self.whisker(canvas, (low, high), middle)?;
            text_left = text_left.max(self.x(high));
        }
        let patch = text_left + GAP + width(&text, TEXT, false);
        canvas.rectangle((text_left + 4, top + 3), (patch, top + ROW_HEIGHT - 3), BACKGROUND)?;
        canvas.text(&text, (text_left + GAP - 2, middle), look(TEXT, false, INK, Side::Left))
    }

    fn whisker(&self, canvas: &Canvas, (low, high): (f64, f64), middle: i32) -> Result<(), ReportError> {
        let (from, to) = (self.x(low), self.x(high));
        canvas.line((from, middle), (to, middle), 1, INK)?;
        for x in [from, to] {
            canvas.line((x, middle - 4), (x, middle + 4), 1, INK)?;
        }
        Ok(())
    }
}

/// The furthest right that a bar or its interval goes.
fn reach(bar: &Bar) -> Option<f64> {
    Some(bar.interval.map_or(f64::MIN, |(_, high)| high).max(bar.value?))
}

fn group(canvas: &Canvas, name: &str, top: i32) -> Result<(), ReportError> {
    let name = fit(name, TEXT, true, WIDTH - 2 * MARGIN);
    // The name lies over the grid lines: a patch of background keeps it readable.
    canvas.rectangle((MARGIN, top + 2), (MARGIN + width(&name, TEXT, true) + GAP / 2, top + ROW_HEIGHT - 2), BACKGROUND)?;
    canvas.text(&name, (MARGIN, top + ROW_HEIGHT / 2 + 2), look(TEXT, true, INK, Side::Left))
}

/// Round values from zero to `largest`: steps of 1, 2 or 5 times a power of ten in the axis's unit, at most six.
fn ticks(largest: f64, scale: Scale) -> Vec<f64> {
    let unit = if let Scale::Bytes(unit) = scale { unit.bytes() as f64 } else { 1.0 };
    let span = largest / unit;
    if !span.is_finite() || span <= 0.0 {
        return vec![0.0];
    }
    let power = 10_f64.powf((span / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| span / s <= 5.0).unwrap_or(span);
    (0..=6_u32).map(|n| f64::from(n) * step * unit).take_while(|t| *t <= largest * (1.0 + 1e-9)).collect()
}

/// A tick's value in the axis's unit, which the panel's title names.
fn tick_text(scale: Scale, tick: f64) -> String {
    let unit = if let Scale::Bytes(unit) = scale { unit.bytes() as f64 } else { 1.0 };
    // Twelve digits are more than any tick has and fewer than binary fractions show.
    let text = format!("{:.12}", tick / unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
