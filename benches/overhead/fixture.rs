//! An engine of its own, and an app that needs no network.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use loadline::dockerfile::Context;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine as _, ProgressSink, RunNetwork, Solve};
use tempfile::TempDir;

/// The name of every image that is built.
pub(crate) const TAG: &str = "overhead:1";

/// A private engine and the folder of an app.
pub(crate) struct Fixture {
    /// The client that runs use.
    pub(crate) docker: Docker,
    engine: PrivateEngine,
    folder: TempDir,
}

/// A line for people out of whatever failed at `what`.
pub(crate) fn failed<E: std::error::Error>(what: impl Display) -> impl FnOnce(E) -> String {
    move |error| {
        let causes = std::iter::successors(error.source(), |e| e.source());
        causes.fold(format!("{what}: {error}"), |text, cause| format!("{text}: {cause}"))
    }
}

impl Fixture {
    /// Starts the engine. The app's folder has only the static program `app` in it.
    pub(crate) async fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(failed("a folder for the app"))?;
        let engine = PrivateEngine::start(PrivateOptions::new(Role::Builder)).await.map_err(failed("no engine"))?;
        let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.map_err(failed("the engine"))?;
        compile(&folder.path().join("app"))?;
        Ok(Self { docker, engine, folder })
    }

    /// Removes the engine.
    pub(crate) async fn stop(self) -> Result<(), String> {
        self.engine.stop().await.map_err(failed("the engine"))
    }

    /// Where the engine listens.
    pub(crate) fn socket(&self) -> &Path {
        self.engine.socket()
    }

    /// Where the engine's data lies, as this process sees it.
    pub(crate) fn data_root(&self) -> PathBuf {
        self.engine.data_root_from_outside()
    }

    /// The engine, in words.
    pub(crate) async fn describe(&self) -> Result<String, String> {
        let info = self.docker.info().await.map_err(failed("the engine"))?;
        let data = self.engine.data_root_file_system().map_err(failed("the engine's data root"))?;
        Ok(format!("engine private {} with {}, its data on {data}", info.version, info.store))
    }

    /// Writes a file into the app's folder.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), String> {
        fs::write(self.folder.path().join(name), bytes).map_err(failed(format_args!("file {name} of the app")))
    }

    /// A file of the app's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Reads the app's folder as loadline does before each build.
    pub(crate) fn context(&self) -> Result<Context, String> {
        Context::plan(self.folder.path(), &self.folder.path().join("Dockerfile")).map_err(failed("the context"))
    }

    /// All that goes to the builder, in memory.
    pub(crate) fn tar(&self) -> Result<Vec<u8>, String> {
        let mut tar = Vec::new();
        self.context()?.write_tar(&mut tar).map_err(failed("the context"))?;
        Ok(tar)
    }

    /// Builds the app by loadline, from reading its folder on, with what the builder has in its cache.
    pub(crate) async fn build(&self, build_args: &[(&str, &str)]) -> Result<Solve, String> {
        self.build_with(CacheUse::UseCache, build_args).await
    }

    /// The same with or without the builder's cache.
    pub(crate) async fn build_with(&self, cache: CacheUse, build_args: &[(&str, &str)]) -> Result<Solve, String> {
        let request = BuildRequest {
            context: Arc::new(self.context()?),
            builder: BuilderVersion::BuildKit,
            target: None,
            build_args: build_args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            platform: None,
            tag: TAG.to_owned(),
            cache,
            network: RunNetwork::Host,
            labels: BTreeMap::new(),
        };
        match self.docker.build(request, &ProgressSink::none()).await.map_err(failed("a build"))? {
            BuildOutcome::Built(solve) => Ok(solve),
            BuildOutcome::Failed(failure) => Err(format!("a build: {}: {}", failure.message, failure.last_lines(3).join("; "))),
        }
    }
}

/// The query of the same build, for a plain request. `build_args` is a JSON object.
///
/// There is no session: it is what the client library opens beside each build, and part of what is asked about.
pub(crate) fn query(build_args: &str) -> [(&str, &str); 8] {
    [
        ("version", "2"),
        ("dockerfile", "Dockerfile"),
        ("t", TAG),
        ("rm", "true"),
        ("forcerm", "true"),
        ("networkmode", "host"),
        ("buildargs", build_args),
        ("labels", "{}"),
    ]
}

/// Makes `program` out of `tests/data/app/app.rs`, which depends on nothing.
fn compile(program: &Path) -> Result<(), String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/app/app.rs");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2021", "-O", "-C", "target-feature=+crt-static", "-C", "panic=abort", "-C", "strip=symbols", "-o"]);
    let compiled = rustc.arg(program).arg(source).output().map_err(failed("rustc for the app's program"))?;
    compiled.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&compiled.stderr).into_owned())
}
