//! How much is measured, as it is typed: rules that end a run, warm-ups and time-outs.

use loadline::record::{Record, RunState, StopRule, Stopped};

use super::host_run::{engine, failing, run};
use super::refusals::library;
use super::{Desk, Ran, ran};

#[test]
fn what_no_run_can_go_by_is_refused_before_anything_is_started() {
    let desk = Desk::new();
    for (wrong, why) in [
        (&["--time-limit", "30"][..], "'30' has no unit; use one of ms, s, min, h"),
        (&["--time-limit", "0s"], "nothing can be done in no time"),
        (&["--time-limit", "soon"], "has no number in front"),
        (&["--build-timeout", "0 min"], "nothing can be done in no time"),
        (&["--transfer-timeout", "fast"], "has no number in front"),
        (&["--precision", "5"], "a precision is between 0.1% and 100%"),
        (&["--precision", "0%"], "a precision is between 0.1% and 100%"),
        (&["--precision", "5%", "--quick"], "cannot be used with"),
        (&["--warm-up", "101"], "101 is not in 0..=100"),
        (&["--starts", "101"], "101 is not in 0..=100"),
    ] {
        let text = desk.run(&[&["run"][..], wrong].concat()).refusal(2);
        assert!(text.contains(why), "{wrong:?}: {text}");
    }
}

#[test]
fn a_precision_that_the_trials_can_never_reach_is_refused() {
    let text = library().run(&["run", "--engine", "host", "--precision", "5%", "--trials", "6"]).refusal(2);
    assert_eq!(
        text,
        "error: --precision needs 7 trials before a median is known well enough to tell, and --trials 6 are the most; allow more, or \
         leave out one of them\n"
    );
}

/// Runs the program on a scripted engine with these arguments.
async fn on_host(desk: &Desk, more: &[&str]) -> Ran {
    let engine = engine(failing());
    let mut command = desk.command(&[&["run"][..], more].concat());
    command.env("DOCKER_HOST", format!("unix://{}", engine.socket().display()));
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    ran(&output, desk.path())
}

fn record(desk: &Desk) -> Record {
    Record::read(&desk.path().join("run")).expect("it reads")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_recorded_with_all_that_was_asked_for() {
    let desk = library();
    let more = ["--warm-up", "1", "--time-limit", "1h30m", "--build-timeout", "20m", "--transfer-timeout", "90 s", "--starts", "7"];
    let ran = run(&desk, failing(), &more).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let record = record(&desk);
    let settings = &record.run.settings;
    assert_eq!((settings.warm_up, settings.trials, settings.time_limit), (1, 1, Some(5400.0)));
    assert_eq!((settings.build_timeout, settings.transfer_timeout), (Some(1200.0), Some(90.0)));
    assert_eq!(settings.starts, 7);
    let warm_ups: Vec<bool> = record.trials.iter().map(|outcome| outcome.trial.warmup).collect();
    assert_eq!((warm_ups, record.run.state, record.run.stopped), (vec![true, false], RunState::Complete, None));
    assert!(ran.err.contains("tiny/small (warm-up 1): build-failed"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_precision_without_a_number_of_trials_has_thirty_as_the_most() {
    let desk = library();
    let ran = on_host(&desk, &["--engine", "host", "--precision", "5%", "--builds", "cold", "--out", "run"]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let settings = record(&desk).run.settings;
    assert_eq!((settings.trials, settings.precision), (30, Some(0.05)));
}

/// A desk with two variants that are meant to fail, so that a failed build is complete.
fn meant_to_fail() -> Desk {
    let desk = library();
    let other = "expect = \"build-failure\"\n\n[variants.other]\ndockerfile = \"Dockerfile\"\nexpect = \"build-failure\"\n";
    desk.write("scenarios/tiny/scenario.toml", &super::scenario("tiny", other));
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_that_fail_as_they_are_meant_to_raise_no_code() {
    let desk = meant_to_fail();
    let ran = on_host(&desk, &["--engine", "host", "--trials", "1", "--builds", "cold", "--out", "run"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!((record(&desk).run.state, record(&desk).trials.len()), (RunState::Complete, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_too_short_for_one_iteration_exits_3_though_nothing_failed() {
    let desk = meant_to_fail();
    let ran = on_host(&desk, &["--engine", "host", "--time-limit", "1ms", "--trials", "3", "--builds", "cold", "--out", "run"]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let record = record(&desk);
    let stopped = record.run.stopped.as_ref().expect("a rule ended it");
    assert_eq!((stopped.rule, stopped.iterations, record.trials.len()), (StopRule::TimeLimit, 0, 1));
    assert_eq!(record.run.state, RunState::Interrupted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_time_is_over_says_what_it_left_out_and_can_be_gone_on_with() {
    let desk = library();
    let more = ["--engine", "host", "--time-limit", "1ms", "--trials", "3", "--builds", "cold", "--out", "run"];
    let ran = on_host(&desk, &more).await;
    assert_eq!(ran.code, Some(3), "the build fails: {ran:?}");
    let first = record(&desk);
    let stopped = first.run.stopped.clone().expect("a rule ended it");
    assert_eq!((stopped.rule, stopped.iterations, stopped.blocks()), (StopRule::TimeLimit, 1, 2), "one block begins in any time");
    assert_eq!((first.run.state, first.trials.len()), (RunState::Complete, 1));
    assert!(ran.err.contains("ended by the time limit after ") && ran.out.contains("1 whole iteration, 2 blocks left out."), "{ran:?}");
    assert!(ran.err.contains("`loadline run --resume run` measures for as long again"), "{}", ran.err);
    if first.run.conditions.host == "unknown" {
        return;
    }
    let left = |record: &Record| record.run.stopped.as_ref().map_or(0, Stopped::blocks);
    for (trials, blocks) in [(2, 1), (3, 0), (3, 0)] {
        on_host(&desk, &["--resume", "run"]).await;
        let record = record(&desk);
        assert_eq!((record.trials.len(), left(&record), record.run.state), (trials, blocks, RunState::Complete));
    }
}
