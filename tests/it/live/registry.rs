//! The measuring registry between real engines, beside Debian's `docker-registry`.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};
use futures_util::TryStreamExt as _;
use loadline::image::{Digest, Weighed, Weighing, weigh};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::registry::{Registry, RegistryOptions, Traffic};
use tokio::process::{Child, Command};

use crate::support::machine::among_others;
use crate::support::{live_or_skip, tiny};

/// Bytes of the file that makes the image's largest layer; they do not compress.
const LARGE: usize = 8_000_000;

struct Engine {
    engine: PrivateEngine,
    /// Other engines may run beside, tests that compare the machine may not.
    _turn: std::fs::File,
}

impl Engine {
    async fn start(role: Role, registry_mirror: Option<String>) -> Self {
        let turn = among_others();
        let options = PrivateOptions { registry_mirror, ..PrivateOptions::new(role) };
        let engine = PrivateEngine::start(options).await.expect("a private engine starts");
        Self { engine, _turn: turn }
    }

    /// The `docker` command on this engine: an independent client.
    async fn docker(&self, arguments: &[&str]) -> String {
        let host = format!("unix://{}", self.engine.socket().display());
        // The classic builder is in every version of the command; BuildKit needs a plugin of its own.
        let mut command = Command::new("docker");
        command.args(["-H", &host]).args(arguments).env("DOCKER_BUILDKIT", "0").stdin(Stdio::null());
        let output = command.output().await.expect("the docker command runs");
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("docker prints text").trim().to_owned()
    }

    /// Makes an image of three layers, one of them large, as `name`.
    async fn make(&self, name: &str) {
        tiny::import(&tiny::connect(self.engine.socket()).await).await;
        let context = tempfile::tempdir().expect("a temporary folder");
        let mut random = fastrand::Rng::with_seed(7);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(LARGE).collect();
        std::fs::write(context.path().join("large"), bytes).expect("a file");
        std::fs::write(context.path().join("small"), "a small file\n".repeat(1000)).expect("a file");
        let dockerfile = format!("FROM {}\nCOPY large /\nENV A=b\nCOPY small /\n", tiny::TINY);
        std::fs::write(context.path().join("Dockerfile"), dockerfile).expect("a file");
        self.docker(&["build", "-q", "-t", name, &context.path().display().to_string()]).await;
    }

    /// Pushes a local image under another name.
    async fn push(&self, image: &str, reference: &str) {
        self.docker(&["tag", image, reference]).await;
        self.docker(&["push", "-q", reference]).await;
    }

    async fn stop(self) {
        self.engine.stop().await.expect("the engine is removed");
    }
}

async fn measuring_registry(directory: &Path) -> Registry {
    Registry::start(RegistryOptions::new(directory)).await.expect("the registry starts")
}

/// `ann` with the password `~?>~?>~~~???>>>sesame` in bcrypt at its lowest cost. In base64 it has the letters that engines want otherwise
/// in a header, wherever it begins.
const HTPASSWD: &str = "ann:$2b$04$zWyEEgGiDMcojoJYQvCr0eUt/pi8WmNQfJa0TCOfrwI/0oHRlImm6\n";

/// The packed login of `ann`.
pub(super) const ANNS_LOGIN: &str = "YW5uOn4/Pn4/Pn5+fj8/Pz4+PnNlc2FtZQ==";

/// Debian's registry, killed when dropped.
pub(super) struct DebianRegistry {
    pub(super) address: SocketAddr,
    directory: tempfile::TempDir,
    _process: Child,
}

impl DebianRegistry {
    pub(super) async fn start() -> Self {
        Self::started(None).await
    }

    /// One that wants the login of `ann` with the password of [`ANNS_LOGIN`].
    pub(super) async fn with_login() -> Self {
        Self::started(Some(HTPASSWD)).await
    }

    /// The folder of everything that is stored.
    pub(super) fn folder(&self) -> &Path {
        self.directory.path()
    }

    async fn started(htpasswd: Option<&str>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary folder");
        // The port is free again before the registry takes it; nothing on this machine hands it out that soon.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let yaml = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\nhttp:\n  addr: {free}\n",
            directory.path().display()
        );
        let (config, passwords) = (directory.path().join("config.yml"), directory.path().join("htpasswd"));
        let auth = htpasswd.map(|text| {
            std::fs::write(&passwords, text).expect("a file");
            format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", passwords.display())
        });
        std::fs::write(&config, yaml + &auth.unwrap_or_default()).expect("a file");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().expect("docker-registry is on the path; install docker-registry");
        while tokio::net::TcpStream::connect(free).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { address: free, directory, _process: process }
    }

    pub(super) fn stored(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.directory.path().join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(&hex).join("data")
    }

    /// The manifest that a tag points to, as its own files say.
    pub(super) fn tag(&self, repository: &str, tag: &str) -> Digest {
        let link = format!("docker/registry/v2/repositories/{repository}/_manifests/tags/{tag}/current/link");
        let text = std::fs::read_to_string(self.directory.path().join(link)).expect("the tag was pushed");
        text.trim().parse().expect("a link holds a digest")
    }
}

fn weighed(registry: &Registry, repository: &str, tag: &str) -> Weighing {
    weigh(&registry.image(repository, tag).expect("it was pushed")).expect("it is sound").weighing
}

/// Digest and bytes of every blob that an image consists of, but the manifest.
fn blobs(registry: &Registry, repository: &str, tag: &str) -> BTreeMap<Digest, u64> {
    let Weighed { image, .. } = weigh(&registry.image(repository, tag).expect("it was pushed")).expect("it is sound");
    let manifest = image.manifest.expect("a registry has one").manifest;
    manifest.layers.iter().chain([&manifest.config]).map(|blob| (blob.digest, blob.size)).collect()
}

fn uploaded(traffic: &Traffic) -> BTreeMap<Digest, u64> {
    traffic.uploads.iter().map(|transfer| (transfer.digest, transfer.bytes)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn debians_registry_stores_the_same_bytes_for_the_same_tag() {
    if !live_or_skip("live::registry::debians_registry_stores_the_same_bytes_for_the_same_tag") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary folder");
    let (ours, theirs) = (measuring_registry(directory.path()).await, DebianRegistry::start().await);
    let engine = Engine::start(Role::Builder, None).await;
    engine.make("app").await;
    engine.push("app", &format!("{}/run-1/app:a", ours.address())).await;
    engine.push("app", &format!("{}/run-1/app:a", theirs.address)).await;

    let digest = ours.digest_of_tag("run-1/app", "a").expect("it was pushed");
    assert_eq!(digest, theirs.tag("run-1/app", "a"));
    let blobs = blobs(&ours, "run-1/app", "a");
    assert_eq!(blobs.len(), 4, "three layers and a configuration");
    let mut stored = std::fs::metadata(theirs.stored(&digest)).expect("the manifest is stored").len();
    for (blob, size) in &blobs {
        let their_bytes = std::fs::read(theirs.stored(blob)).expect("the blob is stored");
        let our_bytes = std::fs::read(directory.path().join("blobs").join(blob.hex())).expect("the blob is stored");
        assert!(their_bytes == our_bytes && our_bytes.len() as u64 == *size, "{blob}");
        stored += *size;
    }
    let weighing = weighed(&ours, "run-1/app", "a");
    assert_eq!(weighing.transfer_size.expect("there is a manifest"), stored);
    assert_eq!(
        weighing.transfer_size.expect("there is a manifest"),
        weighing.layer_transfer_size.expect("there is a manifest")
            + weighing.config_size
            + weighing.manifest_size.expect("there is a manifest")
    );
    assert!(
        weighing.uncompressed_size > weighing.layer_transfer_size.expect("there is a manifest")
            && weighing.layer_transfer_size.expect("there is a manifest") > LARGE as u64
    );
    engine.stop().await;
    ours.stop().await.expect("the registry stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_push_to_a_new_repository_moves_every_byte() {
    if !live_or_skip("live::registry::every_push_to_a_new_repository_moves_every_byte") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary folder");
    let registry = measuring_registry(directory.path()).await;
    let engine = Engine::start(Role::Builder, None).await;
    engine.make("app").await;
    let mut mounts = 0;
    for repository in ["run-1/app", "run-2/app"] {
        let mark = registry.mark();
        engine.push("app", &format!("{}/{repository}:a", registry.address())).await;
        let traffic = registry.since(&mark);
        assert_eq!(uploaded(&traffic), blobs(&registry, repository, "a"));
        assert_eq!(traffic.uploads.len(), 4, "each blob once");
        assert_eq!(traffic.unfinished.uploaded, 0);
        let weighing = weighed(&registry, repository, "a");
        assert_eq!(traffic.uploaded_bytes() + traffic.manifest_uploads[0].bytes, weighing.transfer_size.expect("there is a manifest"));
        mounts += traffic.refused_mounts;
    }
    assert!(mounts > 0, "the engine asked to take the blobs over from the first repository");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_downloads_exactly_what_the_books_say() {
    if !live_or_skip("live::registry::a_pull_downloads_exactly_what_the_books_say") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary folder");
    let registry = measuring_registry(directory.path()).await;
    let (builder, puller) = (Engine::start(Role::Builder, None).await, Engine::start(Role::Puller, None).await);
    builder.make("app").await;
    let reference = format!("{}/run-1/app:a", registry.address());
    builder.push("app", &reference).await;
    for pull in 1..=2 {
        let mark = registry.mark();
        puller.docker(&["pull", "-q", &reference]).await;
        let traffic = registry.since(&mark);
        let downloaded: BTreeMap<_, _> = traffic.downloads.iter().map(|transfer| (transfer.digest, transfer.bytes)).collect();
        assert_eq!(downloaded, blobs(&registry, "run-1/app", "a"));
        assert_eq!((traffic.downloads.len(), traffic.unfinished.downloaded), (4, 0), "each blob once");
        let manifests: u64 = traffic.manifest_downloads.iter().map(|transfer| transfer.bytes).sum();
        let weighing = weighed(&registry, "run-1/app", "a");
        // An engine keeps a manifest for some time after its image was removed, and then fetches it no second time.
        let kept = pull > 1 && traffic.manifest_downloads.is_empty();
        let expected = if kept {
            weighing.transfer_size.expect("there is a manifest") - weighing.manifest_size.expect("there is a manifest")
        } else {
            weighing.transfer_size.expect("there is a manifest")
        };
        assert_eq!(traffic.downloaded_bytes() + manifests, expected, "{traffic:#?}");
        let id = ["image", "inspect", "-f", "{{.Id}}", &reference];
        assert_eq!(puller.docker(&id).await, builder.docker(&id).await, "both engines have the same image");
        puller.docker(&["rmi", &reference]).await;
    }
    puller.stop().await;
    builder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_takes_the_registry_for_a_mirror_of_the_hub() {
    if !live_or_skip("live::registry::an_engine_takes_the_registry_for_a_mirror_of_the_hub") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary folder");
    let registry = measuring_registry(directory.path()).await;
    let builder = Engine::start(Role::Builder, None).await;
    builder.make("app").await;
    builder.push("app", &format!("{}/library/golang:1.23", registry.address())).await;
    let digest = registry.digest_of_tag("library/golang", "1.23").expect("it was pushed");

    let user = Engine::start(Role::Puller, Some(format!("http://{}", registry.address()))).await;
    build_on(&user, "golang:1.23").await;
    for reference in ["golang:1.23".to_owned(), format!("golang@{digest}")] {
        user.docker(&["pull", "-q", &reference]).await;
        let digests = user.docker(&["image", "inspect", "-f", "{{join .RepoDigests \" \"}}", &reference]).await;
        assert_eq!(digests, format!("golang@{digest}"));
    }
    user.stop().await;
    builder.stop().await;
}

/// Builds `FROM base` with `BuildKit`, whose requests differ from a pull's.
async fn build_on(engine: &Engine, base: &str) {
    let docker = tiny::connect(engine.engine.socket()).await;
    let text = format!("FROM {base}\nENV A=c\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, "Dockerfile", text.as_bytes()).expect("it is packed");
    let body = bollard::body_full(tar.into_inner().expect("the tar is complete").into());
    let options =
        BuildImageOptionsBuilder::default().t("on-mirror:1").version(BuilderVersion::BuilderBuildKit).session("on-mirror").build();
    docker.build_image(options, None, Some(body)).try_collect::<Vec<_>>().await.expect("the build finds its base");
    docker.inspect_image("on-mirror:1").await.expect("the image was made");
}
