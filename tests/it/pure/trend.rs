//! Histories and what is told of them.

use std::path::Path;

use loadline::judge::{BaselineChoice, Cause, Forecast, Trend, TrendQuestion, trends};
use loadline::measure::Measure;
use loadline::record::{BaseRecord, History, Record, history_schema, merge_base_line, release_commits};
use loadline::report::{Glyphs, TrendReport, trend_csv, trend_json, trend_markdown, trend_schema, trend_terminal};

use crate::support::checked_in;
use crate::support::records::{change, go_api};

mod causes;
mod file;

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
