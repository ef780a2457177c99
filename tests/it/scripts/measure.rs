//! `install.sh`, `measure.sh`, `check.sh`, `merge.sh` and `action.sh`.

use loadline::record::Store;

use super::desk::{Desk, Ran};
use crate::support::records::go_api;

mod links;

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
    assert_eq!(calls[0], "base: loadline run --no-config --trials=1 --out DESK/out/baseline -- scenarios");
    assert_eq!(calls[1], "head: loadline run --no-config --trials=1 --out DESK/out/run -- scenarios more");
    assert_eq!(calls[2], "base: loadline check --no-config DESK/out/run --baseline DESK/out/baseline --budgets scenarios --format junit");
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

const LACKING: &str = "r,go-api,multi,multi-stage,build-failed,\"no, \nr,x y,a,b,skipped,\"\nr,go-api,single,single-stage,measured,\n";

fn last_line(ran: &Ran) -> &str {
    ran.err.lines().last().unwrap_or_default()
}

#[test]
fn a_variant_that_does_not_build_is_no_pass_although_no_limit_asks_about_it() {
    let cases = [("", "0", 3), ("true", "0", 3), ("false", "0", 0), ("", "1", 1), ("", "5", 5)];
    for (fail, check, ends) in cases {
        let desk = checkouts();
        let variables = [
            ("LOADLINE_RUN_CODE", "3"),
            ("LOADLINE_CHECK_CODE", check),
            ("FAIL", fail),
            ("LOADLINE_SUMMARY", LACKING),
            ("GITHUB_OUTPUT", "outputs"),
        ];
        let ran = measured(&desk, &variables);
        assert_eq!(ran.code, Some(ends), "check ends with {check}, FAIL={fail}: {}", ran.err);
        assert!(desk.read("outputs").starts_with("complete=false\n"), "{}", desk.read("outputs"));
        let said =
            last_line(&ran).starts_with("error: the run lacks go-api/multi (build-failed): ") && last_line(&ran).contains("--allow-skips");
        assert_eq!(said, ends == 3, "{}", ran.err);
    }
}

#[test]
fn a_program_on_the_path_is_enough_and_none_is_said() {
    let desk = checkouts();
    let ran = measured(&desk, &[("LOADLINE", "loadline")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(desk.calls().starts_with("base: loadline run --no-config --trials=1"), "{}", desk.calls());
    std::fs::rename(desk.path("bin/loadline"), desk.path("bin/elsewhere")).expect("a new name");
    let ran = measured(&desk, &[("LOADLINE", "loadline"), ("OUT", "again")]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(last_line(&ran).contains("there is no program loadline"), "{}", ran.err);
}

#[test]
fn a_record_of_an_earlier_run_is_not_written_over() {
    let desk = checkouts();
    assert_eq!(measured(&desk, &[]).code, Some(0));
    let ran = measured(&desk, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(last_line(&ran).contains("out/baseline is there already"), "{}", ran.err);
}

#[test]
fn what_the_baseline_alone_lacks_leaves_the_verdict_to_its_budgets() {
    let desk = checkouts();
    assert_eq!(measured(&desk, &[("LOADLINE_BASE_CODE", "3")]).code, Some(0));
}

#[test]
fn a_baseline_that_cannot_be_measured_is_said_to_be_at_fault() {
    for (variable, ours) in [("LOADLINE_BASE_CODE", false), ("LOADLINE_RUN_CODE", true)] {
        let desk = checkouts();
        let ran = measured(&desk, &[(variable, "2")]);
        assert_eq!(ran.code, Some(2));
        assert_eq!(last_line(&ran).starts_with("error: the run ended with 2"), ours, "{}", ran.err);
        assert_eq!(last_line(&ran).starts_with("error: the baseline's run"), !ours, "{}", ran.err);
    }
}

#[test]
fn shards_that_lack_a_variant_are_no_pass_as_a_whole() {
    let desk = Desk::new();
    desk.write("parts/one/run.json", "{}");
    let ran = desk.run("merge.sh", &[("PARTS", "parts"), ("OUT", "whole"), ("LOADLINE_RUN_CODE", "3")], &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(last_line(&ran).starts_with("error: the run lacks something that was asked for"), "{}", ran.err);
}

#[test]
fn the_log_says_what_is_exceeded_once() {
    let says = ("LOADLINE_CHECK_SAYS", "error: the run is above 3 limits");
    for (github, shown) in [("false", "format text\n"), ("true", "format github\n")] {
        let desk = checkouts();
        let ran = measured(&desk, &[says, ("LOADLINE_CHECK_CODE", "1"), ("GITHUB_ACTIONS", github)]);
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(ran.out.ends_with(shown), "{}", ran.out);
        assert_eq!(ran.err.matches(says.1).count(), 1, "{}", ran.err);
    }
    let desk = checkouts();
    let ran = measured(&desk, &[says, ("LOADLINE_CHECK_CODE", "70")]);
    assert_eq!((ran.code, ran.err.matches(says.1).count()), (Some(70), 1), "the reason is above what says so: {}", ran.err);
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
    assert!(desk.calls().contains("loadline merge --no-config parts/shard-0/run parts/shard-1/run --out whole/run\n"), "{}", desk.calls());
    assert!(desk.calls().contains("loadline check --no-config DESK/whole/run --format junit\n"), "{}", desk.calls());
}

#[test]
fn a_file_of_the_checkout_that_is_judged_loosens_no_gate() {
    let desk = Desk::new();
    for (folder, id) in [("head/earlier", "2026-11-29-1"), ("head/run", "2026-11-30-1")] {
        let mut record = go_api();
        id.clone_into(&mut record.run.run_id);
        let mut store = Store::create(&desk.path(folder)).expect("the folder is new");
        record.trials.iter().for_each(|outcome| store.append(outcome).expect("it is believable"));
        store.finish(&record.run).expect("run.json is written");
    }
    desk.write("head/loadline.toml", "[check]\nbaseline = \"earlier\"\n");
    let program = crate::cli::BINARY;
    let by_hand = |more: &[&str]| {
        let ran = std::process::Command::new(program).args(["check", "run"]).args(more).current_dir(desk.path("head")).output();
        ran.expect("the program starts").status.code()
    };
    assert_eq!(by_hand(&[]), Some(3), "the file counts: with a baseline there is something to hold the run to");
    assert_eq!(by_hand(&["--no-config"]), Some(2), "there is nothing that it could be held to");
    let ran = desk.run("check.sh", &[("LOADLINE", program), ("RUN", "head/run"), ("OUT", "out"), ("CHECK_ROOT", "head")], &[]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("the run was measured without budgets") && !ran.err.contains("loadline.toml gives"), "{}", ran.err);
    desk.write("head/loadline.toml", "no TOML\n");
    let ran = desk.run("merge.sh", &[("LOADLINE", program), ("PARTS", "head"), ("OUT", "whole")], &[]);
    assert!(!ran.err.contains("loadline.toml"), "{}", ran.err);
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
    let ran = desk.run("install.sh", &[("LOADLINE", "loadline")], &[]);
    assert_eq!((ran.code, ran.out), (Some(0), format!("{}\n", desk.path("bin/loadline").canonicalize().expect("it is there").display())));
}

#[test]
fn a_program_that_is_not_there_or_does_not_run_is_none() {
    let desk = Desk::new();
    assert_eq!(desk.run("install.sh", &[("LOADLINE", "no-such-program")], &[]).code, Some(2));
    std::fs::rename(desk.path("bin/loadline"), desk.path("bin/elsewhere")).expect("a new name");
    // A function of the scripts has this name.
    let ran = desk.run("install.sh", &[("LOADLINE", "loadline")], &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("there is no program loadline"), "{}", ran.err);
    assert_eq!(desk.run("install.sh", &[("LOADLINE", "false")], &[]).code, Some(2));
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

#[test]
fn the_pull_request_that_adds_the_first_scenarios_ends_well_with_all_its_files() {
    let desk = checkouts();
    std::fs::remove_dir_all(desk.path("base/scenarios")).expect("it was there");
    let ran = measured(&desk, &[("LOADLINE_NO_BUDGETS", "1"), ("NUMBER", "7"), ("GITHUB_OUTPUT", "outputs")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(desk.read("out/number"), "7\n");
    assert!(desk.read("out/comment.md").starts_with("<!-- loadline -->\n## loadline: nothing was checked\n"));
    assert!(desk.read("out/junit.xml").contains("<skipped message=\"the run has no budgets"), "{}", desk.read("out/junit.xml"));
    let cases = quick_junit::Report::deserialize_from_str(&desk.read("out/junit.xml")).expect("JUnit").tests;
    assert_eq!(cases, 1);
    for (file, text) in
        [("code-quality.json", "[]\n"), ("smaller-is-better.json", "[]\n"), ("bmf.json", "{}\n"), ("metrics.txt", "# EOF\n")]
    {
        assert_eq!(desk.read(&format!("out/{file}")), text);
    }
    assert!(desk.read("outputs").contains("\nverdict=nothing-checked\n"), "{}", desk.read("outputs"));
}

#[test]
fn where_an_earlier_run_could_be_a_run_without_budgets_ends_with_2_and_says_so_in_its_files() {
    let desk = checkouts();
    let ran = measured(&desk, &[("BASELINE_ROOT", ""), ("LOADLINE_NO_BUDGETS", "1"), ("NUMBER", "7")]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(desk.read("out/junit.xml").contains("<skipped") && desk.read("out/number") == "7\n");
}

#[test]
fn a_path_that_leads_nowhere_is_a_mistake_and_no_verdict() {
    for (name, script) in [
        ("ROOT", "measure.sh"),
        ("BASELINE_ROOT", "measure.sh"),
        ("BASELINE", "measure.sh"),
        ("RUN", "check.sh"),
        ("BASELINE", "check.sh"),
        ("CHECK_ROOT", "check.sh"),
    ] {
        let desk = checkouts();
        let ran = desk.run(script, &[("ROOT", "head"), ("RUN", "head"), ("OUT", "out"), (name, "nope")], &[]);
        assert_eq!(ran.code, Some(2), "{script}, {name}: {}", ran.err);
        assert!(ran.err.contains(&format!("the variable {name} is 'nope', and there is no such folder")), "{}", ran.err);
        assert_eq!(desk.calls(), "", "{script}, {name}: something was measured");
    }
}

#[test]
fn a_step_that_fails_with_1_is_no_limit_that_is_exceeded() {
    let desk = checkouts();
    desk.write("file", "");
    let ran = desk.run("check.sh", &[("RUN", "head"), ("OUT", "file/out")], &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("could not be gone on with at line"), "{}", ran.err);
}

/// A clone of `remote` without history, whose first commit has one scenario and whose second has two; the hash of the first.
fn shallow() -> (Desk, String) {
    let desk = Desk::new();
    desk.write("remote/scenarios/x/scenario.toml", "");
    desk.git("remote", &["init", "--quiet", "--initial-branch=main", "."]);
    desk.git("remote", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    desk.git("remote", &["add", "."]);
    desk.git("remote", &["commit", "--quiet", "--message", "One"]);
    let first = desk.git("remote", &["rev-parse", "HEAD"]).trim().to_owned();
    desk.write("remote/more/y/scenario.toml", "");
    desk.git("remote", &["add", "."]);
    desk.git("remote", &["commit", "--quiet", "--message", "Two"]);
    let url = format!("file://{}", desk.path("remote").display());
    desk.git(".", &["clone", "--quiet", "--depth=1", &url, "head"]);
    (desk, first)
}

#[test]
fn the_commit_to_compare_with_is_fetched_measured_beside_the_clone_and_gone_afterwards() {
    let (desk, first) = shallow();
    let ran = measured(&desk, &[("BASELINE_ROOT", ""), ("BASELINE_COMMIT", &first), ("LOADLINE_CHECK_CODE", "1")]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let calls = desk.calls();
    let calls: Vec<&str> = calls.lines().collect();
    // A run's folder is its name in histories when it begins.
    let named = |commit: &str| regex::Regex::new(&format!(r"--out DESK/out/\d{{4}}-\d\d-\d\d-{} --", &commit[..8])).expect("a pattern");
    let head = desk.git("head", &["rev-parse", "HEAD"]);
    assert!(calls[0].starts_with("baseline: loadline run") && named(&first).is_match(calls[0]), "{}", calls[0]);
    assert!(calls[1].starts_with("head: loadline run") && named(&head).is_match(calls[1]), "{}", calls[1]);
    assert!(desk.path("out/run/run.json").is_file() && desk.path("out/baseline/run.json").is_file());
    assert_eq!(
        calls[2],
        "baseline: loadline check --no-config DESK/out/run --baseline DESK/out/baseline --budgets scenarios --format junit"
    );
    assert_eq!(desk.git("head", &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_commit_that_is_none_or_cannot_be_had_is_said_and_zeros_are_no_commit() {
    let (desk, _) = shallow();
    let with = |commit: &str| measured(&desk, &[("BASELINE_ROOT", ""), ("BASELINE_COMMIT", commit)]);
    for (commit, says) in [("main", "is no whole hash"), ("--help", "is no whole hash"), (&"1".repeat(40), "could not be fetched")] {
        let ran = with(commit);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    assert_eq!(desk.calls(), "");
    assert_eq!(with(&"0".repeat(40)).code, Some(0));
    assert!(!desk.calls().contains("baseline"), "{}", desk.calls());
}
