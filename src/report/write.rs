//! The report's files in a run's folder.

use std::path::{Path, PathBuf};

use super::builds::timeline_file;
use super::{
    ReportData, ReportError, TimelineFacts, json, layers_chart, markdown, observations_csv, sizes_chart, summary_csv, timeline_chart,
    times_chart,
};
use crate::record::{Owner, Record, create_folders, replace_file};

/// Writes every file of the report into `folder` and returns their paths. Depends on the record alone: writing it again
/// gives the same bytes. The files belong to the caller of `sudo`, where there is one.
pub fn write_all(folder: &Path, record: &Record) -> Result<Vec<PathBuf>, ReportError> {
    let data = ReportData::new(record);
    // Everything is made before anything is written: a report is there whole or not at all.
    let mut files = vec![
        ("report.md".to_owned(), markdown(&data)),
        ("observations.csv".to_owned(), observations_csv(&data)?),
        ("summary.csv".to_owned(), summary_csv(&data)?),
        ("report.json".to_owned(), json(&data)?),
        ("sizes.svg".to_owned(), sizes_chart(&data)?),
        ("times.svg".to_owned(), times_chart(&data)?),
    ];
    files.extend(layers_chart(&data)?.map(|chart| ("layers.svg".to_owned(), chart)));
    files.extend(timelines(&data)?);
    let owner = Owner::caller();
    let write = |(name, text): (String, String)| {
        let path = folder.join(name);
        if let Some(folder) = path.parent() {
            create_folders(folder, owner)?;
        }
        replace_file(&path, text.as_bytes(), owner)?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}

/// A timeline for each variant whose chain of steps is known.
fn timelines(data: &ReportData) -> Result<Vec<(String, String)>, ReportError> {
    let run = &data.run;
    let about = format!("cold build · {} bases, {}, {} · run {}", run.base_set, run.engine, run.store, run.id);
    let mut charts = Vec::new();
    for scenario in &data.scenarios {
        for variant in &scenario.variants {
            let Some(build) = &variant.build else { continue };
            let subject = format!("{}/{}", scenario.name, variant.name);
            let about = format!("trial {} · {about}", build.iteration);
            let facts = TimelineFacts { subject: &subject, about: &about, wall: build.wall };
            let chart = timeline_chart(&facts, &build.steps)?;
            charts.extend(chart.map(|chart| (timeline_file(scenario, variant), chart)));
        }
    }
    Ok(charts)
}
