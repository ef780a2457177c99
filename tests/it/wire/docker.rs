//! The Docker client against a scripted daemon that lies, cuts and stalls.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use loadline::dockerfile::Context;
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, EngineError, ProgressSink, RunNetwork};

mod archives;
mod builds;
mod connection;
pub(crate) mod daemon;
mod endpoints;
pub(crate) mod front;
mod host;
mod trace;
mod transfers;

use daemon::Daemon;

/// A stream recorded from a private engine, Docker 20.10.
fn recorded(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/streams").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A context of a Dockerfile and one file of `bytes` bytes.
fn context(folder: &Path, bytes: usize) -> Arc<Context> {
    std::fs::write(folder.join("Dockerfile"), "FROM scratch\nCOPY f /f\n").expect("a file is written");
    std::fs::write(folder.join("f"), vec![b'x'; bytes]).expect("a file is written");
    Arc::new(Context::plan(folder, &folder.join("Dockerfile")).expect("the context is planned"))
}

fn request(context: Arc<Context>, builder: BuilderVersion) -> BuildRequest {
    BuildRequest {
        context,
        builder,
        target: Some("final".to_owned()),
        build_args: [("A".to_owned(), "b c".to_owned())].into(),
        platform: None,
        tag: "wire:a".to_owned(),
        cache: CacheUse::NoCache,
        network: RunNetwork::Host,
        labels: BTreeMap::new(),
    }
}

/// The outcome of a small build on `daemon`.
async fn build(daemon: &Daemon, builder: BuilderVersion) -> Result<BuildOutcome, EngineError> {
    let folder = tempfile::tempdir().expect("a folder is made");
    let docker = daemon.connect().await;
    docker.build(request(context(folder.path(), 1000), builder), &ProgressSink::none()).await
}
