//! A reader that goes away is success; a disk that is full is not.

use std::process::{ExitStatus, Stdio};

use super::{Desk, report, scenario};

/// How a command ends whose stdout nobody reads.
fn unread(desk: &Desk, arguments: &[&str]) -> ExitStatus {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    desk.command(arguments).stdout(writer).stderr(Stdio::null()).status().expect("the program starts")
}

#[test]
fn a_closed_pipe_is_success() {
    let desk = report::recorded();
    desk.write("scenarios/aa/Dockerfile", "FROM scratch\nCOPY . /\n");
    desk.write("scenarios/aa/scenario.toml", &scenario("aa", ""));
    for command in [
        &["--help"][..],
        &["--version"],
        &["list"],
        &["report", "run"],
        &["report", "run", "--format", "json"],
        &["completions", "bash"],
        &["man"],
    ] {
        assert_eq!(unread(&desk, command).code(), Some(0), "{command:?}");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_told_with_the_cure_and_is_no_defect_of_the_program() {
    let desk = Desk::new();
    for command in ["man", "--help"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has /dev/full");
        let output = desk.command(&[command]).stdout(full).output().expect("the program starts");
        let text = super::ran(&output, desk.path()).refusal(2);
        assert!(text.contains("stdout takes no more text") && text.contains("make room on its disk"), "{command}: {text}");
    }
}
