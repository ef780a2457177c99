//! The command line: arguments, resolved options, commands (wiring only) and the console.
//!
//! The only room that names clap and progress bars, and the only one that prints.

mod args;
mod commands;
mod console;
mod downloads;
mod effort;
mod engine;
mod exit;
mod layout;
mod options;
mod part;
mod plain;
mod printer;
mod workspace;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;

pub use commands::{doctor_schema, list_schema};
pub use exit::{Exit, Failure};
pub use workspace::workspace_keys;

/// Runs the program with the given command line and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = match args::Cli::command().try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(error) => return not_parsed(&error).into(),
    };
    // A panic has told its place on stderr by now; unwinding has removed the private engines.
    match catch_unwind(AssertUnwindSafe(|| workspace::asked(matches, &arguments).and_then(commands::dispatch))) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            printer::talk(&failure.last_words());
            failure.exit.into()
        }
        Err(_) => {
            printer::talk("error: this is a defect of loadline; please report it with the lines above");
            Exit::Internal.into()
        }
    }
}

/// Help and version are data; anything else is talk about a wrong command line.
fn not_parsed(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            commands::print(&error.render().ansi().to_string()).unwrap_or_else(|failure| {
                printer::talk(&failure.last_words());
                failure.exit
            })
        }
        _ => {
            printer::talk(error.render().ansi().to_string().trim_end());
            Exit::Usage
        }
    }
}
