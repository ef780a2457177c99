//! The namespace that an engine lives and dies in.
//!
//! `unshare` makes a mount and a PID namespace whose first process is a small shell (`in_namespace.sh`). When that
//! shell ends, the kernel kills everything in the namespace and its mounts go. The shell ends when the daemon does, or
//! when the pipe that is its standard input closes: the writing end is here, so it closes with this process however
//! that ends. A namespace whose `unshare` is killed dies too (`--kill-child`).

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::PrivateError;
use super::tools;

const SCRIPT: &str = include_str!("in_namespace.sh");

/// How long a namespace may take to die. A daemon that writes to a slow disk is not interruptible meanwhile.
const DEATH_LIMIT: Duration = Duration::from_secs(10);

/// What the daemon may see of the caller's environment: where temporary files go and how the world is reached.
const PASSED_ON: [&str; 9] =
    ["TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"];

/// What is started in the namespace.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The state folder, visible on both sides.
    pub(super) state: &'a Path,
    /// The data root.
    pub(super) data: &'a Path,
    /// The size in bytes of the tmpfs to mount on the data root, if any.
    pub(super) tmpfs: Option<u64>,
    /// Where the daemon's output goes.
    pub(super) log: &'a Path,
    /// The root file system that the daemon sees in the place of this machine's, if any: absolute, without symbolic links.
    pub(super) engine_root: Option<&'a Path>,
    /// Folders of cgroups that the daemon is put into before it starts.
    pub(super) groups: &'a [PathBuf],
    /// The daemon, by its path there.
    pub(super) dockerd: &'a Path,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
}

/// A running namespace. Dropping it lets the namespace die without waiting.
#[derive(Debug)]
pub(super) struct Cage {
    child: Child,
    lifeline: Option<ChildStdin>,
}

impl Cage {
    /// Starts the plan.
    pub(super) fn start(plan: &Plan<'_>) -> Result<Self, PrivateError> {
        let log = File::create_new(plan.log).map_err(PrivateError::file("make", plan.log))?;
        let errors = log.try_clone().map_err(PrivateError::file("share", plan.log))?;
        let tool = |reason| PrivateError::Tool { tool: "unshare".to_owned(), reason };
        let unshare = tools::find("unshare").ok_or_else(|| tool("is not on the path".to_owned()))?;
        let mut command = tools::command(unshare);
        let script = plan.state.join("in_namespace.sh");
        std::fs::write(&script, SCRIPT).map_err(PrivateError::file("write", &script))?;
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh"]).arg(script);
        command.arg(plan.state).arg(plan.data).arg(plan.tmpfs.map_or_else(String::new, |bytes| bytes.to_string()));
        let groups: Vec<_> = plan.groups.iter().map(|group| group.to_string_lossy()).collect();
        command.arg(plan.engine_root.unwrap_or(Path::new(""))).arg(groups.join(" ")).arg(plan.dockerd).args(&plan.arguments);
        command.env("PATH", tools::search_path(plan.dockerd.parent().filter(|_| plan.engine_root.is_none())));
        command.envs(PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        // In a process group of its own it does not get the terminal's Ctrl-C: this process decides when it ends.
        command.process_group(0).stdin(Stdio::piped()).stdout(log).stderr(errors).current_dir("/");
        let mut child = command.spawn().map_err(|e| tool(format!("could not be run: {e}")))?;
        let lifeline = child.stdin.take();
        Ok(Self { child, lifeline })
    }

    /// The process that carries the namespace: it ends after everything in it has.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, once it has ended by itself.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Lets the namespace die and waits for it, at most [`DEATH_LIMIT`] and a second.
    pub(super) fn end(&mut self) {
        drop(self.lifeline.take());
        if !self.ends_within(DEATH_LIMIT) {
            // Already dead is as good as killed.
            let _ = self.child.kill();
            self.ends_within(Duration::from_secs(1));
        }
    }

    fn ends_within(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while self.ended().is_none() {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }
}
