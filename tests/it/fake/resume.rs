//! Runs that are stopped, cut off or left by their engine, and gone on with: every trial is in the record once, and what was there stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use loadline::record::{PlannedVariant, Record, RunRecord, Status, Store, Trial, TrialOutcome};
use loadline::run::{Builds, End, Settled, Sink};

use super::builds::edited;
use super::case::Case;
use crate::support::fake_engine::{Behaviour, FakeEngine};
use crate::support::records::{planned, run};

/// The sink of a run that goes on: the record on disk.
struct Book {
    store: Store,
    outcomes: Vec<TrialOutcome>,
    again: Vec<Trial>,
}

type Kept<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl Sink for Book {
    fn outcomes(&self) -> &[TrialOutcome] {
        &self.outcomes
    }

    fn keep(&mut self, outcome: TrialOutcome, _log: &str) -> Kept<TrialOutcome> {
        self.store.append(&outcome)?;
        self.outcomes.push(outcome.clone());
        Ok(outcome)
    }

    fn again(&mut self, outcome: &TrialOutcome, _log: &str) -> Kept<()> {
        self.again.push(outcome.trial.clone());
        Ok(())
    }
}

/// `run.json` of the case: two variants with every build.
fn run_json() -> RunRecord {
    let mut run = run();
    let edits = ["source", "dependency"].map(str::to_owned).to_vec();
    run.plan = ["good", "odd"].map(|variant| PlannedVariant { edits: edits.clone(), ..planned("app", variant) }).to_vec();
    run.settings.builds = Builds::USUAL.ids().map(str::to_owned).collect();
    run
}

fn begun(folder: &Path) -> Book {
    let store = Store::create(folder).expect("the folder is empty");
    store.write_run(&run_json()).expect("run.json is written");
    Book { store, outcomes: Vec::new(), again: Vec::new() }
}

/// The record as it was left, taken to go on with, and what stays of it.
fn reopened(folder: &Path) -> (Book, Settled) {
    let mut store = Store::reopen(folder).expect("nobody writes it");
    let record = Record::read(folder).expect("it reads");
    store.mend().expect("it can be written");
    let settled = Settled::of(&record.trials);
    (Book { store, outcomes: record.trials, again: Vec::new() }, settled)
}

fn case(odd: Behaviour) -> Case {
    let mut case = edited(Case::odd(odd));
    case.limits.call = Duration::from_millis(500);
    case
}

/// Goes on with the record in `folder`; how that ended, what was made again, and the engine.
async fn go_on(folder: &Path, mut case: Case) -> (End, Vec<Trial>, FakeEngine) {
    let (mut book, settled) = reopened(folder);
    case.settled = settled;
    let (end, _, builder, _) = case.run_into(&mut book).await;
    (end, book.again, builder)
}

fn trials(folder: &Path) -> BTreeMap<Trial, TrialOutcome> {
    let record = Record::read(folder).expect("it reads");
    let trials: BTreeMap<Trial, TrialOutcome> = record.trials.iter().map(|outcome| (outcome.trial.clone(), outcome.clone())).collect();
    assert_eq!(trials.len(), record.trials.len(), "every trial is there once");
    trials
}

fn lines(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("trials.jsonl")).expect("it is there")
}

/// All that an uninterrupted run has, once each and measured; and what stayed of `before` is as it was.
fn assert_whole(folder: &Path, before: &BTreeMap<Trial, TrialOutcome>, whole: &BTreeSet<Trial>, place: &str) {
    let after = trials(folder);
    assert_eq!(&after.keys().cloned().collect::<BTreeSet<_>>(), whole, "{place}");
    assert!(after.values().all(|outcome| outcome.status == Status::Measured), "{place}");
    for (trial, outcome) in before.iter().filter(|(_, outcome)| outcome.is_final()) {
        assert_eq!(after.get(trial), Some(outcome), "{place}: what was observed stays");
    }
}

/// An uninterrupted run: its trials, the lines of its record, and how many events it had.
async fn whole() -> (BTreeSet<Trial>, Vec<u8>, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = begun(folder.path());
    let (end, events, ..) = case(Behaviour::Works).run_into(&mut book).await;
    assert!(matches!(end, End::Complete));
    let all: BTreeSet<Trial> = trials(folder.path()).into_keys().collect();
    assert_eq!(all.len(), 8);
    (all, lines(folder.path()), events.len())
}

#[tokio::test]
async fn wherever_a_run_is_stopped_going_on_measures_what_is_missing_and_nothing_twice() {
    let (whole, _, events) = whole().await;
    // A step that shares no factor with the number of events of a trial meets every kind of moment.
    for stop_at in (1..events).step_by(5) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = case(Behaviour::Works);
        first.stop_at = Some(stop_at);
        let mut book = begun(folder.path());
        let (end, ..) = first.run_into(&mut book).await;
        assert!(matches!(end, End::Interrupted), "{stop_at}: {end:?}");
        drop(book);
        let (before, was) = (trials(folder.path()), lines(folder.path()));
        let (end, again, builder) = go_on(folder.path(), case(Behaviour::Works)).await;
        assert!(matches!(end, End::Complete), "{stop_at}: {end:?}");
        assert_whole(folder.path(), &before, &whole, &format!("stopped at event {stop_at}"));
        assert!(lines(folder.path()).starts_with(&was), "lines are only added");
        assert!(again.iter().all(|trial| before[trial].is_final()), "{stop_at}: {again:?}");
        let built = builder.calls().iter().filter(|call| call.starts_with("build ")).count();
        assert_eq!(built, whole.len() - before.values().filter(|o| o.is_final()).count() + again.len(), "nothing is built for nothing");
    }
}

#[tokio::test]
async fn wherever_a_record_is_cut_off_going_on_measures_what_is_missing() {
    let (whole, bytes, _) = whole().await;
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    let mut random = fastrand::Rng::with_seed(7);
    let mut cuts: BTreeSet<usize> = [0, 1, ends[0], ends[0] + 1, ends[3], ends[3] + 1, ends[4] - 1, ends[6] + 2, bytes.len()].into();
    cuts.extend((0..8).map(|_| random.usize(..bytes.len())));
    for cut in cuts {
        let folder = tempfile::tempdir().expect("a folder");
        drop(begun(folder.path()));
        fs::write(folder.path().join("trials.jsonl"), &bytes[..cut]).expect("it is written");
        let before = trials(folder.path());
        assert_eq!(before.len(), ends.iter().filter(|end| **end <= cut).count(), "a line that lacks its end alone counts");
        let (end, again, _) = go_on(folder.path(), case(Behaviour::Works)).await;
        assert!(matches!(end, End::Complete));
        assert_whole(folder.path(), &before, &whole, &format!("cut at {cut}"));
        assert_eq!(again.len(), before.len() % 4, "a block that was cut off is built again from its cold build");
    }
}

#[tokio::test]
async fn trials_that_lost_their_engine_are_measured_when_there_is_one_again() {
    let (whole, _, events) = whole().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut stopped = case(Behaviour::Works);
    stopped.stop_at = Some(events / 3);
    let mut book = begun(folder.path());
    stopped.run_into(&mut book).await;
    drop(book);
    let before = trials(folder.path());
    let dying = case(Behaviour::DiesDuringBuild);
    dying.builder.set("-good", Behaviour::DiesDuringBuild);
    let (end, _, _) = go_on(folder.path(), dying).await;
    assert!(matches!(end, End::Gone(_)), "{end:?}");
    let lost = trials(folder.path());
    assert!(lost.values().filter(|outcome| !outcome.status.has_numbers()).all(|outcome| !outcome.is_final()), "{lost:?}");
    let (end, _, _) = go_on(folder.path(), case(Behaviour::Works)).await;
    assert!(matches!(end, End::Complete), "{end:?}");
    assert_whole(folder.path(), &before, &whole, "after the engine came back");
}

#[tokio::test]
async fn an_engine_that_dies_in_the_first_trial_of_a_run_costs_no_trial() {
    let (whole, _, _) = whole().await;
    let folder = tempfile::tempdir().expect("a folder");
    let dying = case(Behaviour::DiesDuringBuild);
    dying.builder.set("-good", Behaviour::DiesDuringBuild);
    let mut book = begun(folder.path());
    let (end, ..) = dying.run_into(&mut book).await;
    assert!(matches!(end, End::Gone(_)), "{end:?}");
    drop(book);
    let before = trials(folder.path());
    let mut ids: Vec<&str> = before.values().map(|outcome| outcome.status.id()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["invalid", "skipped"]);
    let (end, again, _) = go_on(folder.path(), case(Behaviour::Works)).await;
    assert!(matches!(end, End::Complete) && again.is_empty(), "{again:?}");
    assert_whole(folder.path(), &before, &whole, "after the engine came back");
}

#[tokio::test]
async fn a_block_that_cannot_be_gone_on_with_keeps_what_it_has() {
    let (whole, bytes, _) = whole().await;
    let folder = tempfile::tempdir().expect("a folder");
    drop(begun(folder.path()));
    // The cold trials of both blocks are there, and nothing else.
    let all: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let was = [all[0], all[4]].concat();
    fs::write(folder.path().join("trials.jsonl"), &was).expect("it is written");
    let before = trials(folder.path());
    let dying = case(Behaviour::DiesDuringBuild);
    dying.builder.set("-good", Behaviour::DiesDuringBuild);
    let (end, _, _) = go_on(folder.path(), dying).await;
    assert!(matches!(end, End::Gone(_)), "{end:?}");
    assert_eq!(lines(folder.path()), was, "that the engine went away says nothing of a trial that has figures");
    let (_, again, _) = go_on(folder.path(), case(Behaviour::Works)).await;
    assert_eq!(again.len(), 2);
    assert_whole(folder.path(), &before, &whole, "after the engine came back");
}

#[tokio::test]
async fn a_variant_that_does_not_work_is_not_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = begun(folder.path());
    case(Behaviour::Answers500).run_into(&mut book).await;
    drop(book);
    let was = lines(folder.path());
    let (end, again, builder) = go_on(folder.path(), case(Behaviour::Answers500)).await;
    assert!(matches!(end, End::Complete) && again.is_empty());
    assert_eq!((lines(folder.path()), builder.calls()), (was, Vec::new()));
}

#[tokio::test]
async fn a_block_whose_cold_build_fails_the_second_time_keeps_what_it_had() {
    let (_, bytes, _) = whole().await;
    let folder = tempfile::tempdir().expect("a folder");
    drop(begun(folder.path()));
    let first_line = bytes.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    fs::write(folder.path().join("trials.jsonl"), &bytes[..first_line]).expect("it is written");
    let before = trials(folder.path());
    let broken = case(Behaviour::BuildFails);
    broken.builder.set("-good", Behaviour::BuildFails);
    let (end, again, _) = go_on(folder.path(), broken).await;
    assert!(matches!(end, End::Complete));
    assert_eq!(again.iter().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    let after = trials(folder.path());
    assert_eq!(after.len(), 2, "the block's other trials have no outcome, and the other block's cold one failed: {after:?}");
    let (trial, outcome) = before.iter().next().expect("one");
    assert_eq!(after.get(trial), Some(outcome));
}
