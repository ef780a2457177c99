//! `report`: every format from a record alone.

use loadline::record::{Record, Store};

use super::Desk;
use crate::support::records::go_api;

/// A desk with the record of a run in `run`.
pub(super) fn recorded() -> Desk {
    let desk = Desk::new();
    write(&go_api(), &desk);
    desk
}

fn write(record: &Record, desk: &Desk) {
    let mut store = Store::create(&desk.path().join("run")).expect("the folder is new");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    store.finish(&record.run).expect("run.json is written");
}

#[test]
fn every_format_is_printed_from_the_record_alone() {
    let desk = recorded();
    let printed = |format| desk.run(&["report", "run", "--format", format]).data();
    let terminal = printed("terminal");
    assert_eq!(terminal, desk.run(&["report", "run"]).data(), "it is the default");
    assert!(
        terminal.contains("go-api (go)") && terminal.contains("Wall time 4 min 05 s") && terminal.contains("overhead 13.25 s"),
        "{terminal}"
    );
    let markdown = printed("markdown");
    assert!(markdown.starts_with('#') && markdown.contains("| variant"), "{markdown}");
    let csv = printed("csv");
    assert!(csv.starts_with("run,scenario,variant,kind,measure") && csv.lines().count() > 20, "{csv}");
    let json: serde_json::Value = serde_json::from_str(&printed("json")).expect("JSON");
    assert_eq!(json["run"]["id"], "2026-11-30-1");
}

#[test]
fn the_files_beside_the_record_are_made_again_byte_for_byte() {
    let desk = recorded();
    let files = ["report.md", "observations.csv", "summary.csv", "report.json", "sizes.svg", "times.svg", "layers.svg"];
    let read = |name: &str| std::fs::read(desk.path().join("run").join(name)).expect("the file is there");
    desk.run(&["report", "run"]).data();
    let first: Vec<Vec<u8>> = files.iter().map(|name| read(name)).collect();
    std::fs::write(desk.path().join("run/report.md"), "something else").expect("the file is written");
    desk.run(&["report", "run"]).data();
    assert_eq!(files.iter().map(|name| read(name)).collect::<Vec<_>>(), first);
    assert_eq!(desk.run(&["report", "run", "--format", "csv"]).data().as_bytes(), read("observations.csv"));
}

#[test]
fn a_width_that_columns_asks_for_is_kept() {
    let desk = recorded();
    let output = desk.command(&["report", "run"]).env("COLUMNS", "80").output().expect("the program starts");
    let text = super::ran(&output, desk.path()).data();
    assert!(text.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└'])).all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let desk = Desk::new();
    for missing in ["nowhere", "."] {
        let text = desk.run(&["report", missing]).refusal(5);
        assert!(text.contains("run.json"), "{text}");
    }
}

#[test]
fn a_record_of_a_newer_format_is_refused_with_both_versions() {
    let desk = Desk::new();
    desk.write("run/run.json", r#"{"format_version":{"major":9,"minor":0}}"#);
    insta::assert_snapshot!(desk.run(&["report", "run"]).refusal(5), @"error: run/run.json has format 9.0, and this version of loadline reads up to 1.5; use a newer loadline");
}

#[test]
fn a_damaged_record_is_refused_and_its_folder_left_alone() {
    let desk = recorded();
    let path = desk.path().join("run/trials.jsonl");
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, text.replacen("\"value\":", "\"value\":\"x\",\"was\":", 1)).expect("the file is written");
    let refusal = desk.run(&["report", "run"]).refusal(5);
    assert!(refusal.contains("trials.jsonl"), "{refusal}");
    assert!(!desk.path().join("run/report.md").exists());
}
