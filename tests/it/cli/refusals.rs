//! What `run` refuses before anything is started.

use std::os::unix::fs::PermissionsExt;

use super::{BINARY, Desk, Ran, ran, scenario};

/// A desk with one small scenario.
pub(super) fn library() -> Desk {
    let desk = Desk::new();
    desk.write("scenarios/tiny/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    desk.write("scenarios/tiny/scenario.toml", &scenario("tiny", "\n[smoke]\nskip = \"it has no server\"\n"));
    desk
}

/// Runs the program as a user without rights.
pub(super) fn without_root(desk: &Desk, arguments: &[&str]) -> Ran {
    if !rustix::process::geteuid().is_root() {
        return desk.run(arguments);
    }
    // The build folder may be closed to other users. Another process copies: what this one has open for writing, a child that
    // another thread starts at this moment would hold too, and a program that is open for writing cannot be started.
    let copy = desk.path().join("loadline");
    let copied = std::process::Command::new("cp").arg(BINARY).arg(&copy).status().expect("cp is there");
    assert!(copied.success(), "the program is copied");
    for path in [desk.path(), &copy] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("the mode is set");
    }
    let program = copy.to_str().expect("text");
    let all = [&["--reuid=65534", "--regid=65534", "--clear-groups", program][..], arguments].concat();
    ran(&desk.program("setpriv", &all).output().expect("setpriv is part of util-linux"), desk.path())
}

#[test]
fn without_root_a_run_says_what_to_do() {
    let text = without_root(&library(), &["run", "--engine", "private"]).refusal(4);
    assert_eq!(text, "error: a private engine needs root; run it with sudo, or use `--engine host`\n");
    let text = without_root(&library(), &["run", "--bases", "hub"]).refusal(4);
    assert!(text.contains("a private engine needs root"), "only a private engine is given base images: {text}");
}

#[test]
fn where_neither_engine_can_be_had_both_reasons_are_told() {
    let text = without_root(&library(), &["run"]).refusal(4);
    assert!(text.contains("engine: host; why: a private engine needs root (run it with sudo); pull-time is not measured"), "{text}");
    let (_, error) = text.split_once("error: ").expect("an error");
    assert!(error.starts_with("no engine can measure here\n  private engine: a private engine needs root (run it with sudo)\n"), "{error}");
    assert!(error.contains("\n  host engine: no engine answers at unix:///nowhere/docker.sock; start it"), "{error}");
}

#[test]
fn without_root_doctor_says_what_is_missing_and_how_to_get_it() {
    let ran = without_root(&library(), &["doctor"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(4), ""), "{}", ran.out);
    assert!(
        ran.out.contains(
            "no  private engine    a private engine needs root\n                      → run it with sudo, or use `--engine host`\n"
        ),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("no  host engine       no engine answers at unix:///nowhere/docker.sock"), "{}", ran.out);
    let ran = without_root(&library(), &["doctor", "--clean"]);
    assert!(ran.out.contains("no  cleaned up        nothing: removing needs the rights"), "{}", ran.out);
}

#[test]
fn flags_of_the_private_engine_contradict_the_host_engine() {
    let desk = library();
    for flag in [
        ["--dockerd", "/usr/sbin/dockerd"],
        ["--store", "classic"],
        ["--data-root", "disk"],
        ["--registry-mirror", "http://127.0.0.1:1"],
        ["--cpus", "0.5"],
        ["--memory", "1 GB"],
    ] {
        let text = desk.run(&["run", "--engine", "host", flag[0], flag[1]]).refusal(2);
        assert!(text.contains(flag[0]) && text.contains("leave them out with --engine host"), "{text}");
    }
    assert!(!desk.path().join("results").exists(), "nothing was begun");
}

#[test]
fn containerds_store_pushes_to_no_registry_of_the_users() {
    let desk = library();
    let text = desk.run(&["run", "--store", "containerd", "--registry", "127.0.0.1:1/sizes"]).refusal(2);
    assert!(text.contains("--store containerd") && text.contains("no push to --registry 127.0.0.1:1/sizes but the first"), "{text}");
    assert!(text.contains("leave out one of them") && !desk.path().join("results").exists(), "{text}");
}

#[test]
fn a_limit_that_limits_nothing_or_is_none_is_refused() {
    let desk = library();
    for (flag, wrong, says) in [
        ("--cpus", "999", "limits nothing; leave it out"),
        ("--cpus", "0", "no number of processors from 0.1 to 1000"),
        ("--cpus", "NaN", "no number of processors from 0.1 to 1000"),
        ("--cpus", "two", "has no number in front"),
        ("--memory", "100 MB", "too little for an engine; give it 256.0 MB or more"),
        ("--memory", "4", "'4' has no unit; use one of B, kB"),
    ] {
        let text = desk.run(&["run", flag, wrong]).refusal(2);
        assert!(text.contains(says), "{flag} {wrong}: {text}");
    }
    assert!(!desk.path().join("results").exists(), "nothing was begun");
}

#[test]
fn what_is_no_link_is_refused_with_what_is() {
    let desk = library();
    for (wrong, cure) in [
        ("fast", "write loopback, lan, or a rate"),
        ("100", "such as 100mbit"),
        ("20mbit,30", "such as 30ms"),
        ("1kbit", "use 64kbit to 10gbit"),
        ("10gbit,2s", "take a lower rate or a shorter round trip"),
    ] {
        let text = desk.run(&["run", "--engine", "host", "--link", wrong]).refusal(2);
        assert!(text.contains("--link") && text.contains(cure), "{wrong}: {text}");
    }
    assert!(!desk.path().join("results").exists(), "nothing was begun");
}

#[test]
fn a_registry_of_the_users_own_has_no_link_before_it() {
    let desk = library();
    let text = desk.run(&["run", "--engine", "host", "--registry", "127.0.0.1:1/sizes", "--link", "lan"]).refusal(2);
    assert!(text.contains("--link 1gbit,0.2ms") && text.contains("--registry 127.0.0.1:1/sizes"), "{text}");
    assert!(text.contains("leave out one of them"), "{text}");
    let ran = desk.run(&["run", "--engine", "host", "--registry", "127.0.0.1:1/sizes", "--link", "loopback"]);
    assert!(ran.code != Some(2) && !ran.err.contains("--link"), "as it is without --link: {ran:?}");
}

#[test]
fn a_folder_that_holds_something_is_no_place_for_a_run() {
    let desk = library();
    desk.write("taken/file", "");
    let text = desk.run(&["run", "--engine", "host", "--out", "taken"]).refusal(2);
    assert!(text.contains("taken"), "{text}");
}

#[test]
fn no_engine_behind_docker_host_is_told_with_the_cure() {
    let desk = library();
    let ran = desk.run(&["run", "--engine", "host", "--quick"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(4), ""), "{ran:?}");
    assert!(ran.err.contains("no engine answers at unix:///nowhere/docker.sock; start it, or use --engine private"), "{}", ran.err);
    let left = std::fs::read_dir(desk.path().join("results")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "a run that measured nothing leaves no folder");
}

#[test]
fn an_engine_behind_tcp_that_does_not_answer_is_named() {
    let desk = library();
    let output = desk.command(&["run", "--engine", "host"]).env("DOCKER_HOST", "tcp://127.0.0.1:1").output().expect("the program starts");
    let text = ran(&output, desk.path()).err;
    assert!(text.contains("no engine answers at tcp://127.0.0.1:1; start it, or use --engine private"), "{text}");
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn a_dockerd_that_is_not_there_is_named() {
    if !rustix::process::geteuid().is_root() {
        return assert!(library().run(&["run", "--dockerd", "/nowhere/dockerd"]).refusal(4).contains("needs root"));
    }
    let text = library().run(&["run", "--dockerd", "/nowhere/dockerd"]).refusal(4);
    assert!(text.contains("/nowhere/dockerd") && text.contains("--dockerd"), "{text}");
}

#[test]
fn downloads_are_not_counted_on_an_engine_of_the_users() {
    for option in [&["--count-downloads"][..], &["--download-link", "20mbit,30ms"]] {
        let text = library().run(&[&["run", "--engine", "host"], option].concat()).refusal(2);
        assert!(text.contains("cannot be counted on your own engine") && text.contains("use --engine private"), "{text}");
    }
}
