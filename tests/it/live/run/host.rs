//! A run on the user's own engine leaves what the user has as it was.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use loadline::measure::Measure;
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};

use crate::support::app::{GOOD, Scene, app_that, assert_without_numbers, good_with, outcome, record, value};
use crate::support::machine::among_others;
use crate::support::{live_or_skip, tiny};

/// The `docker` command on the user's engine.
fn docker(socket: &Path, arguments: &[&str]) -> String {
    let host = format!("unix://{}", socket.display());
    let mut command = Command::new("docker");
    command.args(["-H", &host]).args(arguments).env("DOCKER_BUILDKIT", "0");
    let output = command.output().expect("the docker command runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("docker prints text")
}

/// What the user has in the engine, by name and id, and the ids of the build cache.
pub(super) fn inventory(socket: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let lists: [&[&str]; 4] = [
        &["image", "ls", "--all", "--no-trunc", "--format", "image {{.Repository}}:{{.Tag}} {{.ID}}"],
        &["ps", "--all", "--no-trunc", "--format", "container {{.Names}} {{.ID}} {{.State}}"],
        &["volume", "ls", "--format", "volume {{.Name}}"],
        &["network", "ls", "--no-trunc", "--format", "network {{.Name}} {{.ID}}"],
    ];
    let things = lists.iter().flat_map(|list| docker(socket, list).lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let usage: serde_json::Value =
        serde_json::from_str(&docker(socket, &["system", "df", "--verbose", "--format", "{{json .}}"])).expect("docker prints JSON");
    let cache = usage["BuildCache"].as_array().expect("the engine says what it keeps of builds");
    (things, cache.iter().map(|record| record["ID"].as_str().expect("it has an id").to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_on_the_users_engine_leaves_all_that_is_the_users() {
    if !live_or_skip("live::run::host::a_run_on_the_users_engine_leaves_all_that_is_the_users") {
        return;
    }
    let _among_others = among_others();
    let options = PrivateOptions::new(Role::Builder);
    let engine = PrivateEngine::start(options).await.expect("a private engine starts");
    let socket = engine.socket();
    let client = tiny::connect(socket).await;
    tiny::import(&client).await;
    tiny::run_container(&client).await;
    docker(socket, &["volume", "create", "users"]);
    let based = GOOD.replace("COPY app", "COPY --from=tiny:1 /bin/cat /cat\nCOPY app");
    let failing = good_with("RUN [\"/app\", \"fail\"]");
    let mut scene = Scene::of(&[("good", GOOD), ("based", &based), ("failing", &failing), ("crashing", &app_that("crash"))]);
    users_build(socket, &scene.scenario("app")).await;

    let (before, cache_before) = inventory(socket);
    assert!(before.len() >= 6 && !cache_before.is_empty(), "{before:?} {cache_before:?}");
    let (command, out) = scene.command();
    let command = command.args(["--engine", "host"]).env("DOCKER_HOST", format!("unix://{}", socket.display()));
    command.run().exits(3);
    let (after, cache_after) = inventory(socket);
    assert_eq!(before, after);
    assert!(cache_before.is_subset(&cache_after), "of the build cache, all that was there is there, and the run's steps besides");

    let record = record(&out);
    for variant in ["good", "based"] {
        assert!(value(&record, variant, Measure::TransferSize) > 0.0);
        let outcome = outcome(&record, variant);
        assert!(outcome.pull.is_none() && outcome.observations.iter().all(|o| o.measure != Measure::PullTime));
    }
    assert_eq!(assert_without_numbers(&out, &record, "failing").0, "build-failed");
    assert_eq!(assert_without_numbers(&out, &record, "crashing").0, "smoke-failed");
    engine.stop().await.expect("the engine stops");
}

/// The user built the same app before, with `BuildKit`.
async fn users_build(socket: &Path, folder: &Path) {
    use loadline::rig::docker::{Docker, Endpoint};
    use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, ProgressSink, RunNetwork};
    let docker = Docker::connect(&Endpoint::Unix(socket.to_owned())).await.expect("it answers");
    let context = loadline::dockerfile::Context::plan(folder, &folder.join("good.Dockerfile")).expect("a context");
    let request = BuildRequest {
        context: std::sync::Arc::new(context),
        builder: BuilderVersion::BuildKit,
        target: None,
        build_args: std::collections::BTreeMap::new(),
        platform: None,
        tag: "users/app:1".to_owned(),
        cache: CacheUse::NoCache,
        network: RunNetwork::Default,
        labels: std::collections::BTreeMap::new(),
    };
    let built = docker.build(request, &ProgressSink::none()).await.expect("the engine builds");
    assert!(matches!(built, BuildOutcome::Built(_)), "{built:?}");
}
