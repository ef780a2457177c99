//! `history add`: runs into one small file.

use crate::cli::args::{HistoryArgs, HistoryCommand};
use crate::cli::{Exit, Failure, plain};
use crate::judge::completeness;
use crate::record::{Added, Record, append_to_history};

use super::print;

/// Adds runs, and says of each what became of it.
pub(super) fn history(args: &HistoryArgs) -> Result<Exit, Failure> {
    let HistoryCommand::Add(add) = &args.command;
    let added = append_to_history(&add.history, &add.runs, lacks).map_err(|e| Failure::new(Exit::Record, e))?;
    print(&added.iter().map(|run| plain::line(&said(run)) + "\n").collect::<String>())
}

/// The first variant without an outcome of each of its trials: a run that came to its end had them.
fn lacks(record: &Record) -> Option<String> {
    let lacking = completeness(record, false).missing.into_iter().find(|short| short.status == "not-run")?;
    Some(format!("{}/{}: {}", lacking.scenario, lacking.variant, lacking.reason))
}

fn said(added: &Added) -> String {
    match added {
        Added::New { run_id, series: n } => format!("{run_id}: added with {n} series"),
        Added::Completed { run_id, series: n } => format!("{run_id}: was there in part; {n} series added"),
        Added::Known { run_id } => format!("{run_id}: is there already, nothing added"),
    }
}
