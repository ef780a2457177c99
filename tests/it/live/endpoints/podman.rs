//! Podman's socket, for real: an own service in namespaces of its own, its images in memory.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{BuildOutcome, BuilderVersion, CacheUse, Engine, EngineError, Product, ProgressSink};
use tempfile::TempDir;

use super::{answer, built, get, request, started};
use crate::support::machine::among_others;
use crate::support::{app, live_with};

const NEEDED: [(&str, &str); 4] = [("podman", "podman"), ("runc", "runc"), ("conmon", "conmon"), ("slirp4netns", "slirp4netns")];

/// The service; it ends with its namespaces, and all that it holds with them.
struct Podman {
    folder: TempDir,
    service: Child,
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

impl Podman {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder is made");
        let at = folder.path().display();
        // Ports are published by a program in user space: nothing of the machine's network or firewall is touched. The limits
        // are ones that a sandbox allows.
        let settings = "[containers]\nnetns = \"slirp4netns\"\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n[engine]\nruntime = \"runc\"\n\
                        cgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n";
        fs::write(folder.path().join("containers.conf"), settings).expect("a file is written");
        fs::create_dir(folder.path().join("data")).expect("a folder is made");
        let inside = format!(
            "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /var/tmp && mount -t tmpfs tmpfs {at}/data && exec podman --root {at}/data/root --runroot {at}/data/run \
             --storage-driver overlay system service --time 0 unix://{at}/s"
        );
        let log = fs::File::create(folder.path().join("log")).expect("a file is made");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &inside]);
        command.env("CONTAINERS_CONF", folder.path().join("containers.conf")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let podman = Self { service: command.spawn().expect("unshare starts"), folder };
        for _ in 0..600 {
            if std::os::unix::net::UnixStream::connect(podman.socket()).is_ok() {
                return podman;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}", fs::read_to_string(podman.folder.path().join("log")).unwrap_or_default())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn podman_builds_runs_and_pushes_and_says_by_name_what_it_cannot() {
    if !live_with("live::endpoints::podman::podman_builds_runs_and_pushes_and_says_by_name_what_it_cannot", &NEEDED) {
        return;
    }
    let _among_others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
    let podman = Podman::start().await;
    let docker = Docker::connect(&Endpoint::Unix(podman.socket())).await.expect("it answers");
    let info = docker.info().await.expect("an answer");
    assert_eq!((info.product, info.containerd_store, info.buildkit), (Product::Podman, false, None));

    builds(&docker).await;
    let image = docker.inspect("live:a").await.expect("an answer").expect("it was built");
    assert!(image.id.starts_with("sha256:") && image.reported_size > 0 && image.diff_ids.len() == 1, "{image:?}");
    pushes_and_pulls(&docker).await;

    let container = started(&docker, "live:a").await;
    let address = container.address.expect("it runs");
    assert!(answer(address).await.starts_with("HTTP/1.1 200"));
    docker.remove_container(&container.id).await.expect("it is removed");
    assert_eq!(get(address).await, None);
    docker.remove_image("live:a").await.expect("it is removed");
    assert_eq!(docker.inspect("live:a").await.expect("an answer"), None);
}

/// Whichever builder is asked for, it is podman's own: steps are named, cached ones told, and nothing is taken from the cache in
/// a build without it.
async fn builds(docker: &Docker) {
    let folder = tempfile::tempdir().expect("a folder is made");
    let running = app::good_with("RUN [\"/app\", \"--help\"]");
    let steps = ["Step 1/4 : FROM scratch", "Step 2/4 : COPY app /app", "Step 3/4 : RUN [\"/app\", \"--help\"]"];
    for builder in [BuilderVersion::BuildKit, BuilderVersion::Classic, BuilderVersion::Classic] {
        let solve = built(docker, request(&folder, &running, builder)).await;
        let told: Vec<_> = solve.vertices.iter().map(|vertex| (vertex.name.as_str(), vertex.cached)).collect();
        assert_eq!(told[..3], steps.map(|step| (step, false)));
        assert_eq!(told.len(), 4);
    }
    let mut warm = request(&folder, &running, BuilderVersion::BuildKit);
    warm.cache = CacheUse::UseCache;
    built(docker, warm.clone()).await;
    let solve = built(docker, warm).await;
    assert!(solve.vertices.iter().any(|vertex| vertex.cached && vertex.tells_cache()), "{:?}", solve.vertices);
    let failing = request(&folder, &app::good_with("RUN [\"/app\", \"fail\"]"), BuilderVersion::BuildKit);
    match docker.build(failing, &ProgressSink::none()).await.expect("the engine answers") {
        BuildOutcome::Failed(failure) => {
            assert_eq!(failure.step.as_deref(), Some("Step 3/4 : RUN [\"/app\", \"fail\"]"));
            assert_eq!(failure.last_lines(1), ["the step gives up"]);
        }
        BuildOutcome::Built(solve) => panic!("{solve:?}"),
    }
    built(docker, request(&folder, app::GOOD, BuilderVersion::BuildKit)).await;
}

async fn pushes_and_pulls(docker: &Docker) {
    let blobs = tempfile::tempdir().expect("a folder is made");
    let registry = Registry::start(RegistryOptions::new(blobs.path().join("blobs"))).await.expect("the registry starts");
    let name = format!("{}/x:a", registry.address());
    docker.tag("live:a", &name).await.expect("it is named");
    let pushed = docker.push(&name, &ProgressSink::none()).await.expect("it is pushed without TLS");
    assert_eq!(pushed.already_present, 0);
    let stored = registry.digest_of_tag("x", "a").expect("the manifest is there");
    assert_eq!(pushed.digest, Some(stored.to_string()));
    let error = docker.pull(&name, &ProgressSink::none()).await.expect_err("podman asks every registry for TLS");
    assert!(matches!(&error, EngineError::Refused { .. }) && error.to_string().contains("HTTPS client"), "{error}");
    let looked_up = docker.resolve(&name).await.expect_err("podman cannot");
    assert!(matches!(looked_up, EngineError::Unsupported { .. }), "{looked_up:?}");
    docker.remove_image(&name).await.expect("it is removed");
    registry.stop().await.expect("the registry stops");
}
