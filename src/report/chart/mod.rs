//! Bar charts as SVG, the only place that names plotters.
//!
//! A chart is a column of panels, one per measure, each with its own axis; a panel has a bar per variant, coloured by the
//! variant's kind and labelled with its value. Fonts are whatever the viewer has: text is measured with a table of widths
//! and never trusted to fit by itself.

mod canvas;
mod draw;
mod font;
mod plan;

use super::{ReportData, ReportError};
use crate::measure::Measure;

/// Transfer size and uncompressed size per variant, each beside the reference variant.
pub fn sizes_chart(data: &ReportData) -> Result<String, ReportError> {
    let chart = plan::Chart::new(data, "image sizes by variant", &[Measure::TransferSize, Measure::UncompressedSize]);
    draw::draw("sizes.svg", &chart)
}

/// Build, push and pull time per variant: medians with their intervals.
pub fn times_chart(data: &ReportData) -> Result<String, ReportError> {
    let chart = plan::Chart::new(data, "build, push and pull time by variant", &[Measure::BuildTime, Measure::PushTime, Measure::PullTime]);
    draw::draw("times.svg", &chart)
}
