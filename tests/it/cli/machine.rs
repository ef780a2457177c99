//! `doctor` and `bases list`: what is said of this machine.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::{Desk, Ran, ran};
use crate::wire::docker::daemon::{Answer, Daemon};

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
    let (rows, table) = ran.out.split_once("\n\n").expect("rows and a table");
    let what: Vec<&str> = rows.lines().filter(|line| !line.starts_with(' ')).map(|line| line[4..22].trim_end()).collect();
    let wanted = [
        "machine",
        "noise",
        "private engine",
        "data root",
        "host engine",
        "builder",
        "registry",
        "hub bases",
        "stand-in bases",
        "base cache",
        "dead runs",
        "defaults",
    ];
    assert_eq!(what, wanted);
    assert!(rows.contains("0 B in DESK/.cache/loadline"), "{rows}");
    assert!(table.contains("pull times    no              no"), "{table}");
    assert_eq!(table.matches("nothing on the ").count(), 2, "{table}");
    assert!(table.contains("→ start Docker, or point DOCKER_HOST at an engine that runs"), "{table}");
}

#[test]
fn doctor_changes_nothing_and_is_read_by_programs() {
    let desk = Desk::new();
    let ran = desk.run(&["doctor", "--dockerd", "/nowhere/dockerd", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(4), ""), "{}", ran.out);
    let found: serde_json::Value = serde_json::from_str(&ran.out).expect("it is JSON");
    assert_eq!((&found["format_version"], &found["can_measure"]), (&1.into(), &false.into()));
    let measures = found["measures"].as_array().expect("a list");
    assert_eq!(measures.len(), 10);
    assert!(measures.iter().all(|measure| measure["possible"] == false && measure["reason"].is_string()), "{measures:?}");
    assert_eq!(std::fs::read_dir(desk.path()).expect("a folder").count(), 0, "nothing was written");
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
    assert!(ran.out.contains("it gave no answer within 1.2 s") && ran.out.contains("or use `--engine private`"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_answers_can_measure_all_but_the_pull() {
    let desk = Desk::new();
    let engine = Daemon::start(vec![
        ("GET /info", Answer::ok(super::host_run::INFO)),
        ("GET /distribution/", Answer::ok("{\"message\":\"no such host\"}").status(500)),
    ]);
    let socket = format!("unix://{}", engine.socket().display());
    let folder = engine.socket().parent().expect("a folder").display().to_string();
    let ran = tokio::task::spawn_blocking(move || doctor(&desk, &socket)).await.expect("no panic");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    let out = ran.out.replace(&folder, "ENGINE");
    assert!(out.contains("ok  host engine       Docker Engine 20.10.24 (API"), "{out}");
    assert!(out.contains("named by DOCKER_HOST") && out.contains("BuildKit of Engine 20.10.24"), "{out}");
    assert!(out.contains("no  hub bases         ") && out.contains("no such host"), "{out}");
    assert!(out.contains("builds        no              yes") && out.contains("pull times    no              no"), "{out}");
    assert!(out.contains("no pull times on the host engine: a cold pull needs a second engine"), "{out}");
}

#[test]
fn the_stand_ins_are_listed_with_their_published_sizes() {
    let desk = Desk::new();
    let text = desk.run(&["bases", "list"]).data();
    assert!(text.starts_with("stand-in for") && text.contains("\ngolang:1.23 ") && text.contains("not built"), "{text}");
    assert!(text.contains("What differs from the published images:\n"), "{text}");
    let markdown = desk.run(&["bases", "list", "--format", "markdown"]).data();
    assert!(markdown.starts_with("| Stand-in for | Published, MB |") && markdown.contains("| `golang:1.23` |"), "{markdown}");
    let csv = desk.run(&["bases", "list", "--format", "csv"]).data();
    assert!(csv.lines().any(|row| row.starts_with("golang:1.23,303303724,1.23.8,2025-04-28,,,3,")), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&desk.run(&["bases", "list", "--format", "json"]).data()).expect("JSON");
    let names: Vec<_> = json["bases"].as_array().expect("a list").iter().filter_map(|base| base["name"].as_str()).collect();
    assert!(names.contains(&"golang:1.23") && json["cache"]["bytes"].is_u64(), "{names:?}");
}

#[test]
fn an_image_without_a_stand_in_is_refused_by_name_before_anything_is_built() {
    let ran = Desk::new().run(&["bases", "build", "nobody:1"]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("there is no stand-in for nobody:1") && ran.err.contains("loadline bases list"), "{}", ran.err);
    let both = Desk::new().run(&["bases", "build", "--all", "debian:bookworm"]);
    assert_eq!(both.code, Some(2), "{}", both.err);
}

#[test]
fn an_empty_cache_is_pruned_in_peace() {
    let ran = Desk::new().run(&["bases", "prune"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("removed 0 images, 0 files, 0 B from "), "{}", ran.err);
}
