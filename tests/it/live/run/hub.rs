//! Published base images through the program, from a mirror on this machine.

use loadline::record::{BaseSet, Record};
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{Engine, ProgressSink};

use crate::support::app::{Scene, assert_measured, program, record};
use crate::support::cli::Loadline;
use crate::support::machine::among_others;
use crate::support::{engine_root_or_skip, live_or_skip};

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

    let lock = out.parent().expect("a run lies in its scene").join("scenarios/bases.lock");
    std::fs::write(lock, "version = 1\n\n[[base]]\nreference = 7\n").expect("a lock");
    let (broken, out) = command(false);
    broken.run().exits(2).says(&["bases.lock:4:13"]);
    assert!(!out.exists(), "nothing is recorded of a run that did not begin");
    engine.stop().await.expect("the engine stops");
    registry.stop().await.expect("the registry stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containerds_store_builds_on_what_is_published_in_every_run() {
    let test = "live::run::hub::containerds_store_builds_on_what_is_published_in_every_run";
    let Some(root) = engine_root_or_skip(test, "forky", &[]) else { return };
    let _among_others = among_others();
    let blobs = tempfile::tempdir().expect("a folder");
    let registry = Registry::start(RegistryOptions::new(blobs.path())).await.expect("the registry starts");
    let engine = PrivateEngine::start(PrivateOptions::new(Role::Puller)).await.expect("a private engine starts");
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers");
    let digest = publish(&docker, &registry, "first").await;
    let mut scene = Scene::of(&[("one", "FROM tiny:1\nCMD [\"/app\", \"serve\"]\n")]);
    let (mirror, cache) = (format!("http://{}", registry.address()), scene.path("cache"));
    let layers = [(), ()].map(|()| {
        let (command, out) = scene.command();
        let command = command.args(["--bases", "hub", "--store", "containerd", "--registry-mirror", &mirror, "--engine-root"]);
        command.args([&root]).env("XDG_CACHE_HOME", &cache).run().exits(0);
        let record = record(&out);
        assert_on_hub(&record, &digest);
        record.trials[0].weighing.as_ref().expect("it was weighed").layers.clone()
    });
    assert_eq!(layers[0], layers[1], "what the cache has is compressed in another way");
    let published = registry.image("library/tiny", "1").expect("it was pushed");
    let published = loadline::image::weigh(&published).expect("it is whole").weighing;
    assert_eq!(layers[0][0].digest, published.layers[0].digest, "the layer is pushed as it was published");
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
