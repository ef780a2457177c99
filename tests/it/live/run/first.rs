//! The first minutes of a new user: a folder with a Dockerfile and nothing of loadline's in it.

use std::path::Path;

use loadline::record::Status;
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::scenario::parse_scenario;

use super::host::inventory;
use crate::support::app::{GOOD, good_with, outcome, program, record};
use crate::support::cli::Loadline;
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// A folder of the user's with these Dockerfiles and the program.
fn app(dockerfiles: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in dockerfiles {
        std::fs::write(folder.path().join(name), text).expect("a Dockerfile");
    }
    std::fs::copy(program(), folder.path().join("app")).expect("the program is there");
    folder
}

fn init(folder: &Path, more: &[&str]) -> Loadline {
    Loadline::new(["init"]).args([folder]).args(more)
}

fn exposed(what: &str) -> String {
    good_with("EXPOSE 8080").replace("serve", what)
}

#[test]
fn init_finds_the_smoke_check_and_the_run_after_it_is_measured() {
    if !live_or_skip("live::run::first::init_finds_the_smoke_check_and_the_run_after_it_is_measured") {
        return;
    }
    let _among_others = among_others();
    let folder = app(&[("Dockerfile", &exposed("need"))]);
    let path = folder.path().join("scenario.toml");

    let ended = init(folder.path(), &["--wait", "20"]).run().exits(3);
    let ended = ended.says(&["the container ended with exit code 4 before it answered", "DATABASE_URL is not set", "--env NAME=VALUE"]);
    assert_eq!(ended.stdout, format!("{}\n", path.display()));
    assert!(parse_scenario(&path).expect("the file is right").smoke.check().is_none());

    let ended = init(folder.path(), &["--force", "--env", "DATABASE_URL=mem"]).run().exits(0);
    ended.says(&["found: GET /health on port 8080 is answered with 200"]);
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert!(text.contains("json = { status = \"UP\" }") && text.contains("env = { \"DATABASE_URL\" = \"mem\" }"), "{text}");

    let out = folder.path().join("run");
    Loadline::new(["run", "--quick", "--out"]).args([&out]).args([folder.path()]).run().exits(0);
    assert_eq!(outcome(&record(&out), "default").status, Status::Measured);
}

#[test]
fn a_folder_without_a_scenario_is_weighed_and_says_how_to_prove_it() {
    if !live_or_skip("live::run::first::a_folder_without_a_scenario_is_weighed_and_says_how_to_prove_it") {
        return;
    }
    let _among_others = among_others();
    let everything = exposed("serve").replace("COPY app /app", "COPY app /app\nCOPY . /all");
    let folder = app(&[("Dockerfile", &everything)]);
    let weights: Vec<f64> = (1..=2)
        .map(|n| {
            let out = folder.path().join(format!("results/{n}"));
            let ended = Loadline::new(["run", "--quick", "--out"]).args([&out]).args([folder.path()]).run().exits(0);
            let init = format!("`loadline init {}`", folder.path().display());
            let ended = ended.says(&["size so far", "not verified: no smoke check", "port = 8080", init.as_str(), "engine: private"]);
            let (first, last) = (ended.stderr.find("size so far"), ended.stderr.find("  push"));
            assert!(first < last && first.is_some(), "it is told before the push:\n{}", ended.stderr);
            let record = record(&out);
            assert_eq!(outcome(&record, "default").status, Status::Unverified);
            crate::support::app::value(&record, "default", loadline::measure::Measure::UncompressedSize)
        })
        .collect();
    assert_eq!(weights[0].to_bits(), weights[1].to_bits(), "the record of the first run is not in the image of the second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_root_gets_the_same_on_the_engine_that_is_there() {
    if !live_or_skip("live::run::first::a_user_without_root_gets_the_same_on_the_engine_that_is_there") {
        return;
    }
    let _among_others = among_others();
    let options = PrivateOptions::new(Role::Builder);
    let engine = PrivateEngine::start(options).await.expect("a private engine starts");
    let host = format!("unix://{}", engine.socket().display());
    let folder = app(&[("Dockerfile", &exposed("serve"))]);
    let before = inventory(engine.socket()).0;
    let bare = folder.path().join("bare");
    let command = Loadline::new(["run", "--quick", "--engine", "host", "--out"]).args([&bare]).args([folder.path()]);
    command.env("DOCKER_HOST", &host).run().exits(0).says(&["engine: host", "size so far", "not verified"]);
    let found = init(folder.path(), &["--engine", "host"]).env("DOCKER_HOST", &host).run().exits(0);
    found.says(&["found: GET /health on port 8080 is answered with 200"]);
    assert_eq!(before, inventory(engine.socket()).0, "what the user has is as it was");
    engine.stop().await.expect("the engine stops");
}

#[test]
fn a_base_without_a_stand_in_is_skipped_by_name_before_the_build() {
    if !live_or_skip("live::run::first::a_base_without_a_stand_in_is_skipped_by_name_before_the_build") {
        return;
    }
    let _among_others = among_others();
    let folder = app(&[("Dockerfile", GOOD), ("exotic.Dockerfile", "FROM acme/exotic:7\nCOPY app /app\n")]);
    let run = |more: &[&str]| {
        let out = folder.path().join(format!("run-{}", more.len()));
        let command = Loadline::new(["run", "--quick", "--bases", "stand-in", "--out"]).args([&out]).args([folder.path()]).args(more);
        (command.run(), out)
    };
    let (ended, out) = run(&[]);
    let ended = ended.exits(3).says(&["exotic: skipped: ", "acme/exotic:7"]);
    assert!(!ended.stderr.contains("COPY app /app (exotic)") && !ended.stderr.contains("acme/exotic:7] "), "{}", ended.stderr);
    assert!(outcome(&record(&out), "exotic").steps.is_empty(), "nothing was built of it");
    assert_eq!(outcome(&record(&out), "default").status, Status::Unverified);
    run(&["--allow-skips"]).0.exits(0);
}
