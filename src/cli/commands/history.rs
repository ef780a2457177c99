//! `history add`: runs into one small file.

use std::path::Path;

use crate::cli::args::{HistoryArgs, HistoryCommand};
use crate::cli::{Exit, Failure, plain};
use crate::judge::completeness;
use crate::record::{Added, HistoryError, Record, RunState, append_to_history};

use super::print;

/// Adds runs, and says of each what became of it.
pub(super) fn history(args: &HistoryArgs) -> Result<Exit, Failure> {
    let HistoryCommand::Add(add) = &args.command;
    add.runs.iter().try_for_each(|folder| whole(folder))?;
    let added = append_to_history(&add.history, &add.runs).map_err(|e| Failure::new(Exit::Record, e))?;
    print(&added.iter().map(|run| plain::line(&said(run)) + "\n").collect::<String>())
}

/// A record whose run came to its end has an outcome of every trial; what cannot be read, or was cut off, is told when it is added.
fn whole(folder: &Path) -> Result<(), Failure> {
    let Ok(record) = Record::read(folder) else { return Ok(()) };
    let lacking = completeness(&record, false).missing.into_iter().find(|short| short.status == "not-run");
    let Some(short) = lacking.filter(|_| record.run.state == RunState::Complete && record.warnings.is_empty()) else { return Ok(()) };
    let lacks = format!("{}/{}: {}", short.scenario, short.variant, short.reason);
    Err(Failure::new(Exit::Record, HistoryError::Damaged { path: folder.to_owned(), lacks }))
}

fn said(added: &Added) -> String {
    match added {
        Added::New { run_id, series: n } => format!("{run_id}: added with {n} series"),
        Added::Completed { run_id, series: n } => format!("{run_id}: was there in part; {n} series added"),
        Added::Known { run_id } => format!("{run_id}: is there already, nothing added"),
    }
}
