//! What a machine looks like by name, so that a test can say that nothing was left on it.

mod others;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use others::Others;

/// How long the machine may take to look as before: network namespaces and cables vanish some time after their processes.
const SETTLING: Duration = Duration::from_secs(20);

/// Holds off other tests that start engines, in this process and in others. Keep it as long as the machine is compared.
pub(crate) fn alone() -> File {
    let file = lock_file();
    file.lock().expect("the lock of live tests is taken");
    file
}

/// Lets other engines run beside, but no test that compares the machine. Keep it as long as the engine runs.
pub(crate) fn among_others() -> File {
    let file = lock_file();
    file.lock_shared().expect("the lock of live tests is taken");
    file
}

fn lock_file() -> File {
    File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("live-tests.lock")).expect("the lock file of live tests opens")
}

/// Addresses, links, routes, firewall rules, mounts, cgroup folders, network namespaces, processes and folders, by name.
#[derive(Clone, Debug)]
pub(crate) struct MachineState {
    kinds: BTreeMap<&'static str, BTreeSet<String>>,
    tops: BTreeSet<u32>,
}

impl MachineState {
    /// Looks at the machine now.
    pub(crate) fn capture() -> Self {
        let kinds = [
            ("address", addresses()),
            ("link", folder("/sys/class/net")),
            ("route", lines(&[&["ip", "-4", "route", "show", "table", "all"], &["ip", "-6", "route", "show", "table", "all"]])),
            ("firewall rule", firewall()),
            ("mount", read_lines("/proc/self/mounts")),
            ("cgroup folder", cgroup_folders()),
            ("network namespace", network_namespaces()),
            ("process", processes()),
            ("folder", folders()),
            ("setting", settings()),
        ];
        Self { kinds: kinds.into(), tops: pids().map(others::top).collect() }
    }

    /// What `later`, which was captured just now, has more (`+`) or less (`-`) than this, each with its kind. What other
    /// programs on this machine come and go with is left out, as far as it can be told.
    pub(crate) fn diff(&self, later: &Self) -> Vec<String> {
        let others = Others::now(self.tops.clone(), &self.kinds["cgroup folder"]);
        let mut out = Vec::new();
        for (kind, before) in &self.kinds {
            let after = &later.kinds[kind];
            out.extend(after.difference(before).filter(|name| !others.made(kind, name)).map(|name| format!("+ {kind}: {name}")));
            out.extend(before.difference(after).filter(|name| !Others::removed(kind, name)).map(|name| format!("- {kind}: {name}")));
        }
        out
    }

    /// The names of one kind that contain `part`.
    pub(crate) fn with(&self, kind: &str, part: &str) -> Vec<&str> {
        self.kinds[kind].iter().map(String::as_str).filter(|name| name.contains(part)).collect()
    }

    /// Fails unless the machine looks like this again, now or soon.
    pub(crate) fn assert_restored(&self) {
        let until = Instant::now() + SETTLING;
        loop {
            let diff = self.diff(&Self::capture());
            if diff.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "the machine is not as before:\n{}", diff.join("\n"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Addresses without their lifetimes, which count down, and without the state of the link, which may follow its plugs.
fn addresses() -> BTreeSet<String> {
    let words =
        |line: &String| line.split_whitespace().enumerate().filter(|(n, _)| *n != 1).map(|(_, word)| word.to_owned()).collect::<Vec<_>>();
    lines(&[&["ip", "-br", "addr"]]).iter().map(|line| words(line).join(" ")).collect()
}

fn firewall() -> BTreeSet<String> {
    let tools: [&[&str]; 3] = [&["iptables-save"], &["ip6tables-save"], &["nft", "list", "ruleset"]];
    let present: Vec<&[&str]> = tools.into_iter().filter(|tool| on_path(tool[0])).collect();
    // Comments carry the time of the call, brackets the packet counters.
    let cut = |line: String| without_counters(line.split(" [").next().unwrap_or_default());
    lines(&present).into_iter().filter(|line| !line.starts_with('#')).map(cut).collect()
}

/// A rule of nft without how much it was asked about: `counter packets 181 bytes 10761` counts whatever the machine sends.
fn without_counters(rule: &str) -> String {
    let mut counted = false;
    let is_kept = |word: &&str| !std::mem::replace(&mut counted, matches!(*word, "packets" | "bytes"));
    rule.split_whitespace().filter(is_kept).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_rule_is_the_same_however_often_it_was_asked_about() {
    let rule = |packets: u32| without_counters(&format!("\t\tcounter packets {packets} bytes {} jump NETAVARK", packets * 60));
    assert_eq!((rule(1), rule(1)), (rule(2), "counter packets bytes jump NETAVARK".to_owned()));
}

fn on_path(tool: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|dir| dir.join(tool).is_file())
}

fn cgroup_folders() -> BTreeSet<String> {
    let walk = walkdir::WalkDir::new("/sys/fs/cgroup").into_iter().flatten();
    walk.filter(|entry| entry.file_type().is_dir()).map(|entry| entry.path().display().to_string()).collect()
}

fn network_namespaces() -> BTreeSet<String> {
    let own = pids().filter_map(|pid| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok());
    let kept = folder("/run/netns").into_iter();
    own.map(|link| link.display().to_string()).chain(kept).collect()
}

/// Processes that an engine consists of or runs: by what they are called, or since they live in a PID namespace of their own.
fn processes() -> BTreeSet<String> {
    const NAMES: [&str; 7] = ["dockerd", "containerd", "containerd-shim", "runc", "docker-proxy", "docker-init", "unshare"];
    let ours = std::fs::metadata("/proc/self/ns/pid").expect("this process has a PID namespace").ino();
    let foreign = |pid: u32| std::fs::metadata(format!("/proc/{pid}/ns/pid")).is_ok_and(|ns| ns.ino() != ours);
    let named = pids().filter_map(|pid| Some((pid, std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?)));
    let engine = named.filter(|(pid, name)| NAMES.iter().any(|known| name.trim().starts_with(known)) || foreign(*pid));
    engine.map(|(pid, name)| format!("{pid} {}{}", name.trim(), others::engine_of(pid))).collect()
}

fn pids() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc").expect("/proc is there").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn folders() -> BTreeSet<String> {
    const PLACES: [&str; 12] = [
        "/run",
        "/run/loadline",
        "/run/containerd",
        "/run/containerd/s",
        "/run/runc",
        "/run/docker",
        "/var/lib",
        "/var/lib/loadline",
        "/etc",
        "/etc/docker",
        "/opt",
        "/dev/shm",
    ];
    PLACES.into_iter().flat_map(folder).collect()
}

/// What is in a folder, with its path; nothing if there is no such folder.
fn folder(path: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(Path::new(path)).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}

fn settings() -> BTreeSet<String> {
    const FILES: [&str; 6] = [
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/net/ipv6/conf/all/forwarding",
        "/proc/sys/net/bridge/bridge-nf-call-iptables",
        "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
        "/proc/sys/kernel/keys/root_maxkeys",
        "/proc/sys/kernel/keys/root_maxbytes",
    ];
    FILES.into_iter().map(|file| format!("{file} = {}", std::fs::read_to_string(file).unwrap_or_default().trim())).collect()
}

fn lines(commands: &[&[&str]]) -> BTreeSet<String> {
    let run = |command: &&[&str]| {
        let output = Command::new(command[0]).args(&command[1..]).output().expect("the tool runs");
        assert!(output.status.success(), "{} failed: {}", command.join(" "), String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    commands.iter().flat_map(run).filter(|line| !line.is_empty()).collect()
}

fn read_lines(path: &str) -> BTreeSet<String> {
    std::fs::read_to_string(path).expect("it is readable").lines().map(str::to_owned).collect()
}
