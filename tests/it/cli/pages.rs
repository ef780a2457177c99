//! `completions` and `man`: what they print is what shells and page viewers read.

use std::path::Path;
use std::process::Command;

use super::Desk;

/// Whether a program is on the path of this machine.
fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Runs a checker on `file`; it must say nothing and succeed.
#[track_caller]
fn assert_silent(program: &str, arguments: &[&str], file: &Path) {
    let output = Command::new(program).args(arguments).arg(file).output().expect("it is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{program}: {said}");
}

#[test]
fn every_shell_gets_a_script_that_names_all_commands() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = desk.run(&["completions", shell]).data();
        for word in ["doctor", "run", "list", "report", "bases", "completions", "message-format", "stand-in"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn the_shells_of_this_machine_can_read_their_scripts() {
    let desk = Desk::new();
    for (shell, arguments) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = desk.run(&["completions", shell]).data();
        assert!(script.lines().count() > 20, "{shell}: {script}");
        // bash is part of every Debian and Ubuntu; the others are checked where they are.
        if shell == "bash" || installed(shell) {
            desk.write(shell, &script);
            assert_silent(shell, arguments, &desk.path().join(shell));
        }
    }
}

#[test]
fn bash_completes_a_command_from_its_first_letters() {
    let desk = Desk::new();
    desk.write("script", &desk.run(&["completions", "bash"]).data());
    let test = "source ./script; COMP_WORDS=(loadline do); COMP_CWORD=1; _loadline loadline do loadline; echo \"${COMPREPLY[@]}\"";
    let output = desk.program("bash", &["--norc", "-c", test]).output().expect("bash starts");
    assert_eq!(super::ran(&output, desk.path()).data(), "doctor\n");
}

#[test]
fn the_manual_page_has_every_command_and_the_exit_codes() {
    let page = Desk::new().run(&["man"]).data();
    for title in ["loadline 1", "loadline-doctor 1", "loadline-run 1", "loadline-list 1", "loadline-report 1", "loadline-bases 1"] {
        assert!(page.contains(&format!(".TH {title} ")), "no {title} in\n{page}");
    }
    assert!(page.contains("Exit codes: 0 ok"), "{page}");
}

#[test]
fn the_manual_page_is_read_without_warnings() {
    let desk = Desk::new();
    desk.write("loadline.1", &desk.run(&["man"]).data());
    let file = desk.path().join("loadline.1");
    if installed("groff") {
        assert_silent("groff", &["-man", "-Tutf8", "-ww", "-z"], &file);
    }
    if installed("mandoc") {
        assert_silent("mandoc", &["-T", "lint", "-W", "error"], &file);
    }
}
