//! Why a private engine could not run, and what to do about it.

use std::path::PathBuf;

use super::Leftover;
use super::obstacle::Obstacle;

/// Why a private engine could not be started, stopped or swept.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// The machine cannot run one.
    #[error("the private engine cannot run here: {}; {}", .0.sentence, .0.cure)]
    Obstacle(Obstacle),
    /// The bridge could not be made.
    #[error("bridge {bridge} for the private engine: {reason}; check `ip link` and whether the kernel has the bridge module")]
    Bridge {
        /// Its name.
        bridge: String,
        /// What `ip` said.
        reason: String,
    },
    /// Every candidate subnet overlaps an address or a route of this machine.
    #[error(
        "no free /24 subnet for the private engine: all {candidates} candidates overlap an address or route; remove one, see `ip route show table all`"
    )]
    NoFreeSubnet {
        /// How many were tried.
        candidates: usize,
    },
    /// The user's data root cannot be one.
    #[error("data root {path:?} {reason}; name another folder")]
    DataRootUnusable {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// The daemon ended by itself, at its start or later.
    #[error("dockerd ended by itself ({status}); its last lines:\n{log}\n{}", cure_for(log))]
    Died {
        /// The exit status.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// The daemon did not answer in time.
    #[error("dockerd did not answer within {seconds} s; its last lines:\n{log}\n{}", cure_for(log))]
    Timeout {
        /// The limit.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The daemon is older than the store that was asked for.
    #[error("this engine has no containerd store: it needs Engine 24 or newer; name another engine, or leave the store classic")]
    NoContainerdStore,
    /// The machine's cgroups cannot limit that.
    #[error(
        "the {controller} of an engine cannot be limited here: no cgroup hierarchy hands the {controller} controller down; mount or enable it, or leave the limit out"
    )]
    NoController {
        /// `cpu` or `memory`.
        controller: &'static str,
    },
    /// The kernel does not account for swap, and there is some.
    #[error(
        "`--memory` cannot keep an engine from swap here: this kernel does not account for it; run `swapoff -a`, boot with swapaccount=1, or leave the limit out"
    )]
    NoSwapLimit,
    /// Files in memory would count as memory that the engine takes.
    #[error(
        "a limit of memory would count the engine's data, which lies in memory (tmpfs) there; use `--data-root disk`, or a folder on disk"
    )]
    LimitedMemory,
    /// Something that the engine made could not be removed.
    #[error("the private engine left {}; remove it with `loadline doctor --clean` as root", list(what))]
    LeftBehind {
        /// What is still there.
        what: Vec<Leftover>,
    },
    /// A file or folder of the engine could not be used.
    #[error("{action} {path}; check its permissions and the free space")]
    File {
        /// What was tried, such as `make folder`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A tool that the engine is started with failed.
    #[error("`{tool}` {reason}; check that it works when called as root")]
    Tool {
        /// Its name and arguments.
        tool: String,
        /// What it said.
        reason: String,
    },
}

impl PrivateError {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

fn list(what: &[Leftover]) -> String {
    what.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What to do about a daemon that does not start, by what its log says.
fn cure_for(log: &str) -> &'static str {
    const CURES: [(&str, &str); 9] = [
        ("Exec format error", "the engine is one for another processor: name one for this machine's"),
        ("unrecognized option", "the private engine needs util-linux 2.32 or newer"),
        ("Operation not permitted", "run it as root outside a restricted container, or use `--engine host`"),
        ("unknown flag", "this dockerd is too old for the private engine: install 20.10 or newer"),
        ("no space left on device", "make room, or choose another place with --data-root"),
        ("overlay2", "the data root's file system cannot carry overlay2: choose another place with --data-root"),
        ("\"containerd\": executable file not found", "install containerd beside dockerd: `apt-get install containerd`"),
        ("cgroup", "mount the cgroup file systems, or use `--engine host`"),
        ("permission denied", "run it as root outside a restricted container, or use `--engine host`"),
    ];
    CURES.iter().find(|(sign, _)| log.contains(sign)).map_or("try `dockerd --debug` by hand, or use `--engine host`", |(_, cure)| cure)
}
