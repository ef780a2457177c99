//! The file of a history: what is added to it, what is read back, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use loadline::measure::Measure;
use loadline::record::{Added, History, HistoryError, Record, RunState, Store, append_to_history};
use proptest::prelude::*;

use super::run;
use crate::support::chain;
use crate::support::records::change;

fn store(record: &Record, folder: &Path) {
    let mut store = Store::create(folder).expect("the folder is new");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
    store.finish(&record.run).expect("run.json is written");
}

/// A folder with `runs` runs, and the path of a history in it.
fn stored(runs: u32) -> (tempfile::TempDir, Vec<PathBuf>, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let runs: Vec<PathBuf> = (0..runs).map(|n| folder.path().join(format!("run-{n}"))).collect();
    for (n, path) in (0..).zip(&runs) {
        store(&run(n), path);
    }
    let history = folder.path().join("history.jsonl");
    (folder, runs, history)
}

fn refusal(paths: &[PathBuf]) -> String {
    chain(&History::read(paths).expect_err("it is refused"))
}

#[test]
fn a_history_says_what_the_folders_say_and_a_run_is_there_once() {
    let (folder, runs, path) = stored(3);
    let from_folders = History::read(&runs).expect("it reads");
    let added = append_to_history(&path, &runs[..2], |_| None).expect("it is added");
    assert!(added.iter().all(|a| matches!(a, Added::New { series, .. } if *series > 20)), "{added:?}");
    let again = append_to_history(&path, &runs, |_| None).expect("it is added");
    assert!(matches!(&again[..], [Added::Known { .. }, Added::Known { run_id }, Added::New { .. }] if run_id == "run-1"), "{again:?}");
    assert_eq!(History::read(std::slice::from_ref(&path)).expect("it reads"), from_folders);
    assert_eq!(History::read(&[folder.path().to_owned(), path]).expect("it reads"), from_folders, "mixed, and all of it twice");
    assert_eq!(from_folders.runs.iter().map(|r| r.run_id.as_str()).collect::<Vec<_>>(), ["run-0", "run-1", "run-2"]);
}

#[test]
fn lines_in_any_order_and_twice_are_the_same_history() {
    let (_folder, runs, path) = stored(2);
    append_to_history(&path, &runs, |_| None).expect("it is added");
    let text = fs::read_to_string(&path).expect("text");
    let whole = History::from_lines(&path, text.as_bytes()).expect("it reads");
    let mut lines: Vec<&str> = text.lines().chain(text.lines().take(7)).collect();
    lines.reverse();
    assert_eq!(History::from_lines(&path, lines.join("\n").as_bytes()).expect("it reads"), whole);
}

#[test]
fn of_a_run_that_two_versions_describe_the_later_one_counts_in_any_order() {
    let (_folder, runs, path) = stored(1);
    append_to_history(&path, &runs, |_| None).expect("it is added");
    let text = fs::read_to_string(&path).expect("text");
    let (first, rest) = text.split_once('\n').expect("lines");
    let later = first.replacen("\"minor\":0", "\"minor\":7", 1).replacen("\"tool_version\":\"0.1.0\"", "\"tool_version\":\"9\"", 1);
    let read = |lines: [&str; 3]| History::from_lines(Path::new("h"), lines.join("\n").as_bytes());
    let [one, two] = [[first, &later, rest], [&later, first, rest]].map(|lines| read(lines).expect("it reads"));
    assert_eq!((&one, one.runs[0].tool_version.as_str()), (&two, "9"));
    let other = first.replacen("\"tool_version\":\"0.1.0\"", "\"tool_version\":\"8\"", 1);
    for lines in [[first, &later, &other], [first, &other, &later], [&later, first, &other]] {
        assert!(read(lines).is_err(), "two lines of one version contradict each other");
    }
}

#[test]
fn a_torn_last_line_is_left_out_with_a_warning_and_completed_by_adding_again() {
    let (_folder, runs, path) = stored(2);
    append_to_history(&path, &runs, |_| None).expect("it is added");
    let whole = fs::read(&path).expect("bytes");
    fs::write(&path, &whole[..whole.len() - 9]).expect("it is cut");
    let torn = History::read(std::slice::from_ref(&path)).expect("it reads");
    let last = String::from_utf8_lossy(&whole).lines().count();
    assert!(torn.warnings[0].message.contains(&format!("history.jsonl:{last}: the last line was cut off")), "{:?}", torn.warnings);
    let added = append_to_history(&path, &runs, |_| None).expect("it is added");
    assert!(matches!(&added[..], [Added::Known { .. }, Added::Completed { series: 1, .. }]), "{added:?}");
    assert_eq!(fs::read(&path).expect("bytes"), whole);
}

#[test]
fn broken_lines_are_told_at_once_with_their_places_and_nothing_is_added() {
    let (_folder, runs, path) = stored(1);
    append_to_history(&path, &runs, |_| None).expect("it is added");
    let text = fs::read_to_string(&path).expect("text");
    let damaged = format!("not json\n<<<<<<< ours\n{}", text.replace("\"values\":[12102656", "\"values\":[-1"));
    fs::write(&path, &damaged).expect("it is written");
    let refusal = refusal(std::slice::from_ref(&path));
    for told in ["history.jsonl:1: is no line", "history.jsonl:2: git left a conflict", "uncompressed-size is -1"] {
        assert!(refusal.contains(told), "{told} in {refusal}");
    }
    assert!(matches!(append_to_history(&path, &runs, |_| None), Err(HistoryError::Broken { .. })));
    assert_eq!(fs::read_to_string(&path).expect("text"), damaged);
}

#[test]
fn a_contradiction_an_orphan_and_a_newer_format_are_refused() {
    let (_folder, runs, path) = stored(1);
    append_to_history(&path, &runs, |_| None).expect("it is added");
    let text = fs::read_to_string(&path).expect("text");
    let (first, rest) = text.split_once('\n').expect("lines");
    let refused = |text: &str| chain(&History::from_lines(Path::new("h"), text.as_bytes()).expect_err("it is refused"));
    let other = text.replace("\"values\":[6812345", "\"values\":[6812346");
    assert!(refused(&format!("{text}{other}")).contains("other values of the same series and run than h:"));
    assert!(refused(&format!("{text}{}\n", first.replace("run-0", "run-9"))).contains("says something else of run run-9 than h:1"));
    assert!(refused(rest).contains("belongs to a run that no line describes"));
    let newer = text.replacen("{\"major\":1", "{\"major\":2", 1);
    assert!(refused(&newer).contains("format 2.0 is newer"));
}

#[test]
fn a_run_that_has_not_ended_is_not_kept() {
    let (folder, mut runs, path) = stored(1);
    let mut stopped = run(7);
    stopped.run.state = RunState::Interrupted;
    let open = folder.path().join("run-7");
    store(&stopped, &open);
    let history = History::read(&[folder.path().to_owned()]).expect("it reads");
    assert!(history.runs.len() == 1 && history.warnings[0].message.contains("has not come to its end"), "{:?}", history.warnings);
    runs.push(open);
    assert!(matches!(append_to_history(&path, &runs, |_| None), Err(HistoryError::NotEnded { .. })));
    assert!(!path.exists(), "nothing was begun");
}

#[test]
fn a_line_that_could_not_be_read_back_is_not_written() {
    let (folder, mut runs, path) = stored(1);
    append_to_history(&path, &runs, |_| None).expect("it is added");
    let before = fs::read(&path).expect("bytes");
    let mut wide = run(5);
    let base = wide.run.conditions.bases["golang:1.23"].clone();
    wide.run.conditions.bases.extend((0..40_000).map(|n| (format!("registry.example/base-{n}:1"), base.clone())));
    runs.push(folder.path().join("run-5"));
    store(&wide, &runs[1]);
    let refused = append_to_history(&path, &runs, |_| None).expect_err("it is refused");
    assert!(matches!(refused, HistoryError::LongLine { limit: 4_194_304, .. }), "{refused}");
    for told in ["run-5 was not added", "no line of more than 4194304 is read", "measure fewer scenarios"] {
        assert!(refused.to_string().contains(told), "{told} in {refused}");
    }
    assert_eq!(fs::read(&path).expect("bytes"), before, "nothing was added");
    let other = folder.path().join("other.jsonl");
    assert!(append_to_history(&other, &runs[1..], |_| None).is_err() && !other.exists(), "nothing was begun");
    let both = History::read(&[path, runs.remove(1)]).expect("the cure holds");
    assert_eq!(both.runs.len(), 2);
}

#[test]
fn a_place_without_a_run_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(refusal(&[folder.path().to_owned()]).contains("neither a run nor a history"));
    let empty = folder.path().join("history.jsonl");
    fs::write(&empty, "").expect("a file");
    assert!(refusal(&[empty]).contains("there is no run with figures"));
    assert!(refusal(&[folder.path().join("nowhere")]).contains("could not open"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_history_is_read_back_to_the_last_bit_wherever_it_was_cut(seconds in 1e-6_f64..1e5, cut in 0.0_f64..1.0) {
        let mut record = run(1);
        change(&mut record, "multi", Measure::BuildTime, |_| seconds);
        let folder = tempfile::tempdir().expect("a folder");
        let (runs, path) = ([folder.path().join("run-1")], folder.path().join("history.jsonl"));
        store(&record, &runs[0]);
        append_to_history(&path, &runs, |_| None).expect("it is added");
        let history = History::read(std::slice::from_ref(&path)).expect("it reads");
        prop_assert_eq!(&history, &History::of([&record]).expect("a history"));
        let bytes = fs::read(&path).expect("bytes");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length fits one")]
        let length = (bytes.len() as f64 * cut) as usize;
        let part = History::from_lines(&path, &bytes[..length]).expect("a cut history reads");
        prop_assert!(part.runs.len() <= 1 && part.series.iter().all(|(key, points)| history.series[key] == *points));
    }

    #[test]
    fn no_lines_of_any_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = History::from_lines(Path::new("h"), &bytes[..]);
    }
}
