//! What an engine and everything in it may take of the machine.
//!
//! The limit lies on the cgroup folder that the engine's containers are made in anyway; the daemon is put into a folder of its own below
//! it, so that what it compresses and unpacks counts as well. The folder is limited before anything is in it, and goes with the engine's
//! other cgroup folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::PrivateError;
use crate::units::Cpus;

/// What an engine, its builds and its containers may take together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineLimits {
    /// Processor time: 1.5 is as much as one and a half processors give.
    pub cpus: Option<Cpus>,
    /// Memory, bytes: of processes and of cached files, without swap.
    pub memory: Option<u64>,
}

/// The period in which processor time is given out, microseconds: the kernel's default (`cpu.max` in the kernel's cgroup-v2.rst).
const PERIOD: u64 = 100_000;

/// A mounted hierarchy of cgroups.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hierarchy {
    top: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// One file of a cgroup and what is written into it.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    file: &'static str,
    value: String,
    lack: Lack,
}

/// Whether a kernel may be without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// Without it there is no limit.
    Never,
    /// It does of itself what the file asks for.
    Always,
    /// It does not account for swap, which matters where there is swap.
    WithoutSwap,
}

impl EngineLimits {
    /// Makes the limited folders of `name` and one for the daemon in each; what the daemon must enter.
    ///
    /// # Errors
    ///
    /// [`PrivateError::NoController`] and [`PrivateError::NoSwapLimit`] where the machine's cgroups cannot limit it;
    /// [`PrivateError::File`] where a limit is not taken.
    pub(super) fn apply(self, name: &str) -> Result<Vec<PathBuf>, PrivateError> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mut entered: Vec<PathBuf> = Vec::new();
        for (controller, asked) in [("cpu", self.cpus.is_some()), ("memory", self.memory.is_some())] {
            if !asked {
                continue;
            }
            let hierarchy = governing(&mounts, controller).ok_or(PrivateError::NoController { controller })?;
            let folder = hierarchy.top.join(name);
            make(&folder)?;
            let settings = if controller == "cpu" { self.of_cpu(hierarchy.version) } else { self.of_memory(hierarchy.version) };
            settings.iter().try_for_each(|setting| setting.write(&folder, has_swap))?;
            let daemon = folder.join("daemon");
            make(&daemon)?;
            if !entered.contains(&daemon) {
                entered.push(daemon);
            }
        }
        Ok(entered)
    }

    fn of_cpu(self, version: Version) -> Vec<Setting> {
        let Some(cpus) = self.cpus else { return Vec::new() };
        let quota = u64::from(cpus.thousandths()) * PERIOD / 1000;
        let must = |file, value| Setting { file, value, lack: Lack::Never };
        match version {
            Version::One => vec![must("cpu.cfs_period_us", PERIOD.to_string()), must("cpu.cfs_quota_us", quota.to_string())],
            Version::Two => vec![must("cpu.max", format!("{quota} {PERIOD}"))],
        }
    }

    fn of_memory(self, version: Version) -> Vec<Setting> {
        let Some(bytes) = self.memory else { return Vec::new() };
        let set = |file, value: u64, lack| Setting { file, value: value.to_string(), lack };
        match version {
            Version::One => vec![
                // Newer kernels count what is below a folder of themselves.
                set("memory.use_hierarchy", 1, Lack::Always),
                set("memory.limit_in_bytes", bytes, Lack::Never),
                // Memory and swap together: no more than the memory alone.
                set("memory.memsw.limit_in_bytes", bytes, Lack::WithoutSwap),
            ],
            Version::Two => vec![set("memory.max", bytes, Lack::Never), set("memory.swap.max", 0, Lack::WithoutSwap)],
        }
    }
}

impl Setting {
    fn write(&self, folder: &Path, has_swap: impl Fn() -> bool) -> Result<(), PrivateError> {
        let path = folder.join(self.file);
        let written = fs::write(&path, &self.value);
        let lacks = written.as_ref().is_err_and(|e| matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied));
        match self.lack {
            Lack::WithoutSwap if lacks && has_swap() => Err(PrivateError::NoSwapLimit),
            Lack::Always | Lack::WithoutSwap if lacks => Ok(()),
            _ => written.map_err(PrivateError::file("write the limit", path)),
        }
    }
}

/// Whether this machine has swap: proc(5) has a heading and a line for each.
fn has_swap() -> bool {
    fs::read_to_string("/proc/swaps").is_ok_and(|text| text.lines().count() > 1)
}

fn make(folder: &Path) -> Result<(), PrivateError> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(PrivateError::file("make folder", folder)(error)),
        _ => Ok(()),
    }
}

/// The hierarchy whose cgroups have `controller`: on version 1 the one that is mounted with it (cgroups(7)), on version 2 the one whose
/// folders get it from their parent.
fn governing(mounts: &str, controller: &str) -> Option<Hierarchy> {
    mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let (top, kind, options) = (PathBuf::from(*fields.get(1)?), *fields.get(2)?, *fields.get(3)?);
        let version = match kind {
            "cgroup" if options.split(',').any(|option| option == controller) => Version::One,
            "cgroup2" if has(&top.join("cgroup.subtree_control"), controller) => Version::Two,
            _ => return None,
        };
        Some(Hierarchy { top, version })
    })
}

fn has(list: &Path, controller: &str) -> bool {
    fs::read_to_string(list).is_ok_and(|text| text.split_whitespace().any(|word| word == controller))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> EngineLimits {
        EngineLimits { cpus: Some("1.5".parse().expect("a number of processors")), memory: Some(1_000_000_000) }
    }

    #[test]
    fn a_limit_is_written_as_each_version_of_cgroups_takes_it() {
        let said = |version| {
            let all = [limits().of_cpu(version), limits().of_memory(version)].into_iter().flatten();
            all.map(|setting| format!("{}={}", setting.file, setting.value)).collect::<Vec<_>>()
        };
        assert_eq!(
            said(Version::One),
            [
                "cpu.cfs_period_us=100000",
                "cpu.cfs_quota_us=150000",
                "memory.use_hierarchy=1",
                "memory.limit_in_bytes=1000000000",
                "memory.memsw.limit_in_bytes=1000000000"
            ]
        );
        assert_eq!(said(Version::Two), ["cpu.max=150000 100000", "memory.max=1000000000", "memory.swap.max=0"]);
    }

    #[test]
    fn the_hierarchy_of_a_controller_is_found_whether_it_is_alone_or_in_company() {
        let mounts = "proc /proc proc rw 0 0\ncgroup /c/cpuset cgroup rw,cpuset 0 0\ncgroup /c/cpu cgroup rw,cpu,cpuacct 0 0\nbroken\n";
        assert_eq!(governing(mounts, "cpu"), Some(Hierarchy { top: "/c/cpu".into(), version: Version::One }));
        assert_eq!(governing(mounts, "memory"), None);
    }

    #[test]
    fn version_two_governs_only_what_it_hands_down() {
        let top = tempfile::tempdir().expect("a folder is made");
        fs::write(top.path().join("cgroup.subtree_control"), "cpu io\n").expect("written");
        let mounts = format!("cgroup2 {} cgroup2 rw 0 0\n", top.path().display());
        assert_eq!(governing(&mounts, "cpu").map(|found| found.version), Some(Version::Two));
        assert_eq!(governing(&mounts, "memory"), None);
    }

    #[test]
    fn a_limit_that_the_kernel_does_not_take_is_named_and_one_that_it_may_lack_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder is made");
        let gone = folder.path().join("gone");
        let written = |lack, swap| Setting { file: "memory.max", value: "1".to_owned(), lack }.write(&gone, || swap);
        let told = written(Lack::Never, false).expect_err("there is no such folder").to_string();
        assert!(told.contains("write the limit") && told.contains("gone/memory.max"), "{told}");
        written(Lack::Always, true).expect("passed over");
        written(Lack::WithoutSwap, false).expect("there is no swap to take");
        let told = written(Lack::WithoutSwap, true).expect_err("there is").to_string();
        assert!(told.contains("swapoff -a"), "{told}");
    }
}
