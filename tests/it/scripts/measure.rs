//! `install.sh`, `measure.sh`, `check.sh`, `merge.sh` and `action.sh`.

use super::desk::{Desk, Ran};

/// The desk with two checkouts; `base` lacks one of the scenarios.
fn checkouts() -> Desk {
    let desk = Desk::new();
    for folder in ["head/scenarios", "head/more", "base/scenarios"] {
        desk.write(&format!("{folder}/x/scenario.toml"), "");
    }
    desk
}

fn measured(desk: &Desk, further: &[(&str, &str)]) -> Ran {
    let usual =
        [("ROOT", "head"), ("BASELINE_ROOT", "base"), ("SCENARIOS", "scenarios\n  more\n\n"), ("RUN_ARGS", "--trials=1\n"), ("OUT", "out")];
    desk.run("measure.sh", &[&usual[..], further].concat(), &[])
}

#[test]
fn the_base_is_measured_first_and_its_budgets_count() {
    let desk = checkouts();
    let ran = measured(&desk, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let calls = desk.calls();
    let calls: Vec<&str> = calls.lines().collect();
    assert_eq!(calls[0], "base: loadline run --trials=1 --out DESK/out/baseline -- scenarios");
    assert_eq!(calls[1], "head: loadline run --trials=1 --out DESK/out/run -- scenarios more");
    assert_eq!(calls[2], "base: loadline check DESK/out/run --baseline DESK/out/baseline --budgets scenarios --format junit");
    assert!(ran.err.contains("the baseline has no more"), "{}", ran.err);
    for (file, text) in
        [("junit.xml", "junit"), ("code-quality.json", "gitlab-codequality"), ("metrics.txt", "openmetrics"), ("bmf.json", "bmf")]
    {
        assert_eq!(desk.read(&format!("out/{file}")), format!("format {text}\n"));
    }
}

#[test]
fn what_a_build_prints_is_no_command_to_the_runner() {
    let desk = checkouts();
    let ran = measured(&desk, &[("GITHUB_ACTIONS", "true"), ("GITHUB_OUTPUT", "outputs"), ("GITHUB_STEP_SUMMARY", "summary")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut stopped: Option<String> = None;
    let mut tokens = Vec::new();
    for line in ran.out.lines() {
        match (line.strip_prefix("::stop-commands::"), &stopped) {
            (Some(token), None) => stopped = Some(token.to_owned()),
            (_, Some(token)) if line == format!("::{token}::") => tokens.extend(stopped.take()),
            _ => assert!(stopped.is_some() || !line.starts_with("::"), "a build's line is a command: {line}"),
        }
    }
    assert!(tokens.len() == 2 && tokens[0] != tokens[1] && tokens.iter().all(|token| token.len() == 32), "{tokens:?}");
    assert!(ran.out.ends_with("format github\n"), "{}", ran.out);
    assert_eq!(desk.read("summary"), "format github-summary\n");
    assert!(desk.read("outputs").starts_with("complete=true\nrun-folder=/"), "{}", desk.read("outputs"));
    assert!(desk.read("outputs").contains("\nverdict=pass\n"));
}

#[test]
fn a_verdict_ends_the_script_unless_it_is_asked_not_to() {
    for (code, fail, ends) in [("1", "true", 1), ("3", "", 3), ("1", "false", 0), ("5", "true", 5), ("5", "false", 0), ("70", "false", 70)]
    {
        let desk = checkouts();
        let ran = measured(&desk, &[("LOADLINE_CHECK_CODE", code), ("FAIL", fail)]);
        assert_eq!(ran.code, Some(ends), "check ends with {code}, FAIL={fail}: {}", ran.err);
    }
}

#[test]
fn a_run_that_was_cut_short_is_held_to_nothing() {
    let desk = checkouts();
    let ran = measured(&desk, &[("LOADLINE_RUN_CODE", "4")]);
    assert_eq!(ran.code, Some(4));
    assert!(!desk.calls().contains("loadline check"), "{}", desk.calls());
}

#[test]
fn a_run_that_lacks_a_variant_is_held_to_its_budgets_and_said_to_be_incomplete() {
    let desk = checkouts();
    let ran = measured(&desk, &[("LOADLINE_RUN_CODE", "3"), ("GITHUB_OUTPUT", "outputs")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(desk.read("outputs").starts_with("complete=false\n"), "{}", desk.read("outputs"));
}

#[test]
fn shards_are_measured_alone_and_merged_before_they_are_held_to_budgets() {
    let desk = checkouts();
    for (number, shard) in [("0", "--shard=1/2"), ("1", "--shard=2/2")] {
        let variables = [("ROOT", "head"), ("CHECK", "no"), ("RUN_ARGS", shard), ("OUT", &*format!("parts/shard-{number}"))];
        assert_eq!(desk.run("measure.sh", &variables, &[]).code, Some(0));
    }
    assert!(!desk.calls().contains("check"), "{}", desk.calls());
    let ran = desk.run("merge.sh", &[("PARTS", "parts"), ("OUT", "whole")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(desk.calls().contains("loadline merge parts/shard-0/run parts/shard-1/run --out whole/run\n"), "{}", desk.calls());
    assert!(desk.calls().contains("loadline check DESK/whole/run --format junit\n"), "{}", desk.calls());
}

#[test]
fn nothing_to_merge_is_said() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("parts")).expect("a folder");
    let ran = desk.run("merge.sh", &[("PARTS", "parts"), ("OUT", "whole")], &[]);
    assert_eq!(ran.code, Some(5));
    assert!(ran.err.contains("did every shard hand one over?"), "{}", ran.err);
}

#[test]
fn a_hostile_value_stays_one_word() {
    let desk = checkouts();
    let ran = measured(&desk, &[("SCENARIOS", "scenarios\n$(touch hacked); x `touch hacked`")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(desk.calls().contains("-- scenarios $(touch hacked); x `touch hacked`\n"), "{}", desk.calls());
    assert!(!desk.path("hacked").exists() && !desk.path("head/hacked").exists());
}

#[test]
fn a_number_is_handed_on_only_where_it_is_one() {
    for (number, kept) in [("7", "7\n"), ("7; x", ""), ("", "")] {
        let desk = checkouts();
        measured(&desk, &[("NUMBER", number)]);
        assert_eq!(desk.read("out/number"), kept);
    }
}

#[test]
fn a_program_that_is_brought_along_is_not_built() {
    let desk = Desk::new();
    let ran = desk.run("install.sh", &[("LOADLINE", "bin/loadline"), ("GITHUB_OUTPUT", "outputs")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.ends_with("/bin/loadline\n") && ran.out.starts_with('/'), "{}", ran.out);
    assert!(desk.read("outputs").starts_with("loadline=/"));
    assert_eq!(desk.run("install.sh", &[("LOADLINE", "no-such-program")], &[]).code, Some(2));
}

#[test]
fn the_action_runs_the_script_of_its_command_and_no_other() {
    let desk = Desk::new();
    let ran = desk.run("action.sh", &[("COMMAND", "../x")], &[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("say measure, merge, comment, issue or history"), "{}", ran.err);
    let ran = desk.run("action.sh", &[("COMMAND", "measure")], &[]);
    assert!(ran.err.contains("the variable OUT is empty"), "{}", ran.err);
}
