//! Escape sequences: where colour is wanted, and nowhere else.

use super::{BINARY, Desk, ran, report};

/// Commands that have colours on a terminal: help, a table, a mistake.
const COMMANDS: [(&[&str], i32); 3] = [(&["--help"], 0), (&["report", "run"], 0), (&["list"], 2)];

/// What a terminal gets of a command, with these variables besides.
fn on_a_terminal(desk: &Desk, arguments: &[&str], variables: &[(&str, &str)]) -> super::Ran {
    let line = [&[BINARY], arguments].concat().join(" ");
    let mut command = desk.program("script", &["-qec", &line, "/dev/null"]);
    command.env("TERM", "xterm-256color").envs(variables.iter().copied());
    ran(&command.output().expect("script is part of every Linux system"), desk.path())
}

#[test]
fn a_terminal_gets_colours() {
    let desk = report::recorded();
    for (command, code) in COMMANDS {
        let ran = on_a_terminal(&desk, command, &[]);
        assert_eq!(ran.code, Some(code), "{command:?}: {ran:?}");
        assert!(ran.out.contains('\x1b'), "{command:?}: {ran:?}");
    }
}

#[test]
fn no_color_is_obeyed() {
    let desk = report::recorded();
    for (command, code) in COMMANDS {
        let ran = on_a_terminal(&desk, command, &[("NO_COLOR", "1")]);
        assert_eq!(ran.code, Some(code), "{command:?}: {ran:?}");
        assert!(!ran.out.contains('\x1b') && !ran.out.is_empty(), "{command:?}: {ran:?}");
    }
}

#[test]
fn a_pipe_gets_no_escape_sequence() {
    let desk = report::recorded();
    for (command, code) in COMMANDS {
        let ran = desk.run(command);
        assert_eq!(ran.code, Some(code), "{command:?}: {ran:?}");
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{command:?}: {ran:?}");
    }
}
