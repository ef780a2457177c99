//! `history add` and `trend`: from run folders to what changed.

use loadline::measure::Measure;
use loadline::record::{Record, Store};

use super::Desk;
use crate::support::records::{change, go_api};

fn store(desk: &Desk, n: u32, size: f64) {
    let mut record: Record = go_api();
    record.run.run_id = format!("run-{n}");
    record.run.started = format!("2026-01-{:02}T12:00:00Z", n + 1).parse().expect("a time");
    change(&mut record, "multi", Measure::TransferSize, |_| size);
    let mut store = Store::create(&desk.path().join(format!("results/run-{n}"))).expect("the folder is new");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    store.finish(&record.run).expect("run.json is written");
}

/// A desk with three runs below `results`, the last with a larger image.
fn measured() -> Desk {
    let desk = Desk::new();
    for (n, size) in [(0, 7e6), (1, 7e6), (2, 8e6)] {
        store(&desk, n, size);
    }
    desk
}

#[test]
fn runs_are_added_once_and_their_trend_is_that_of_the_folders() {
    let desk = measured();
    let add = ["history", "add", "history.jsonl", "results/run-0", "results/run-1", "results/run-2"];
    insta::assert_snapshot!("history_added", desk.run(&add).data());
    insta::assert_snapshot!("history_added_again", desk.run(&add).data());
    let text = desk.run(&["trend", "history.jsonl"]).data();
    insta::assert_snapshot!("trend_of_three_runs", text);
    assert_eq!(desk.run(&["trend"]).data(), text, "the folder of results is the default");
    assert_eq!(desk.run(&["trend", "history.jsonl", "results", "--format", "text"]).data(), text);
}

#[test]
fn every_format_is_printed_and_all_tells_of_calm_series_too() {
    let desk = measured();
    let printed = |more: &[&str]| desk.run(&[&["trend", "results"], more].concat()).data();
    assert!(printed(&["--format", "markdown"]).contains("| series |"));
    assert!(printed(&["--format", "csv"]).starts_with("scenario,variant,measure"));
    let json: serde_json::Value = serde_json::from_str(&printed(&["--format", "json"])).expect("JSON");
    assert_eq!((json["runs"].as_u64(), json["series"].as_array().map(Vec::len)), (Some(3), Some(1)), "{json}");
    let all: serde_json::Value = serde_json::from_str(&printed(&["--format", "json", "--all"])).expect("JSON");
    assert!(all["series"].as_array().is_some_and(|series| series.len() > 20) && all["calm"] == 0, "{all}");
    let limited = printed(&["--limit", "transfer-size=7.5MB", "--variant", "go-*/multi"]);
    assert!(limited.contains("limit 7.5 MB: reached"), "{limited}");
    let beside = printed(&["--baseline", "window:2"]);
    assert!(beside.contains("beside the median of the 2 runs before"), "{beside}");
}

#[test]
fn a_measure_has_one_limit() {
    let desk = measured();
    let limits = ["--limit", "transfer-size=7.5MB", "--limit", "layer-count=12", "--limit", "transfer-size=9MB"];
    let text = desk.run(&[&["trend", "results"], &limits[..]].concat()).refusal(2);
    assert_eq!(text, "error: --limit says twice what transfer-size may be; give each measure one limit\n");
    desk.run(&[&["trend", "results"], &limits[..4]].concat()).data();
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let desk = measured();
    assert!(desk.run(&["trend", "results", "--variant", "tiny"]).refusal(2).contains("it has go-api/multi, go-api/single"));
    assert!(desk.run(&["trend", "results", "--baseline", "last-release"]).refusal(2).contains("is in no git repository"));
    let made = std::process::Command::new("git").args(["init", "--quiet", "."]).current_dir(desk.path()).status();
    assert!(made.is_ok_and(|status| status.success()));
    assert!(desk.run(&["trend", "results", "--baseline", "last-release"]).refusal(2).contains("git knows no tag"));
    assert!(desk.run(&["trend", "results", "--measure", "size"]).refusal(2).contains("take one of transfer-size"));
    assert!(desk.run(&["trend", "results", "--measure", "D2"]).refusal(2).contains("did you mean transfer-size?"));
    assert!(desk.run(&["trend", "nowhere"]).refusal(5).contains("nowhere"));
    desk.write("history.jsonl", "{}\n");
    assert!(desk.run(&["trend", "history.jsonl"]).refusal(5).contains("history.jsonl:1: is no line of a history"));
    assert!(desk.run(&["history", "add", "history.jsonl", "results"]).refusal(5).contains("run.json"));
}

#[test]
fn a_limit_that_no_series_is_held_to_is_told() {
    let desk = measured();
    let ran = desk.run(&["trend", "results", "--limit", "build-download=1MB"]);
    assert_eq!(ran.code, Some(0));
    let told = "warning: --limit build-download is held against nothing: no series that was asked for is of build-download\n";
    assert!(ran.err.contains(told), "{}", ran.err);
}

#[test]
fn a_run_that_lacks_trials_which_it_had_is_added_to_no_history() {
    let desk = measured();
    let trials = desk.path().join("results/run-1/trials.jsonl");
    let whole = std::fs::read_to_string(&trials).expect("it is there");
    let shorter: String = whole.split_inclusive('\n').filter(|line| !line.contains("\"variant\":\"multi\"")).collect();
    for (damaged, says) in
        [(&whole[..whole.len() - 9], "ends within line"), (shorter.as_str(), "go-api/multi: 0 of 3 trials have an outcome")]
    {
        std::fs::write(&trials, damaged).expect("it is written");
        let text = desk.run(&["history", "add", "h", "results/run-0", "results/run-1"]).refusal(5);
        assert!(text.contains("the run in results/run-1 came to its end and its record lacks trials (") && text.contains(says), "{text}");
        assert!(!desk.path().join("h").exists(), "nothing is made");
    }
}

#[test]
fn a_folder_that_lost_a_part_of_its_record_is_told_beside_others_and_refused_alone() {
    let desk = measured();
    std::fs::remove_file(desk.path().join("results/run-1/trials.jsonl")).expect("it is there");
    let ran = desk.run(&["trend", "results"]);
    let told = "warning: results/run-1: left out: of run.json and trials.jsonl one is not there; restore it, or remove the folder\n";
    assert!(ran.code == Some(0) && ran.err.contains(told), "{ran:?}");
    let text = desk.run(&["trend", "results/run-1"]).refusal(5);
    assert!(text.contains("results/run-1/trials.jsonl"), "{text}");
}

#[test]
fn a_file_of_a_record_leads_to_its_folder() {
    let desk = measured();
    for arguments in [&["trend", "results/run-1/run.json"][..], &["history", "add", "results/run-1/run.json", "results/run-0"]] {
        let text = desk.run(arguments).refusal(5);
        assert_eq!(text, "error: results/run-1/run.json is part of a run's record, and no history; name its folder: results/run-1\n");
    }
}

#[test]
fn runs_are_added_to_a_file_alone_and_a_pipe_is_not_waited_for() {
    let desk = measured();
    let pipe = desk.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    for place in ["pipe", "results"] {
        let text = desk.run(&["history", "add", place, "results/run-0"]).refusal(5);
        assert!(text.contains(" is no regular file, and a history is one; name a file such as results/history.jsonl"), "{text}");
    }
    let text = desk.run(&["history", "add", "nowhere/h", "results/run-0"]).refusal(5);
    assert_eq!(text, "error: nowhere/h cannot be made: there is no folder nowhere; make it, or name another place\n");
}

#[test]
fn a_torn_history_is_read_with_a_warning() {
    let desk = measured();
    desk.run(&["history", "add", "h", "results/run-0", "results/run-2"]).data();
    let path = desk.path().join("h");
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, &text[..text.len() - 20]).expect("it is cut");
    let ran = desk.run(&["trend", "h"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.starts_with("warning: h:") && ran.err.contains("was cut off"), "{}", ran.err);
}

#[test]
fn a_file_that_is_no_history_is_refused_and_stays_as_it_is() {
    let desk = measured();
    for text in [
        "{\"name\":\"x\",\"version\":\"1\"}",
        "shopping: bread",
        ">>>>>>> theirs",
        "{\"series\":{\"run\":\"0\",\"measure\":\"sbom-size\"}}",
    ] {
        desk.write("other", text);
        desk.run(&["history", "add", "other", "results/run-0"]).refusal(5);
        assert_eq!(std::fs::read_to_string(desk.path().join("other")).expect("it is there"), text);
    }
}

#[test]
fn a_baseline_that_no_run_is_ends_with_a_word_and_not_with_calm() {
    let desk = measured();
    assert!(desk.run(&["trend", "--baseline", "run:typo"]).refusal(5).contains("there is no earlier run typo"));
}
