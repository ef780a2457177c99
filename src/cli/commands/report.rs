//! `report`: the same numbers again from the record alone.

use std::path::Path;

use crate::cli::args::{ReportArgs, ReportFormat};
use crate::cli::{Exit, Failure, plain, printer};
use crate::record::{Record, RecordError};
use crate::report::{self, ReportData};

use super::print;

/// Writes all report files of a run again and prints one format.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let record = Record::read(&args.run).map_err(|e: RecordError| Failure::new(Exit::Record, e))?;
    for warning in &record.warnings {
        printer::talk(&format!("warning: {}", plain::line(&warning.message)));
    }
    report::write_all(&args.run, &record).map_err(|e| Failure::new(Exit::Record, e))?;
    let data = ReportData::new(&record);
    let text = match args.format {
        ReportFormat::Terminal => Ok(printer::for_people(report::terminal(&data, printer::width(), printer::colour()))),
        ReportFormat::Markdown => Ok(report::markdown(&data)),
        ReportFormat::Csv => report::observations_csv(&data),
        ReportFormat::Json => report::json(&data),
        ReportFormat::Readme => return readme(&args.run, &record),
    };
    print(&text.map_err(|e| Failure::new(Exit::Record, e))?)
}

/// The page belongs to the folder: its name is the title, and what lies beside the record is linked.
fn readme(folder: &Path, record: &Record) -> Result<Exit, Failure> {
    let obstacles = report::obstacles(record);
    if !obstacles.is_empty() {
        let text = format!("this run may not be published: {}", obstacles.join("; "));
        return Err(Failure::new(Exit::Record, plain::line(&text)));
    }
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    let beside: Vec<&str> = report::BESIDE.into_iter().filter(|file| folder.join(file).is_file()).collect();
    print(&report::published_readme(&name, record, &beside))
}
