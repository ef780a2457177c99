//! Variants that fail on a machine that works: each is named with its reason, has no numbers, and stops no other.

use crate::support::app::{GOOD, Scene, app_that, assert_measured, assert_without_numbers, good_with, record};
use crate::support::live_or_skip;
use crate::support::machine::{MachineState, alone, among_others};

#[test]
fn an_app_that_does_not_work_has_no_numbers_and_stops_no_other() {
    if !live_or_skip("live::run::failures::an_app_that_does_not_work_has_no_numbers_and_stops_no_other") {
        return;
    }
    let _alone = alone();
    let before = MachineState::capture();
    let (refusing, crashing, sulking) = (app_that("refuse"), app_that("crash"), app_that("sulk"));
    let broken = GOOD.replace("\"/app\", \"serve\"", "\"/no-such-program\"");
    let variants = [("good", GOOD), ("broken", &broken), ("refusing", &refusing), ("crashing", &crashing), ("sulking", &sulking)];
    let mut scene = variants
        .into_iter()
        .fold(Scene::new().smoke("port = 8080\ntimeout = \"2 s\"\n"), |scene, (name, dockerfile)| scene.with("app", name, dockerfile));
    let (command, out) = scene.command();
    command.run().exits(3);
    let record = record(&out);
    assert_measured(&record, "good");
    let reasons: [(&str, &[&str]); 4] = [
        ("broken", &["no-such-program", "its container did not start", "check the image's ENTRYPOINT and CMD"]),
        ("refusing", &["no good answer to GET / within 2", "status 500 instead of 200, body: the database is gone", "listening"]),
        ("crashing", &["the container ended with exit code 3 before it answered", "cannot open /var/db"]),
        ("sulking", &["no good answer to GET / within 2", "waiting for a database"]),
    ];
    for (variant, parts) in reasons {
        let (status, reason) = assert_without_numbers(&out, &record, variant);
        assert_eq!(status, "smoke-failed", "{variant}: {reason}");
        assert!(parts.iter().all(|part| reason.contains(part)), "{variant}: {reason}");
    }
    before.assert_restored();
}

#[test]
fn a_dockerfile_that_does_not_build_is_named_with_its_step() {
    if !live_or_skip("live::run::failures::a_dockerfile_that_does_not_build_is_named_with_its_step") {
        return;
    }
    let _among_others = among_others();
    let (failing, missing_source) = (good_with("RUN [\"/app\", \"fail\"]"), good_with("COPY no-such-file /"));
    let nowhere = GOOD.replace("scratch", "127.0.0.1:1/acme/base:1");
    let mut scene = Scene::of(&[("good", GOOD), ("failing", &failing), ("sourceless", &missing_source), ("baseless", &nowhere)]);
    let (command, out) = scene.command();
    command.run().exits(3);
    let record = record(&out);
    assert_measured(&record, "good");
    let expected: [(&str, &str, &[&str]); 3] = [
        (
            "failing",
            "build-failed",
            &["failing.Dockerfile:3: ", "RUN [\"/app\", \"fail\"]", "exit code: 7", "line 30 of 30", "the step gives up"],
        ),
        ("sourceless", "build-failed", &["sourceless.Dockerfile:3: ", "COPY no-such-file /"]),
        ("baseless", "skipped", &["127.0.0.1:1/acme/base:1"]),
    ];
    for (variant, wanted, parts) in expected {
        let (status, reason) = assert_without_numbers(&out, &record, variant);
        assert_eq!(status, wanted, "{variant}: {reason}");
        assert!(parts.iter().all(|part| reason.contains(part)), "{variant}: {reason}");
    }
    let lines = std::fs::read_to_string(out.join("log/app--failing--1.log")).expect("the step's lines are kept");
    assert!(lines.contains("line 1 of 30"), "{lines}");

    let (command, _) = scene.command();
    command.args(["--variant", "good", "--variant", "baseless", "--allow-skips"]).run().exits(0);
}

#[test]
fn a_scenario_that_is_wrong_is_refused_before_any_engine_starts() {
    if !live_or_skip("live::run::failures::a_scenario_that_is_wrong_is_refused_before_any_engine_starts") {
        return;
    }
    let mut scene = Scene::of(&[("good", GOOD), ("wrong", "FROM scratch\nCOPPY app /app\n")]);
    let (command, out) = scene.command();
    // An engine that cannot start shows that none was asked for.
    command.args(["--dockerd", "/nonexistent"]).run().exits(2).says(&["wrong.Dockerfile", "2", "COPPY"]);
    assert!(!out.exists(), "nothing is recorded of a run that did not begin");

    let mut empty = Scene::new();
    empty.command().0.run().exits(2).says(&["there are no scenarios"]);

    let mut scene = Scene::new().with("one", "good", GOOD).with("two", "good", GOOD);
    let twin = scene.scenario("two").join("scenario.toml");
    std::fs::write(&twin, std::fs::read_to_string(&twin).expect("a scenario").replace("\"two\"", "\"one\"")).expect("a scenario");
    scene.command().0.run().exits(2).says(&["one/scenario.toml", "two/scenario.toml"]);
}
