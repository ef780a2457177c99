//! Records in parts: a later line in place of an earlier one, folders that are taken again, and shards put together.

use std::fs;
use std::path::Path;

use loadline::judge::{Verdict, completeness};
use loadline::measure::Kind;
use loadline::record::{Record, RecordError, RunState, Shard, SmokeRecord, Status, Store, TrialOutcome, merge};
use proptest::prelude::*;

use crate::support::records::{SMALL, failed, go_api, measured, planned, run};

/// The same trial in several states, as lines.
fn lines(outcomes: &[TrialOutcome]) -> Result<Vec<TrialOutcome>, RecordError> {
    Record::new(run(), outcomes.to_vec()).map(|record| record.trials)
}

fn stopped() -> TrialOutcome {
    failed("go-api", "multi", Status::Interrupted)
}

fn lost() -> TrialOutcome {
    TrialOutcome { lost: true, ..failed("go-api", "multi", Status::Skipped { reason: "the engine went away".to_owned() }) }
}

fn broken() -> TrialOutcome {
    failed("go-api", "multi", Status::BuildFailed { reason: "no".to_owned() })
}

fn good() -> TrialOutcome {
    measured("go-api", "multi", 1, SMALL)
}

#[test]
fn a_later_line_takes_the_place_of_a_trial_that_was_stopped_or_lost() {
    for earlier in [stopped(), lost()] {
        for later in [stopped(), lost(), broken(), good()] {
            let other = measured("go-api", "single", 1, SMALL);
            let read = lines(&[earlier.clone(), other.clone(), later.clone()]).expect("it is believable");
            assert_eq!(read, [other, later]);
        }
    }
}

#[test]
fn a_trial_that_has_an_outcome_which_stays_is_never_there_twice() {
    let skipped = failed("go-api", "multi", Status::Skipped { reason: "no base".to_owned() });
    for earlier in [broken(), good(), skipped] {
        for later in [stopped(), lost(), broken(), good()] {
            let refused = lines(&[stopped(), earlier.clone(), later]).expect_err("one of them would be lost").to_string();
            assert!(refused.contains("line 3") && refused.contains("is there twice"), "{refused}");
        }
    }
}

#[test]
fn a_lost_trial_has_no_numbers() {
    let refused = lines(&[TrialOutcome { lost: true, ..good() }]).expect_err("it cannot have").to_string();
    assert!(refused.contains("lost its engine has numbers"), "{refused}");
}

fn written(record: &Record, folder: &Path) {
    let mut store = Store::create(folder).expect("the folder is empty");
    store.write_run(&record.run).expect("run.json is written");
    record.trials.iter().for_each(|outcome| store.append(outcome).expect("the outcome is believable"));
}

#[test]
fn a_record_that_one_process_writes_is_not_taken_by_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Store::create(folder.path()).expect("the folder is empty");
    let refused = Store::reopen(folder.path()).expect_err("it is being written");
    assert!(matches!(refused, RecordError::Busy { .. }), "{refused}");
    drop(first);
    let second = Store::reopen(folder.path()).expect("it is free again");
    assert!(matches!(Store::reopen(folder.path()), Err(RecordError::Busy { .. })));
    drop(second);
    assert!(matches!(Store::reopen(&folder.path().join("nowhere")), Err(RecordError::NotARun { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_record_that_is_cut_anywhere_is_mended_without_losing_a_whole_line(at in 0.0..1.0_f64) {
        let folder = tempfile::tempdir().expect("a folder");
        written(&go_api(), folder.path());
        let path = folder.path().join("trials.jsonl");
        let bytes = fs::read(&path).expect("it is there");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short file")]
        let cut = (bytes.len() as f64 * at) as usize;
        fs::write(&path, &bytes[..cut]).expect("it is written");
        let before = Record::read(folder.path()).expect("it reads");
        let mut store = Store::reopen(folder.path()).expect("it is free");
        prop_assert_eq!(store.mend().expect("it can be written"), !before.warnings.is_empty());
        prop_assert!(!store.mend().expect("it can be written"), "it is whole now");
        let rest = &go_api().trials[before.trials.len()..];
        for outcome in rest {
            store.append(outcome).expect("the outcome is believable");
        }
        prop_assert_eq!(fs::read(&path).expect("it is there"), bytes);
    }
}

const APPS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// One shard of a run of five scenarios with two variants each.
fn shard(number: u32, of: u32) -> Record {
    let scenarios: Vec<String> = APPS.map(str::to_owned).to_vec();
    let shard = Shard { number, of, scenarios };
    let mut run = run();
    let variants = |app: &str| ["single", "multi"].map(|variant| planned(app, variant));
    run.plan = shard.own().flat_map(variants).collect();
    let trials = shard
        .own()
        .flat_map(|app| (1..=3).flat_map(move |iteration| ["single", "multi"].map(|variant| measured(app, variant, iteration, SMALL))));
    let trials: Vec<TrialOutcome> = trials.collect();
    run.run_id = format!("part-{number}");
    run.settings.shard = Some(shard);
    Record::new(run, trials).expect("a believable record")
}

fn whole(parts: Vec<Record>) -> Record {
    let (mut run, trials) = merge(parts).expect("they are one run's");
    run.run_id = "whole".into();
    Record::new(run, trials).expect("a believable record")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn shards_in_any_order_are_the_whole_run(of in 1_u32..=5, seed: u64) {
        let mut parts: Vec<Record> = (1..=of).map(|number| shard(number, of)).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut parts);
        let merged = whole(parts);
        let all = shard(1, 1);
        prop_assert_eq!(&merged.run.plan, &all.run.plan, "tables keep their order");
        prop_assert_eq!(merged.series(), all.series());
        prop_assert_eq!(merged.trials.len(), all.trials.len());
        prop_assert!(completeness(&merged, false).is_complete());
        prop_assert_eq!(merged.run.merged.len(), usize::try_from(of).expect("a few"));
        prop_assert!((merged.run.overhead.wall - 245.0 * f64::from(of)).abs() < 1e-6, "the time of all parts");
    }
}

#[test]
fn a_shard_is_complete_when_its_own_part_is_measured() {
    assert!(completeness(&shard(2, 3), false).is_complete());
    let mut short = shard(2, 3);
    short.trials.pop();
    assert_eq!(completeness(&short, false).missing.len(), 1);
}

#[test]
fn what_proves_each_part_is_kept_unless_a_part_does_not_say_it() {
    let proven = |number| {
        let mut part = shard(number, 2);
        let check = SmokeRecord { requests: Vec::new(), digest: format!("sha256:{number}") };
        part.run.smoke_checks = Some([(APPS[number as usize - 1].to_owned(), check)].into());
        part
    };
    let checks = whole(vec![proven(2), proven(1)]).run.smoke_checks.expect("both say it");
    let digests: Vec<(&str, &str)> = checks.iter().map(|(name, check)| (name.as_str(), check.digest.as_str())).collect();
    assert_eq!(digests, [("a", "sha256:1"), ("b", "sha256:2")]);
    assert_eq!(whole(vec![proven(1), shard(2, 2)]).run.smoke_checks, None);
}

#[test]
fn times_of_several_machines_stay_and_are_compared_with_no_other_run() {
    let mut away = shard(2, 2);
    away.run.conditions.host = "fedcba987654".to_owned();
    let merged = whole(vec![shard(1, 2), away]);
    assert_eq!(merged.run.conditions.host, "unknown");
    let hosts: Vec<(&str, String)> = merged.run.merged.iter().map(|part| (part.host.as_str(), part.scenarios.join(""))).collect();
    assert_eq!(hosts, [("0123456789ab", "ace".to_owned()), ("fedcba987654", "bd".to_owned())]);
    assert!(merged.run.warnings[0].message.contains("each scenario was measured whole on one"), "{:?}", merged.run.warnings);
    let comparison = loadline::judge::compare(&merged, &merged);
    let times = comparison.findings.iter().filter(|f| f.measure.kind() == Kind::Sampled);
    assert!(times.clone().count() > 0 && times.clone().all(|f| matches!(f.verdict, Verdict::NotComparable { .. })));
}

#[test]
fn everything_that_keeps_runs_from_being_one_is_told_at_once() {
    let mut other = shard(2, 4);
    other.run.seed = 43;
    other.run.settings.trials = 4;
    other.run.receipt.scenarios_commit = Some("beef".to_owned());
    other.run.conditions.engine_version = "28.5.2".to_owned();
    other.run.conditions.bases.get_mut("golang:1.23").expect("a base").digest = "sha256:other".to_owned();
    let mut unfinished = shard(1, 4);
    unfinished.run.state = RunState::Interrupted;
    let problems = merge(vec![shard(1, 4), other, unfinished, go_api()]).expect_err("they are not");
    insta::assert_snapshot!(problems.join("\n").replace(&"a1".repeat(32), "A1"));
}

#[test]
fn a_run_that_has_not_the_scenarios_of_its_shard_is_refused() {
    let mut short = shard(1, 2);
    short.run.plan.retain(|planned| planned.scenario != "c");
    short.trials.retain(|outcome| outcome.trial.scenario != "c");
    let problems = merge(vec![short, shard(2, 2)]).expect_err("a scenario is missing");
    assert_eq!(problems, ["part-1 has not the scenarios of shard 1/2"]);
    assert_eq!(merge(Vec::new()).expect_err("nothing"), ["there is no run to put together"]);
}
