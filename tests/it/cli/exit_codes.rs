//! Exit codes: the enum, the page and the tests that produce each are one list.

use std::collections::BTreeSet;
use std::path::Path;

use loadline::cli::Exit;

/// A test of the program itself for each code.
const PRODUCED: [(Exit, &str); 8] = [
    (Exit::Ok, "the_version_is_the_crates"),
    (Exit::Verdict, "a_limit_that_does_not_hold_exits_1_and_is_told_first"),
    (Exit::Usage, "what_cannot_be_typed_is_refused_on_stderr_with_the_nearest_thing_that_can"),
    (Exit::Incomplete, "a_failed_build_is_told_recorded_and_exits_3"),
    (Exit::Engine, "without_root_a_run_says_what_to_do"),
    (Exit::Record, "a_folder_that_is_no_run_is_refused"),
    (Exit::Internal, "a_full_disk_behind_stdout_is_an_internal_error"),
    (Exit::Interrupted, "an_interrupted_run_exits_130_with_a_record_that_says_so"),
];

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn the_page_lists_the_codes_of_the_enum() {
    let page = file("docs/exit-codes.md");
    let told: Vec<u8> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(told, Exit::ALL.map(Exit::code));
}

#[test]
fn help_names_the_codes_of_the_enum() {
    let help = super::Desk::new().run(&["--help"]).data();
    let line = help.lines().find_map(|line| line.strip_prefix("Exit codes: ")).expect("a line about exit codes");
    let told: Vec<u8> = line.split(", ").filter_map(|code| code.split(' ').next()?.parse().ok()).collect();
    assert_eq!(told, Exit::ALL.map(Exit::code));
}

#[test]
fn every_code_has_a_test_that_produces_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli");
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    let tests: String = files.map(|path| std::fs::read_to_string(path).expect("text")).collect();
    for (exit, test) in PRODUCED {
        assert!(tests.contains(&format!("fn {test}(")), "no test {test} for {exit:?}");
    }
    let covered: BTreeSet<u8> = PRODUCED.iter().map(|(exit, _)| exit.code()).collect();
    assert_eq!(covered, Exit::ALL.iter().map(|exit| exit.code()).collect());
}
