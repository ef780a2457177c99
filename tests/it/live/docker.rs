//! Live tests of the Docker implementation of the engine seam, each on a private engine of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadline::dockerfile::Context;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::{
    BuildFailure, BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, Progress, ProgressSink, RunNetwork, Solve,
};
use tempfile::TempDir;

use crate::support::machine::among_others;
use crate::support::tiny;

mod archives;
mod builds;
mod containers;
mod transfers;

/// A private engine that holds the tiny image.
struct Live {
    docker: Docker,
    engine: PrivateEngine,
    folder: TempDir,
    _others: File,
}

impl Live {
    async fn start() -> Self {
        let others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
        let options = PrivateOptions::new(Role::Builder);
        let engine = PrivateEngine::start(options).await.expect("a private engine starts");
        let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers").with_log(&engine.log());
        let folder = tempfile::tempdir().expect("a folder is made");
        let live = Self { docker, engine, folder, _others: others };
        live.import_tiny().await;
        live
    }

    async fn import_tiny(&self) {
        let tar = self.folder.path().join("tiny.tar");
        std::fs::write(&tar, tiny::root()).expect("the root file system is written");
        self.docker.import(&tar, tiny::TINY, &["CMD [\"/bin/sh\"]".to_owned()]).await.expect("the engine takes the image");
    }

    /// A context of the given files.
    fn context(&self, dockerfile: &str, files: &[(&str, &str)]) -> Arc<Context> {
        let root = tempfile::tempdir_in(self.folder.path()).expect("a folder is made").keep();
        for (name, text) in files.iter().chain([&("Dockerfile", dockerfile)]) {
            std::fs::write(root.join(name), text).expect("a file is written");
        }
        Arc::new(Context::plan(&root, &root.join("Dockerfile")).expect("the context is planned"))
    }

    fn request(&self, dockerfile: &str, files: &[(&str, &str)]) -> BuildRequest {
        BuildRequest {
            context: self.context(dockerfile, files),
            builder: BuilderVersion::BuildKit,
            target: None,
            build_args: BTreeMap::new(),
            platform: None,
            tag: "live:a".to_owned(),
            cache: CacheUse::NoCache,
            network: RunNetwork::Host,
            labels: BTreeMap::new(),
        }
    }

    async fn built(&self, request: BuildRequest) -> Solve {
        match self.docker.build(request, &ProgressSink::none()).await.expect("the engine answers") {
            BuildOutcome::Built(solve) => solve,
            BuildOutcome::Failed(failure) => panic!("{failure:?}"),
        }
    }

    async fn failed(&self, request: BuildRequest) -> BuildFailure {
        match self.docker.build(request, &ProgressSink::none()).await.expect("the engine answers") {
            BuildOutcome::Built(solve) => panic!("{solve:?}"),
            BuildOutcome::Failed(failure) => failure,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A sink, and what it has heard.
fn hearing() -> (ProgressSink, Arc<Mutex<Vec<Progress>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    (ProgressSink::new(move |progress| ear.lock().expect("no panic").push(progress)), heard)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain until {what}");
}

/// Whether a process with this argument runs on the machine, in whatever namespace.
fn runs(argument: &str) -> bool {
    let folders = std::fs::read_dir("/proc").expect("/proc is there").filter_map(Result::ok);
    let lines = folders.filter_map(|folder| std::fs::read(folder.path().join("cmdline")).ok());
    lines.into_iter().any(|line| line.split(|b| *b == 0).collect::<Vec<_>>() == [b"sleep", argument.as_bytes(), b""])
}
