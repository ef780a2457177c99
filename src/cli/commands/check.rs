//! `check`: a run held to budgets.

mod tighten;

use std::path::Path;

use crate::budget::Budget;
use crate::cli::args::{CheckArgs, CheckFormat};
use crate::cli::{Exit, Failure, plain, printer};
use crate::judge::{self, BudgetSource, Evaluation, Ruling};
use crate::record::Record;
use crate::report;
use crate::scenario;

use super::{print, wrong};

/// Prints what came of every limit and ends with the verdict's exit code.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let from_files = budgets(args)?;
    let run = read(&args.run)?;
    let baseline = args.baseline.as_deref().map(read).transpose()?;
    let (source, budgets) = held_to(args, &run, from_files)?;
    let evaluation = judge::check(&run, baseline.as_ref(), source, &budgets);
    print(&text(&evaluation, &run, args.format)?)?;
    let exit = exit(&evaluation, args.strict);
    if args.tighten {
        tighten::tighten(&evaluation, &budgets)?;
    }
    Ok(exit)
}

fn text(evaluation: &Evaluation, run: &Record, format: CheckFormat) -> Result<String, Failure> {
    match format {
        CheckFormat::Text => Ok(report::check_text(evaluation)),
        CheckFormat::Json => report::check_json(evaluation).map_err(|e| Failure::new(Exit::Internal, e)),
        CheckFormat::Ci(format) => Ok(format.render(evaluation, Some(run))),
    }
}

fn read(folder: &Path) -> Result<Record, Failure> {
    let record = Record::read(folder).map_err(|e| Failure::new(Exit::Record, e))?;
    for warning in &record.warnings {
        printer::talk(&format!("warning: {}", plain::line(&warning.message)));
    }
    Ok(record)
}

/// The budgets of `--budgets`, or every problem with them.
fn budgets(args: &CheckArgs) -> Result<Vec<Budget>, Failure> {
    scenario::read_budgets(&args.budgets).map_err(|problems| wrong(&problems))
}

/// What the run is held to: files that were named, else its own budgets, else the usual limit, which needs a baseline.
fn held_to(args: &CheckArgs, run: &Record, from_files: Vec<Budget>) -> Result<(BudgetSource, Vec<Budget>), Failure> {
    let own = args.budgets.is_empty();
    let budgets = if own { run.run.budgets.clone() } else { from_files };
    if budgets.is_empty() && args.baseline.is_none() {
        let whose = if own { "the run was measured without budgets" } else { "the files of --budgets have no budgets" };
        let message = format!(
            "there is nothing to hold the run to: {whose}; add [budgets.NAME] to a scenario.toml and name it with --budgets, or name an earlier run with --baseline"
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    if budgets.is_empty() {
        return Ok((BudgetSource::Usual, judge::usual_budgets(run)));
    }
    let paths = args.budgets.iter().map(|path| path.display().to_string()).collect();
    Ok((if own { BudgetSource::Record } else { BudgetSource::Files { paths } }, budgets))
}

/// The exit code of an evaluation, with a word on what it does not say.
fn exit(evaluation: &Evaluation, strict: bool) -> Exit {
    match evaluation.ruling() {
        Ruling::Passed => Exit::Ok,
        Ruling::Failed => Exit::Verdict,
        Ruling::Undecided if strict => Exit::Verdict,
        Ruling::Undecided => {
            printer::talk(
                "warning: some time is neither within its limit nor above it as far as noise lets tell; --strict makes that exit 1",
            );
            Exit::Ok
        }
        Ruling::Incomplete => Exit::Incomplete,
        Ruling::NotComparable => Exit::Record,
        Ruling::NothingJudged => {
            printer::talk(
                "error: no limit was judged, each for the reason beside it; name a --baseline, or budgets that are about this run",
            );
            Exit::Usage
        }
    }
}
