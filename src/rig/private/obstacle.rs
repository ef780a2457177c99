//! Whether a private engine can run on this machine at all.

use std::path::{Path, PathBuf};

use super::{engine_root, tools};

/// A program, the id of the obstacle that it is missing, and the package that has it.
type Tool = (&'static str, &'static str, &'static str);

const UNSHARE: Tool = ("unshare", "no-unshare", "util-linux");
const MOUNT: Tool = ("mount", "no-mount", "mount");
const SH: Tool = ("sh", "no-sh", "dash");
const IP: Tool = ("ip", "no-ip", "iproute2");

/// One reason why no private engine can run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Stable name, such as `not-root`.
    pub id: &'static str,
    /// What is in the way.
    pub sentence: String,
    /// What to do about it.
    pub cure: String,
}

impl Obstacle {
    pub(super) fn new(id: &'static str, sentence: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { id, sentence: sentence.into(), cure: cure.into() }
    }
}

/// The first reason why a private engine cannot run here, or `None`. Looks only: starts and changes nothing.
///
/// Ids: `not-linux`, `not-root`, `no-capabilities`, `no-dockerd`, `no-containerd`, `no-runc`, `no-unshare`, `no-mount`, `no-sh`, `no-ip`,
/// `no-overlay`, `no-cgroups`.
pub fn obstacle(dockerd: Option<&Path>) -> Option<Obstacle> {
    const TOOLS: [Tool; 6] = [("containerd", "no-containerd", "containerd"), ("runc", "no-runc", "runc"), UNSHARE, MOUNT, SH, IP];
    machine_before().or_else(|| find_dockerd(dockerd).err()).or_else(|| missing(&TOOLS, dockerd)).or_else(machine_after)
}

/// As [`obstacle`], for an engine in a root file system of its own. A daemon cannot be named beside it.
///
/// Ids besides: `two-engines`, `no-engine-root`, `engine-root-lacks`, `no-chroot`.
pub fn obstacle_with_root(root: &Path, dockerd: Option<&Path>) -> Option<Obstacle> {
    const TOOLS: [Tool; 5] = [UNSHARE, MOUNT, SH, IP, ("chroot", "no-chroot", "coreutils")];
    let two = || Obstacle::new("two-engines", "both a dockerd and a root with one are named", "name one of them");
    machine_before()
        .or_else(|| dockerd.map(|_| two()))
        .or_else(|| engine_root::obstacle(root))
        .or_else(|| missing(&TOOLS, None))
        .or_else(machine_after)
}

/// What stands in the way of any engine here, whichever binaries it has.
fn machine_before() -> Option<Obstacle> {
    not_linux().or_else(not_root).or_else(|| no_capabilities(&read("/proc/self/status")))
}

fn machine_after() -> Option<Obstacle> {
    no_overlay(&read("/proc/filesystems")).or_else(|| no_cgroups(&read("/proc/self/mounts")))
}

/// The daemon's binary: the named one, else the first on the path.
pub fn find_dockerd(named: Option<&Path>) -> Result<PathBuf, Obstacle> {
    match named {
        Some(path) if tools::is_executable(path) => std::path::absolute(path)
            .map_err(|e| Obstacle::new("no-dockerd", format!("{}: {e}", path.display()), "name dockerd by its absolute path")),
        Some(path) => Err(Obstacle::new(
            "no-dockerd",
            format!("{} is not an executable file", path.display()),
            "name a dockerd that exists with --dockerd",
        )),
        None => tools::find("dockerd").ok_or_else(|| {
            Obstacle::new(
                "no-dockerd",
                "there is no dockerd on the path",
                "install it (`apt-get install docker.io`), name one with --dockerd, or use `--engine host`",
            )
        }),
    }
}

fn not_linux() -> Option<Obstacle> {
    (!cfg!(target_os = "linux")).then(|| Obstacle::new("not-linux", "a private engine needs Linux", "use `--engine host`"))
}

fn not_root() -> Option<Obstacle> {
    let root = rustix::process::geteuid().is_root();
    (!root).then(|| Obstacle::new("not-root", "a private engine needs root", "run it with sudo, or use `--engine host`"))
}

/// In a container root may lack the right to mount or to make a bridge (capabilities(7): bits 21 and 12).
fn no_capabilities(status: &str) -> Option<Obstacle> {
    const NEEDED: u64 = 1 << 21 | 1 << 12;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let have = u64::from_str_radix(line.trim(), 16).ok()?;
    (have & NEEDED != NEEDED).then(|| {
        let sentence = "root lacks the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN here";
        Obstacle::new("no-capabilities", sentence, "run it outside the container or in a privileged one, or use `--engine host`")
    })
}

fn missing(needed: &[Tool], dockerd: Option<&Path>) -> Option<Obstacle> {
    let beside = |tool: &str| dockerd.and_then(Path::parent).is_some_and(|dir| tools::is_executable(&dir.join(tool)));
    let (tool, id, package) = needed.iter().copied().find(|(tool, ..)| !beside(tool) && tools::find(tool).is_none())?;
    Some(Obstacle::new(id, format!("there is no `{tool}` on the path"), format!("install it (`apt-get install {package}`)")))
}

/// A kernel that can load overlay as a module does not list it before its first use, so a module counts too.
fn no_overlay(filesystems: &str) -> Option<Obstacle> {
    let listed = filesystems.lines().any(|line| line.split_whitespace().last() == Some("overlay"));
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let modules = Path::new("/lib/modules").join(release).join("kernel/fs/overlayfs");
    let loadable = !listed && std::fs::read_dir(modules).is_ok_and(|mut dir| dir.next().is_some());
    (!listed && !loadable).then(|| {
        Obstacle::new("no-overlay", "this kernel has no overlay file system", "load it (`modprobe overlay`), or use `--engine host`")
    })
}

fn no_cgroups(mounts: &str) -> Option<Obstacle> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut cgroups = fields.filter(|line| matches!(line.get(2), Some(&("cgroup" | "cgroup2"))));
    let writable = cgroups.any(|line| line.get(3).is_some_and(|options| options.split(',').any(|option| option == "rw")));
    let cure = "mount one, run it outside the container, or use `--engine host`";
    (!writable).then(|| Obstacle::new("no-cgroups", "no cgroup file system is mounted for writing", cure))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerd_that_is_named_but_missing_is_named_in_the_sentence() {
        let found = find_dockerd(Some(Path::new("/nowhere/dockerd"))).expect_err("it is missing");
        assert_eq!(found.id, "no-dockerd");
        assert!(found.sentence.contains("/nowhere/dockerd"), "{found:?}");
    }

    #[test]
    fn root_without_the_right_to_mount_is_told_so() {
        assert_eq!(no_capabilities("Name:\tx\nCapEff:\t00000000a80425fb\n").map(|o| o.id), Some("no-capabilities"));
        assert_eq!(no_capabilities("Name:\tx\nCapEff:\t000001ffffffffff\n"), None);
    }

    #[test]
    fn a_kernel_that_lists_overlay_is_no_obstacle() {
        assert_eq!(no_overlay("nodev\tproc\nnodev\toverlay\n\text4\n"), None);
    }

    #[test]
    fn a_machine_without_cgroup_mounts_is_told_so() {
        assert_eq!(no_cgroups("proc /proc proc rw 0 0\n").map(|o| o.id), Some("no-cgroups"));
        assert_eq!(no_cgroups("cgroup2 /sys/fs/cgroup cgroup2 ro,nosuid 0 0\n").map(|o| o.id), Some("no-cgroups"));
        assert_eq!(no_cgroups("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"), None);
        assert_eq!(no_cgroups("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"), None);
    }
}
