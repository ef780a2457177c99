//! Why a report could not be made.

use crate::record::RecordError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file of the report could not be written.
    #[error("the report could not be written")]
    Write(#[from] RecordError),
    /// A chart could not be drawn.
    #[error("{chart} could not be drawn: {reason}; this is a defect of loadline, report it")]
    Chart {
        /// The chart's file.
        chart: &'static str,
        /// What the drawing library said.
        reason: String,
    },
    /// A table could not be written as CSV.
    #[error("{file} could not be written as CSV; this is a defect of loadline, report it")]
    Csv {
        /// The file.
        file: &'static str,
        /// What the CSV writer said.
        #[source]
        source: csv::Error,
    },
    /// The report could not be written as JSON.
    #[error("report.json could not be written; this is a defect of loadline, report it")]
    Json(#[source] serde_json::Error),
}
