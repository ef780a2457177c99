//! The report's files in a run's folder.

use std::path::{Path, PathBuf};

use super::{ReportData, ReportError, json, layers_chart, markdown, observations_csv, sizes_chart, summary_csv, times_chart};
use crate::record::{Owner, Record, replace_file};

/// Writes every file of the report into `folder` and returns their paths. Depends on the record alone: writing it again
/// gives the same bytes. The files belong to the caller of `sudo`, where there is one.
pub fn write_all(folder: &Path, record: &Record) -> Result<Vec<PathBuf>, ReportError> {
    let data = ReportData::new(record);
    // Everything is made before anything is written: a report is there whole or not at all.
    let mut files = vec![
        ("report.md", markdown(&data)),
        ("observations.csv", observations_csv(&data)?),
        ("summary.csv", summary_csv(&data)?),
        ("report.json", json(&data)?),
        ("sizes.svg", sizes_chart(&data)?),
        ("times.svg", times_chart(&data)?),
    ];
    files.extend(layers_chart(&data)?.map(|chart| ("layers.svg", chart)));
    let owner = Owner::caller();
    let write = |(name, text): (&str, String)| {
        let path = folder.join(name);
        replace_file(&path, text.as_bytes(), owner)?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}
