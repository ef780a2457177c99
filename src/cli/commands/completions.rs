//! `completions` and `man`: generated from the arguments.

use clap::CommandFactory;

use crate::cli::args::{Cli, CompletionsArgs};
use crate::cli::{Exit, Failure};

use super::{not_printed, print};

/// Prints a completion script.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "loadline", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page, one for the program and all its commands.
pub(super) fn man() -> Result<Exit, Failure> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(|error| not_printed(&error))?;
    for sub in command.get_subcommands() {
        let name = format!("loadline-{}", sub.get_name());
        clap_mangen::Man::new(sub.clone().name(name)).render(&mut page).map_err(|error| not_printed(&error))?;
    }
    print(&String::from_utf8_lossy(&page))
}
