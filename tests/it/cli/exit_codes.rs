//! Exit codes: the enum, the page and the tests that produce each are one list.

use std::collections::BTreeSet;
use std::path::Path;

use loadline::cli::Exit;

/// Causes that the page names for each code, and a test that runs the program into each: here, or in the live ring where it takes an engine. An
/// input that is known to produce 70 would be a known defect.
const PRODUCED: [(Exit, &str, &str); 33] = [
    (Exit::Ok, "everything that was asked for was done", "the_version_is_the_crates"),
    (Exit::Verdict, "`check` of a run that is above a budget", "a_limit_that_does_not_hold_exits_1_and_is_told_first"),
    (Exit::Verdict, "`--strict`", "a_time_that_noise_hides_exits_0_with_a_warning_and_1_where_that_is_asked_for"),
    (Exit::Verdict, "`compare --fail-on-regression`", "a_regression_fails_where_that_was_asked_for"),
    (Exit::Usage, "an unknown option", "what_cannot_be_typed_is_refused_on_stderr_with_the_nearest_thing_that_can"),
    (Exit::Usage, "a mistake in `scenario.toml`", "all_problems_of_all_files_are_told_at_once"),
    (Exit::Usage, "`loadline.toml`", "every_bad_file_is_refused_with_its_place_and_a_cure"),
    (Exit::Usage, "`bases.lock`", "published_bases_are_locked_and_a_moved_tag_is_refused"),
    (Exit::Usage, "an empty scenario folder", "an_empty_folder_is_a_mistake_with_a_cure"),
    (Exit::Usage, "two scenarios of one name", "two_scenarios_of_one_name_are_both_shown"),
    (Exit::Usage, "`init` where there is a `scenario.toml`", "a_scenario_that_is_there_is_replaced_only_by_force"),
    (
        Exit::Usage,
        "`--link` where nothing would cross the link",
        "an_engine_that_does_not_reach_the_registry_pushes_over_no_link_and_is_not_measured_without_it",
    ),
    (Exit::Usage, "a full disk behind standard output", "a_full_disk_behind_stdout_is_told_with_the_cure_and_is_no_defect_of_the_program"),
    (
        Exit::Incomplete,
        "`weigh` of an image that is corrupt or cut short",
        "an_image_that_is_cut_short_or_changed_has_no_numbers_and_exits_3",
    ),
    (Exit::Incomplete, "a failing `RUN`", "a_failed_build_is_told_recorded_and_exits_3"),
    (Exit::Incomplete, "a smoke check without a good answer", "an_app_that_does_not_work_has_no_numbers_and_stops_no_other"),
    (Exit::Incomplete, "a base image that cannot be had", "a_base_without_a_stand_in_is_skipped_by_name_before_the_build"),
    (
        Exit::Incomplete,
        "a `--time-limit` too short for one iteration",
        "a_time_limit_too_short_for_one_iteration_exits_3_though_nothing_failed",
    ),
    (Exit::Incomplete, "`init` that found no smoke check", "init_finds_the_smoke_check_and_the_run_after_it_is_measured"),
    (Exit::Incomplete, "`--allow-skips`", "a_dockerfile_that_does_not_build_is_named_with_its_step"),
    (Exit::Engine, "no `dockerd`", "a_dockerd_that_is_not_there_is_named"),
    (Exit::Engine, "no root for the private engine", "without_root_a_run_says_what_to_do"),
    (Exit::Engine, "nothing behind `DOCKER_HOST`", "no_engine_behind_docker_host_is_told_with_the_cure"),
    (Exit::Engine, "an engine that died during the run", "a_daemon_killed_in_a_build_ends_the_run_with_its_last_words"),
    (Exit::Record, "a folder without `run.json`", "a_folder_that_is_no_run_is_refused"),
    (Exit::Record, "a record of a newer format", "a_record_of_a_newer_format_is_refused_with_both_versions"),
    (Exit::Record, "not one figure in common", "runs_without_one_comparable_figure_are_told_so"),
    (Exit::Record, "`run --resume` under other conditions", "a_run_of_other_scenarios_is_not_gone_on_with_and_all_that_differs_is_told"),
    (Exit::Record, "that another process writes", "what_is_no_run_or_is_being_written_cannot_be_gone_on_with"),
    (Exit::Record, "`merge` of runs that are not the shards", "what_is_not_one_run_is_not_put_together_and_nothing_is_written"),
    (Exit::Record, "a history that is broken", "what_is_not_there_is_refused_with_what_is"),
    (Exit::Interrupted, "Ctrl-C", "an_interrupted_run_exits_130_with_a_record_that_says_so"),
    (Exit::Interrupted, "`SIGTERM`", "a_run_that_is_stopped_in_any_phase_keeps_its_record_and_nothing_else"),
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

/// The text of all files of a ring.
fn ring(folder: &str) -> String {
    let all = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).into_iter().map(|entry| entry.expect("an entry"));
    let files = all.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    files.map(|entry| std::fs::read_to_string(entry.path()).expect("text")).collect()
}

#[test]
fn every_code_and_cause_of_the_page_has_a_test_that_produces_it() {
    let tests = ["tests/it/cli", "tests/it/live"].map(ring).concat();
    let page = file("docs/exit-codes.md");
    for (exit, cause, test) in PRODUCED {
        let row = page.lines().find(|line| line.starts_with(&format!("| {} |", exit.code()))).expect("a row");
        assert!(row.contains(cause), "the page does not name {cause:?} for {exit:?}");
        assert!(tests.contains(&format!("fn {test}(")), "no test {test} for {cause:?}");
    }
    let covered: BTreeSet<u8> = PRODUCED.iter().map(|(exit, ..)| exit.code()).collect();
    assert_eq!(covered, Exit::ALL.iter().filter(|exit| **exit != Exit::Internal).map(|exit| exit.code()).collect());
}
