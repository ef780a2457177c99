//! Killed again and again, and gone on with each time: no observation is lost or there twice, and nothing is left behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use loadline::record::{Record, RunState, Trial, TrialOutcome};
use loadline::rig::private::leftovers;
use rustix::process::Signal;

use crate::support::app::{GOOD, Scene, good_with, record};
use crate::support::cli::{Loadline, Running};
use crate::support::live_or_skip;
use crate::support::machine::{MachineState, alone};

/// How often the run is killed while it is gone on with.
const KILLS: usize = 10;

fn kill(running: Running) {
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(Signal::KILL.as_raw()));
}

fn by_trial(out: &Path) -> BTreeMap<Trial, TrialOutcome> {
    let record = Record::read(out).expect("it is readable at every moment");
    let trials: BTreeMap<Trial, TrialOutcome> = record.trials.iter().map(|outcome| (outcome.trial.clone(), outcome.clone())).collect();
    assert_eq!(trials.len(), record.trials.len(), "every trial is there once");
    trials
}

fn assert_kept(before: &BTreeMap<Trial, TrialOutcome>, after: &BTreeMap<Trial, TrialOutcome>) {
    for (trial, outcome) in before.iter().filter(|(_, outcome)| outcome.is_final()) {
        assert_eq!(after.get(trial), Some(outcome), "what was observed stays");
    }
}

#[test]
fn a_run_that_is_killed_at_several_moments_is_whole_at_the_end() {
    if !live_or_skip("live::run::resume::a_run_that_is_killed_at_several_moments_is_whole_at_the_end") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let scene = Scene::of(&[("one", GOOD), ("two", &good_with("RUN [\"/app\", \"fill\", \"/large\", \"20000000\"]"))]);
    let (scenarios, out) = (scene.path("scenarios"), scene.path("run"));
    let begin = Loadline::new(["run", "--trials", "8", "--builds", "cold,warm", "--message-format", "json", "--scenarios"]);
    let mut running = begin.args([&scenarios]).args(["--out"]).args([&out]).start();
    running.until_it_says("\"event\":\"trial-started\"");
    kill(running);
    let go_on = || Loadline::new(["run", "--message-format", "json", "--scenarios"]).args([&scenarios]).args(["--resume"]).args([&out]);
    let mut random = fastrand::Rng::new();
    let mut known = by_trial(&out);
    for round in 0..KILLS {
        let mut running = go_on().start();
        // Engines are being started at first: a kill falls there in every second round, and among the trials in the others.
        let since = if round % 2 == 0 { "it began" } else { "its first trial began" };
        if round % 2 == 1 {
            running.until_it_says("\"event\":\"trial-started\"");
        }
        let moment = Duration::from_millis(random.u64(0..1_500));
        eprintln!("round {round}: killed {moment:?} after {since}");
        std::thread::sleep(moment);
        kill(running);
        let found = by_trial(&out);
        assert_kept(&known, &found);
        known = found;
    }
    go_on().run().exits(0);
    assert_kept(&known, &by_trial(&out));
    let whole = record(&out);
    assert_eq!((whole.run.state, whole.trials.len()), (RunState::Complete, 32));
    assert!(whole.trials.iter().all(|outcome| outcome.status.has_numbers()));
    assert!(whole.run.resumed.len() <= KILLS + 1 && !whole.run.resumed.is_empty());
    Loadline::new(["doctor", "--clean"]).run().exits(0);
    assert!(leftovers().is_empty());
    before.assert_restored();
}
