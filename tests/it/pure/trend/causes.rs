//! What a change is said to come from, and what is said of series that stopped.

use loadline::judge::{Cause, Forecast, TrendQuestion, trends};
use loadline::measure::Measure;
use loadline::record::{History, Record};
use loadline::report::{Glyphs, TrendReport, trend_csv, trend_terminal};

use super::{asked, commit, only, run, sized};
use crate::support::records::change;

/// The causes of the change in runs whose transfer size grew at run 3, each changed by `change`, all of one commit at first.
fn causes(change: impl Fn(&mut Record)) -> Vec<Cause> {
    let mut records = sized(6, |n| if n < 3 { 7e6 } else { 8e6 });
    for record in &mut records {
        record.run.receipt.scenarios_commit = Some(commit(0));
        change(record);
    }
    let trend = only(&records, Measure::TransferSize, &TrendQuestion::default());
    let [change] = &trend.changes[..] else { panic!("{trend:#?}") };
    change.causes.clone()
}

#[test]
fn nothing_is_called_the_same_that_is_not_recorded() {
    assert_eq!(causes(|_| {}), [Cause::Same(vec!["commit", "bases", "engine"])]);
    assert_eq!(
        causes(|record| record.run.receipt.scenarios_commit = None),
        [Cause::Same(vec!["bases", "engine"]), Cause::NotRecorded(vec!["commit"])]
    );
    let bare = |record: &mut Record| {
        record.run.receipt.scenarios_commit = None;
        record.run.conditions.bases.clear();
        record.run.conditions.builder = "unknown".to_owned();
    };
    assert_eq!(causes(bare), [Cause::NotRecorded(vec!["commit", "bases", "engine"])]);
    assert_eq!(
        causes(|record| record.run.receipt.scenarios_dirty = None),
        [Cause::Same(vec!["commit", "bases", "engine"]), Cause::NotRecorded(vec!["uncommitted changes"])]
    );
    let mut moved = sized(6, |n| if n < 3 { 7e6 } else { 8e6 });
    for record in &mut moved {
        record.run.conditions.bases.clear();
    }
    let trend = only(&moved, Measure::TransferSize, &TrendQuestion::default());
    let commits = Cause::Commits { from: Some(commit(2)), to: Some(commit(3)) };
    assert_eq!(trend.changes[0].causes, [commits, Cause::NotRecorded(vec!["bases"])], "the commits are not all that may have changed");
}

#[test]
fn a_context_depends_on_the_files_alone_and_so_does_its_cause() {
    let mut records: Vec<Record> = (0..4).map(run).collect();
    for (n, record) in (0..).zip(&mut records) {
        change(record, "multi", Measure::ContextSize, |v| v + if n < 2 { 0.0 } else { 9.0 });
        record.run.receipt.scenarios_commit = None;
    }
    let trend = only(&records, Measure::ContextSize, &TrendQuestion::default());
    assert_eq!(trend.changes[0].causes, [Cause::NotRecorded(vec!["commit"])]);
}

#[test]
fn a_series_that_newer_runs_lack_is_told_as_ended_and_not_as_current() {
    let mut records = sized(10, |n| if n < 4 { 7e6 } else { 8e6 });
    for record in &mut records {
        record.run.receipt.scenarios_commit = None;
    }
    records[8..].iter_mut().for_each(|record| record.trials.retain(|outcome| outcome.trial.variant != "multi"));
    let question = TrendQuestion { limits: [(Measure::TransferSize, 7.5e6)].into(), ..TrendQuestion::default() };
    let trend = only(&records, Measure::TransferSize, &question);
    assert_eq!((trend.ended, trend.forecast, trend.newest), (Some(7), None, None), "a limit is no matter of what is gone");
    let history = History::of(&records).expect("a history");
    let found = trends(&history, &question, |_| true);
    let report = TrendReport::new(&history, &found, &question, false);
    let text = trend_terminal(&report, Glyphs::Blocks);
    assert!(text.contains("ended with run run-7 of 2026-01-08: newer runs of the scenario have no such figure"), "{text}");
    assert!(text.contains("same bases and engine; commit not recorded"), "{text}");
    assert!(report.ended > 5 && text.contains(&format!(" {} of them ended before the newest run", report.ended)), "{text}");
    assert!(trend_csv(&report).expect("CSV").contains(",ended,run-7,2026-01-08T12:00:00Z,"));
    assert!(found.iter().filter(|t| t.key.variant == "single").all(|t| t.ended.is_none()));
    let shorter = only(&records[..8], Measure::TransferSize, &question);
    assert_eq!((shorter.ended, shorter.forecast), (None, Some(Forecast::Over)));
}

#[test]
fn runs_of_another_scenario_end_no_series() {
    let mut records = sized(4, |_| 7e6);
    let last = records.last_mut().expect("a run");
    last.run.plan.iter_mut().for_each(|planned| planned.scenario = "other".to_owned());
    last.trials.iter_mut().for_each(|outcome| outcome.trial.scenario = "other".to_owned());
    assert!(asked(&records, Measure::TransferSize, &TrendQuestion::default()).iter().all(|trend| trend.ended.is_none()));
}
