//! Rectangles, lines and text in pixels.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, FontFamily, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, TextStyle};

use crate::report::ReportError;

/// Fonts by preference; the last one is the viewer's own choice.
const FAMILY: &str = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";
/// The SVG backend divides font sizes by this.
const BACKEND_FONT_FACTOR: f64 = 1.24;

/// A drawing in pixels from the upper left corner.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    chart: &'static str,
}

/// How a text looks and which of its sides is at its position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) size: u32,
    pub(super) bold: bool,
    pub(super) color: RGBColor,
    pub(super) side: Side,
}

/// The side of a text that is at its position.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

impl<'a> Canvas<'a> {
    /// An empty drawing on a filled background: it is read on light and dark pages.
    pub(super) fn new(target: &'a mut String, chart: &'static str, size: (i32, i32), background: RGBColor) -> Result<Self, ReportError> {
        let pixels = (u32::try_from(size.0).unwrap_or(1), u32::try_from(size.1).unwrap_or(1));
        let canvas = Self { area: SVGBackend::with_string(target, pixels).into_drawing_area(), chart };
        canvas.rectangle((0, 0), size, background)?;
        Ok(canvas)
    }

    /// A filled rectangle between two corners.
    pub(super) fn rectangle(&self, from: (i32, i32), to: (i32, i32), color: RGBColor) -> Result<(), ReportError> {
        self.area.draw(&Rectangle::new([from, to], color.filled())).map_err(|e| self.failed(&e))
    }

    /// A horizontal or vertical line `width` pixels wide.
    pub(super) fn line(&self, from: (i32, i32), to: (i32, i32), width: u32, color: RGBColor) -> Result<(), ReportError> {
        let style = ShapeStyle { color: color.to_rgba(), filled: false, stroke_width: width };
        let path = plotters::element::PathElement::new([from, to], style);
        self.area.draw(&path).map_err(|e| self.failed(&e))
    }

    /// A line of text, its middle at the height of `at`.
    pub(super) fn text(&self, text: &str, at: (i32, i32), look: Look) -> Result<(), ReportError> {
        let weight = if look.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = (FontFamily::Name(FAMILY), f64::from(look.size) * BACKEND_FONT_FACTOR).into_font().style(weight);
        let side = match look.side {
            Side::Left => HPos::Left,
            Side::Middle => HPos::Center,
            Side::Right => HPos::Right,
        };
        let style = TextStyle::from(font).color(&look.color).pos(Pos::new(side, VPos::Center));
        self.area.draw_text(text, &style, at).map_err(|e| self.failed(&e))
    }

    /// Completes the drawing.
    pub(super) fn finish(self) -> Result<(), ReportError> {
        self.area.present().map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &dyn std::error::Error) -> ReportError {
        ReportError::Chart { chart: self.chart, reason: error.to_string() }
    }
}
