//! What `doctor` does only when asked: removing what dead runs left, and starting a private engine for real.

use std::time::Duration;

use crate::cli::args::DoctorArgs;
use crate::cli::{Exit, Failure};
use crate::rig::Engine;
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::private::{self, PrivateEngine, PrivateOptions, Role};
use crate::units;

use super::model::Row;

/// Longest wait for the removal of what dead runs left, such as a full data root on disk.
const SWEEP_LIMIT: Duration = Duration::from_mins(2);

/// Longest wait for the private engine, more than it takes on a slow disk.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Removes what dead runs left, and names it.
pub(super) async fn sweep() -> Vec<Row> {
    let what = "cleaned up";
    if !rustix::process::geteuid().is_root() {
        return vec![Row::no(what, "nothing: removing needs the rights that the dead run had", "`sudo loadline doctor --clean`")];
    }
    let row = match tokio::time::timeout(SWEEP_LIMIT, tokio::task::spawn_blocking(private::sweep)).await {
        Ok(Ok(Ok(swept))) if swept.is_empty() => Row::ok(what, "nothing was left"),
        Ok(Ok(Ok(swept))) => {
            let lines: Vec<String> = swept.iter().map(ToString::to_string).collect();
            Row::ok(what, format!("dead runs had left the following, which is removed now\n{}", lines.join("\n")))
        }
        Ok(Ok(Err(error))) => Row::no(what, Failure::new(Exit::Engine, error).chain(), ""),
        Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Row::no(what, format!("not everything within {} s", SWEEP_LIMIT.as_secs()), "check the disk, and try again"),
    };
    vec![row]
}

/// Starts a private engine and removes it again: nothing else proves that it can run.
pub(super) async fn try_private(args: &DoctorArgs) -> Row {
    let what = "private, tried";
    match tokio::time::timeout(START_LIMIT, started(args)).await {
        Ok(Ok(words)) => Row::ok(what, words),
        Ok(Err(failure)) => Row::no(what, failure.chain(), ""),
        Err(_) => {
            Row::no(what, format!("it did not start within {} s", START_LIMIT.as_secs()), "free memory or use a faster disk, and try again")
        }
    }
}

async fn started(args: &DoctorArgs) -> Result<String, Failure> {
    let (dockerd, engine_root, store) = (args.dockerd.clone(), args.engine_root.clone(), args.store.store());
    let options = PrivateOptions { dockerd, engine_root, store, ..PrivateOptions::new(Role::Builder) };
    let engine = PrivateEngine::start(options).await.map_err(|e| Failure::new(Exit::Engine, e))?;
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.map_err(|e| Failure::new(Exit::Engine, e))?;
    let info = docker.info().await.map_err(|e| Failure::new(Exit::Engine, e))?;
    let file_system = engine.data_root_file_system().map_err(|e| Failure::new(Exit::Engine, e))?;
    let took = units::seconds(engine.started_in().as_secs_f64());
    engine.stop().await.map_err(|e| Failure::new(Exit::Engine, e))?;
    Ok(format!(
        "Docker Engine {} ({} store) started in {took} with its data on {file_system}, and was removed again",
        info.version, info.store
    ))
}
