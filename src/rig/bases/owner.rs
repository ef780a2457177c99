//! Whose files are written: under `sudo`, the calling user's.

use std::io;
use std::path::{Path, PathBuf};

/// The user on whose behalf root works under `sudo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// The user who called `sudo`, if this process runs as root under it.
    pub(super) fn of_caller() -> Option<Self> {
        let number = |name| std::env::var(name).ok()?.parse().ok();
        let caller = Self { uid: number("SUDO_UID")?, gid: number("SUDO_GID")? };
        rustix::process::geteuid().is_root().then_some(caller)
    }

    /// The home folder that `passwd` (the text of `/etc/passwd`) gives the user.
    pub(super) fn home(self, passwd: &str) -> Option<PathBuf> {
        let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
        let entry = passwd.lines().map(fields).find(|entry| entry.get(2).is_some_and(|uid| *uid == self.uid.to_string()))?;
        entry.get(5).map(PathBuf::from).filter(|home| home.is_absolute())
    }
}

/// Gives `path` to the calling user, if there is one.
pub(super) fn hand_over(owner: Option<Owner>, path: &Path) -> io::Result<()> {
    owner.map_or(Ok(()), |owner| std::os::unix::fs::lchown(path, Some(owner.uid), Some(owner.gid)))
}

/// Creates a folder with its parents and gives the new ones to the calling user.
pub(super) fn create_folders(owner: Option<Owner>, folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    std::fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(|path| hand_over(owner, path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_callers_home_is_found_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbroken\nann:x:1000:1000:,,,:/home/ann:/bin/zsh\nx:x:7:7::relative:\n";
        assert_eq!(Owner { uid: 1000, gid: 1000 }.home(passwd), Some(PathBuf::from("/home/ann")));
        assert_eq!((Owner { uid: 7, gid: 7 }.home(passwd), Owner { uid: 8, gid: 8 }.home(passwd)), (None, None));
    }

    #[test]
    fn new_folders_belong_to_the_caller_and_old_ones_stay() {
        let place = tempfile::tempdir().expect("a folder");
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        // Only root may give files away; anyone else can at least name himself.
        let owner = if uid == 0 { Owner { uid: 4242, gid: 4243 } } else { Owner { uid, gid } };
        create_folders(Some(owner), &place.path().join("a/b")).expect("folders");
        let of = |path: &Path| std::fs::metadata(path).map(|m| (m.uid(), m.gid())).expect("metadata");
        assert_eq!(of(&place.path().join("a/b")), (owner.uid, owner.gid));
        assert_eq!(of(&place.path().join("a")), (owner.uid, owner.gid));
        assert_eq!(of(place.path()), (uid, gid));
    }
}
