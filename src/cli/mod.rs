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

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub use commands::doctor_schema;
pub use exit::{Exit, Failure};

/// Runs the program with the given command line and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = match args::Cli::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => return not_parsed(&error).into(),
    };
    // A panic has told its place on stderr by now; unwinding has removed the private engines.
    match catch_unwind(AssertUnwindSafe(|| commands::dispatch(parsed.command, &arguments))) {
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
            drop(printer::data(&error.render().ansi().to_string()));
            Exit::Ok
        }
        _ => {
            printer::talk(error.render().ansi().to_string().trim_end());
            Exit::Usage
        }
    }
}
