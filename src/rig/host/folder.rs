//! A run's temporary folder, which carries its owner in its name and is locked for as long as the owner lives.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::owner::{Owner, start_of};

/// How the name begins; the process id and its start follow.
const PREFIX: &str = "loadline-run-";

/// A temporary folder. Removed when dropped; after a crash by [`sweep`](super::sweep()).
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// Released by the kernel when this process ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Makes one where temporary files go (`TMPDIR`).
    pub fn make() -> io::Result<Self> {
        Self::make_in(&std::env::temp_dir())
    }

    fn make_in(parent: &Path) -> io::Result<Self> {
        let Owner { pid, started, .. } = Owner::this();
        let folder = tempfile::Builder::new().prefix(&format!("{PREFIX}{pid}-{started}-")).tempdir_in(parent)?;
        let lock = File::open(folder.path())?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Folders of processes that have ended, of this process's own user, where temporary files go.
pub(super) fn dead() -> Vec<PathBuf> {
    dead_in(&std::env::temp_dir())
}

fn dead_in(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| is_dead(path)).collect()
}

/// Both must hold: nobody has it locked (which shows through PID namespaces), and its owner does not run (which holds from
/// the moment it is made). What belongs to another user, or is no folder, is left to them.
fn is_dead(path: &Path) -> bool {
    let own_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir() && found.uid() == rustix::process::geteuid().as_raw());
    let owner = path.file_name().and_then(|name| name.to_str()).and_then(owner);
    let ended = owner.is_some_and(|(pid, started)| start_of(pid) != Some(started));
    own_folder && ended && File::open(path).is_ok_and(|folder| folder.try_lock_shared().is_ok())
}

/// The process id and its start in a folder's name.
fn owner(name: &str) -> Option<(u32, u64)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('-');
    let owner = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let random = parts.next()?;
    (!random.is_empty() && parts.next().is_none()).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_of_an_owner_that_ended_is_dead() {
        let parent = tempfile::tempdir().expect("a folder");
        let own = Folder::make_in(parent.path()).expect("a folder");
        let made = |name: &str| {
            let path = parent.path().join(name);
            std::fs::create_dir_all(path.join("loadline-registry/blobs")).expect("a folder");
            path
        };
        let dead = made("loadline-run-4294967295-77-abcdef");
        let locked = made("loadline-run-4294967295-78-abcdef");
        let lock = File::open(&locked).expect("it opens");
        lock.lock().expect("it is locked");
        for other in ["loadline-run-x-1-a", "loadline-run-1", "loadline-abcdef", "else"] {
            made(other);
        }
        std::os::unix::fs::symlink(&dead, parent.path().join("loadline-run-4294967295-79-abcdef")).expect("a link");
        assert_eq!(dead_in(parent.path()), [dead]);
        assert!(own.path().exists());
    }
}
