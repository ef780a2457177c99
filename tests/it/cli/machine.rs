//! `doctor` and `bases list`: what is said of this machine.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::{Desk, Ran, ran};

/// What doctor says where no private engine can run and the host's engine listens on `socket`.
fn doctor(desk: &Desk, socket: &str) -> Ran {
    let output =
        desk.command(&["doctor", "--dockerd", "/nowhere/dockerd"]).env("DOCKER_HOST", socket).output().expect("the program starts");
    ran(&output, desk.path())
}

#[test]
fn a_machine_without_any_engine_gets_the_cures_and_exit_4() {
    let desk = Desk::new();
    let ran = doctor(&desk, "unix:///nowhere/docker.sock");
    assert_eq!((ran.code, ran.err.as_str()), (Some(4), ""), "{}", ran.out);
    let what: Vec<&str> = ran.out.lines().filter(|line| !line.starts_with(' ')).map(|line| line[4..22].trim_end()).collect();
    assert_eq!(what, ["dead runs", "private engine", "data root", "host engine", "stand-in bases", "base cache"]);
    assert!(ran.out.contains("0 B in DESK/.cache/loadline"), "{}", ran.out);
    assert!(ran.out.contains(" of memory are ") || ran.out.contains("memory: "), "{}", ran.out);
}

#[test]
fn an_engine_that_never_answers_does_not_hang_doctor() {
    let desk = Desk::new();
    let socket = desk.path().join("s");
    let _listens = UnixListener::bind(&socket).expect("the socket is bound");
    let begun = Instant::now();
    let ran = doctor(&desk, &format!("unix://{}", socket.display()));
    assert!(begun.elapsed() < Duration::from_mins(1), "it would have waited for ever");
    assert_eq!(ran.code, Some(4), "{}", ran.out);
    assert!(ran.out.contains("an answer was given up after 3 s; restart it, or use --engine private"), "{}", ran.out);
}

#[test]
fn the_stand_ins_are_listed_with_their_published_sizes() {
    let text = Desk::new().run(&["bases", "list"]).data();
    assert!(
        text.starts_with("| Stand-in for | Published, MB |") && text.contains("| `golang:1.23` |") && text.contains("not built"),
        "{text}"
    );
}
