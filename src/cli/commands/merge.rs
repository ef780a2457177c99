//! `merge`: one record out of the shards of a run.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::args::MergeArgs;
use crate::cli::{Exit, Failure, printer};
use crate::judge;
use crate::record::{self, Record, RecordError, Store, Trial};
use crate::report::{self, ReportData};

/// Writes the record of the whole with its report and prints the table.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    let parts = args.runs.iter().map(|folder| Record::read(folder)).collect::<Result<Vec<_>, _>>().map_err(refused)?;
    let logs = logs(&args.runs, &parts);
    Store::check(&args.out).map_err(not_taken)?;
    let (mut run, trials) = record::merge(parts).map_err(|problems| not_one(&problems))?;
    let mut store = Store::create(&args.out).map_err(not_taken)?;
    run.run_id = store.run_id();
    for (trial, log) in &logs {
        copy(&store, trial, log)?;
    }
    for outcome in &trials {
        store.append(outcome).map_err(refused)?;
    }
    let allow_skips = run.settings.allow_skips;
    store.finish(&run).map_err(refused)?;
    let whole = Record::read(&args.out).map_err(refused)?;
    report::write_all(&args.out, &whole).map_err(|e| Failure::new(Exit::Record, e))?;
    super::print(&printer::for_people(report::terminal(&ReportData::new(&whole), printer::width(), printer::colour())))?;
    printer::talk(&format!("report: {}/report.md", args.out.display()));
    Ok(if judge::completeness(&whole, allow_skips).is_complete() { Exit::Ok } else { Exit::Incomplete })
}

fn refused(error: RecordError) -> Failure {
    Failure::new(Exit::Record, error)
}

fn not_taken(error: RecordError) -> Failure {
    Failure::new(if matches!(error, RecordError::Io { .. }) { Exit::Record } else { Exit::Usage }, error)
}

fn not_one(problems: &[String]) -> Failure {
    Failure::new(Exit::Record, format!("these are not the shards of one run:{}", super::below(problems)))
}

/// The log of each block that has one, by a trial of it. Where it lies follows from the trial, whatever the record says.
fn logs(folders: &[PathBuf], parts: &[Record]) -> Vec<(Trial, PathBuf)> {
    let mut seen = BTreeSet::new();
    let mut logs = Vec::new();
    for (folder, part) in folders.iter().zip(parts) {
        for outcome in part.trials.iter().filter(|outcome| outcome.log.is_some()) {
            let log = folder.join(Store::log_name(&outcome.trial));
            if seen.insert(log.clone()) {
                logs.push((outcome.trial.clone(), log));
            }
        }
    }
    logs
}

fn copy(store: &Store, trial: &Trial, log: &Path) -> Result<(), Failure> {
    let text = std::fs::read(log).map_err(|source| refused(RecordError::Io { action: "read", path: log.to_owned(), source }))?;
    let mut file = store.log(trial).map_err(refused)?;
    let path = store.folder().join(Store::log_name(trial));
    file.write_all(&text).map_err(|source| refused(RecordError::Io { action: "write", path, source }))
}
