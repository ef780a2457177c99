//! Histories and what is told of them.

use std::fs;
use std::path::{Path, PathBuf};

use loadline::judge::{BaselineChoice, Cause, Forecast, Trend, TrendQuestion, trends};
use loadline::measure::Measure;
use loadline::record::{
    Added, BaseRecord, History, HistoryError, Record, RunState, Store, append_to_history, history_schema, merge_base_line, release_commits,
};
use loadline::report::{Glyphs, TrendReport, trend_csv, trend_json, trend_markdown, trend_schema, trend_terminal};
use proptest::prelude::*;

use crate::support::records::{change, go_api};
use crate::support::{chain, checked_in};

mod causes;

/// Run number `n` of a history, one a day: its own id, start, seed and commit.
fn run(n: u32) -> Record {
    let mut record = go_api();
    record.run.run_id = format!("run-{n}");
    record.run.seed = u64::from(n);
    record.run.started =
        "2026-01-01T12:00:00Z".parse::<jiff::Timestamp>().expect("a time") + jiff::SignedDuration::from_hours(24 * i64::from(n));
    record.run.receipt.scenarios_commit = Some(commit(n));
    record
}

/// The commit of run number `n`.
fn commit(n: u32) -> String {
    format!("{:08x}{n:032x}", n.wrapping_mul(0x9e37_79b9))
}

/// Runs in which the build time of `multi` is what `time` says, with a little noise that the run decides.
fn timed(runs: u32, time: impl Fn(u32) -> f64) -> Vec<Record> {
    let noise = |n: u32| 1.0 + 0.01 * (f64::from(n * 7_919 % 101) / 50.0 - 1.0);
    let mut records: Vec<Record> = (0..runs).map(run).collect();
    for (n, record) in (0..).zip(&mut records) {
        change(record, "multi", Measure::BuildTime, |v| time(n) * noise(n) * (v / 13.5));
    }
    records
}

/// Runs in which the transfer size of `multi` is what `size` says.
fn sized(runs: u32, size: impl Fn(u32) -> f64) -> Vec<Record> {
    let mut records: Vec<Record> = (0..runs).map(run).collect();
    for (n, record) in (0..).zip(&mut records) {
        change(record, "multi", Measure::TransferSize, |_| size(n));
    }
    records
}

fn asked(records: &[Record], measure: Measure, question: &TrendQuestion) -> Vec<Trend> {
    let history = History::of(records).expect("a history");
    trends(&history, question, |key| key.variant == "multi" && key.measure == measure && key.phase.is_none())
}

#[track_caller]
fn only(records: &[Record], measure: Measure, question: &TrendQuestion) -> Trend {
    let mut found = asked(records, measure, question);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn days(n: u32) -> f64 {
    f64::from(n)
}

#[test]
fn a_step_of_a_time_has_its_place_its_size_and_its_commits() {
    let trend = only(&timed(40, |n| if n < 25 { 10.0 } else { 11.0 }), Measure::BuildTime, &TrendQuestion::default());
    let [change] = &trend.changes[..] else { panic!("{trend:#?}") };
    assert_eq!(change.at, 25);
    assert!(change.relative().is_some_and(|c| (c - 0.1).abs() < 0.02), "{change:?}");
    assert_eq!(change.causes, [Cause::Commits { from: Some(commit(24)), to: Some(commit(25)) }]);
    assert!(trend.growth.is_none() && trend.newest.is_none() && !trend.is_calm());
}

#[test]
fn a_flat_series_is_calm_and_slow_growth_is_no_step() {
    assert!(only(&timed(60, |_| 10.0), Measure::BuildTime, &TrendQuestion::default()).is_calm());
    let trend = only(&timed(80, |n| 10.0 + days(n) * 0.02), Measure::BuildTime, &TrendQuestion::default());
    let growth = trend.growth.expect("it grows");
    assert!(trend.changes.is_empty() && growth.relative().is_some_and(|c| (0.12..0.2).contains(&c)), "{trend:#?}");
    assert!((growth.per_day - 0.02).abs() < 0.003 && growth.interval.low > 0.0, "{growth:?}");
}

#[test]
fn a_limit_is_forecast_from_growth_alone() {
    let limit = |limit: f64| TrendQuestion { limits: [(Measure::BuildTime, limit)].into(), ..TrendQuestion::default() };
    let growing = timed(80, |n| 10.0 + days(n) * 0.02);
    let forecast = |records: &[Record], value: f64| only(records, Measure::BuildTime, &limit(value)).forecast;
    let Some(Forecast::At { days, earliest, latest }) = forecast(&growing, 12.6) else { panic!("it is reached") };
    assert!(
        (40.0..65.0).contains(&days) && earliest <= days && latest.is_some_and(|latest| days <= latest),
        "{days} {earliest} {latest:?}"
    );
    assert_eq!(forecast(&growing, 100.0), Some(Forecast::Later));
    assert_eq!(forecast(&growing, 11.0), Some(Forecast::Over));
    assert_eq!(forecast(&timed(60, |_| 10.0), 11.0), Some(Forecast::NotInSight));
}

#[test]
fn every_difference_of_bytes_is_a_change_and_a_moved_base_is_its_cause() {
    let mut records = sized(6, |n| if n < 3 { 7e6 } else { 7e6 + 1.0 });
    for record in &mut records[3..] {
        let base = BaseRecord { digest: format!("sha256:{}", "ff".repeat(32)), uncompressed_size: None, differs: None };
        record.run.conditions.bases.insert("golang:1.23".to_owned(), base);
        record.run.receipt.scenarios_commit = Some(commit(2));
    }
    let trend = only(&records, Measure::TransferSize, &TrendQuestion::default());
    let [change] = &trend.changes[..] else { panic!("{trend:#?}") };
    assert_eq!((change.at, change.before, change.after), (3, 7e6, 7e6 + 1.0));
    let [Cause::BaseMoved { reference, .. }] = &change.causes[..] else { panic!("{change:?}") };
    assert_eq!(reference, "golang:1.23");
}

#[test]
fn many_small_steps_of_bytes_are_slow_growth() {
    let trend = only(&sized(40, |n| 7e6 + 10_000.0 * f64::from(n)), Measure::TransferSize, &TrendQuestion::default());
    assert_eq!(trend.changes.len(), 39);
    assert!(trend.growth.is_some_and(|g| (g.per_day - 10_000.0).abs() < 1.0), "{:?}", trend.growth);
    let jump = only(&sized(40, |n| if n < 20 { 7e6 } else { 8e6 }), Measure::TransferSize, &TrendQuestion::default());
    assert!(jump.growth.is_none() && jump.changes.len() == 1, "{jump:#?}");
}

#[test]
fn times_of_another_machine_are_a_stretch_of_their_own_and_sizes_are_not() {
    let mut records = timed(30, |_| 10.0);
    records.iter_mut().step_by(2).for_each(|record| record.run.conditions.host = "ffffffffffff".to_owned());
    let times = asked(&records, Measure::BuildTime, &TrendQuestion::default());
    assert_eq!(
        times.iter().map(|t| (t.points.len(), t.earlier.as_deref())).collect::<Vec<_>>(),
        [(15, Some("on another machine")), (15, None)]
    );
    assert_eq!(asked(&records, Measure::UncompressedSize, &TrendQuestion::default()).len(), 1);
    for record in &mut records {
        record.run.conditions.host = "unknown".to_owned();
    }
    assert_eq!(
        asked(&records, Measure::BuildTime, &TrendQuestion::default()).len(),
        30,
        "an unknown machine is never known to be the same"
    );
}

#[test]
fn the_newest_run_is_held_against_the_level_before() {
    let mut records = timed(20, |n| if n < 19 { 10.0 } else { 13.0 });
    let last = records.last_mut().expect("a run");
    let more = last.trials.iter().filter(|o| o.trial.variant == "multi").cloned().collect::<Vec<_>>();
    last.run.settings.trials = 9;
    for (outcome, iteration) in more.iter().cycle().zip(4..=9) {
        let mut outcome = outcome.clone();
        outcome.trial.iteration = iteration;
        last.trials.push(outcome);
    }
    let trend = only(&records, Measure::BuildTime, &TrendQuestion::default());
    let newest = trend.newest.expect("it differs");
    assert!(trend.changes.is_empty() && (0.2..0.4).contains(&newest.value), "{newest:?}");
}

#[test]
fn a_baseline_is_the_run_or_the_window_that_was_asked_for() {
    let records = sized(10, |n| f64::from(n + 1) * 1e6);
    let beside = |choice: BaselineChoice| {
        let question = TrendQuestion { baseline: Some(choice), ..TrendQuestion::default() };
        Some(only(&records, Measure::TransferSize, &question).first())
    };
    assert_eq!(beside(BaselineChoice::Run("run-3".to_owned())), Some(4e6));
    assert_eq!(beside(BaselineChoice::Window(3)), Some(8e6));
    assert_eq!(beside(BaselineChoice::MergeBase(vec!["none".to_owned(), commit(5)])), Some(6e6));
    assert_eq!(beside(BaselineChoice::Run("run-99".to_owned())), Some(1e6), "without one it is the first run");
}

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
    let added = append_to_history(&path, &runs[..2]).expect("it is added");
    assert!(added.iter().all(|a| matches!(a, Added::New { series, .. } if *series > 20)), "{added:?}");
    let again = append_to_history(&path, &runs).expect("it is added");
    assert!(matches!(&again[..], [Added::Known { .. }, Added::Known { run_id }, Added::New { .. }] if run_id == "run-1"), "{again:?}");
    assert_eq!(History::read(std::slice::from_ref(&path)).expect("it reads"), from_folders);
    assert_eq!(History::read(&[folder.path().to_owned(), path]).expect("it reads"), from_folders, "mixed, and all of it twice");
    assert_eq!(from_folders.runs.iter().map(|r| r.run_id.as_str()).collect::<Vec<_>>(), ["run-0", "run-1", "run-2"]);
}

#[test]
fn lines_in_any_order_and_twice_are_the_same_history() {
    let (_folder, runs, path) = stored(2);
    append_to_history(&path, &runs).expect("it is added");
    let text = fs::read_to_string(&path).expect("text");
    let whole = History::from_lines(&path, text.as_bytes()).expect("it reads");
    let mut lines: Vec<&str> = text.lines().chain(text.lines().take(7)).collect();
    lines.reverse();
    assert_eq!(History::from_lines(&path, lines.join("\n").as_bytes()).expect("it reads"), whole);
}

#[test]
fn of_a_run_that_two_versions_describe_the_later_one_counts_in_any_order() {
    let (_folder, runs, path) = stored(1);
    append_to_history(&path, &runs).expect("it is added");
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
    append_to_history(&path, &runs).expect("it is added");
    let whole = fs::read(&path).expect("bytes");
    fs::write(&path, &whole[..whole.len() - 9]).expect("it is cut");
    let torn = History::read(std::slice::from_ref(&path)).expect("it reads");
    let last = String::from_utf8_lossy(&whole).lines().count();
    assert!(torn.warnings[0].message.contains(&format!("history.jsonl:{last}: the last line was cut off")), "{:?}", torn.warnings);
    let added = append_to_history(&path, &runs).expect("it is added");
    assert!(matches!(&added[..], [Added::Known { .. }, Added::Completed { series: 1, .. }]), "{added:?}");
    assert_eq!(fs::read(&path).expect("bytes"), whole);
}

#[test]
fn broken_lines_are_told_at_once_with_their_places_and_nothing_is_added() {
    let (_folder, runs, path) = stored(1);
    append_to_history(&path, &runs).expect("it is added");
    let text = fs::read_to_string(&path).expect("text");
    let damaged = format!("not json\n<<<<<<< ours\n{}", text.replace("\"values\":[12102656", "\"values\":[-1"));
    fs::write(&path, &damaged).expect("it is written");
    let refusal = refusal(std::slice::from_ref(&path));
    for told in ["history.jsonl:1: is no line", "history.jsonl:2: git left a conflict", "uncompressed-size is -1"] {
        assert!(refusal.contains(told), "{told} in {refusal}");
    }
    assert!(matches!(append_to_history(&path, &runs), Err(HistoryError::Broken { .. })));
    assert_eq!(fs::read_to_string(&path).expect("text"), damaged);
}

#[test]
fn a_contradiction_an_orphan_and_a_newer_format_are_refused() {
    let (_folder, runs, path) = stored(1);
    append_to_history(&path, &runs).expect("it is added");
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
    assert!(matches!(append_to_history(&path, &runs), Err(HistoryError::NotEnded { .. })));
    assert!(!path.exists(), "nothing was begun");
}

#[test]
fn a_line_that_could_not_be_read_back_is_not_written() {
    let (folder, mut runs, path) = stored(1);
    append_to_history(&path, &runs).expect("it is added");
    let before = fs::read(&path).expect("bytes");
    let mut wide = run(5);
    let base = wide.run.conditions.bases["golang:1.23"].clone();
    wide.run.conditions.bases.extend((0..40_000).map(|n| (format!("registry.example/base-{n}:1"), base.clone())));
    runs.push(folder.path().join("run-5"));
    store(&wide, &runs[1]);
    let refused = append_to_history(&path, &runs).expect_err("it is refused");
    assert!(matches!(refused, HistoryError::LongLine { limit: 4_194_304, .. }), "{refused}");
    for told in ["run-5 was not added", "no line of more than 4194304 is read", "measure fewer scenarios"] {
        assert!(refused.to_string().contains(told), "{told} in {refused}");
    }
    assert_eq!(fs::read(&path).expect("bytes"), before, "nothing was added");
    let other = folder.path().join("other.jsonl");
    assert!(append_to_history(&other, &runs[1..]).is_err() && !other.exists(), "nothing was begun");
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

#[test]
fn what_is_told_of_a_history_reads_like_this() {
    let mut records = timed(40, |n| if n < 25 { 10.0 } else { 11.0 });
    records[39].run.run_id = "\u{1b}[2Jrun|39".to_owned();
    change(&mut records[39], "multi", Measure::TransferSize, |v| v + 90_000.0);
    let history = History::of(&records).expect("a history");
    let question = TrendQuestion { limits: [(Measure::TransferSize, 6.9e6)].into(), ..TrendQuestion::default() };
    let found = trends(&history, &question, |_| true);
    let report = TrendReport::new(&history, &found, &question, false);
    let text = trend_terminal(&report, Glyphs::Blocks);
    assert!(
        !text.contains('\u{1b}') && !trend_markdown(&report).contains('\u{1b}') && !trend_csv(&report).expect("CSV").contains('\u{1b}')
    );
    insta::assert_snapshot!("trend_terminal", text);
    insta::assert_snapshot!("trend_markdown", trend_markdown(&report));
    insta::assert_snapshot!("trend_csv", trend_csv(&report).expect("CSV"));
    assert!(trend_terminal(&report, Glyphs::Ascii).replace('…', "").is_ascii());
    let json: serde_json::Value = serde_json::from_str(&trend_json(&report).expect("JSON")).expect("JSON");
    assert_eq!(json["series"].as_array().map(Vec::len), Some(report.series.len()));
}

#[test]
fn the_schemas_of_histories_checked_in_are_those_of_the_types() {
    let pretty = |schema| serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    checked_in("schemas/history.schema.json", &pretty(history_schema()));
    checked_in("schemas/trend.schema.json", &pretty(trend_schema()));
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
    let output = std::process::Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn git_tells_where_branches_parted_and_which_commits_are_releases() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    assert_eq!((merge_base_line(path, "main"), release_commits(path)), (None, None));
    git(path, &["init", "-q", "-b", "main"]);
    let commit = |name: &str| {
        git(path, &["commit", "-q", "--allow-empty", "-m", name]);
        git(path, &["rev-parse", "HEAD"])
    };
    let (first, second) = (commit("first"), commit("second"));
    git(path, &["tag", "-a", "v1", "-m", "v1", &first]);
    git(path, &["checkout", "-q", "-b", "side"]);
    commit("aside");
    assert_eq!(merge_base_line(path, "main"), Some(vec![second, first.clone()]));
    assert_eq!(release_commits(path), Some(vec![first]));
    assert_eq!(merge_base_line(path, "--all"), None, "an option is no commit");
    assert_eq!(merge_base_line(path, "elsewhere"), None);
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
        append_to_history(&path, &runs).expect("it is added");
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
