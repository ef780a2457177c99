//! Published base images through the program, from a mirror on this machine.

use loadline::record::{BaseSet, Record};
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{Engine, ProgressSink};

use crate::support::app::{Scene, assert_measured, program, record};
use crate::support::cli::Loadline;
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// Publishes `library/tiny:1`, which holds the app and `content`, and gives its digest.
async fn publish(docker: &Docker, registry: &Registry, content: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path).expect("a tar"));
    tar.append_path_with_name(program(), "app").expect("the program is packed");
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "content", content.as_bytes()).expect("a file is packed");
    tar.finish().expect("the tar is complete");
    let name = format!("{}/library/tiny:1", registry.address());
    docker.import(&path, &name, &[]).await.expect("an import");
    let pushed = docker.push(&name, &ProgressSink::none()).await.expect("a push");
    pushed.digest.expect("a push has a digest")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_bases_are_locked_and_a_moved_tag_is_refused() {
    if !live_or_skip("live::run::hub::published_bases_are_locked_and_a_moved_tag_is_refused") {
        return;
    }
    let _among_others = among_others();
    let blobs = tempfile::tempdir().expect("a folder");
    let registry = Registry::start(RegistryOptions::new(blobs.path())).await.expect("the registry starts");
    let options = PrivateOptions::new(Role::Puller);
    let engine = PrivateEngine::start(options).await.expect("a private engine starts");
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers");
    let first = publish(&docker, &registry, "first").await;

    let mut scene = Scene::of(&[("one", "FROM tiny:1\nCMD [\"/app\", \"serve\"]\n")]);
    let mirror = format!("http://{}", registry.address());
    let cache = scene.path("cache");
    let mut command = |locked: bool| {
        let (command, out) = scene.command();
        let command: Loadline = command.args(["--bases", "hub", "--registry-mirror", &mirror]).env("XDG_CACHE_HOME", &cache);
        (command.args(locked.then_some("--locked")), out)
    };
    let (unlocked, out) = command(false);
    unlocked.run().exits(0);
    assert_on_hub(&record(&out), &first);
    let lock = lock_file(&out);
    assert!(lock.contains("tiny:1") && lock.contains(&first), "{lock}");
    assert_on_hub(
        &{
            let (locked, out) = command(true);
            locked.run().exits(0);
            record(&out)
        },
        &first,
    );

    let second = publish(&docker, &registry, "second").await;
    let (locked, out) = command(true);
    locked.run().exits(2).says(&["tiny:1", &first, &second]);
    assert!(!out.exists(), "nothing is recorded of a run that did not begin");

    let (unlocked, out) = command(false);
    unlocked.run().exits(0);
    assert_on_hub(&record(&out), &second);
    assert!(record(&out).run.warnings.iter().any(|warning| warning.message.contains("moved")), "{:?}", record(&out).run.warnings);
    engine.stop().await.expect("the engine stops");
    registry.stop().await.expect("the registry stops");
}

fn assert_on_hub(record: &Record, digest: &str) {
    assert_measured(record, "one");
    assert_eq!(record.run.conditions.base_set, BaseSet::Hub);
    assert_eq!(record.run.conditions.bases["tiny:1"].digest, digest);
}

/// The lock file beside the scenarios of a run's scene.
fn lock_file(out: &std::path::Path) -> String {
    let scene = out.parent().expect("a run lies in its scene");
    std::fs::read_to_string(scene.join("scenarios/bases.lock")).expect("a run without --locked writes the lock")
}
