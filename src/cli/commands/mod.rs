//! One file per command: each wires rooms together and decides the exit code.

mod bases;
mod beside;
mod check;
mod compare;
mod completions;
mod doctor;
mod farewell;
mod history;
mod init;
mod list;
mod merge;
mod report;
mod resume;
mod run;
mod session;
mod signals;
mod trend;
mod weigh;

pub use doctor::doctor_schema;
pub use list::list_schema;

use std::io;

use crate::scenario::{self, Discovered, Problems};

use super::args::{Command, Selection};
use super::workspace::Asked;
use super::{Exit, Failure, plain, printer};

/// Runs one command.
pub(super) fn dispatch(asked: Asked) -> Result<Exit, Failure> {
    match asked.command {
        Command::Doctor(args) => doctor::doctor(&args, &asked.file),
        Command::Init(args) => init::init(&args),
        Command::Run(args) => run::run(*args, &asked.line),
        Command::Weigh(args) => weigh::weigh(&args),
        Command::List(args) => list::list(&args),
        Command::Report(args) => report::report(&args),
        Command::Check(args) => check::check(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Trend(args) => trend::trend(&args),
        Command::History(args) => history::history(&args),
        Command::Bases(args) => bases::bases(args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man => completions::man(),
    }
}

/// The scenarios that the user means, or all problems with them at once.
fn select(selection: &Selection) -> Result<Discovered, Failure> {
    let mut found = scenario::discover(&selection.scenarios, &selection.wanted).map_err(|problems| wrong(&problems))?;
    scenario::select_variants(&mut found, &selection.variants).map_err(|problems| wrong(&problems))?;
    if !found.warnings.is_empty() {
        printer::talk(&found.warnings.render(printer::talk_colour()));
    }
    Ok(found)
}

fn wrong(problems: &Problems) -> Failure {
    Failure::rendered(Exit::Usage, &problems.render(printer::talk_colour()))
}

/// Each text on an indented line of its own, as they stand below a sentence.
fn below(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\n  {}", plain::line(text))).collect::<Vec<_>>().concat()
}

pub(super) fn print(text: &str) -> Result<Exit, Failure> {
    printer::data(text).map_err(|error| not_printed(&error))?;
    Ok(Exit::Ok)
}

/// Says why the program ends so: stdout may have gone into a file.
fn ended(exit: Exit, why: &str) -> Exit {
    printer::talk(&format!("error: {why}"));
    exit
}

fn not_printed(error: &io::Error) -> Failure {
    let message = format!("stdout takes no more text: {error}; make room on its disk, or mend what reads it");
    Failure::new(Exit::Usage, io::Error::new(error.kind(), message))
}

/// The runtime for everything that waits.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| Failure::new(Exit::Internal, e))
}
