//! How much memory a data root in memory may take, and whether there is enough for one.

use std::path::Path;

use super::Role;

/// Available memory from which on [`DataRoot::Auto`](super::DataRoot::Auto) chooses tmpfs, in bytes.
///
/// Half of it is enough for the biggest base image of the supported languages (1.2 GB unpacked), a copy of it while
/// it is loaded, an app built on it, and the build cache.
pub const TMPFS_FROM: u64 = 8_000_000_000;

/// The share of available memory that a data root in memory may grow to, in percent. It is a limit, not a reservation.
pub(super) const fn tmpfs_share(role: Role) -> u64 {
    match role {
        Role::Builder => 50,
        // Holds one pulled image at a time.
        Role::Puller => 25,
    }
}

/// Memory that can be had now without swapping, in bytes: `MemAvailable` of `/proc/meminfo` (proc(5)), or what the
/// memory limit of this process's cgroup leaves, if that is less. `None` where the kernel does not say.
pub fn available() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let machine = mem_available(&meminfo)?;
    let cgroups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(cgroup_headroom(Path::new("/sys/fs/cgroup"), &cgroups).map_or(machine, |left| left.min(machine)))
}

/// The limit in bytes of a tmpfs for `role` when `available` bytes are.
pub(super) fn tmpfs_size(available: u64, role: Role) -> u64 {
    available / 100 * tmpfs_share(role)
}

fn mem_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The least that any limit from this process's cgroup upwards leaves; `None` without limits.
fn cgroup_headroom(top: &Path, cgroups: &str) -> Option<u64> {
    let (folder, path, limit, usage) = cgroups.lines().find_map(|line| memory_files(top, line))?;
    let own = Path::new(path);
    let left = own.ancestors().filter_map(|at| {
        let at = folder.join(at.strip_prefix("/").unwrap_or(at));
        let read = |file: &str| std::fs::read_to_string(at.join(file)).ok()?.trim().parse::<u64>().ok();
        Some(read(limit)?.saturating_sub(read(usage)?))
    });
    left.min()
}

/// For a line of `/proc/self/cgroup` (cgroups(7)) that governs memory: where to look and what the files are called.
fn memory_files<'a>(top: &Path, line: &'a str) -> Option<(std::path::PathBuf, &'a str, &'static str, &'static str)> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    if controllers.split(',').any(|c| c == "memory") {
        return Some((top.join("memory"), path, "memory.limit_in_bytes", "memory.usage_in_bytes"));
    }
    let unified = controllers.is_empty() && top.join("cgroup.controllers").exists();
    unified.then(|| (top.to_path_buf(), path, "memory.max", "memory.current"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_in_bytes() {
        assert_eq!(mem_available("MemTotal: 9 kB\nMemAvailable:   24105 kB\n"), Some(24_105 * 1024));
        assert_eq!(mem_available("MemTotal: 9 kB\n"), None);
        assert_eq!(mem_available("MemAvailable: lots kB\n"), None);
    }

    #[test]
    fn the_tightest_limit_above_a_cgroup_counts() {
        let top = tempfile::tempdir().expect("a folder");
        let inner = top.path().join("a/b");
        std::fs::create_dir_all(&inner).expect("folders");
        let put = |at: &Path, file: &str, text: &str| std::fs::write(at.join(file), text).expect("a file");
        put(top.path(), "cgroup.controllers", "memory\n");
        put(&inner, "memory.max", "max\n");
        put(&inner, "memory.current", "10\n");
        put(&top.path().join("a"), "memory.max", "1000\n");
        put(&top.path().join("a"), "memory.current", "400\n");
        assert_eq!(cgroup_headroom(top.path(), "0::/a/b\n"), Some(600));
        assert_eq!(cgroup_headroom(top.path(), "0::/\n"), None);
    }

    #[test]
    fn version_one_hierarchies_are_read_too() {
        let top = tempfile::tempdir().expect("a folder");
        let own = top.path().join("memory/x");
        std::fs::create_dir_all(&own).expect("folders");
        std::fs::write(own.join("memory.limit_in_bytes"), "500\n").expect("a file");
        std::fs::write(own.join("memory.usage_in_bytes"), "700\n").expect("a file");
        assert_eq!(cgroup_headroom(top.path(), "5:cpu:/\n4:memory:/x\n0::/\n"), Some(0));
    }

    #[test]
    fn a_puller_gets_less_than_a_builder() {
        assert_eq!(tmpfs_size(8_000_000_000, Role::Builder), 4_000_000_000);
        assert_eq!(tmpfs_size(8_000_000_000, Role::Puller), 2_000_000_000);
    }
}
