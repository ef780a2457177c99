//! What a run cannot go on without: the engine, the registry, the room for its data.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use loadline::record::RunState;
use loadline::run::{End, Gone};
use rustix::process::{Pid, Signal, kill_process};

use super::bench;
use crate::support::app::{GOOD, Scene, app_that, assert_measured, assert_without_numbers, good_with, record};
use crate::support::cli::Loadline;
use crate::support::live_or_skip;
use crate::support::machine::{MachineState, alone, among_others};

#[test]
fn without_dockerd_nothing_is_recorded_and_the_cure_is_named() {
    if !live_or_skip("live::run::outages::without_dockerd_nothing_is_recorded_and_the_cure_is_named") {
        return;
    }
    let mut scene = Scene::of(&[("good", GOOD)]);
    let (command, out) = scene.command();
    command.args(["--dockerd", "/nonexistent"]).run().exits(4).says(&["/nonexistent", "--dockerd"]);
    assert!(!out.exists());

    let (command, out) = scene.command();
    // On no path at all: something that is no program covers it, in a mount namespace of the program's own.
    let hidden = "mount --bind /dev/null \"$(command -v dockerd)\" && exec \"$@\"";
    command.under(&["unshare", "--mount", "sh", "-ec", hidden, "sh"]).run().exits(4).says(&["dockerd", "install"]);
    assert!(!out.exists());
}

#[test]
fn a_daemon_killed_in_a_build_ends_the_run_with_its_last_words() {
    if !live_or_skip("live::run::outages::a_daemon_killed_in_a_build_ends_the_run_with_its_last_words") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let sleeping = good_with("RUN [\"/app\", \"sleep\"]");
    let mut scene = Scene::of(&[("one", &sleeping), ("two", &sleeping)]);
    let (command, out) = scene.command();
    let mut running = command.args(["--message-format", "json"]).start();
    running.until_it_says("\"event\":\"step-started\",\"name\":\"[2/2] RUN");
    kill_daemon(running.pid());
    running.wait().exits(4).says(&["a private engine went away during build", "last lines of its log:\n  "]);

    let record = record(&out);
    assert_eq!(record.run.state, RunState::Incomplete);
    let mut reasons: Vec<_> = ["one", "two"].into_iter().map(|variant| assert_without_numbers(&out, &record, variant)).collect();
    reasons.sort();
    assert_eq!((reasons[0].0, reasons[1].0), ("invalid", "skipped"));
    assert!(reasons[0].1.contains("last lines of its log:\n  "), "{}", reasons[0].1);
    assert!(reasons[1].1.contains("the engine went away in an earlier trial"), "{}", reasons[1].1);
    before.assert_restored();
}

/// Kills the first daemon that a process started, which is the one that builds.
fn kill_daemon(owner: u32) {
    let daemons = std::fs::read_dir("/proc").expect("/proc is there").flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
        (name.trim() == "dockerd" && is_below(pid, owner)).then_some(pid)
    });
    let daemon = daemons.min().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).expect("a daemon runs");
    kill_process(daemon, Signal::KILL).expect("it is killed");
}

fn is_below(pid: u32, owner: u32) -> bool {
    let parent = |pid: &u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    std::iter::successors(Some(pid), parent).any(|pid| pid == owner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_stops_in_a_push_or_a_pull_leaves_no_number_and_ends_the_run() {
    if !live_or_skip("live::run::outages::a_registry_that_stops_in_a_push_or_a_pull_leaves_no_number_and_ends_the_run") {
        return;
    }
    let _among_others = among_others();
    let scene = Scene::of(&[("one", GOOD), ("two", GOOD)]);
    let scenarios = bench::scenarios(&scene.path("scenarios"));
    for fatal in ["push", "pull"] {
        let rigged = Arc::new(bench::up(&scenarios).await);
        let (doomed, runtime) = (Arc::downgrade(&rigged), tokio::runtime::Handle::current());
        let stop = move |_: &str, phase: &str| {
            if phase == fatal {
                let doomed = doomed.upgrade().expect("the bench is in use");
                runtime.spawn(async move { doomed.bench.registry.stop().await });
            }
        };
        let (end, outcomes) = bench::measure(&rigged, &scenarios, stop).await;
        assert!(matches!(&end, End::Gone(gone @ Gone::Registry { .. }) if gone.to_string().contains(fatal)), "{end:?}");
        assert_eq!(outcomes.iter().map(|outcome| outcome.status.id()).collect::<Vec<_>>(), ["invalid", "skipped"]);
        let reason = outcomes[0].status.reason().expect("a failure has a reason");
        assert!(reason.contains(&format!("stopped during the {fatal}")), "{reason}");
        assert!(outcomes.iter().all(|o| o.observations.is_empty() && o.push.is_none() && o.pull.is_none()));
        let mut rigged = rigged;
        let rigged = loop {
            // The task that stopped the registry may hold it a moment longer.
            match Arc::try_unwrap(rigged) {
                Ok(rigged) => break rigged,
                Err(shared) => rigged = shared,
            }
            tokio::task::yield_now().await;
        };
        bench::down(rigged).await;
    }
}

#[test]
fn a_full_data_root_fails_what_does_not_fit_and_names_the_option() {
    if !live_or_skip("live::run::outages::a_full_data_root_fails_what_does_not_fit_and_names_the_option") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let large = GOOD.replace("COPY app", "COPY large /\nCOPY app");
    let filling = good_with("RUN [\"/app\", \"fill\", \"/large\", \"200000000\"]");
    let mut scene = Scene::of(&[("good", GOOD), ("filling", &filling)]).with("other", "large", &large);
    let file = std::fs::File::create(scene.scenario("other").join("large")).expect("a file");
    file.set_len(200_000_000).expect("it grows without taking room");
    let small = SmallDisk::mount(&scene.path("small"));
    let (command, out) = scene.command();
    // In this order the one that works comes last: what failed for want of room was removed again.
    command.args(["--seed", "15", "--data-root"]).args([&small.0]).run().exits(3);

    let record = record(&out);
    assert_measured(&record, "good");
    for variant in ["large", "filling"] {
        let (status, reason) = assert_without_numbers(&out, &record, variant);
        assert!(reason.contains("data root is full") && reason.contains("--data-root"), "{variant}: {status}: {reason}");
    }
    assert_eq!(small.0.read_dir().expect("it is there").count(), 0, "the folder is as it was found");
    drop(small);
    before.assert_restored();
}

/// A file system of 64 MB, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        std::fs::create_dir(at).expect("a folder");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(at).status().expect("mount runs");
        assert!(done.success());
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_host_engine_that_is_not_there_is_named() {
    if !live_or_skip("live::run::outages::a_host_engine_that_is_not_there_is_named") {
        return;
    }
    let mut scene = Scene::of(&[("sulking", &app_that("sulk"))]);
    let (command, out) = scene.command();
    let command: Loadline = command.args(["--engine", "host"]).env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command.run().exits(4).says(&["/nonexistent/docker.sock", "--engine private"]);
    assert!(!out.exists());
}
