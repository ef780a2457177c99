//! The cgroup folders of an engine's containers: one per hierarchy on version 1, one in all on version 2.

use std::path::{Path, PathBuf};

/// Every folder named `name` at the top of a mounted cgroup hierarchy.
pub(super) fn find(name: &str) -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    hierarchies(&mounts).into_iter().map(|top| top.join(name)).filter(|folder| folder.is_dir()).collect()
}

/// Where cgroup hierarchies are mounted (proc(5): device, mount point, type).
fn hierarchies(mounts: &str) -> Vec<PathBuf> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let cgroups = fields.filter(|line| matches!(line.get(2), Some(&("cgroup" | "cgroup2"))));
    let mut tops: Vec<PathBuf> = cgroups.filter_map(|line| line.get(1).map(PathBuf::from)).collect();
    tops.sort();
    tops.dedup();
    tops
}

/// Removes the folder with all below it, deepest first. A cgroup stays busy for some milliseconds after its last process.
pub(super) fn remove(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path())?;
        }
    }
    std::fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_both_versions_are_found() {
        let mounts = "proc /proc proc rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n\nbroken\n";
        assert_eq!(hierarchies(mounts), [Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup/unified")]);
    }

    #[test]
    fn folders_are_removed_from_the_deepest_up() {
        let top = tempfile::tempdir().expect("a folder");
        let own = top.path().join("own");
        std::fs::create_dir_all(own.join("buildkit/step")).expect("folders");
        std::fs::create_dir_all(own.join("container")).expect("folders");
        remove(&own).expect("they are removed");
        assert!(!own.exists());
    }
}
