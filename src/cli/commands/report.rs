//! `report`: the same numbers again from the record alone.

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
        ReportFormat::Terminal => Ok(report::terminal(&data, printer::width(), printer::colour())),
        ReportFormat::Markdown => Ok(report::markdown(&data)),
        ReportFormat::Csv => report::observations_csv(&data),
        ReportFormat::Json => report::json(&data),
    };
    print(&text.map_err(|e| Failure::new(Exit::Record, e))?)
}
