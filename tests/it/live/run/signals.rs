//! Stopped by the user, or killed: nothing of a run stays but its record.

use std::time::Duration;

use loadline::record::{Record, RunState};
use loadline::rig::private::leftovers;
use rustix::process::Signal;

use crate::support::app::{GOOD, Scene, app_that, good_with, record};
use crate::support::cli::{Loadline, Running};
use crate::support::live_or_skip;
use crate::support::machine::{MachineState, alone};

/// A Dockerfile whose image takes a while to push and to pull.
fn large() -> String {
    good_with("RUN [\"/app\", \"fill\", \"/large\", \"120000000\"]")
}

fn sleeping() -> String {
    good_with("RUN [\"/app\", \"sleep\"]")
}

/// Waits for `moment`, sends `signal`, and fails unless the run ends in order.
fn assert_stops(mut scene: Scene, extra: &[&str], moment: &str, signal: Signal) {
    let before = MachineState::capture();
    let (command, out) = scene.command();
    let cache = scene.path("cache");
    let mut running = command.args(["--message-format", "json"]).args(extra).env("XDG_CACHE_HOME", &cache).start();
    running.until_it_says(moment);
    running.signal(signal);
    running.wait().exits(130).says(&["stopped early"]);
    let record = record(&out);
    assert_eq!(record.run.state, RunState::Interrupted, "{moment}");
    assert!(record.run.finished.is_some());
    assert!(record.trials.iter().all(|outcome| outcome.status.id() == "interrupted" && outcome.observations.is_empty()), "{moment}");
    before.assert_restored();
}

#[test]
fn a_run_that_is_stopped_in_any_phase_keeps_its_record_and_nothing_else() {
    if !live_or_skip("live::run::signals::a_run_that_is_stopped_in_any_phase_keeps_its_record_and_nothing_else") {
        return;
    }
    let _alone = alone();
    assert_stops(Scene::of(&[("good", GOOD)]), &[], "starting the private engines", Signal::INT);
    assert_stops(Scene::of(&[("one", &sleeping())]), &[], "\"event\":\"step-started\",\"name\":\"[2/2] RUN", Signal::INT);
    assert_stops(Scene::of(&[("one", &app_that("sulk"))]), &[], "\"event\":\"phase\",\"phase\":\"smoke\"", Signal::TERM);
    assert_stops(Scene::of(&[("one", &large())]), &[], "\"event\":\"phase\",\"phase\":\"push\"", Signal::INT);
    assert_stops(Scene::of(&[("one", &large())]), &[], "\"event\":\"phase\",\"phase\":\"pull\"", Signal::TERM);
}

#[test]
fn a_run_that_is_stopped_while_a_base_is_built_leaves_no_half_base() {
    if !live_or_skip("live::run::signals::a_run_that_is_stopped_while_a_base_is_built_leaves_no_half_base") {
        return;
    }
    let _alone = alone();
    let scene = Scene::of(&[("one", &GOOD.replace("scratch", "debian:bookworm"))]);
    let cache = scene.path("cache");
    assert_stops(scene, &["--bases", "stand-in"], "\"event\":\"log\"", Signal::INT);
    let kept = walkdir::WalkDir::new(&cache).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    assert_eq!(kept.filter(|entry| entry.metadata().is_ok_and(|data| data.len() > 0)).count(), 0, "nothing is cached half");
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    if !live_or_skip("live::run::signals::a_second_signal_ends_the_program_at_once") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut scene = Scene::of(&[("one", &sleeping())]);
    // An orderly end takes some tenths of a second; now and then it may win.
    let at_once = (0..3).any(|_| {
        let (command, out) = scene.command();
        let mut running = command.start();
        running.until_it_says("\n[");
        running.until_it_says("COPY app /app");
        running.signal(Signal::INT);
        running.until_it_says("once more");
        running.signal(Signal::INT);
        let ended = running.wait().exits(130);
        assert_ne!(record(&out).run.state, RunState::Complete);
        ended.stderr.contains("stopped at once")
    });
    assert!(at_once);
    doctor();
    before.assert_restored();
}

#[test]
fn after_a_kill_at_a_random_moment_doctor_removes_what_is_left() {
    if !live_or_skip("live::run::signals::after_a_kill_at_a_random_moment_doctor_removes_what_is_left") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let mut scene = Scene::of(&[("one", &large()), ("two", &sleeping())]);
    let mut random = fastrand::Rng::new();
    for round in 0..4 {
        let moment = Duration::from_millis(random.u64(100..4_000));
        eprintln!("round {round}: killed after {moment:?}");
        let (command, out) = scene.command();
        let running = command.start();
        std::thread::sleep(moment);
        kill(running);
        assert!(!out.join("run.json").exists() || Record::read(&out).is_ok(), "what is there of a record is readable");
        let left = leftovers();
        let said = doctor();
        assert!(left.is_empty() || said.contains("removed now"), "{left:?}:\n{said}");
        before.assert_restored();
    }
}

fn kill(running: Running) {
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(Signal::KILL.as_raw()));
}

/// What `loadline doctor` prints.
fn doctor() -> String {
    Loadline::new(["doctor", "--clean"]).run().exits(0).stdout
}
