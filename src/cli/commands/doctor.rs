//! `doctor`: what this machine can measure, what not, and the cure. Removes what a dead run left.
//!
//! Every look is bounded in time, so that a hung engine or file system cannot hang it.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::DoctorArgs;
use crate::cli::{Exit, Failure, layout, plain, printer};
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::private::{self, DataRoot, PrivateEngine, PrivateOptions, Role};
use crate::rig::{Engine, EngineInfo, bases};
use crate::units;

use super::{print, runtime};

/// Longest wait for the host's engine: a local socket answers at once or not at all.
const HOST_LIMIT: Duration = Duration::from_secs(3);

/// Longest wait for the private engine, more than it takes on a slow disk.
const PRIVATE_LIMIT: Duration = Duration::from_mins(1);

/// Longest wait for the removal of what dead runs left, such as a full data root on disk.
const SWEEP_LIMIT: Duration = Duration::from_mins(2);

/// Longest wait for a look at files.
const FILES_LIMIT: Duration = Duration::from_secs(5);

/// Where the words of a finding begin.
const INDENT: usize = 22;

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    good: bool,
    words: String,
}

impl Finding {
    fn good(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, good: true, words: words.into() }
    }

    fn bad(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, good: false, words: words.into() }
    }

    /// `ok  base cache        ~/.cache/loadline, 303.5 MB`, wrapped to `width` columns.
    fn shown(&self, width: usize) -> String {
        let mark = if self.good { "ok" } else { "no" };
        let words: Vec<String> = self.words.lines().map(plain::line).collect();
        format!("{mark}  {:<18}{}\n", self.what, layout::wrapped(&words.join("\n"), INDENT, width))
    }
}

/// Looks at everything that a run needs. Exit 0 when at least one engine can measure, else 4.
pub(super) fn doctor(args: &DoctorArgs) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let (findings, any) = runtime.block_on(look(args.dockerd.clone()));
    // A look that was given up may still wait for a file system; nobody waits for it.
    runtime.shutdown_background();
    let width = if printer::data_on_terminal() { usize::from(printer::width()) } else { usize::MAX };
    print(&findings.iter().map(|finding| finding.shown(width)).collect::<String>())?;
    Ok(if any { Exit::Ok } else { Exit::Engine })
}

/// All findings, and whether an engine can measure. What dead runs left goes first, since it may be in the way.
async fn look(dockerd: Option<PathBuf>) -> (Vec<Finding>, bool) {
    let dead = within("dead runs", SWEEP_LIMIT, leftovers).await;
    let cache = within("base cache", FILES_LIMIT, cache);
    let (private, host, cache) = tokio::join!(private_engine(dockerd), host_engine(), cache);
    let any = private.good || host.good;
    (vec![dead, private, data_root(), host, stand_ins(), cache], any)
}

/// The finding of a look that blocks, or that it was given up.
async fn within(what: &'static str, limit: Duration, look: fn() -> Finding) -> Finding {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(look)).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Finding::bad(what, slow("looking at files", limit, "check the disk and what else uses it")),
    }
}

fn slow(what: &str, limit: Duration, cure: &str) -> String {
    format!("{what} was given up after {} s; {cure}", limit.as_secs())
}

/// Removing needs the rights that the dead run had; without them it is only told.
fn leftovers() -> Finding {
    let what = "dead runs";
    let left = private::leftovers();
    let root = rustix::process::geteuid().is_root();
    match (left.is_empty(), root) {
        (true, true) => Finding::good(what, "left nothing"),
        (true, false) => Finding::good(what, "left nothing that can be seen without root"),
        (false, false) => Finding::bad(what, format!("left the following; remove it with `sudo loadline doctor`\n{}", lines(&left))),
        (false, true) => match private::sweep() {
            Ok(swept) => Finding::good(what, format!("left the following, which is removed now\n{}", lines(&swept))),
            Err(error) => Finding::bad(what, format!("could not be cleaned up after: {}", Failure::new(Exit::Engine, error).chain())),
        },
    }
}

fn lines(left: &[private::Leftover]) -> String {
    left.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The private engine is started for real, since nothing else proves that it can.
async fn private_engine(dockerd: Option<PathBuf>) -> Finding {
    let what = "private engine";
    if let Some(obstacle) = private::obstacle(dockerd.as_deref()) {
        return Finding::bad(what, format!("{}; {}", obstacle.sentence, obstacle.cure));
    }
    match tokio::time::timeout(PRIVATE_LIMIT, try_private(dockerd)).await {
        Ok(Ok(words)) => Finding::good(what, words),
        Ok(Err(failure)) => Finding::bad(what, failure.chain()),
        Err(_) => Finding::bad(what, slow("its start", PRIVATE_LIMIT, "free memory or use a faster disk, and try again")),
    }
}

async fn try_private(dockerd: Option<PathBuf>) -> Result<String, Failure> {
    let options = PrivateOptions { dockerd, data_root: DataRoot::Auto, role: Role::Builder, registry_mirror: None };
    let engine = PrivateEngine::start(options).await.map_err(|e| Failure::new(Exit::Engine, e))?;
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.map_err(|e| Failure::new(Exit::Engine, e))?;
    let info = docker.info().await.map_err(|e| Failure::new(Exit::Engine, e))?;
    let file_system = engine.data_root_file_system().map_err(|e| Failure::new(Exit::Engine, e))?;
    let started = units::seconds(engine.started_in().as_secs_f64());
    engine.stop().await.map_err(|e| Failure::new(Exit::Engine, e))?;
    Ok(format!("{}\nstarted in {started} with its data on {file_system}, removed again\nmeasures everything", described(&info)))
}

/// What `--data-root auto` decides, and why.
fn data_root() -> Finding {
    let what = "data root";
    let enough = units::bytes(private::TMPFS_FROM);
    match private::available_memory() {
        Some(free) if free >= private::TMPFS_FROM => {
            Finding::good(what, format!("in memory: {} are available, and from {enough} on that is enough", units::bytes(free)))
        }
        Some(free) => Finding::good(
            what,
            format!(
                "on disk: {} of memory are available, and {enough} are needed\ntimes on disk vary more; free memory, or ask for it with --data-root tmpfs",
                units::bytes(free)
            ),
        ),
        None => Finding::good(what, "on disk: this kernel does not say how much memory is available"),
    }
}

async fn host_engine() -> Finding {
    let what = "host engine";
    let asked = async { Docker::connect(&Endpoint::Environment).await?.info().await };
    match tokio::time::timeout(HOST_LIMIT, asked).await {
        Ok(Ok(info)) => Finding::good(what, format!("{}\nmeasures everything but pull-time", described(&info))),
        Ok(Err(error)) => Finding::bad(what, Failure::new(Exit::Engine, error).chain()),
        Err(_) => Finding::bad(what, slow("an answer", HOST_LIMIT, "restart it, or use --engine private on Linux as root")),
    }
}

fn described(info: &EngineInfo) -> String {
    format!("Docker Engine {} (API {}, {} store, {})", info.version, info.api_version, info.store, info.platform)
}

fn stand_ins() -> Finding {
    match bases::obstacle() {
        None => Finding::good("stand-in bases", "can be built here: mmdebstrap and the Debian archive's keys are there"),
        Some(obstacle) => Finding::bad("stand-in bases", obstacle.to_string()),
    }
}

fn cache() -> Finding {
    match bases::cache_folder() {
        Ok(folder) => Finding::good("base cache", format!("{} in {}", units::bytes(bases::cache_bytes(&folder)), folder.display())),
        Err(error) => Finding::bad("base cache", Failure::new(Exit::Usage, error).chain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_wrapped_and_has_no_control_characters() {
        let finding = Finding::bad("host engine", "no engine answers at\x1b[2J unix:///x; start it\n  because: refused");
        assert_eq!(
            finding.shown(50),
            "no  host engine       no engine answers at [2J\n                      unix:///x; start it\n                      because: refused\n"
        );
    }
}
