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
    /// Whether a kernel may be without it: one that does not account for swap is refused only where there is swap to take.
    may_lack: bool,
}

impl EngineLimits {
    /// Makes the limited folders of `name` and one for the daemon in each; what the daemon must enter.
    ///
    /// # Errors
    ///
    /// [`PrivateError::NoController`] where the machine's cgroups cannot limit it; [`PrivateError::File`] where a limit is not taken.
    pub(super) fn apply(self, name: &str) -> Result<Vec<PathBuf>, PrivateError> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mut entered: Vec<PathBuf> = Vec::new();
        for (controller, settings) in [("cpu", self.of_cpu()), ("memory", self.of_memory())] {
            let Some(settings) = settings else { continue };
            let hierarchy = governing(&mounts, controller).ok_or(PrivateError::NoController { controller })?;
            let folder = hierarchy.top.join(name);
            make(&folder)?;
            for setting in settings(hierarchy.version) {
                let written = setting.write(&folder)?;
                if !written && setting.file.contains("sw") && swaps() {
                    return Err(PrivateError::NoController { controller: "swap" });
                }
            }
            let daemon = folder.join("daemon");
            make(&daemon)?;
            if !entered.contains(&daemon) {
                entered.push(daemon);
            }
        }
        Ok(entered)
    }

    fn of_cpu(self) -> Option<Box<dyn Fn(Version) -> Vec<Setting>>> {
        let quota = u64::from(self.cpus?.thousandths()) * PERIOD / 1000;
        Some(Box::new(move |version| match version {
            Version::One => vec![must("cpu.cfs_period_us", PERIOD.to_string()), must("cpu.cfs_quota_us", quota.to_string())],
            Version::Two => vec![must("cpu.max", format!("{quota} {PERIOD}"))],
        }))
    }

    fn of_memory(self) -> Option<Box<dyn Fn(Version) -> Vec<Setting>>> {
        let bytes = self.memory?.to_string();
        let may = |file, value: &str| Setting { file, value: value.to_owned(), may_lack: true };
        Some(Box::new(move |version| match version {
            // Memory and swap together: no more than the memory alone.
            Version::One => vec![
                // Of itself what is below a folder counts on newer kernels only.
                may("memory.use_hierarchy", "1"),
                must("memory.limit_in_bytes", bytes.clone()),
                may("memory.memsw.limit_in_bytes", &bytes),
            ],
            Version::Two => vec![must("memory.max", bytes.clone()), may("memory.swap.max", "0")],
        }))
    }
}

const fn must(file: &'static str, value: String) -> Setting {
    Setting { file, value, may_lack: false }
}

impl Setting {
    /// Whether it could be written.
    fn write(&self, folder: &Path) -> Result<bool, PrivateError> {
        let path = folder.join(self.file);
        match fs::write(&path, &self.value) {
            Err(error) if self.may_lack && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => Ok(false),
            written => written.map(|()| true).map_err(PrivateError::file("write the limit", path)),
        }
    }
}

/// Whether this machine has swap: proc(5) has a heading and a line for each.
fn swaps() -> bool {
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
            let all = [limits().of_cpu(), limits().of_memory()].into_iter().flatten().flat_map(|settings| settings(version));
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
        assert!(EngineLimits::default().of_cpu().is_none() && EngineLimits::default().of_memory().is_none());
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
        let told = must("cpu.max", "1".to_owned()).write(&gone).expect_err("there is no such folder").to_string();
        assert!(told.contains("write the limit") && told.contains("gone/cpu.max"), "{told}");
        assert!(!Setting { file: "memory.swap.max", value: "0".to_owned(), may_lack: true }.write(&gone).expect("passed over"));
    }
}
