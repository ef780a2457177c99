//! Runs on an engine as a user has one: the repository's own scenarios, sizes without a registry, leftovers, and its end.

use std::path::Path;
use std::process::Command;

use loadline::image::{Exported, Repack, Weighed, weigh};
use loadline::measure::Measure;
use loadline::record::{BaseSet, Record, RunState, Status};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{Engine, ProgressSink};
use loadline::run;
use rustix::process::Signal;

use crate::support::app::{GOOD, Scene, app_that, good_with, program, record};
use crate::support::cli::Loadline;
use crate::support::live_or_skip;
use crate::support::users_engine::UsersEngine;

/// The variants that every scenario of the repository has.
const PAIR: [&str; 2] = ["single", "multi"];

fn repository(folder: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Base images that the pairs of all scenarios need.
fn references() -> Vec<String> {
    let found = loadline::scenario::discover(&repository("scenarios"), &[]).expect("the scenarios are sound").scenarios;
    let variants = found.iter().flat_map(|scenario| &scenario.variants).filter(|variant| PAIR.contains(&variant.name.as_str()));
    let mut all: Vec<String> = variants.flat_map(|variant| run::variant_references(variant).expect("a Dockerfile")).collect();
    all.sort();
    all.dedup();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_is_measured_and_the_engine_keeps_what_the_run_says() {
    if !live_or_skip("live::run::users_engine::every_scenario_is_measured_and_the_engine_keeps_what_the_run_says") {
        return;
    }
    let users = UsersEngine::with_hub(&references()).await;
    users.cli(&["volume", "create", "users"]);
    let (things, cache) = (users.things(), users.cache());
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let command = Loadline::new(["run", "--engine", "host", "--quick", "--variant", "single", "--variant", "multi", "--scenarios"]);
    let command = command.args([repository("scenarios")]).args(["--out"]).args([&out]);
    let ended = command.env("DOCKER_HOST", users.host()).env("TMPDIR", folder.path()).run().exits(0);

    let record = record(&out);
    assert_eq!((record.run.state, record.run.conditions.base_set), (RunState::Complete, BaseSet::Engine));
    assert!(record.trials.len() >= 2 && record.trials.iter().all(|outcome| outcome.status == Status::Measured));
    for outcome in &record.trials {
        let sizes = outcome.observations.iter().find(|o| o.measure == Measure::TransferSize).expect("it was weighed");
        assert_eq!(sizes.definition.as_deref(), Some("D2"), "it was pushed");
        assert!(outcome.push.is_some() && outcome.pull.is_none());
        assert!(outcome.warnings.iter().any(|w| w.message.contains("pull-time is not measured")));
    }
    let host = record.run.host.as_ref().expect("a run on a host engine says what it left");
    assert_eq!((&host.registry_unreachable, host.left_behind.as_slice()), (&None, &[][..]));
    assert_eq!(host.pulled_bases, references());
    for reference in references() {
        assert!(record.run.conditions.bases[&reference].digest.starts_with("sha256:"), "{:?}", record.run.conditions.bases);
    }
    assert_eq!(users.things(), things, "the builder keeps bases in its cache, so that even they are no images");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "of temporary files nothing is left");

    let left = host.build_cache.expect("the engine says what it keeps");
    let now = users.cache();
    let new: Vec<&String> = now.difference(&cache).collect();
    assert_eq!((left.records, left.gone), (new.len() as u64, 0));
    assert!(left.bytes > 100_000_000, "a toolchain alone has more: {left:?}");
    let command = host.commands.iter().find(|c| c.starts_with("docker builder prune")).expect("a command removes it");
    assert!(ended.stderr.contains(command.as_str()), "{}", ended.stderr);
    run_command(command, &users);
    assert_eq!(users.cache(), cache, "{command}");
    users.stop().await;
}

/// Types a command of the farewell.
fn run_command(command: &str, users: &UsersEngine) {
    let output = Command::new("sh").args(["-ec", command]).env("DOCKER_HOST", users.host()).output().expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_does_not_reach_the_registry_says_so_and_its_sizes_are_computed() {
    if !live_or_skip("live::run::users_engine::an_engine_that_does_not_reach_the_registry_says_so_and_its_sizes_are_computed") {
        return;
    }
    let users = UsersEngine::apart().await;
    let things = users.things();
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("app");
    std::fs::create_dir(&app).expect("a folder");
    std::fs::write(app.join("Dockerfile"), GOOD).expect("a Dockerfile");
    std::fs::copy(program(), app.join("app")).expect("the program is there");
    let out = folder.path().join("run");
    let command = Loadline::new(["run", "--engine", "host", "--quick"]).args([&app]).args(["--out"]).args([&out]);
    let ended = command.env("DOCKER_HOST", users.host()).run().exits(0).says(&["does not reach loadline's registry", "connection refused"]);
    assert!(ended.stdout.contains("D2-computed"), "{}", ended.stdout);

    let record = record(&out);
    let host = record.run.host.as_ref().expect("it is said");
    assert!(host.registry_unreachable.as_ref().is_some_and(|why| why.contains("connection refused")), "{host:?}");
    assert_eq!(record.run.conditions.link, "none");
    assert!(record.run.conditions.compressor.contains("zlib-rs"), "{}", record.run.conditions.compressor);
    let outcome = &record.trials[0];
    assert!(outcome.push.is_none() && outcome.pull.is_none());
    let definitions: Vec<_> = outcome.observations.iter().filter_map(|o| Some((o.measure, o.definition.as_deref()?))).collect();
    assert!(definitions.contains(&(Measure::TransferSize, "D2-computed")) && definitions.contains(&(Measure::UncompressedSize, "D3")));
    assert!(outcome.observations.iter().all(|o| o.measure != Measure::PushTime && o.measure != Measure::PullTime));
    let rows = std::fs::read_to_string(out.join("observations.csv")).expect("the table is there");
    assert!(rows.contains("transfer-size,D2-computed,"), "{rows}");
    assert_eq!(users.things(), things);
    users.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_image_weighs_the_same_from_its_export_but_for_the_compressor() {
    if !live_or_skip("live::run::users_engine::the_same_image_weighs_the_same_from_its_export_but_for_the_compressor") {
        return;
    }
    let image = "golang:1.23";
    let users = UsersEngine::with_hub(&[image.to_owned()]).await;
    users.docker.pull(image, &ProgressSink::none()).await.expect("the engine pulls it");
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::start(RegistryOptions::new(folder.path().join("blobs"))).await.expect("the registry starts");
    let name = format!("{}/twice/golang:a", registry.address());
    users.docker.tag(image, &name).await.expect("a name is given");
    users.docker.push(&name, &ProgressSink::none()).await.expect("a push");
    let Weighed { weighing: pushed, .. } =
        weigh(&registry.image("twice/golang", "a").expect("it was pushed")).expect("it agrees with itself");
    let exported =
        users.docker.export(image, |archive| Exported::read(archive, Repack::Gzip)).await.expect("an export").expect("a sound one");
    let Weighed { weighing: computed, .. } = weigh(&exported).expect("it agrees with itself");
    assert_eq!(computed.uncompressed_size, pushed.uncompressed_size);
    assert_eq!((computed.config_size, computed.layers.len()), (pushed.config_size, pushed.layers.len()));
    assert_eq!(
        computed.layers.iter().map(|layer| &layer.diff_id).collect::<Vec<_>>(),
        pushed.layers.iter().map(|layer| &layer.diff_id).collect::<Vec<_>>()
    );
    let ratio = computed.transfer_size.expect("there is a manifest") as f64 / pushed.transfer_size.expect("there is a manifest") as f64;
    eprintln!(
        "{image}: D2 {} B, D2-computed {} B, ratio {ratio:.4}",
        pushed.transfer_size.expect("there is a manifest"),
        computed.transfer_size.expect("there is a manifest")
    );
    assert!((0.97..1.03).contains(&ratio), "{ratio}");
    users.stop().await;
    registry.stop().await.expect("the registry stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_left_is_removed_by_the_next_and_nothing_else_is() {
    if !live_or_skip("live::run::users_engine::what_a_killed_run_left_is_removed_by_the_next_and_nothing_else_is") {
        return;
    }
    let users = UsersEngine::plain().await;
    let mut scene = Scene::of(&[("sulking", &app_that("sulk"))]);
    let temporary = scene.path("temporary");
    std::fs::create_dir(&temporary).expect("a folder");
    let mut host = |json: bool| {
        let (command, out) = scene.command();
        let command = command.args(["--engine", "host"]).args(json.then_some(["--message-format", "json"]).into_iter().flatten());
        (command.env("DOCKER_HOST", users.host()).env("TMPDIR", &temporary), out)
    };
    let (first, _) = host(true);
    let before = users.things();
    let mut running = first.start();
    running.until_it_says("\"event\":\"phase\",\"phase\":\"smoke\"");
    while users.cli(&["ps", "--quiet"]).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.signal(Signal::KILL);
    drop(running);
    let left: Vec<String> = users.things().difference(&before).cloned().collect();
    assert_eq!((left.len(), std::fs::read_dir(&temporary).expect("a folder").count()), (2, 1), "an image, a container, a folder: {left:?}");

    // The user makes something of the image that was left: it has the labels, and is the user's.
    let image = left.iter().find_map(|thing| thing.strip_prefix("image ")?.split(' ').next()).expect("an image was left");
    let context = scene_context(&temporary.with_file_name("mine"), image);
    users.cli(&["build", "--quiet", "--tag", "mine:1", &context]);
    users.cli(&["tag", image, "kept:1"]);
    users.cli(&["create", "--name", "mine", "mine:1"]);

    let (second, out) = host(false);
    second.run().exits(3).says(&["left by a run that was killed, removed now"]);
    assert_eq!(std::fs::read_dir(&temporary).expect("a folder").count(), 0);
    let mine: Vec<String> = users.things().difference(&before).cloned().collect();
    assert!(mine.iter().all(|thing| thing.contains("mine") || thing.contains("kept:1") || thing.contains("<none>")), "{mine:?}");
    assert!(
        mine.iter().any(|thing| thing.starts_with("container mine")) && mine.iter().any(|thing| thing.contains("image mine:1")),
        "{mine:?}"
    );
    assert!(mine.iter().any(|thing| thing.contains("image kept:1")), "{mine:?}");
    assert_eq!(Record::read(&out).expect("a record").run.host.expect("it is said").left_behind.len(), 0);
    users.stop().await;
}

/// A folder with a Dockerfile that builds on `image`.
fn scene_context(folder: &Path, image: &str) -> String {
    std::fs::create_dir(folder).expect("a folder");
    std::fs::write(folder.join("Dockerfile"), format!("FROM {image}\nENV MINE=1\n")).expect("a Dockerfile");
    folder.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_goes_away_in_a_run_ends_it_with_a_readable_record() {
    if !live_or_skip("live::run::users_engine::an_engine_that_goes_away_in_a_run_ends_it_with_a_readable_record") {
        return;
    }
    let users = UsersEngine::plain().await;
    let mut scene = Scene::of(&[("one", &good_with("RUN [\"/app\", \"sleep\"]"))]);
    let (command, out) = scene.command();
    let command = command.args(["--engine", "host", "--message-format", "json"]).env("DOCKER_HOST", users.host());
    let mut running = command.start();
    running.until_it_says("\"event\":\"step-started\",\"name\":\"[2/2] RUN");
    users.stop().await;
    running.wait().exits(4).says(&["went away during build"]);
    let record = record(&out);
    assert_eq!((record.run.state, record.trials[0].status.id()), (RunState::Incomplete, "invalid"));
    let host = record.run.host.expect("it is said");
    assert!(host.left_behind[0].contains("the next run"), "{host:?}");
}
