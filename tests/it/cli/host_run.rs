//! Whole runs of the program on a scripted engine: what is said, what is kept, and the exit code.

use std::process::Stdio;
use std::time::Duration;

use loadline::record::Record;

use super::{Desk, Ran, ran, refusals};
use crate::wire::docker::daemon::{Answer, Daemon, End};
use crate::wire::docker::front::Front;

pub(super) const INFO: &str = r#"{"ServerVersion":"20.10.24","OSType":"linux","Architecture":"x86_64","Driver":"overlay2","KernelVersion":"6.1.0","DockerRootDir":"/var/lib/docker","ID":"ABCD"}"#;

/// What an engine says that has imported an image.
const IMPORTED: &str = "{\"status\":\"sha256:505b969d000000000000000000000000000000000000000000000000000000aa\"}\n";

/// What a builder says of a build that failed, with a terminal's escape sequences in it.
const FAILURE: &str = "{\"errorDetail\":{\"message\":\"disk \\u001b[2Jon fire\"},\"error\":\"disk \\u001b[2Jon fire\"}\n";

/// An engine whose builds answer so.
pub(super) fn engine(build: Answer) -> Daemon {
    engine_that_says(build, INFO)
}

/// As [`engine`], with other words about itself.
pub(super) fn engine_that_says(build: Answer, info: &str) -> Daemon {
    let refused = "{\"errorDetail\":{\"message\":\"connection refused\"},\"error\":\"connection refused\"}\n";
    Daemon::start(vec![
        ("GET /info", Answer::ok(info)),
        ("POST /build", build),
        ("GET /images/json", Answer::ok("[]")),
        ("GET /containers/json", Answer::ok("[]")),
        ("GET /system/df", Answer::ok(r#"{"BuildCache":[]}"#)),
        ("POST /images/create", Answer::ok(IMPORTED)),
        ("POST /images/", Answer::ok(refused)),
        ("DELETE /images/", Answer::ok("[]")),
    ])
}

fn command(desk: &Desk, engine: &Daemon, more: &[&str]) -> std::process::Command {
    let arguments = [&["run", "--engine", "host", "--quick", "--out", "run"], more].concat();
    let mut command = desk.command(&arguments);
    command.env("DOCKER_HOST", format!("unix://{}", engine.socket().display()));
    command
}

/// Runs the program on an engine of this process.
pub(super) async fn run(desk: &Desk, build: Answer, more: &[&str]) -> Ran {
    let engine = engine(build);
    let mut command = command(desk, &engine, more);
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    ran(&output, desk.path())
}

/// A build that fails at once.
pub(super) fn failing() -> Answer {
    Answer::ok(FAILURE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_build_is_told_recorded_and_exits_3() {
    let desk = refusals::library();
    let ran = run(&desk, failing(), &[]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.out.contains("build-failed") && ran.out.contains("Wall time"), "{}", ran.out);
    assert!(ran.err.contains("tiny/small: build-failed") && ran.err.contains("on fire"), "{}", ran.err);
    assert!(ran.err.contains("report: run/report.md"), "{}", ran.err);
    assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{ran:?}");
    let record = Record::read(&desk.path().join("run")).expect("a record");
    assert_eq!(record.trials.len(), 1);
    for file in ["report.md", "sizes.svg", "times.svg", "observations.csv"] {
        assert!(desk.path().join("run").join(file).exists(), "{file}");
    }
}

/// What a builder says of a build that speaks to the runner of a CI system.
const COMMANDS: &str = "{\"stream\":\"::error::planted\\n##[add-path]/tmp\\n\"}\n{\"errorDetail\":{\"message\":\"failed ##[add-path]/tmp\"},\"error\":\"failed ##[add-path]/tmp\"}\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_build_says_is_no_command_to_a_ci_system() {
    let desk = refusals::library();
    let engine = engine(Answer::ok(COMMANDS));
    let mut command = command(&desk, &engine, &["--seed", "1", "--shard", "1/1"]);
    command.env("GITHUB_ACTIONS", "true");
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    let run = ran(&output, desk.path());
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.contains("failed ## [add-path]/tmp") && run.out.contains("failed ## [add-path]/tmp"), "it is told: {run:?}");
    let of_record = |line: &[&str]| {
        let output = desk.command(line).env("GITHUB_ACTIONS", "true").output().expect("the program starts");
        ran(&output, desk.path())
    };
    let merged = of_record(&["merge", "run", "--out", "whole"]);
    assert!(merged.code == Some(3) && merged.out.contains("failed ## [add-path]/tmp"), "{merged:?}");
    for ran in [run, of_record(&["report", "run"]), merged] {
        let told = format!("{}\n{}", ran.out, ran.err);
        assert!(!told.contains("##[") && !told.lines().any(|line| line.trim_start().starts_with("::")), "{told}");
    }
    let elsewhere = desk.run(&["report", "run"]).data();
    assert!(elsewhere.contains("failed ##[add-path]/tmp"), "where no runner reads, it is as it was: {elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_reach_the_registry_pushes_over_no_link_and_is_not_measured_without_it() {
    let desk = refusals::library();
    let ran = run(&desk, failing(), &["--link", "100mbit"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    let reason = "pushes and pulls cannot go over a link of 100mbit: the engine does not reach loadline's registry (connection refused)";
    assert!(ran.err.contains(reason) && ran.err.contains("leave out --link"), "{}", ran.err);
    assert!(!desk.path().join("run").exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_cuts_the_build_off_exits_4_with_a_readable_record() {
    let desk = refusals::library();
    let ran = run(&desk, Answer::ok("{\"stream\":\"Step 1/2\"}\n").end(End::Cut), &[]).await;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    Record::read(&desk.path().join("run")).expect("a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_another_machine_that_breaks_in_a_build_exits_4_and_measures_nothing() {
    let desk = refusals::library();
    let engine = engine(Answer::ok("{\"stream\":\"Step 1/2\"}\n").end(End::Silence));
    let front = Front::plain(engine.socket()).await;
    let mut command = command(&desk, &engine, &[]);
    command.env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", front.port())).env("DOCKER_CONTEXT", "another");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    while engine.seen("POST /build").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    front.cut();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends")).await.expect("no panic");
    let ran = ran(&output, desk.path());
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("DOCKER_HOST goes before the docker context another"), "{}", ran.err);
    assert!(ran.err.contains("went away during build of"), "{}", ran.err);
    let record = Record::read(&desk.path().join("run")).expect("a record");
    assert!(record.trials.iter().all(|trial| trial.observations.is_empty()), "{:?}", record.trials);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_does_not_exist_exits_4_and_names_those_that_do() {
    let desk = refusals::library();
    let settings = tempfile::tempdir().expect("a folder is made");
    let mut command = desk.command(&["run", "--engine", "host", "--quick", "--out", "run"]);
    command.env_remove("DOCKER_HOST").env("DOCKER_CONTEXT", "gone").env("DOCKER_CONFIG", settings.path());
    let ran = ran(&command.output().expect("the program starts"), desk.path());
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("there is no such context; choose one of default"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_exits_130_with_a_record_that_says_so() {
    let desk = refusals::library();
    let engine = engine(failing().delay(Duration::from_mins(10)));
    let mut child = command(&desk, &engine, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    while engine.seen("POST /build").is_empty() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before its build");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("the signal is sent");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends")).await.expect("no panic");
    let ran = ran(&output, desk.path());
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.err.contains("stopping") && ran.err.contains("stopped early"), "{}", ran.err);
    let record = Record::read(&desk.path().join("run")).expect("a record");
    assert_eq!(record.run.state, loadline::record::RunState::Interrupted);
}
