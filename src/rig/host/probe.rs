//! Whether an engine reaches loadline's registry: a tiny image is pushed, and the registry is asked whether it came.
//!
//! An engine in a virtual machine, on another machine, or behind a proxy may not: 127.0.0.1 is another place there. Only the
//! engine itself can tell, and it is quoted.

use std::io;
use std::time::Duration;

use super::{Folder, labels};
use crate::rig::registry::Registry;
use crate::rig::{Engine, EngineError, ProgressSink};

/// Longest wait for the push of a few hundred bytes. An engine whose packets get lost waits for half a minute.
pub const PROBE_LIMIT: Duration = Duration::from_secs(8);

/// Longest wait for any other call.
const CALL: Duration = Duration::from_secs(20);

const REPOSITORY: &str = "loadline/probe";

/// `None` when the engine reached `registry` within `limit`, else why not, in the engine's words. Leaves no image, or one that
/// carries the labels of this process.
///
/// # Errors
///
/// The engine is gone, or a file cannot be written.
pub async fn probe<E: Engine>(
    engine: &E,
    registry: &Registry,
    folder: &Folder,
    run: &str,
    limit: Duration,
) -> Result<Option<String>, EngineError> {
    let tag = format!("{:016x}", fastrand::u64(..));
    let name = format!("{}/{REPOSITORY}:{tag}", registry.address());
    let tar = folder.path().join("probe.tar");
    std::fs::write(&tar, content(&tag).map_err(|source| file(&tar, source))?).map_err(|source| file(&tar, source))?;
    let label = |(key, value): (String, String)| format!("LABEL {key}=\"{}\"", value.replace(['"', '\\', '$'], "_"));
    let changes: Vec<String> = labels(run).into_iter().map(label).collect();
    let asked = async {
        within(CALL, "the import of the probe", engine.import(&tar, &name, &changes)).await?;
        reach(engine, registry, &name, &tag, limit).await
    };
    let reached = asked.await;
    // Where it cannot be removed now, the end of the run tries again, and says so.
    drop(within(CALL, "the removal of the probe", engine.remove_image(&name)).await);
    drop(registry.forget_repository(REPOSITORY));
    match reached {
        Err(error) if !error.is_fatal() => Ok(Some(words(error))),
        told => told,
    }
}

async fn reach<E: Engine>(engine: &E, registry: &Registry, name: &str, tag: &str, limit: Duration) -> Result<Option<String>, EngineError> {
    let silent = ProgressSink::none();
    match tokio::time::timeout(limit, engine.push(name, &silent)).await {
        Err(_) => Ok(Some(format!("a push of a few hundred bytes to {} got no answer within {limit:?}", registry.address()))),
        Ok(Err(error)) => Err(error),
        // Something else may listen at that address where the engine runs.
        Ok(Ok(_)) if registry.image(REPOSITORY, tag).is_err() => {
            Ok(Some(format!("it pushed to something else that listens at {} where it runs", registry.address())))
        }
        Ok(Ok(_)) => Ok(None),
    }
}

/// The engine's own words, without the name of the probe.
fn words(error: EngineError) -> String {
    match error {
        EngineError::Refused { message, .. } => message,
        other => other.to_string(),
    }
}

async fn within<T>(limit: Duration, what: &'static str, call: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
    let late = |_| EngineError::Incomplete { action: what.to_owned(), missing: "an answer in time" };
    tokio::time::timeout(limit, call).await.map_err(late)?
}

/// A file that no engine has seen before, so that it has to be pushed.
fn content(text: &str) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "probe", text.as_bytes())?;
    tar.into_inner()
}

fn file(path: &std::path::Path, source: io::Error) -> EngineError {
    EngineError::File { action: "write", path: path.display().to_string(), source }
}
