//! Live tests of base sets: the whole golang chain once, out of the shared cache, and published images through a mirror.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use loadline::dockerfile::Context;
use loadline::rig::bases::{
    BaseChoice, BaseError, BaseRequest, BaseSetKind, BaseStatus, PAGE_BEGIN, PAGE_END, Provided, cache_folder, list, markdown, provide,
    recipes,
};
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, Progress, ProgressSink, RunNetwork};

use tokio::sync::Notify;

use crate::support::live_or_skip;
use crate::support::machine::among_others;

const GOLANG: &str = "golang:1.23";

async fn start(mirror: Option<String>) -> (PrivateEngine, Docker) {
    let options = PrivateOptions { registry_mirror: mirror, ..PrivateOptions::new(Role::Builder) };
    let engine = PrivateEngine::start(options).await.expect("a private engine starts");
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers");
    (engine, docker)
}

async fn ask(
    docker: &Docker,
    reference: &str,
    choice: BaseChoice,
    locked: bool,
    folder: &Path,
    cache: &Path,
) -> Result<Provided, BaseError> {
    let references = [reference.to_owned()];
    let (lock_path, cache) = (folder.join("bases.lock"), cache.to_owned());
    provide(docker, &BaseRequest { references: &references, choice, locked, lock_path, cache }, &told()).await
}

/// Progress on the test's standard error, where the harness keeps it for a failure.
fn told() -> ProgressSink {
    let begun = Instant::now();
    ProgressSink::new(move |progress| match progress {
        Progress::StepStarted { name } => eprintln!("{:7.2} {}", begun.elapsed().as_secs_f64(), &name[..name.len().min(100)]),
        Progress::StepCompleted { name, .. } => eprintln!("{:7.2} ended: {}", begun.elapsed().as_secs_f64(), &name[..name.len().min(60)]),
        _ => {}
    })
}

async fn build(docker: &Docker, dockerfile: &str) -> BuildOutcome {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("Dockerfile");
    std::fs::write(&path, dockerfile).expect("a Dockerfile");
    let request = BuildRequest {
        context: Arc::new(Context::plan(folder.path(), &path).expect("a context")),
        builder: BuilderVersion::BuildKit,
        target: None,
        build_args: BTreeMap::new(),
        platform: None,
        tag: "loadline-test:bases".to_owned(),
        cache: CacheUse::NoCache,
        network: RunNetwork::Host,
        labels: BTreeMap::new(),
    };
    docker.build(request, &told()).await.expect("the engine builds")
}

/// What a Go developer relies on in the published image.
const EXPECTATIONS: &str = r#"FROM golang:1.23
RUN set -eux; \
    test "$(go version)" = "go version go$GOLANG_VERSION linux/amd64"; \
    test "$(go env GOTOOLCHAIN GOPATH GOROOT | tr '\n' ' ')" = 'local /go /usr/local/go '; \
    test "$PWD" = /go; test "$(stat -c %a /go /go/src /go/bin | tr '\n' ' ')" = '1777 1777 1777 '; \
    case $PATH in /go/bin:/usr/local/go/bin:*) ;; *) exit 1 ;; esac; \
    for tool in git hg svn ssh ps curl wget gpg sq g++ gcc make pkg-config; do command -v "$tool"; done; \
    test -z "$(find / -xdev -name '*.deb' -o -xdev -path '/var/lib/apt/lists/*_*' -o -xdev -path '/var/cache/apt/*.bin')"; \
    test -f /etc/apt/sources.list.d/debian.sources; test -x /usr/sbin/policy-rc.d; ! test -e /usr/sbin/usrmerge
RUN printf 'package main\nimport "fmt"\n// #include <stdlib.h>\nimport "C"\nfunc main() { fmt.Println("it runs", C.abs(-3)) }\n' >main.go \
    && go run main.go | grep -Fx 'it runs 3' && gofmt -l main.go
RUN mkdir /m && cd /m && go mod init m && go mod download -json golang.org/x/text@v0.14.0
"#;

/// Brings the stand-in for `reference` into an engine, holds its size and its number of layers, and builds `dockerfile` on it.
pub(super) async fn stand_in_holds(reference: &str, layers: usize, dockerfile: &str) {
    let (folder, cache) = (tempfile::tempdir().expect("a folder"), cache_folder().expect("a cache folder"));
    let (engine, docker) = start(None).await;
    let provided = ask(&docker, reference, BaseChoice::StandIn, false, folder.path(), &cache).await.expect("stand-ins");
    assert_eq!((provided.set, &provided.missing), (BaseSetKind::StandIn, &BTreeMap::new()));
    let image = docker.inspect(reference).await.expect("inspection").expect("it is there");
    assert_eq!(image.diff_ids.len(), layers, "layers of {reference}");
    let status = list(&cache).expect("the list").bases.into_iter().find(|status| status.recipe.name == reference).expect("a row");
    assert_eq!(status.is_near(), Some(true), "{reference}: {:?}", status.ratio());
    assert!(status.cached.is_some_and(|cached| !cached.versions.is_empty()), "{reference} says what is in it");
    if let BuildOutcome::Failed(failure) = build(&docker, dockerfile).await {
        panic!("{}\n{}", failure.message, failure.last_lines(20).join("\n"));
    }
    engine.stop().await.expect("the engine stops");
}

#[tokio::test]
async fn the_golang_stand_in_is_near_the_published_image_and_is_built_once() {
    if !live_or_skip("live::bases::the_golang_stand_in_is_near_the_published_image_and_is_built_once") {
        return;
    }
    let _guard = among_others();
    let (folder, cache) = (tempfile::tempdir().expect("a folder"), cache_folder().expect("a cache folder"));
    let (engine, docker) = start(None).await;
    let first = ask(&docker, GOLANG, BaseChoice::StandIn, false, folder.path(), &cache).await.expect("stand-ins");
    assert_eq!((first.set, &first.missing), (BaseSetKind::StandIn, &BTreeMap::new()));
    let image = docker.inspect(GOLANG).await.expect("inspection").expect("it is there");
    assert_eq!(image.diff_ids.len(), 7, "layers as published: debian, curl, scm, compilers, Go, its folders, WORKDIR");
    assert_eq!(image.id, first.images[GOLANG].digest);
    assert!(docker.inspect("debian:bookworm").await.expect("inspection").is_none(), "only what was asked for stays");
    let outcome = build(&docker, EXPECTATIONS).await;
    if let BuildOutcome::Failed(failure) = outcome {
        panic!("{}\n{}", failure.message, failure.last_lines(10).join("\n"));
    }
    engine.stop().await.expect("the engine stops");

    let (engine, docker) = start(None).await;
    let second = ask(&docker, GOLANG, BaseChoice::StandIn, false, folder.path(), &cache).await.expect("stand-ins");
    assert!(second.images[GOLANG].from_cache);
    assert_eq!(second.images[GOLANG].digest, first.images[GOLANG].digest);
    let again = docker.inspect(GOLANG).await.expect("inspection").expect("it is there");
    assert_eq!(again.reported_size, image.reported_size, "built now or taken from the cache, the engine reports one size");
    engine.stop().await.expect("the engine stops");
    assert!(!folder.path().join("bases.lock").exists(), "a stand-in locks nothing");
}

/// All of them in one engine, so that what they share is made once. With `LOADLINE_BLESS=1` the page takes the ratios over.
#[tokio::test]
async fn every_stand_in_is_within_the_limit_of_its_recipe() {
    if !live_or_skip("live::bases::every_stand_in_is_within_the_limit_of_its_recipe") {
        return;
    }
    let _guard = among_others();
    let (folder, cache) = (tempfile::tempdir().expect("a folder"), cache_folder().expect("a cache folder"));
    let references: Vec<String> = recipes().iter().map(|recipe| recipe.name.to_owned()).collect();
    let (engine, docker) = start(None).await;
    let lock_path = folder.path().join("bases.lock");
    let request = BaseRequest { references: &references, choice: BaseChoice::StandIn, locked: false, lock_path, cache: cache.clone() };
    let provided = provide(&docker, &request, &told()).await.expect("stand-ins");
    engine.stop().await.expect("the engine stops");
    eprintln!("{}", provided.spent);
    assert_eq!((provided.missing, provided.images.len()), (BTreeMap::new(), references.len()));

    let listing = list(&cache).expect("the list");
    let nearness = |base: &BaseStatus| base.recipe.nearness(base.cached.as_ref().expect("it was just provided").compressed_size);
    listing.bases.iter().for_each(|base| eprintln!("{:32} {}", base.recipe.name, nearness(base)));
    let far: Vec<_> = listing.bases.iter().filter(|base| base.is_near() != Some(true)).map(|base| base.recipe.name).collect();
    assert_eq!(far, Vec::<&str>::new(), "beyond the limit of the recipe");
    let unversioned = |base: &&BaseStatus| base.cached.as_ref().is_some_and(|cached| cached.versions.len() < base.recipe.versions.len());
    let unversioned: Vec<_> = listing.bases.iter().filter(unversioned).map(|base| base.recipe.name).collect();
    assert_eq!(unversioned, Vec::<&str>::new(), "every version that a recipe names is found in the image");
    if std::env::var_os("LOADLINE_BLESS").is_some() {
        bless(&markdown(&listing.bases));
    }
}

/// Writes the table into the page on base sets.
fn bless(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bases.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(PAGE_BEGIN).expect("the mark before the table");
    let (_, after) = rest.split_once(PAGE_END).expect("the mark behind the table");
    std::fs::write(&path, format!("{before}{PAGE_BEGIN}\n{table}{PAGE_END}{after}")).expect("the page");
}

/// A file system of its own below a temporary folder, unmounted when it goes.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "loadline-test"]);
        disk
    }

    fn grow(&self, size: &str) {
        self.mount(&["-o", &format!("remount,size={size}")]);
    }

    fn mount(&self, arguments: &[&str]) {
        let status = Command::new("mount").args(arguments).arg(self.0.path()).status().expect("mount is there");
        assert!(status.success(), "mount {arguments:?}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_cache_names_its_folder_and_nothing_half_written_is_used_later() {
    if !live_or_skip("live::bases::a_full_cache_names_its_folder_and_nothing_half_written_is_used_later") {
        return;
    }
    let _guard = among_others();
    // The root's tar does not fit first, then it does and its compressed layer does not.
    let disk = SmallDisk::new("40m");
    let (engine, docker) = start(None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let ask = async || ask(&docker, "debian:bookworm-slim", BaseChoice::StandIn, false, folder.path(), disk.0.path()).await;
    for size in ["40m", "160m"] {
        disk.grow(size);
        let error = ask().await.expect_err("the disk is full");
        let message = error.to_string();
        assert!(matches!(error, BaseError::CacheFull { .. }), "{size}: {message}");
        assert!(message.contains(&disk.0.path().display().to_string()) && message.contains(" free)"), "{message}");
    }
    disk.grow("1g");
    let provided = ask().await.expect("there is space now");
    assert!(provided.missing.is_empty() && provided.warnings.is_empty(), "{provided:?}");
    let listing = list(disk.0.path()).expect("the list");
    let near = listing.bases.iter().filter(|base| base.recipe.name.starts_with("debian:bookworm")).all(|base| base.is_near() == Some(true));
    assert!(near && listing.unused.files == 0, "{:?}", listing.unused);
    engine.stop().await.expect("the engine stops");
}

/// Publishes a one-file image as `library/debian:bookworm` and gives its digest.
async fn publish(registry: &Registry, docker: &Docker, content: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path).expect("a tar"));
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "etc/content", content.as_bytes()).expect("a file");
    tar.finish().expect("a tar");
    let name = format!("{}/library/debian:bookworm", registry.address());
    docker.import(&path, &name, &[]).await.expect("an import");
    let transfer = docker.push(&name, &ProgressSink::none()).await.expect("a push");
    docker.remove_image(&name).await.expect("a removal");
    transfer.digest.expect("a digest")
}

#[tokio::test]
async fn published_images_come_by_digest_and_locked_refuses_a_moved_tag() {
    if !live_or_skip("live::bases::published_images_come_by_digest_and_locked_refuses_a_moved_tag") {
        return;
    }
    let _guard = among_others();
    let blobs = tempfile::tempdir().expect("a folder");
    let registry = Registry::start(RegistryOptions::new(blobs.path().join("blobs"))).await.expect("the registry starts");
    let (folder, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (engine, docker) = start(Some(format!("http://{}", registry.address()))).await;
    let ask = async |choice, locked| ask(&docker, "debian:bookworm", choice, locked, folder.path(), cache.path()).await;
    let lock = || std::fs::read_to_string(folder.path().join("bases.lock")).unwrap_or_default();

    let first = publish(&registry, &docker, "first").await;
    let error = ask(BaseChoice::Hub, true).await.expect_err("nothing is locked yet").to_string();
    assert!(error.contains("debian:bookworm for linux/amd64 is not locked") && error.contains("without --locked"), "{error}");

    let provided = ask(BaseChoice::Auto, false).await.expect("published images");
    assert_eq!((provided.set, &provided.images["debian:bookworm"].digest), (BaseSetKind::Hub, &first), "{provided:?}");
    assert!(lock().contains(&first), "{}", lock());
    assert!(docker.inspect("debian:bookworm").await.expect("inspection").is_some());

    let same = ask(BaseChoice::Hub, true).await.expect("the lock agrees");
    assert!(same.images["debian:bookworm"].from_cache);

    let second = publish(&registry, &docker, "second").await;
    let error = ask(BaseChoice::Hub, true).await.expect_err("the tag moved").to_string();
    assert!(error.contains(&first) && error.contains(&second), "{error}");
    assert!(lock().contains(&first), "a locked run leaves the lock alone");

    let moved = ask(BaseChoice::Hub, false).await.expect("published images");
    assert_eq!(moved.images["debian:bookworm"].digest, second);
    assert!(moved.warnings.iter().any(|warning| warning.contains("moved")), "{:?}", moved.warnings);
    assert!(lock().contains(&second) && !lock().contains(&first));
    engine.stop().await.expect("the engine stops");
    registry.stop().await.expect("the registry stops");
}

#[tokio::test]
async fn where_no_registry_answers_auto_takes_stand_ins_and_says_what_has_none() {
    if !live_or_skip("live::bases::where_no_registry_answers_auto_takes_stand_ins_and_says_what_has_none") {
        return;
    }
    let _guard = among_others();
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, docker) = start(None).await;
    let nowhere = "127.0.0.1:1/acme/app:1";
    let provided = ask(&docker, nowhere, BaseChoice::Auto, false, folder.path(), folder.path()).await.expect("a decision");
    assert_eq!(provided.set, BaseSetKind::StandIn);
    assert!(provided.reason.contains("does not resolve"), "{}", provided.reason);
    assert!(provided.missing[nowhere].contains("there is no stand-in"), "{provided:?}");
    let error = ask(&docker, nowhere, BaseChoice::Auto, true, folder.path(), folder.path()).await.expect_err("locked");
    assert!(matches!(error, BaseError::LockedStandIn { .. }), "{error}");
    let hub = ask(&docker, nowhere, BaseChoice::Hub, false, folder.path(), folder.path()).await.expect("a decision");
    assert_eq!((hub.set, hub.missing.len()), (BaseSetKind::Hub, 1), "{hub:?}");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test]
async fn an_interrupted_build_leaves_no_process_and_no_half_image() {
    if !live_or_skip("live::bases::an_interrupted_build_leaves_no_process_and_no_half_image") {
        return;
    }
    let _guard = among_others();
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, docker) = start(None).await;
    let unpacking = Arc::new(Notify::new());
    let notify = unpacking.clone();
    let sink = ProgressSink::new(move |progress| {
        if matches!(&progress, Progress::Log(line) if line.text.contains("installing")) {
            notify.notify_one();
        }
    });
    let references = ["debian:bookworm".to_owned()];
    let (lock_path, cache) = (folder.path().join("bases.lock"), folder.path().to_owned());
    let request = BaseRequest { references: &references, choice: BaseChoice::StandIn, locked: false, lock_path, cache };
    tokio::select! {
        outcome = provide(&docker, &request, &sink) => panic!("it ended before it was interrupted: {outcome:?}"),
        () = unpacking.notified() => {}
    }
    let marker = folder.path().display().to_string();
    for _ in 0..200 {
        if working_on(&marker).is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(working_on(&marker), Vec::<String>::new());
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("the mounts");
    assert!(!mounts.contains(&marker), "{mounts}");
    let images = folder.path().join("bases/v1/images");
    assert_eq!(std::fs::read_dir(images).expect("the folder of images").count(), 0, "an entry stands for a whole image");
    engine.stop().await.expect("the engine stops");
}

/// Processes whose environment names `marker`.
fn working_on(marker: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("the processes").filter_map(Result::ok);
    let named = processes.filter(|process| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(marker)
    });
    named.map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}
