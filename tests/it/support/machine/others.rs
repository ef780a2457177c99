//! What other programs on the machine do meanwhile: the host's own engine, engines of other loadline processes, builds.
//!
//! A test's own things are those of this process, of its descendants, and of processes that lost their parent since.

use std::collections::BTreeSet;

/// Whom things belong to at one moment.
pub(super) struct Others {
    /// The topmost ancestors below init that were there before.
    tops: BTreeSet<u32>,
    /// The cgroup folders that were there before.
    cgroups: BTreeSet<String>,
    /// The ids of engines that other processes own now.
    engines: BTreeSet<String>,
}

impl Others {
    pub(super) fn now(tops: BTreeSet<u32>, cgroups: &BTreeSet<String>) -> Self {
        let ids =
            std::fs::read_dir("/run/loadline").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let others = ids.filter(|id| owner(id).is_some_and(|pid| is_running(pid) && !is_ours(pid)));
        Self { tops, cgroups: cgroups.clone(), engines: others.collect() }
    }

    /// Whether somebody else has made `name`, which is new.
    pub(super) fn made(&self, kind: &str, name: &str) -> bool {
        if self.engines.iter().any(|id| name.contains(id.as_str())) {
            return true;
        }
        match kind {
            "process" => name.split(' ').next().and_then(|pid| pid.parse().ok()).is_none_or(|pid| self.is_others(pid)),
            "network namespace" => super::pids().filter(|pid| network_of(*pid).as_deref() == Some(name)).all(|pid| self.is_others(pid)),
            // An engine's mounts are in a namespace of their own; if one got out it would say whose it is.
            "mount" => !name.contains("loadline"),
            // The first folder of another engine's tree is as old as that engine.
            "cgroup folder" => name.rsplit_once('/').is_some_and(|(parent, _)| is_nested(parent) && self.cgroups.contains(parent)),
            "folder" => name.starts_with("/dev/shm/") && !name.contains("loadline"),
            "address" | "link" | "route" => cable(name).is_some_and(|cable| !is_plugged_into_an_engine_of_ours(cable, &self.engines)),
            _ => false,
        }
    }

    /// Whether somebody else has removed `name`, which was there before any engine of the test.
    pub(super) fn removed(kind: &str, name: &str) -> bool {
        match kind {
            // A daemon that is not loadline's runs on; all other processes come and go.
            "process" => name.contains(" of engine ") || !(name.ends_with(" dockerd") || name.ends_with(" containerd")),
            "network namespace" => !name.starts_with('/'),
            "mount" => ["overlay ", "nsfs ", "shm "].iter().any(|device| name.starts_with(device)),
            "cgroup folder" => true,
            "folder" => name.starts_with("/dev/shm/") || name.starts_with("/run/loadline") || name.starts_with("/var/lib/loadline"),
            "address" | "link" | "route" => cable(name).is_some() || name.split([' ', '/']).any(is_engines_bridge),
            _ => false,
        }
    }

    fn is_others(&self, pid: u32) -> bool {
        !is_running(pid) || (!is_ours(pid) && self.tops.contains(&top(pid)))
    }
}

/// ` of engine <id>` for a process that was started with the paths of one.
pub(super) fn engine_of(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let id = line.split_once("/run/loadline/").and_then(|(_, rest)| rest.get(..8));
    id.map_or_else(String::new, |id| format!(" of engine {id}"))
}

/// The topmost ancestor of a process below init.
pub(super) fn top(pid: u32) -> u32 {
    ancestors(pid).last().unwrap_or(pid)
}

/// A process and its ancestors, without init.
fn ancestors(pid: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(pid), |pid| parent(*pid).filter(|parent| *parent > 1))
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn is_ours(pid: u32) -> bool {
    ancestors(pid).any(|pid| pid == std::process::id())
}

fn is_running(pid: u32) -> bool {
    parent(pid).is_some()
}

fn owner(id: &str) -> Option<u32> {
    let record = std::fs::read_to_string(format!("/run/loadline/{id}/owner")).ok()?;
    record.strip_prefix("owner ")?.split(' ').next()?.parse().ok()
}

fn network_of(pid: u32) -> Option<String> {
    Some(std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()?.display().to_string())
}

/// Whether a folder lies below the top of its hierarchy, `/sys/fs/cgroup` or `/sys/fs/cgroup/<controller>`.
fn is_nested(folder: &str) -> bool {
    let top = std::path::Path::new(folder).ancestors().take_while(|at| at.join("cgroup.procs").exists()).last();
    top.is_some_and(|top| top != std::path::Path::new(folder))
}

/// The host's end of a container's cable that a line is about.
fn cable(line: &str) -> Option<&str> {
    line.split([' ', '/', '@']).find(|word| word.starts_with("veth"))
}

fn is_engines_bridge(word: &str) -> bool {
    word.strip_prefix("ll").is_some_and(|id| id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Plugged into nothing it may be what an engine forgot.
fn is_plugged_into_an_engine_of_ours(cable: &str, others: &BTreeSet<String>) -> bool {
    let link = std::path::Path::new("/sys/class/net").join(cable);
    let bridge = std::fs::read_link(link.join("master")).ok().and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    link.exists() && bridge.is_none_or(|bridge| is_engines_bridge(&bridge) && !others.contains(&bridge[2..]))
}
