//! `compare`: what became better or worse between two runs, or between two variants of one.

use std::path::Path;

use crate::cli::args::{CompareArgs, CompareFormat};
use crate::cli::{Exit, Failure, plain, printer};
use crate::judge::{self, Changes, NOISE, Question};
use crate::record::{PlannedVariant, Record};
use crate::report;
use crate::scenario::suggest::closest;
use crate::units;

use super::beside::are_two;
use super::{ended, print};

/// Prints one format, and says by the exit code what came of it.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let question = Question { noise: args.noise.unwrap_or(NOISE), measures: args.measures.clone() };
    let baseline = read(&args.baseline)?;
    let changes = match (&args.run, args.between.as_slice()) {
        (Some(folder), _) => {
            let run = read(folder)?;
            are_two((&args.baseline, &baseline), (folder, &run))?;
            judge::changes(&baseline, &run, &question)
        }
        (None, [before, after]) => between(&baseline, (before, after), &question)?,
        (None, _) => return Err(Failure::new(Exit::Usage, "name two runs, or one run and two of its variants with --between")),
    };
    let text = match args.format {
        CompareFormat::Terminal => Ok(printer::for_people(report::changes_terminal(&changes, args.all, printer::width()))),
        CompareFormat::Markdown => Ok(report::changes_markdown(&changes, args.all)),
        CompareFormat::Csv => report::changes_csv(&changes),
        CompareFormat::Json => report::changes_json(&changes),
    };
    print(&text.map_err(|error| Failure::new(Exit::Internal, error))?)?;
    let broke = args.fail_on_regression && (changes.has_lost() || changes.lacks_trials());
    if !changes.has_comparable() && !broke {
        return Err(nothing(&changes));
    }
    Ok(exit(&changes, args.fail_on_regression))
}

/// A regression is a verdict; a figure or a trial that is gone because something broke is none, and no pass either.
fn exit(changes: &Changes, fails: bool) -> Exit {
    match () {
        () if fails && changes.has_regressed() => {
            let figures = units::count(changes.tally().regressed, "figure");
            ended(Exit::Verdict, &format!("{figures} regressed; undo what made it, or take a newer baseline where it is meant"))
        }
        () if fails && changes.has_lost() => {
            let figures = units::count(changes.tally().lost, "figure");
            ended(
                Exit::Incomplete,
                &format!(
                    "the run lacks {figures} of the baseline; measure again what broke, for the reason beside it, or take a baseline without what was meant to go"
                ),
            )
        }
        () if fails && changes.lacks_trials() => {
            ended(Exit::Incomplete, "trials are missing, as the warning above says; measure again what broke")
        }
        () => Exit::Ok,
    }
}

fn read(folder: &Path) -> Result<Record, Failure> {
    let record = Record::read(folder).map_err(|error| Failure::new(Exit::Record, error))?;
    for warning in &record.warnings {
        printer::talk(&format!("warning: {}: {}", plain::line(&folder.to_string_lossy()), plain::line(&warning.message)));
    }
    Ok(record)
}

/// Two variants of one scenario, whose blocks took turns.
fn between(record: &Record, (before, after): (&str, &str), question: &Question) -> Result<Changes, Failure> {
    let (old, new) = (planned(record, before)?, planned(record, after)?);
    let wrong = match () {
        () if old.scenario != new.scenario => "are of two scenarios, and iterations are of one; compare variants of one scenario",
        () if old.variant == new.variant => "are the same variant; name two",
        () => return Ok(judge::changes_between(record, &old.scenario, (&old.variant, &new.variant), question)),
    };
    Err(Failure::new(Exit::Usage, format!("{} and {} {wrong}", plain::line(before), plain::line(after))))
}

fn planned<'a>(record: &'a Record, name: &str) -> Result<&'a PlannedVariant, Failure> {
    let called = |p: &PlannedVariant| format!("{}/{}", p.scenario, p.variant);
    record.run.plan.iter().find(|p| called(p) == name).ok_or_else(|| {
        let known: Vec<String> = record.run.plan.iter().map(called).collect();
        let cure = match closest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {}?", plain::line(near)),
            None => format!("it has {}", plain::line(&known.join(", "))),
        };
        Failure::new(Exit::Usage, format!("the run has no variant {}; {cure}", plain::line(name)))
    })
}

/// Nothing could be compared: the condition that stands in the way most often is told.
fn nothing(changes: &Changes) -> Failure {
    let condition = changes.figures().find_map(|figure| figure.verdict.condition()).map(plain::line);
    let one_sided = || changes.unasked.first().map(|unasked| plain::line(&unasked.why));
    let why = condition.or_else(one_sided).unwrap_or_else(|| "the runs have no such figure".to_owned());
    Failure::new(
        Exit::Record,
        format!("not one figure can be compared: {why}; compare runs of the same scenarios under the same conditions"),
    )
}
