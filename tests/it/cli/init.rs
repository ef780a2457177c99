//! `init` as far as it goes without an engine: what it refuses, what it writes, and that it leaves the user's files alone.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::{Desk, refusals, scenario};

const DOCKERFILE: &str = "FROM golang:1.23 AS build\nCOPY . .\nRUN go build\nFROM scratch\nCOPY --from=build /app /app\nEXPOSE 8080\n";

fn app() -> Desk {
    let desk = Desk::new();
    desk.write("shop/Dockerfile", DOCKERFILE);
    desk.write("shop/go.mod", "module shop\n");
    desk
}

fn files(desk: &Desk) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(desk.path().join("shop")).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("text"))).collect()
}

#[test]
fn without_a_build_the_file_says_what_the_folder_tells_and_run_takes_it() {
    let desk = app();
    let before = files(&desk);
    let ran = desk.run(&["init", "shop", "--no-build"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "shop/scenario.toml\n"), "{}", ran.err);
    assert!(ran.err.contains("not tried: --no-build was given") && ran.err.contains("next: `loadline run shop --quick`"), "{}", ran.err);
    insta::assert_snapshot!("init_without_a_build", std::fs::read_to_string(desk.path().join("shop/scenario.toml")).expect("a file"));
    let after = files(&desk);
    assert!(before.iter().all(|(path, text)| after.get(path) == Some(text)), "the user's files are as they were");
    assert_eq!(after.len(), before.len() + 1);
    let listed = desk.run(&["list", "./shop"]);
    assert!(listed.out.starts_with("shop/default\tmulti-stage\tDockerfile\t"), "{listed:?}");
}

#[test]
fn a_scenario_that_is_there_is_replaced_only_by_force() {
    let desk = app();
    let mine = scenario("mine", "");
    desk.write("shop/scenario.toml", &mine);
    let text = desk.run(&["init", "shop", "--no-build"]).refusal(2);
    assert!(text.contains("shop/scenario.toml is there already; use --force to replace it"), "{text}");
    assert_eq!(std::fs::read_to_string(desk.path().join("shop/scenario.toml")).expect("a file"), mine);
    assert_eq!(desk.run(&["init", "shop", "--no-build", "--force"]).code, Some(0));
    assert!(std::fs::read_to_string(desk.path().join("shop/scenario.toml")).expect("a file").contains("name = \"shop\""));
}

#[test]
fn a_link_in_the_place_of_the_file_is_replaced_and_not_followed() {
    let desk = app();
    desk.write("precious", "keep me");
    std::os::unix::fs::symlink("../precious", desk.path().join("shop/scenario.toml")).expect("a link");
    assert_eq!(desk.run(&["init", "shop", "--no-build"]).code, Some(2));
    assert_eq!(desk.run(&["init", "shop", "--no-build", "--force"]).code, Some(0));
    assert_eq!(std::fs::read_to_string(desk.path().join("precious")).expect("a file"), "keep me");
}

#[test]
fn without_any_engine_the_file_is_written_all_the_same_and_the_exit_is_4() {
    let desk = app();
    if rustix::process::geteuid().is_root() {
        let text = refusals::without_root(&desk, &["init", "shop"]).refusal(2);
        assert!(text.contains("cannot write into shop: ") && text.contains("run it as the user"), "{text}");
    }
    std::fs::set_permissions(desk.path().join("shop"), std::fs::Permissions::from_mode(0o777)).expect("the mode is set");
    let ran = refusals::without_root(&desk, &["init", "shop"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(4), "shop/scenario.toml\n"), "{}", ran.err);
    assert!(
        ran.err.contains("not tried: there was no engine to try it on") && ran.err.contains("no engine can measure here"),
        "{}",
        ran.err
    );
    let text = std::fs::read_to_string(desk.path().join("shop/scenario.toml")).expect("a file");
    assert!(text.contains("# port = 8080\n"), "{text}");
}

#[test]
fn what_init_cannot_use_is_refused_before_anything_is_written() {
    let desk = app();
    desk.write("empty/README", "");
    desk.write("broken/Dockerfile", "COPPY a b\n");
    for (arguments, words) in [
        (&["init", "empty"][..], "there is no Dockerfile, NAME.Dockerfile or Dockerfile.NAME in this folder"),
        (&["init", "nowhere"], "cannot read the folder"),
        (&["init", "broken"], "COPPY"),
        (&["init", "shop", "--env", "NOVALUE"], "--env 'NOVALUE' is not NAME=VALUE"),
        (&["init", "shop", "--no-build", "--env", "A=b"], "cannot be used with"),
        (&["init", "shop", "--port", "0"], "0 is not in 1..=65535"),
    ] {
        let text = desk.run(arguments).refusal(2);
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
    assert!(!desk.path().join("shop/scenario.toml").exists());
}
