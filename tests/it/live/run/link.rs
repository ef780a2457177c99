//! Runs over a shaped link on real engines: every byte crosses it, both counts agree, and it keeps to its rate.

use std::path::Path;

use loadline::measure::Measure;
use loadline::record::{Status, TransferRecord};

use crate::support::app::{GOOD, Scene, good_with, outcome, record};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// Bytes that do not compress, enough for two seconds at 100 Mbit/s.
const NOISE: usize = 24_000_000;

fn with_noise(scene: &Scene) {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(NOISE).collect();
    std::fs::write(scene.scenario("app").join("noise"), noise).expect("it is written");
}

/// Payload in one direction by what the link's rate would have carried between its first and its last byte.
fn rate_share(transfer: &TransferRecord, bytes: u64) -> f64 {
    let link = transfer.link.expect("it went over the link");
    bytes as f64 * 8.0 / 100e6 / link.seconds()
}

fn report(out: &Path) -> String {
    std::fs::read_to_string(out.join("report.md")).expect("there is a report")
}

#[test]
fn a_push_and_a_pull_over_a_link_keep_to_its_rate_and_the_report_says_what_bounds_them() {
    if !live_or_skip("live::run::link::a_push_and_a_pull_over_a_link_keep_to_its_rate_and_the_report_says_what_bounds_them") {
        return;
    }
    let _among_others = among_others();
    let mut scene = Scene::of(&[("small", GOOD), ("big", &good_with("COPY noise /noise"))]);
    with_noise(&scene);
    let (command, out) = scene.command();
    let ended = command.args(["--engine", "private", "--bases", "stand-in", "--link", "100mbit"]).run().exits(0);

    let run = record(&out);
    assert_eq!((run.run.conditions.link.as_str(), run.run.settings.link.as_deref()), ("100mbit", Some("100mbit")));
    for variant in ["small", "big"] {
        let outcome = outcome(&run, variant);
        assert_eq!((&outcome.status, outcome.warnings.as_slice()), (&Status::Measured, &[][..]), "{variant}");
        let (push, pull) = (outcome.push.as_ref().expect("it is pushed"), outcome.pull.as_ref().expect("it is pulled"));
        let bytes = |transfer: &TransferRecord, up| transfer.link.map_or(0, |link| if up { link.bytes_up } else { link.bytes_down });
        for (name, measure, transfer, carried) in
            [("push", Measure::PushTime, push, bytes(push, true)), ("pull", Measure::PullTime, pull, bytes(pull, false))]
        {
            let bodies = transfer.blob_bytes + transfer.manifest_bytes;
            let (link, share) = (transfer.link.expect("it went over the link"), rate_share(transfer, carried));
            eprintln!("{variant} {name}: {carried} B for {bodies} B of bodies, {:.1} % of the rate, {link:?}", share * 100.0);
            assert!(carried > bodies, "the bodies and HTTP's words");
            // A link is never faster than it says, by its own clock: a burst of 1.5 ms, and 40 ms made up for.
            assert!(link.seconds() > bodies as f64 * 8.0 / 100e6 - 0.05, "{variant} {name}: {link:?}");
            assert!(outcome.observations.iter().any(|o| o.measure == measure && o.phase.as_deref() == Some("link")));
        }
    }
    for text in [ended.stdout.clone(), report(&out)] {
        let sentence = text.lines().find(|line| line.starts_with("big over 100mbit: the push kept ")).unwrap_or_else(|| panic!("{text}"));
        assert!(sentence.contains("bounds it; the pull kept "), "{sentence}");
        eprintln!("{sentence}");
    }
    assert!(report(&out).contains("pull time over 100mbit, s"), "{}", report(&out));
}
