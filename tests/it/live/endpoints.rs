//! Engines that are not behind a Unix socket of this machine, and podman's, for real.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use loadline::dockerfile::Context;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::{
    BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Container, ContainerSpec, Engine, EngineError, ProgressSink, RunNetwork, Solve,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app;

mod podman;
mod ssh;
mod tls;

/// A port that nothing listens on now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").port()
}

/// Where a program of the path lies.
fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("there is a path");
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file()).expect("it was looked for")
}

/// A script that is a program.
fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the script is written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is made a program");
}

fn endpoint(variables: &[(&str, &str)]) -> Endpoint {
    Endpoint::Variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

async fn private_engine(dockerd: Option<PathBuf>) -> PrivateEngine {
    let options = PrivateOptions { dockerd, ..PrivateOptions::new(Role::Builder) };
    PrivateEngine::start(options).await.expect("a private engine starts")
}

/// The app of the tests as a context in a folder below `below`, built by `dockerfile`.
fn request(below: &TempDir, dockerfile: &str, builder: BuilderVersion) -> BuildRequest {
    let folder = tempfile::tempdir_in(below.path()).expect("a folder is made").keep();
    fs::write(folder.join("Dockerfile"), dockerfile).expect("a file is written");
    fs::copy(app::program(), folder.join("app")).expect("the program is copied");
    BuildRequest {
        context: Arc::new(Context::plan(&folder, &folder.join("Dockerfile")).expect("the context is planned")),
        builder,
        target: None,
        build_args: BTreeMap::new(),
        platform: None,
        tag: "live:a".to_owned(),
        cache: CacheUse::NoCache,
        network: RunNetwork::Host,
        labels: BTreeMap::new(),
    }
}

async fn built(docker: &Docker, request: BuildRequest) -> Solve {
    match docker.build(request, &ProgressSink::none()).await.expect("the engine answers") {
        BuildOutcome::Built(solve) => solve,
        BuildOutcome::Failed(failure) => panic!("{failure:?}"),
    }
}

async fn started(docker: &Docker, image: &str) -> Container {
    docker
        .start(&ContainerSpec {
            image: image.to_owned(),
            name: None,
            port: 8080,
            labels: BTreeMap::new(),
            env: BTreeMap::new(),
            command: None,
        })
        .await
        .expect("it starts")
}

/// What the app says on its port, once it says anything.
async fn answer(address: SocketAddr) -> String {
    for _ in 0..100 {
        if let Some(answer) = get(address).await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing answers at {address}")
}

async fn get(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    (!answer.is_empty()).then_some(answer)
}

/// Builds the app, runs it, reaches its port, and removes all of it.
async fn whole_way(docker: &Docker) {
    let folder = tempfile::tempdir().expect("a folder is made");
    let solve = built(docker, request(&folder, app::GOOD, BuilderVersion::BuildKit)).await;
    assert!(!solve.vertices.is_empty());
    let container = started(docker, &solve.image_id).await;
    let address = container.address.expect("it runs");
    assert!(answer(address).await.starts_with("HTTP/1.1 200"));
    docker.remove_container(&container.id).await.expect("it is removed");
    assert_eq!(get(address).await, None);
    docker.remove_image("live:a").await.expect("it is removed");
}

/// A build whose only RUN step does not end, until the engine is lost to it.
async fn lost_in_a_build(docker: &Docker, cut: impl FnOnce()) -> EngineError {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let sink = ProgressSink::new(move |progress| drop(told.send(format!("{progress:?}"))));
    let docker = docker.clone();
    let folder = tempfile::tempdir().expect("a folder is made");
    let request = request(&folder, &app::good_with("RUN [\"/app\", \"serve\"]"), BuilderVersion::BuildKit);
    let build = tokio::spawn(async move { docker.build(request, &sink).await });
    while !heard.recv().await.expect("the build is under way").contains("RUN") {}
    cut();
    build.await.expect("no panic").expect_err("the engine is gone")
}
