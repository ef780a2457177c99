//! Awkward contexts through the whole run.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use loadline::measure::Measure;

use crate::support::app::{GOOD, Scene, assert_measured, record, value};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// A run's process stays below this, whatever it weighs, bytes.
const MEMORY: u64 = 100_000_000;

#[test]
fn a_hundred_thousand_files_are_sent_in_bounded_memory() {
    if !live_or_skip("live::run::contexts::a_hundred_thousand_files_are_sent_in_bounded_memory") {
        return;
    }
    let _among_others = among_others();
    let mut scene = Scene::of(&[("good", GOOD)]);
    for folder in 0..100 {
        let folder = scene.scenario("app").join(format!("many/{folder}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        (0..1000).for_each(|file| std::fs::write(folder.join(file.to_string()), "x").expect("a file"));
    }
    let (command, out) = scene.command();
    let ended = command.run().exits(0);
    let record = record(&out);
    assert_measured(&record, "good");
    assert!(value(&record, "good", Measure::ContextSize) > 100_000.0 * 1024.0, "a header and a block for each file");
    assert!(ended.peak < MEMORY, "{} bytes", ended.peak);
}

#[test]
fn what_a_context_cannot_hold_is_named_and_what_it_can_is_built() {
    if !live_or_skip("live::run::contexts::what_a_context_cannot_hold_is_named_and_what_it_can_is_built") {
        return;
    }
    let _among_others = among_others();
    let all = GOOD.replace("COPY app /app", "COPY . /");
    let scene = |name: &str| Scene::new().with(name, "good", &all);

    let mut linked = scene("linked");
    std::os::unix::fs::symlink("../../../../../../../etc/passwd", linked.scenario("linked").join("out")).expect("a link");
    let (command, out) = linked.command();
    command.run().exits(0);
    assert_measured(&record(&out), "good");

    let mut named = scene("named");
    std::fs::write(named.scenario("named").join(OsStr::from_bytes(b"caf\xe9")), "x").expect("a file");
    let (command, out) = named.command();
    command.run().exits(0);
    assert_measured(&record(&out), "good");

    let mut socketed = scene("socketed");
    let _listener = UnixListener::bind(socketed.scenario("socketed").join("s")).expect("a socket");
    let (command, out) = socketed.command();
    command.run().exits(0);
    assert_measured(&record(&out), "good");
}
