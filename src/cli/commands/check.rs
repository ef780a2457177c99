//! `check`: a run held to budgets.

mod tighten;

use std::path::Path;

use crate::budget::Budget;
use crate::cli::args::{CheckArgs, CheckFormat};
use crate::cli::{Exit, Failure, plain, printer};
use crate::judge::{self, BudgetSource, Evaluation, Ruling};
use crate::record::Record;
use crate::report;
use crate::scenario::{self, BudgetFiles};
use crate::units;

use super::beside::are_two;
use super::{ended, print, wrong};

/// Prints what came of every limit and ends with the verdict's exit code.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let from_files = budgets(args)?;
    let run = read(&args.run)?;
    let baseline = args.baseline.as_deref().map(read).transpose()?;
    if let Some((at, baseline)) = args.baseline.as_deref().zip(baseline.as_ref()) {
        are_two((at, baseline), (&args.run, &run))?;
    }
    let (source, budgets) = held_to(args, (&run, baseline.as_ref()), from_files)?;
    let evaluation = judge::check(&run, baseline.as_ref(), source, &budgets);
    print(&text(&evaluation, &run, args.format)?)?;
    if args.tighten {
        tighten::tighten(&evaluation, &budgets)?;
    }
    Ok(exit(&evaluation, args))
}

fn text(evaluation: &Evaluation, run: &Record, format: CheckFormat) -> Result<String, Failure> {
    match format {
        CheckFormat::Text => Ok(printer::for_people(report::check_text(evaluation))),
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
fn budgets(args: &CheckArgs) -> Result<BudgetFiles, Failure> {
    scenario::read_budget_files(&args.budgets).map_err(|problems| wrong(&problems))
}

/// What the run is held to: files that were named, else its own budgets, else the usual limit, which needs a baseline. A scenario that no
/// file knows is new, and held to its own budgets: otherwise nothing would hold it. They take the place of no other limit.
fn held_to(
    args: &CheckArgs,
    (run, baseline): (&Record, Option<&Record>),
    files: BudgetFiles,
) -> Result<(BudgetSource, Vec<Budget>), Failure> {
    let unknown = |budget: &&Budget| !files.scenarios.contains(&budget.scenario);
    let budgets: Vec<Budget> = run.run.budgets.iter().filter(unknown).cloned().collect();
    if args.budgets.is_empty() && !budgets.is_empty() {
        return Ok((BudgetSource::Record, budgets));
    }
    let mut own: Vec<String> = budgets.iter().map(|budget| budget.scenario.clone()).collect();
    own.dedup();
    match baseline {
        Some(baseline) if files.budgets.is_empty() => {
            Ok((BudgetSource::Usual { own }, [judge::usual_budgets(run, baseline), budgets].concat()))
        }
        None if files.budgets.is_empty() && budgets.is_empty() => Err(nothing_to_hold(args, run)),
        _ => {
            let paths = args.budgets.iter().map(|path| path.display().to_string()).collect();
            Ok((BudgetSource::Files { paths, own }, [files.budgets, budgets].concat()))
        }
    }
}

fn nothing_to_hold(args: &CheckArgs, run: &Record) -> Failure {
    let whose = match run.run.budgets.len() {
        _ if args.budgets.is_empty() => "the run was measured without budgets".to_owned(),
        0 => "the files of --budgets have no budgets".to_owned(),
        own => format!("the files of --budgets have no budgets, and the run's own ({own}) are of scenarios that these files know"),
    };
    let message = format!(
        "there is nothing to hold the run to: {whose}; add [budgets.NAME] to a scenario.toml and name it with --budgets, or name an earlier run with --baseline"
    );
    Failure::new(Exit::Usage, message)
}

/// What has no answer, and what gives one: measuring the run again is no help where the baseline is what cannot be compared.
fn incomplete(evaluation: &Evaluation) -> String {
    let cure = match evaluation.counts().get("not-comparable") {
        Some(_) => format!(
            "measure again what has none, for the reason beside each, and a baseline under the conditions of this run for {}",
            limits(evaluation, &["not-comparable"])
        ),
        None => "measure again what has none, for the reason beside each".to_owned(),
    };
    format!("no answer for {}; {cure}", limits(evaluation, &["unmeasured", "not-comparable"]))
}

/// The exit code of an evaluation, with a last line on whatever is no plain success: stdout may have gone to a file.
fn exit(evaluation: &Evaluation, args: &CheckArgs) -> Exit {
    match evaluation.ruling() {
        Ruling::Passed => Exit::Ok,
        Ruling::Failed => {
            let limits = limits(evaluation, &["fail"]);
            ended(
                Exit::Verdict,
                &format!("the run is above {limits}; make smaller what grew, or {}", raise(evaluation, !args.budgets.is_empty())),
            )
        }
        Ruling::Undecided if args.strict => {
            let limits = limits(evaluation, &["undecided"]);
            ended(Exit::Verdict, &format!("{limits} undecided, which --strict does not let pass; measure more --trials"))
        }
        Ruling::Undecided => {
            printer::talk(
                "warning: some time is neither within its limit nor above it as far as its trials tell; more of them tell more (loadline run --trials N), and --strict makes that exit 1",
            );
            Exit::Ok
        }
        Ruling::Incomplete => ended(Exit::Incomplete, &incomplete(evaluation)),
        Ruling::NotComparable => {
            let limits = limits(evaluation, &["not-comparable"]);
            ended(Exit::Record, &format!("no comparable baseline for {limits}; measure one under the conditions of this run"))
        }
        Ruling::NothingJudged => {
            printer::talk(
                "error: no limit was judged, each for the reason beside it; name a --baseline, or budgets that are about this run",
            );
            Exit::Usage
        }
    }
}

/// How growth that is meant gets through. Files that were `named` are not those of the change that is judged, so that it cannot raise its
/// own limits; a scenario that none of them knows has its own.
fn raise(evaluation: &Evaluation, named: bool) -> &'static str {
    let own = evaluation.source.own();
    let mut failed = evaluation.checks.iter().filter(|check| check.outcome.id() == "fail");
    match &evaluation.source {
        _ if named && !failed.all(|check| own.contains(&check.scenario)) => {
            "say in the files of --budgets what is meant, in a change of its own before this one"
        }
        BudgetSource::Usual { own } if own.is_empty() => "write [budgets.NAME] with the limit that is meant",
        _ => "raise the limit where it is written",
    }
}

/// How many limits came to one of these outcomes: `2 limits`.
fn limits(evaluation: &Evaluation, outcomes: &[&str]) -> String {
    units::count(evaluation.checks.iter().filter(|check| outcomes.contains(&check.outcome.id())).count(), "limit")
}
