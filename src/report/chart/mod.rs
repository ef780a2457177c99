//! Bar charts as SVG, the only place that names plotters.
//!
//! A chart has a column per measure, each with its own axis from zero, and a row per variant in groups by scenario, so that
//! a scenario's bars lie under each other. Bars are coloured by the variant's kind and labelled with their value; what the
//! colour says, the row's label says too. A chart is read on light and on dark pages and, by its description, unseen.
//! Fonts are whatever the viewer has: text is measured with a table of widths and never trusted to fit by itself.

mod canvas;
mod describe;
mod draw;
mod font;
mod layers;
mod palette;
mod plan;
mod plot;
mod timeline;

pub use timeline::TimelineFacts;

use super::{ReportData, ReportError};
use crate::measure::Measure;
use crate::record::Step;

/// Transfer size and uncompressed size per variant, each beside the reference variant.
pub fn sizes_chart(data: &ReportData) -> Result<String, ReportError> {
    let chart = plan::Chart::new(data, "Transfer (D2) and uncompressed (D3) size", &[Measure::TransferSize, Measure::UncompressedSize]);
    draw::draw("sizes.svg", &chart)
}

/// Build, push and pull time per variant: medians with their intervals.
pub fn times_chart(data: &ReportData) -> Result<String, ReportError> {
    let chart = plan::Chart::new(data, "Build, push and pull time", &[Measure::BuildTime, Measure::PushTime, Measure::PullTime]);
    draw::draw("times.svg", &chart)
}

/// The layers of every variant, base against app; `None` for a record whose trials do not say what is in the layers.
pub fn layers_chart(data: &ReportData) -> Result<Option<String>, ReportError> {
    layers::draw(data)
}

/// The steps of one build over time, by stage, with the chain that decided how long it took; `None` where the builder told no
/// times of its steps.
pub fn timeline_chart(facts: &TimelineFacts<'_>, steps: &[Step]) -> Result<Option<String>, ReportError> {
    timeline::draw(facts, steps)
}
