//! The `loadline` binary: parse, run, print the error chain, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    loadline::cli::main(std::env::args_os())
}
