//! Apps that are slow to listen, as those on a Java virtual machine are: waited for, as long as the smoke check allows.

use std::time::{Duration, Instant};

use crate::support::app::{Scene, app_that, assert_measured, assert_without_numbers, record};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// How long the app does nothing but warm up.
const WARM_UP: Duration = Duration::from_secs(15);

#[test]
fn an_app_that_listens_late_is_waited_for_and_measured() {
    if !live_or_skip("live::slow_start::an_app_that_listens_late_is_waited_for_and_measured") {
        return;
    }
    let _among_others = among_others();
    let late = app_that(&format!("warm-up\", \"{}", WARM_UP.as_secs()));
    let mut scene = Scene::new().smoke("port = 8080\ntimeout = \"120 s\"\n").with("late", "late", &late);
    let (command, out) = scene.command();
    let began = Instant::now();
    // It is slow each time.
    command.args(["--starts", "0"]).run().exits(0);
    assert!(began.elapsed() >= WARM_UP, "the app was asked until it listened");
    assert_measured(&record(&out), "late");
}

#[test]
fn an_app_that_never_listens_fails_with_its_last_lines() {
    if !live_or_skip("live::slow_start::an_app_that_never_listens_fails_with_its_last_lines") {
        return;
    }
    let _among_others = among_others();
    let scene = Scene::new().smoke("port = 8080\ntimeout = \"3 s\"\n");
    let mut scene = scene.with("never", "stalled", &app_that("stall")).with("never", "late", &app_that("warm-up\", \"3600"));
    let (command, out) = scene.command();
    command.run().exits(3);
    let record = record(&out);
    let (status, reason) = assert_without_numbers(&out, &record, "stalled");
    assert_eq!(status, "smoke-failed", "{reason}");
    for part in ["no good answer to GET / within 3", "smoke.timeout", "loading module 30 of 30", "module 31 does not answer"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert!(!reason.contains("loading module 1 of 30"), "only the last lines are shown: {reason}");
    let (status, reason) = assert_without_numbers(&out, &record, "late");
    assert!(status == "smoke-failed" && reason.contains("warming up"), "{status}: {reason}");
}
