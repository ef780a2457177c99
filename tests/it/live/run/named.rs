//! Runs that push to and pull from Debian's `docker-registry`, which wants a login.

use std::path::Path;

use loadline::image::Digest;
use loadline::measure::Measure;
use loadline::record::{RegistryKind, Status};

use crate::live::registry::{ANNS_LOGIN, DebianRegistry};
use crate::support::app::{GOOD, Scene, good_with, outcome, record, value};
use crate::support::live_or_skip;

fn logged_in(scene: &Scene, registry: &DebianRegistry) -> std::path::PathBuf {
    let folder = scene.path("docker");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = format!(r#"{{"auths":{{"{}":{{"auth":"{ANNS_LOGIN}"}}}}}}"#, registry.address);
    std::fs::write(folder.join("config.json"), text).expect("a file");
    folder
}

/// The text of every file below `folder`.
fn all_text(folder: &Path) -> String {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files.map(|entry| String::from_utf8_lossy(&std::fs::read(entry.path()).expect("a file")).into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_with_a_login_weighs_and_times_in_that_registry() {
    if !live_or_skip("live::run::named::a_run_with_a_login_weighs_and_times_in_that_registry") {
        return;
    }
    let registry = DebianRegistry::with_login().await;
    let mut scene = Scene::of(&[("good", GOOD), ("same", &good_with("ENV A=b"))]);
    let docker = logged_in(&scene, &registry);
    let place = format!("{}/team/sizes", registry.address);
    let (command, out) = scene.command();
    let ended = command.args(["--engine", "private", "--registry", &place]).env("DOCKER_CONFIG", docker).run().exits(0);

    let run = record(&out);
    assert_eq!((run.run.settings.registry.as_deref(), run.run.conditions.registry), (Some(place.as_str()), RegistryKind::Named));
    for variant in ["good", "same"] {
        let outcome = outcome(&run, variant);
        assert_eq!(outcome.status, Status::Measured);
        let weighing = outcome.weighing.as_ref().expect("it was weighed");
        let bytes = |digest: &str| {
            let digest: Digest = digest.parse().expect("a digest");
            std::fs::metadata(registry.stored(&digest)).map_or(0, |file| file.len())
        };
        let layers: u64 = weighing.layers.iter().map(|layer| bytes(layer.digest.as_deref().expect("there is a manifest"))).sum();
        assert!(
            layers > 0 && layers == weighing.layer_transfer_size.expect("there is a manifest"),
            "the registry stores {layers} bytes of layers"
        );
        assert_eq!(
            weighing.transfer_size.expect("there is a manifest"),
            layers + weighing.config_size + weighing.manifest_size.expect("there is a manifest")
        );
        assert_eq!(
            bytes(weighing.digest.as_deref().expect("there is a manifest")),
            weighing.manifest_size.expect("there is a manifest"),
            "the manifest's bytes stay until garbage is collected"
        );
        for measure in [Measure::PushTime, Measure::PullTime] {
            assert!(value(&run, variant, measure) > 0.0, "both variants have the same layer, and each was pushed and pulled cold");
        }
        assert!(outcome.push.is_none() && outcome.warnings.iter().any(|w| w.message.contains("are not counted")));
    }
    let links = walkdir::WalkDir::new(registry.folder()).into_iter().filter_map(Result::ok);
    let tags: Vec<_> = links.filter(|entry| entry.path().ends_with("_manifests/tags/measured/current/link")).collect();
    assert!(tags.is_empty(), "what was pushed was removed again: {tags:?}");
    assert!(ended.stderr.contains("2 pushed images removed from"), "{}", ended.stderr);
    let told = all_text(&out) + &ended.stderr + &ended.stdout;
    assert!(!told.contains(ANNS_LOGIN) && !told.contains("sesame"), "no login is told or recorded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_login_nothing_is_started() {
    if !live_or_skip("live::run::named::without_a_login_nothing_is_started") {
        return;
    }
    let registry = DebianRegistry::with_login().await;
    let mut scene = Scene::of(&[("good", GOOD)]);
    let empty = scene.path("empty");
    let (command, out) = scene.command();
    let place = format!("{}/team/sizes", registry.address);
    let ended = command.args(["--engine", "private", "--registry", &place]).env("DOCKER_CONFIG", empty).run().exits(4);
    assert!(ended.stderr.contains(&format!("run `docker login {}`", registry.address)), "{}", ended.stderr);
    assert!(!ended.stderr.contains("starting the private engines") && !out.exists(), "{}", ended.stderr);
}
