//! A column of bars with its axis. All lengths are pixels.

use super::canvas::{Canvas, Side};
use super::draw::{GAP, SMALL, look};
use super::font::{fit, width};
use super::palette::{AXIS, BACKGROUND, FAINT, GRID, INK};
use super::plan::{Bar, Chart, Column, Kind, Row};
use crate::report::ReportError;
use crate::report::figures::Scale;

const BAR_HEIGHT: i32 = 12;
/// A bar of a value above zero is never narrower: 6.8 MB beside 5 GB is still there.
const THINNEST: i32 = 2;
/// Half the height of a text's patch.
const PATCH: i32 = 8;

/// Where a column's bars begin and how long they are. Lengths are in proportion to values, from zero: a logarithmic
/// axis has no zero for a bar to begin at.
pub(super) struct Plot {
    pub(super) left: i32,
    pub(super) right: i32,
    length: f64,
    largest: f64,
    scale: Scale,
}

impl Plot {
    /// The column `index` of `chart` between two edges.
    pub(super) fn new(chart: &Chart, column: &Column, index: usize, (left, right): (i32, i32)) -> Self {
        let rows = || chart.rows.iter().filter_map(|r| if let Row::Bars(bars) = r { Some(bars) } else { None });
        let bars = || rows().filter_map(|b| b.cells.get(index)?.as_ref());
        let largest = bars().map(reach).fold(0.0, f64::max);
        // As long as lets every bar's text end within the column, whichever bar that is.
        let lengths = bars().filter_map(|b| {
            let share = Some(reach(b) / largest).filter(|share| *share > 0.0)?;
            let room = right - left - GAP - width(&b.text, SMALL, false);
            Some(f64::from(room.max(THINNEST)) / share)
        });
        Self { left, right, length: lengths.fold(f64::from(right - left), f64::min), largest, scale: column.scale }
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

    /// Grid lines from top to bottom, with their values below and, if asked for, above.
    pub(super) fn axis(&self, canvas: &Canvas, (top, bottom): (i32, i32), above: bool) -> Result<(), ReportError> {
        for tick in self.ticks() {
            let x = self.x(tick);
            canvas.line((x, top), (x, bottom), 1, GRID.color())?;
            let text = tick_text(self.scale, tick);
            canvas.text(&text, (x, bottom + 10), look(SMALL, false, FAINT, Side::Middle))?;
            if above {
                canvas.text(&text, (x, top - 10), look(SMALL, false, FAINT, Side::Middle))?;
            }
        }
        canvas.line((self.left, top), (self.left, bottom), 1, AXIS.color())
    }

    /// The values of the axis: as many as have room for their text.
    fn ticks(&self) -> Vec<f64> {
        let fits = |ticks: &Vec<f64>| {
            let widest = ticks.iter().map(|t| width(&tick_text(self.scale, *t), SMALL, false)).max().unwrap_or(0);
            ticks.windows(2).all(|pair| self.x(pair[1]) - self.x(pair[0]) >= widest + GAP)
        };
        (1..=5_u32).rev().map(|steps| ticks(self.largest, self.scale, steps)).find(fits).unwrap_or_else(|| vec![0.0])
    }

    /// Words where a bar would be.
    pub(super) fn words(&self, canvas: &Canvas, text: &str, middle: i32, right: i32) -> Result<(), ReportError> {
        let text = fit(text, SMALL, false, right - self.left - GAP);
        let end = self.left + GAP + width(&text, SMALL, false);
        canvas.rectangle((self.left + 2, middle - PATCH), (end, middle + PATCH), BACKGROUND.color())?;
        canvas.text(&text, (self.left + GAP - 2, middle), look(SMALL, false, FAINT, Side::Left))
    }

    /// A bar with its interval and its text behind it.
    pub(super) fn bar(&self, canvas: &Canvas, bar: &Bar, kind: Kind, middle: i32) -> Result<(), ReportError> {
        let end = self.x(bar.value).max(self.left + if bar.value > 0.0 { THINNEST } else { 0 });
        let text = fit(&bar.text, SMALL, false, self.right - self.left - GAP);
        let text_left = bar.interval.map_or(end, |(_, high)| end.max(self.x(high)));
        let patch = text_left + GAP + width(&text, SMALL, false);
        canvas.rectangle((text_left + 2, middle - PATCH), (patch, middle + PATCH), BACKGROUND.color())?;
        canvas.rectangle((self.left, middle - BAR_HEIGHT / 2), (end, middle + BAR_HEIGHT / 2), kind.tint().color())?;
        if let Some(interval) = bar.interval {
            self.whisker(canvas, interval, middle)?;
        }
        canvas.text(&text, (text_left + GAP - 2, middle), look(SMALL, false, INK, Side::Left))
    }

    /// A line from end to end of the interval, edged with background so that it shows on a bar of any colour.
    fn whisker(&self, canvas: &Canvas, (low, high): (f64, f64), middle: i32) -> Result<(), ReportError> {
        let (from, to) = (self.x(low), self.x(high));
        for (thickness, tint) in [(3, BACKGROUND), (1, INK)] {
            canvas.line((from, middle), (to, middle), thickness, tint.color())?;
            for x in [from, to] {
                canvas.line((x, middle - 4), (x, middle + 4), thickness, tint.color())?;
            }
        }
        Ok(())
    }
}

/// The furthest right that a bar or its interval goes.
fn reach(bar: &Bar) -> f64 {
    bar.interval.map_or(bar.value, |(_, high)| high.max(bar.value))
}

/// Round values from zero to `largest`: steps of 1, 2 or 5 times a power of ten in the axis's unit, at most `steps`.
fn ticks(largest: f64, scale: Scale, steps: u32) -> Vec<f64> {
    let span = largest / unit(scale);
    if !span.is_finite() || span <= 0.0 {
        return vec![0.0];
    }
    let steps = f64::from(steps);
    let power = 10_f64.powf((span / steps).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| span / s <= steps).unwrap_or(span);
    (0..=6_u32).map(|n| f64::from(n) * step * unit(scale)).take_while(|t| *t <= largest * (1.0 + 1e-9)).collect()
}

/// A tick's value in the axis's unit, which the column's title names.
fn tick_text(scale: Scale, tick: f64) -> String {
    // Twelve digits are more than any tick has and fewer than binary fractions show.
    let text = format!("{:.12}", tick / unit(scale));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn unit(scale: Scale) -> f64 {
    if let Scale::Bytes(unit) = scale { unit.bytes() as f64 } else { 1.0 }
}
