//! `history.sh` with a repository and a remote of its own.

use super::desk::{Desk, Ran};

/// A checkout `work` with one commit whose remote is the bare repository `remote`.
fn repository() -> Desk {
    let desk = Desk::new();
    for folder in ["remote", "work"] {
        std::fs::create_dir(desk.path(folder)).expect("a folder");
    }
    desk.git("remote", &["init", "--quiet", "--bare", "."]);
    desk.git("work", &["init", "--quiet", "--initial-branch=main", "."]);
    desk.write("work/app", "1");
    desk.git("work", &["add", "."]);
    desk.git("work", &["commit", "--quiet", "--message", "Begin"]);
    desk.git("work", &["remote", "add", "origin", &desk.path("remote").to_string_lossy()]);
    desk
}

fn history(desk: &Desk, what: &str, variables: &[(&str, &str)]) -> Ran {
    let script = super::desk::root().join("scripts/ci/history.sh");
    // The script works in the checkout, as in CI.
    let line = format!("cd work && exec bash '{}' {what}", script.display());
    desk.write("go.sh", &line);
    let usual = [("HISTORY_BRANCH", "loadline-history")];
    desk.run(&desk.path("go.sh").to_string_lossy(), &[&usual[..], variables].concat(), &[])
}

fn append(desk: &Desk, name: &str, verdict: &str, complete: &str) {
    append_with(desk, name, &[("VERDICT", verdict), ("COMPLETE", complete)]);
}

fn append_with(desk: &Desk, name: &str, outputs: &[(&str, &str)]) {
    desk.write(&format!("work/{name}/run.json"), &format!("{{\"run\":\"{name}\"}}"));
    desk.write(&format!("work/{name}/trials.jsonl"), "");
    desk.write(&format!("work/{name}/report.md"), &format!("# {name}"));
    desk.write(&format!("work/{name}/log/long.txt"), "x");
    let ran = history(desk, "append", &[&[("RUN", name)][..], outputs].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

/// A file of the branch, as the remote has it.
fn kept(desk: &Desk, file: &str) -> String {
    desk.git("remote", &["show", &format!("loadline-history:{file}")])
}

#[test]
fn a_new_history_has_no_baseline_and_a_second_run_has_the_first() {
    let desk = repository();
    let ran = history(&desk, "baseline", &[("OUT", "base")]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    append(&desk, "one", "pass", "true");
    let ran = history(&desk, "baseline", &[("OUT", "base")]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "base\n"), "{}", ran.err);
    assert_eq!(desk.read("work/base/run.json"), "{\"run\":\"one\"}");
    assert_eq!(desk.git("work", &["rev-parse", "--abbrev-ref", "HEAD"]), "main\n");
}

#[test]
fn the_branch_has_history_trend_report_and_nothing_of_the_app() {
    let desk = repository();
    append(&desk, "one", "pass", "true");
    append(&desk, "two", "pass", "true");
    let files = desk.git("remote", &["ls-tree", "-r", "--name-only", "loadline-history"]);
    assert_eq!(files, "README.md\nhistory.jsonl\nlast/run.json\nlast/trials.jsonl\nreport/report.md\n");
    assert_eq!(kept(&desk, "history.jsonl").lines().count(), 2);
    assert_eq!(kept(&desk, "report/report.md"), "# two");
    assert_eq!(desk.git("remote", &["rev-list", "--count", "loadline-history"]), "3\n");
}

#[test]
fn a_growth_that_fails_does_not_become_the_baseline() {
    let desk = repository();
    append(&desk, "one", "pass", "true");
    append(&desk, "two", "fail", "true");
    append(&desk, "three", "incomplete", "false");
    assert_eq!(kept(&desk, "last/run.json"), "{\"run\":\"one\"}");
    append(&desk, "four", "incomplete", "true");
    assert_eq!(kept(&desk, "last/run.json"), "{\"run\":\"four\"}");
    append_with(&desk, "five", &[("VERDICT", "incomplete"), ("COMPLETE", "true"), ("FAILED", "2")]);
    assert_eq!(kept(&desk, "last/run.json"), "{\"run\":\"four\"}", "a limit is exceeded, although another could not be checked");
    assert_eq!(kept(&desk, "history.jsonl").lines().count(), 5);
}

#[test]
fn a_first_run_that_fails_does_not_become_the_baseline_either() {
    let desk = repository();
    append(&desk, "one", "fail", "true");
    append(&desk, "two", "pass", "false");
    assert_eq!(kept(&desk, "history.jsonl").lines().count(), 2);
    let ran = history(&desk, "baseline", &[("OUT", "base")]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    append(&desk, "three", "nothing-checked", "true");
    assert_eq!(kept(&desk, "last/run.json"), "{\"run\":\"three\"}");
}

#[test]
fn a_branch_that_is_no_name_and_a_run_without_a_record_are_refused() {
    let desk = repository();
    assert_eq!(history(&desk, "append", &[("RUN", "nothing")]).code, Some(5));
    assert_eq!(history(&desk, "append", &[("HISTORY_BRANCH", "a..b"), ("RUN", "x")]).code, Some(2));
    assert_eq!(history(&desk, "rewrite", &[]).code, Some(2));
}
