//! The record room.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use loadline::measure::{Measure, Unit};
use loadline::record::{FormatVersion, Record, RecordError, Status, Store, TrialOutcome, git_state, run_schema, trial_schema};
use proptest::prelude::*;

use crate::support::records::{change, failed, go_api, measured};
use crate::support::{chain, checked_in};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes `record` the way a run does.
fn write(record: &Record, folder: &Path) {
    let mut store = Store::create(folder).expect("the folder is empty");
    store.write_run(&record.run).expect("run.json is written");
    for outcome in &record.trials {
        store.append(outcome).expect("the outcome is believable");
    }
    store.finish(&record.run).expect("run.json is written");
}

/// A written record with `text` behind the last line of `trials.jsonl`.
fn with_tail(text: &[u8]) -> tempfile::TempDir {
    let folder = folder();
    write(&go_api(), folder.path());
    let mut file = fs::OpenOptions::new().append(true).open(folder.path().join("trials.jsonl")).expect("trials.jsonl opens");
    file.write_all(text).expect("the tail is written");
    folder
}

/// A written record with `from` replaced by `to` in one of its files.
fn edited(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let folder = folder();
    write(&go_api(), folder.path());
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).expect("the file is text");
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replacen(from, to, 1)).expect("the file is written");
    folder
}

fn refusal(folder: &Path) -> String {
    chain(&Record::read(folder).expect_err("the record is refused"))
}

#[test]
fn a_command_line_is_shown_without_where_the_program_and_the_record_lay() {
    let shown = |words: &[&str]| {
        let mut receipt = go_api().run.receipt;
        receipt.command = words.iter().map(|word| (*word).to_owned()).collect();
        receipt.command_line()
    };
    assert_eq!(shown(&["/opt/bin/loadline", "run", "go-api", "--out", "/tmp/x y", "--trials", "3"]), "loadline run go-api --trials 3");
    assert_eq!(shown(&["loadline", "run", "--out=x", "--results=y", "--link=lan"]), "loadline run --link=lan");
    assert_eq!(shown(&["loadline", "run", "--results", "y", "--", "--out", "z"]), "loadline run -- --out z");
    assert_eq!(shown(&["loadline", "run", "--out"]), "loadline run");
    assert_eq!(shown(&["loadline", "run", "--out=", "x"]), "loadline run x");
}

#[test]
fn a_written_record_reads_back_equal() {
    let folder = folder();
    write(&go_api(), folder.path());
    assert_eq!(Record::read(folder.path()).expect("it reads"), go_api());
}

#[test]
fn a_record_is_readable_at_every_moment_of_a_run() {
    let folder = folder();
    let record = go_api();
    let mut store = Store::create(folder.path()).expect("the folder is empty");
    store.write_run(&record.run).expect("run.json is written");
    for (index, outcome) in record.trials.iter().enumerate() {
        assert_eq!(Record::read(folder.path()).expect("it reads").trials, record.trials[..index]);
        store.append(outcome).expect("the outcome is believable");
    }
}

#[test]
fn a_run_takes_a_new_or_an_empty_folder_and_no_other() {
    let folder = folder();
    let deep = folder.path().join("a/b/c");
    assert_eq!(Store::create(&deep).expect("a new folder").folder(), deep);
    assert!(matches!(Store::create(&deep), Err(RecordError::NotEmpty { .. })), "the folder is taken");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    assert!(matches!(Store::create(&file), Err(RecordError::NotAFolder { .. })));
}

#[test]
fn no_file_but_the_records_own_is_left_in_the_folder() {
    let folder = folder();
    write(&go_api(), folder.path());
    let mut names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["log", "run.json", "trials.jsonl"]);
}

#[test]
fn runs_that_start_at_once_get_a_folder_each() {
    let folder = folder();
    let date = jiff::civil::date(2026, 11, 30);
    let results = folder.path().join("results");
    let allocate = || Store::allocate(&results, date).expect("a free name").run_id();
    let mut names: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(allocate)).collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    names.sort();
    assert_eq!(names, (1..=8).map(|n| format!("2026-11-30-{n}")).collect::<Vec<_>>());
}

#[test]
fn the_logs_of_a_block_are_one_file_and_those_of_similar_names_two() {
    let folder = folder();
    let store = Store::create(folder.path()).expect("the folder is empty");
    let trial = |scenario: &str, variant: &str| failed(scenario, variant, Status::Interrupted).trial;
    for text in ["first\n", "second\n"] {
        store.log(&trial("a-b", "c")).expect("a log").write_all(text.as_bytes()).expect("a line");
    }
    let name = Store::log_name(&trial("a-b", "c"));
    assert_eq!(name, "log/a-b--c--1.log");
    assert_eq!(fs::read_to_string(folder.path().join(name)).expect("the log"), "first\nsecond\n");
    assert_ne!(Store::log_name(&trial("a-b", "c")), Store::log_name(&trial("a", "b-c")));
}

#[test]
fn a_log_stays_in_its_folder_whatever_the_names_are() {
    let name = Store::log_name(&failed("../../etc", "/passwd", Status::Interrupted).trial);
    assert_eq!(name, "log/_.._.._etc--_passwd--1.log");
    assert_eq!(name.matches('/').count(), 1);
}

#[test]
fn an_outcome_that_a_reader_would_refuse_is_not_written() {
    let folder = folder();
    let mut store = Store::create(folder.path()).expect("the folder is empty");
    let mut outcome = go_api().trials[0].clone();
    outcome.observations[0].value = f64::NAN;
    assert!(matches!(store.append(&outcome), Err(RecordError::BadOutcome { .. })));
    let mut run = go_api().run;
    run.overhead.measured = f64::NAN;
    assert!(matches!(store.write_run(&run), Err(RecordError::BadRun { .. })));
    assert_eq!(fs::metadata(folder.path().join("trials.jsonl")).expect("the file").len(), 0);
}

#[test]
fn a_torn_last_line_is_left_out_with_a_warning() {
    let record = Record::read(with_tail(br#"{"trial":{"scenario":"go-api","#).path()).expect("it reads");
    assert_eq!(record.trials, go_api().trials);
    assert_eq!(record.warnings.len(), 1);
    assert!(record.warnings[0].message.contains("line 9"), "{:?}", record.warnings);
}

#[test]
fn zeros_that_a_power_cut_left_are_a_torn_line() {
    assert_eq!(Record::read(with_tail(&[0; 4096]).path()).expect("it reads").trials, go_api().trials);
}

#[test]
fn a_broken_line_in_the_middle_is_an_error_with_its_number() {
    let folder = with_tail(b"{\"trial\":{\"scen\n{}\n");
    assert!(matches!(Record::read(folder.path()), Err(RecordError::BadLine { line: 9, .. })));
    assert!(refusal(folder.path()).contains("line 9"));
}

#[test]
fn a_folder_without_a_record_says_so() {
    let folder = folder();
    insta::assert_snapshot!(refusal(folder.path()).replace(&folder.path().display().to_string(), "DIR"),
        @"DIR is not a run's folder: it has no run.json; name the folder that a run wrote");
    assert!(matches!(Record::read(Path::new("/no/such/run")), Err(RecordError::NotARun { .. })));
    assert!(matches!(Record::read(Path::new("/proc/version")), Err(RecordError::NotARun { .. })));
}

#[test]
fn a_run_without_its_trials_is_told_that_they_are_not_there() {
    let folder = folder();
    write(&go_api(), folder.path());
    fs::remove_file(folder.path().join("trials.jsonl")).expect("it was there");
    let refusal = refusal(folder.path());
    assert!(refusal.contains("trials.jsonl; it is not there: correct the path, or restore the file"), "{refusal}");
}

#[test]
fn a_newer_major_version_is_refused_with_both_versions() {
    let folder = folder();
    fs::write(folder.path().join("run.json"), r#"{"format_version":{"major":2,"minor":7},"all":"new"}"#).expect("a file");
    insta::assert_snapshot!(refusal(folder.path()).replace(&folder.path().display().to_string(), "DIR"),
        @"DIR/run.json has format 2.7, and this version of loadline reads up to 1.5; use a newer loadline");
}

#[test]
fn a_newer_minor_version_with_fields_unknown_here_is_read() {
    let folder = edited("run.json", "\"minor\": 5\n  },", "\"minor\": 9\n  },\n  \"weather\": \"fine\",");
    let found = Record::read(folder.path()).expect("it reads").run.format_version;
    assert_eq!(found, FormatVersion { major: 1, minor: 9 });
}

#[test]
fn values_that_nothing_can_weigh_or_take_are_refused() {
    let size = "\"value\":303281114,";
    for (from, to, reason) in [
        (size, "\"value\":-1.0,", "-1"),
        (size, "\"value\":303281114.5,", "whole number"),
        (size, "\"value\":1e300,", "whole number"),
        (size, "\"value\":0.0,", "is 0"),
        (size, "\"value\":1e999,", "out of range"),
        (size, "\"value\":null,", "null"),
        (size, "\"value\":303281115.0,", "weighed"),
        ("\"unit\":\"bytes\"", "\"unit\":\"seconds\"", "in seconds"),
        ("\"status\":\"measured\"", "\"status\":\"build-failed\",\"reason\":\"no\"", "has numbers"),
        ("\"status\":\"measured\"", "\"status\":\"perfect\"", "perfect"),
        ("\"measure\":\"layer-transfer-size\",\"definition\":\"D1\"", "\"measure\":\"transfer-size\",\"definition\":\"D2\"", "two values"),
        ("\"variant\":\"single\"", "\"variant\":\"other\"", "not in the plan"),
        ("\"iteration\":1", "\"iteration\":0", "iteration"),
        ("\"iteration\":1", "\"iteration\":2", "twice"),
    ] {
        let refusal = refusal(edited("trials.jsonl", from, to).path());
        assert!(refusal.contains(reason), "{to}: {refusal}");
        assert!(refusal.contains("line "), "{to}: {refusal}");
    }
}

#[test]
fn a_links_figures_are_read_and_refused_where_the_last_byte_comes_before_the_first() {
    let with_last = |last: f64| {
        let link = format!("\"link\":{{\"first_byte\":0.5,\"last_byte\":{last},\"bytes_up\":7,\"bytes_down\":8,\"connections\":2}}");
        edited("trials.jsonl", "\"manifest_bytes\":1361,", &format!("\"manifest_bytes\":1361,{link},"))
    };
    let record = Record::read(with_last(1.25).path()).expect("it reads");
    let link = record.trials[0].push.as_ref().and_then(|push| push.link).expect("the push has a link");
    assert_eq!((link.seconds().to_bits(), link.bytes_up, link.bytes_down), (0.75_f64.to_bits(), 7, 8));
    assert_eq!(record.trials[0].pull.as_ref().and_then(|pull| pull.link), None);
    assert!(refusal(with_last(0.25).path()).contains("a push or a pull has a time of -0.25 s, which nothing takes"));
}

#[test]
fn a_run_file_that_contradicts_itself_is_refused() {
    let twice = edited("run.json", "\"variant\": \"multi\"", "\"variant\": \"single\"");
    assert!(refusal(twice.path()).contains("go-api/single is in the plan twice"));
    let negative = edited("run.json", "\"wall\": 245.0", "\"wall\": -245.0");
    assert!(refusal(negative.path()).contains("nothing takes"));
}

#[test]
fn a_missing_trials_file_is_an_error_that_names_it() {
    let folder = folder();
    write(&go_api(), folder.path());
    fs::remove_file(folder.path().join("trials.jsonl")).expect("the file is removed");
    assert!(refusal(folder.path()).contains("trials.jsonl"));
}

#[test]
fn series_leave_out_warm_ups_and_trials_without_an_image() {
    let mut record = go_api();
    let multi = |o: &&mut TrialOutcome| o.trial.variant == "multi";
    record.trials.iter_mut().find(multi).expect("a trial").trial.warmup = true;
    let series = record.series();
    let sample = |variant: &str| {
        let found = series.iter().find(|s| s.key.variant == variant && s.key.measure == Measure::PullTime);
        found.map(|s| s.sample.clone())
    };
    assert_eq!(sample("single"), Some(vec![5.25, 5.0, 4.75]));
    assert_eq!(sample("multi"), Some(vec![0.25, 0.375]));
    assert_eq!(sample("broken"), None);
}

#[test]
fn series_come_in_the_order_of_the_plan_and_a_phase_is_a_series_of_its_own() {
    let series = go_api().series();
    assert_eq!(series[0].key.variant, "single");
    let builds: Vec<_> = series.iter().filter(|s| s.key.measure == Measure::BuildTime && s.key.variant == "multi").collect();
    assert_eq!(builds.iter().map(|s| s.key.phase.as_deref()).collect::<Vec<_>>(), [None, Some("context-upload")]);
}

#[test]
fn the_schemas_checked_in_are_those_of_the_types() {
    checked_in("schemas/run.schema.json", &pretty(&run_schema()));
    checked_in("schemas/trial.schema.json", &pretty(&trial_schema()));
}

fn pretty(schema: &schemars::Schema) -> String {
    serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n"
}

#[test]
fn a_record_has_every_field_that_its_schema_requires() {
    let record = go_api();
    holds_required(&run_schema(), &serde_json::to_value(&record.run).expect("JSON"));
    for outcome in &record.trials {
        holds_required(&trial_schema(), &serde_json::to_value(outcome).expect("JSON"));
    }
}

fn holds_required(schema: &schemars::Schema, value: &serde_json::Value) {
    let required = schema.get("required").and_then(|r| r.as_array()).expect("a schema of an object");
    assert!(!required.is_empty());
    for field in required {
        assert!(value.get(field.as_str().expect("a name")).is_some(), "{field} is missing");
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().expect("git runs").status;
    assert!(status.success(), "git {arguments:?}");
}

#[test]
fn a_folder_under_git_has_a_commit_and_is_dirty_when_changed() {
    let folder = folder();
    assert_eq!(git_state(folder.path()), None);
    git(folder.path(), &["init", "-q"]);
    assert_eq!(git_state(folder.path()), None, "there is no commit yet");
    let scenarios = folder.path().join("scenarios");
    fs::create_dir(&scenarios).expect("a folder");
    fs::write(scenarios.join("Dockerfile"), "FROM scratch\n").expect("a file");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "Add"]);
    let clean = git_state(&scenarios).expect("a commit");
    assert!(clean.commit.len() >= 40 && !clean.dirty, "{clean:?}");
    fs::write(folder.path().join("elsewhere"), "").expect("a file");
    assert!(!git_state(&scenarios).expect("a commit").dirty, "a change outside the folder is none of it");
    fs::write(scenarios.join("new"), "").expect("a file");
    assert!(git_state(&scenarios).expect("a commit").dirty);
}

#[test]
fn looking_at_a_repository_runs_no_program_that_it_names() {
    let folder = folder();
    let trace = folder.path().join("trace");
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "Start"]);
    git(folder.path(), &["config", "core.fsmonitor", &format!("touch {}; false", trace.display())]);
    git_state(folder.path()).expect("a commit");
    assert!(!trace.exists());
}

#[test]
fn a_record_in_memory_is_held_to_the_rules_of_one_on_disk() {
    let mut record = go_api();
    change(&mut record, "multi", Measure::TransferSize, |v| v + 0.5);
    assert!(Record::new(record.run, record.trials).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_time_is_read_back_to_the_last_bit(seconds in 1e-9_f64..1e6) {
        let mut record = go_api();
        change(&mut record, "multi", Measure::BuildTime, |_| seconds);
        let folder = folder();
        write(&record, folder.path());
        prop_assert_eq!(Record::read(folder.path()).expect("it reads"), record);
    }

    #[test]
    fn a_record_cut_anywhere_is_read_up_to_the_cut(cut in 0.0_f64..1.0) {
        let folder = folder();
        write(&go_api(), folder.path());
        let path = folder.path().join("trials.jsonl");
        let bytes = fs::read(&path).expect("the file");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length fits one")]
        let length = (bytes.len() as f64 * cut) as usize;
        fs::write(&path, &bytes[..length]).expect("the file");
        let record = Record::read(folder.path()).expect("a cut record reads");
        let whole = bytes[..length].split(|b| *b == b'\n').count() - 1;
        // A line that lacks its line break alone is whole.
        prop_assert!((whole..=whole + 1).contains(&record.trials.len()));
        prop_assert_eq!(&record.trials[..], &go_api().trials[..record.trials.len()]);
    }

    #[test]
    fn no_line_of_any_bytes_makes_the_reader_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::read(with_tail(&tail).path());
    }
}

#[test]
fn units_other_than_the_measures_own_are_refused() {
    let mut outcome = measured("go-api", "single", 1, crate::support::records::SMALL);
    let count = outcome.observations.iter_mut().find(|o| o.measure == Measure::LayerCount).expect("layers are counted");
    count.unit = Unit::Bytes;
    assert!(Record::new(go_api().run, vec![outcome]).is_err());
}
