//! The looks, each at one thing. None of them changes anything.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::cli::engine::obstacle;
use crate::cli::workspace::{self, WhichFile};
use crate::cli::{Exit, Failure};
use crate::judge::Calm;
use crate::record::HostProbe;
use crate::report;
use crate::rig::docker::{Docker, Endpoint};
use crate::rig::{Engine, EngineInfo, bases, host, private};
use crate::run::Prober;
use crate::units;

use super::model::Row;

/// Longest wait for an engine on this machine, which answers at once or not at all.
const ENGINE_LIMIT: Duration = Duration::from_millis(1200);

/// Longest wait for the hub: one question that every network answers in less.
const HUB_LIMIT: Duration = Duration::from_millis(600);

/// An image that is published for every platform and will stay.
const ANY_IMAGE: &str = "hello-world";

/// Free space below which base images and a large app do not fit beside each other, bytes.
const LITTLE_SPACE: u64 = 10_000_000_000;

/// Whether an own dockerd can run: everything that its start needs but the start itself.
pub(super) async fn private_engine(dockerd: Option<PathBuf>, engine_root: Option<PathBuf>) -> Row {
    let what = "private engine";
    if let Some(obstacle) = obstacle(dockerd.as_deref(), engine_root.as_deref()) {
        return Row::no(what, obstacle.sentence, obstacle.cure);
    }
    let found = engine_root.as_deref().map_or_else(|| private::find_dockerd(dockerd.as_deref()), private::find_dockerd_in);
    let path = match found {
        Ok(path) => path,
        Err(obstacle) => return Row::no(what, obstacle.sentence, obstacle.cure),
    };
    match version_of(&path, engine_root.as_deref()).await {
        Ok(version) => Row::ok(
            what,
            format!(
                "{version} ({}{})\nroot, overlay, cgroups, bridges and all tools are there; `loadline doctor --try` starts one",
                path.display(),
                engine_root.as_deref().map(|root| format!(" in {}", root.display())).unwrap_or_default()
            ),
        ),
        Err(why) => Row::no(what, format!("{} --version {why}", path.display()), "name a dockerd that runs with --dockerd"),
    }
}

/// The first line that a daemon's `--version` prints, in a root of its own where it has one.
async fn version_of(dockerd: &Path, engine_root: Option<&Path>) -> Result<String, String> {
    let mut command = tokio::process::Command::new(engine_root.map_or(dockerd, |_| Path::new("chroot")));
    if let Some(root) = engine_root {
        command.arg(root).arg(dockerd);
    }
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(ENGINE_LIMIT, command.output()).await.map_err(|_| "does not end".to_owned())?;
    let output = output.map_err(|error| format!("could not be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
    if output.status.success() && !said.is_empty() { Ok(said) } else { Err(format!("failed: {}", output.status)) }
}

/// All that a host engine tells.
pub(super) struct Host {
    pub(super) row: Row,
    pub(super) builder: Row,
    pub(super) registry: Row,
    pub(super) hub: Row,
    /// What runs left there; `None` where no engine answers.
    pub(super) left: Option<Row>,
}

pub(super) async fn host_engine() -> Host {
    let asked = async {
        let docker = Docker::connect(&Endpoint::Environment).await?;
        let info = docker.info().await?;
        Ok::<_, crate::rig::EngineError>((docker, info))
    };
    match tokio::time::timeout(ENGINE_LIMIT, asked).await {
        Ok(Ok((docker, info))) => answered(&docker, &info).await,
        Ok(Err(error)) => absent(&Failure::new(Exit::Engine, error).chain(), "start Docker, or point DOCKER_HOST at an engine that runs"),
        Err(_) => absent(
            &format!("it gave no answer within {} s", ENGINE_LIMIT.as_secs_f64()),
            "restart it (`systemctl restart docker`), or use `--engine private` on Linux as root",
        ),
    }
}

async fn answered(docker: &Docker, info: &EngineInfo) -> Host {
    let named_by = named_by(|name| std::env::var(name).ok());
    let words = format!("{}\nat {}, {named_by}", described(info), docker.endpoint());
    Host {
        row: Row::ok("host engine", words),
        builder: Row::ok("builder", info.buildkit.clone().unwrap_or_else(|| format!("BuildKit of Engine {}", info.version))),
        registry: registry(docker),
        hub: hub(docker).await,
        left: Some(left_on_host(docker).await),
    }
}

fn absent(why: &str, cure: &str) -> Host {
    let not_asked = |what| Row::note(what, "not asked: there is no host engine; a private engine finds out when a run starts");
    Host {
        row: Row::no("host engine", why, cure),
        builder: Row::note("builder", "the BuildKit in the private engine's dockerd, where that can run"),
        registry: Row::ok("registry", "in this process, on 127.0.0.1: a private engine is on this machine"),
        hub: not_asked("hub bases"),
        left: None,
    }
}

/// What decided which engine that is, as the docker command decides.
fn named_by(variable: impl Fn(&str) -> Option<String>) -> &'static str {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    if set("DOCKER_HOST") {
        "named by DOCKER_HOST"
    } else if set("DOCKER_CONTEXT") {
        "named by DOCKER_CONTEXT"
    } else {
        "docker's chosen context or the default socket"
    }
}

fn described(info: &EngineInfo) -> String {
    format!("{} {} (API {}, {} store, {})", info.product.name(), info.version, info.api_version, info.store, info.platform)
}

/// Whether the engine is likely to reach the registry that counts its pushes, which listens on this machine's loopback address.
/// To be certain a run pushes a tiny image; nothing is pushed here.
fn registry(docker: &Docker) -> Row {
    let what = "registry";
    if docker.is_remote() {
        let words = "in this process, on 127.0.0.1, which is another place for an engine on another machine: \
                     push times are not taken, and transfer sizes are computed from the engine's export";
        return Row::no(what, words, "`loadline run --registry HOST/PATH` with a registry that both machines reach");
    }
    Row::ok(what, "in this process, on 127.0.0.1: an engine on this machine reaches it, unless it runs in a virtual machine")
}

/// What ended runs left on the engine: named here, removed by the next run on it.
async fn left_on_host(docker: &Docker) -> Row {
    let what = "left on engine";
    match tokio::time::timeout(ENGINE_LIMIT, host::leftovers(docker)).await {
        Ok(Ok(left)) if left.is_empty() => Row::ok(what, "no run left anything on the host engine"),
        Ok(Ok(left)) => {
            let lines: Vec<String> = left.iter().map(|thing| format!("{thing}: {}", thing.command())).collect();
            Row::note(what, format!("runs left the following; the next run removes what is certainly theirs\n{}", lines.join("\n")))
        }
        Ok(Err(error)) => Row::note(what, Failure::new(Exit::Engine, error).chain()),
        Err(_) => Row::note(what, format!("the host engine gave no list within {} s", ENGINE_LIMIT.as_secs_f64())),
    }
}

/// Only an engine can ask: its mirrors and credentials count.
async fn hub(docker: &Docker) -> Row {
    let what = "hub bases";
    match tokio::time::timeout(HUB_LIMIT, docker.resolve(ANY_IMAGE)).await {
        Ok(Ok(_)) => Row::ok(what, "the engine reaches the hub: published base images can be had"),
        Ok(Err(error)) => Row::no(
            what,
            Failure::new(Exit::Engine, error).chain(),
            "use base images that the engine has, or `--engine private --bases stand-in`",
        ),
        Err(_) => Row::note(what, format!("the hub gave no answer within {} s; a run waits longer", HUB_LIMIT.as_secs_f64())),
    }
}

pub(super) fn stand_ins() -> Row {
    let what = "stand-in bases";
    match bases::obstacle() {
        None => Row::ok(what, "can be built on the private engine: mmdebstrap and the Debian archive's keys are there"),
        Some(obstacle) => {
            let text = obstacle.to_string();
            let (words, cure) = text.rsplit_once("; ").map_or((text.as_str(), ""), |(words, cure)| (words, cure));
            Row::no(what, words, cure)
        }
    }
}

/// What `--data-root auto` decides, and why.
pub(super) fn data_root() -> Row {
    let what = "data root";
    let enough = units::bytes(private::TMPFS_FROM);
    match private::available_memory() {
        Some(free) if free >= private::TMPFS_FROM => {
            Row::ok(what, format!("in memory: {} are available, and from {enough} on that is enough", units::bytes(free)))
        }
        Some(free) => Row::note(
            what,
            format!("on disk: {} of memory are available, and {enough} are needed; times on disk vary more", units::bytes(free)),
        )
        .cured("free memory, or `loadline run --data-root tmpfs` for small images"),
        None => Row::note(what, "on disk: this kernel does not say how much memory is available"),
    }
}

pub(super) fn cache() -> Row {
    let what = "base cache";
    match bases::cache_folder() {
        Ok(folder) => {
            let free = free_space(&folder);
            let words = format!("{} in {}{}", units::bytes(bases::cache_bytes(&folder)), folder.display(), told(free));
            let row = Row::ok(what, words);
            if free.is_some_and(|free| free < LITTLE_SPACE) {
                row.cured("free space there, or set LOADLINE_CACHE_DIR to a larger disk")
            } else {
                row
            }
        }
        Err(error) => Row::no(what, Failure::new(Exit::Usage, error).chain(), ""),
    }
}

fn told(free: Option<u64>) -> String {
    free.map_or_else(String::new, |free| format!(", {} free there", units::bytes(free)))
}

/// Bytes that a user may still write at `path`, or where it would be made.
fn free_space(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|path| path.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

pub(super) fn machine() -> Row {
    let what = "machine";
    let facts = HostProbe::new("/").facts();
    let memory = private::available_memory().map_or_else(String::new, |free| format!(", {} of memory available", units::bytes(free)));
    let disk = free_space(Path::new("/var/lib/loadline"));
    let words = format!(
        "{}, {}, {}{memory}\ndisk of the private engine:{}",
        facts.os,
        facts.kernel,
        units::count(facts.cpus, "core"),
        told(disk).trim_start_matches(',')
    );
    match disk {
        Some(free) if free < LITTLE_SPACE => Row::note(what, words).cured("free disk space, or name another place with --data-root"),
        _ => Row::ok(what, words),
    }
}

/// Which file gives command lines defaults, and what it gives.
pub(super) fn defaults(file: &WhichFile) -> Row {
    let what = "defaults";
    match workspace::in_force(file) {
        Ok(words) => Row::ok(what, words),
        Err(words) => Row::no(what, words, "correct it, or leave it out with --no-config: until then, commands that read it end with 2"),
    }
}

/// How noisy the machine is now.
pub(super) fn noise() -> Row {
    let (calm, words, cure) = report::noise_now(&Prober::in_folder(&std::env::temp_dir(), "temporary files").look());
    match (calm, cure) {
        (Calm::Quiet, _) => Row::ok("noise", words),
        (_, Some(cure)) => Row::note("noise", words).cured(cure),
        (_, None) => Row::note("noise", words),
    }
}

/// What dead runs left: named here, removed by the next run or by `--clean`.
pub(super) fn leftovers() -> Row {
    let what = "dead runs";
    let left = private::leftovers();
    let root = rustix::process::geteuid().is_root();
    if left.is_empty() {
        return Row::ok(what, if root { "left nothing" } else { "left nothing that can be seen without root" });
    }
    let lines: Vec<String> = left.iter().map(ToString::to_string).collect();
    Row::note(what, format!("left the following; the next run on a private engine removes it\n{}", lines.join("\n")))
        .cured("`sudo loadline doctor --clean`")
}

/// Pairs of links that some killed engine may have left; no row where there are none.
pub(super) fn stray_links() -> Option<Row> {
    let what = "stray links";
    match private::stray_pairs() {
        Ok(pairs) if pairs.is_empty() => None,
        Ok(pairs) => Some(stray(what, &pairs)),
        Err(error) => Some(Row::note(what, Failure::new(Exit::Engine, error).chain())),
    }
}

fn stray(what: &'static str, pairs: &[private::StrayPair]) -> Row {
    let lines: Vec<String> = pairs.iter().map(|pair| format!("{pair}: `{}`", pair.command())).collect();
    let words = "may be left by a killed engine, a private one or another: pairs named as dockerd names them, down and on no bridge; \
                 nothing removes them by itself, since a link does not say whose it is";
    Row::note(what, format!("{words}\n{}", lines.join("\n"))).cured("the command beside each, where no other program needs it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_that_names_the_engine_is_told() {
        let with = |set: &'static str| named_by(move |name| (name == set).then(|| "x".to_owned()));
        assert_eq!((with("DOCKER_HOST"), with("DOCKER_CONTEXT")), ("named by DOCKER_HOST", "named by DOCKER_CONTEXT"));
        assert_eq!(named_by(|_| Some(String::new())), "docker's chosen context or the default socket");
    }

    #[test]
    fn free_space_is_told_of_a_folder_that_is_not_there_yet() {
        assert!(free_space(Path::new("/no/such/folder")).is_some_and(|free| free > 0));
    }

    #[tokio::test]
    async fn a_program_that_is_no_daemon_is_told() {
        assert!(version_of(Path::new("/bin/false"), None).await.is_err());
        assert!(version_of(Path::new("/nowhere/dockerd"), None).await.is_err_and(|why| why.contains("could not be run")));
    }
}
