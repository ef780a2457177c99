//! The data root: which file system it lies in and who made it.

use std::path::{Path, PathBuf};

use super::place::{Place, Roots, make_folder};
use super::{DataRoot, PrivateError, Role, TMPFS_FROM, memory};

/// Where the data of one engine lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// In memory, mounted on `path` in the engine's namespace only.
    Tmpfs { path: PathBuf, size: u64 },
    /// Below the disk root.
    Disk { path: PathBuf },
    /// In `parent`, a folder of the user's choice; `made_parent` if loadline makes that too.
    Own { path: PathBuf, parent: PathBuf, made_parent: bool },
}

impl Root {
    /// Decides; makes nothing.
    pub(super) fn choose(wanted: &DataRoot, role: Role, place: &Place) -> Result<Self, PrivateError> {
        let available = memory::available();
        let tmpfs = |available| Self::Tmpfs { path: place.state().join("data"), size: memory::tmpfs_size(available, role) };
        match wanted {
            DataRoot::Auto => {
                let enough = available.filter(|bytes| *bytes >= TMPFS_FROM);
                Ok(enough.map_or_else(|| Self::Disk { path: place.disk() }, tmpfs))
            }
            // Asked for in so many words, it gets its share of however little there is.
            DataRoot::Tmpfs => Ok(tmpfs(available.unwrap_or(TMPFS_FROM))),
            DataRoot::Disk => Ok(Self::Disk { path: place.disk() }),
            DataRoot::Path(parent) => own(parent, place),
        }
    }

    /// Its path, the same inside and outside of the namespace.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Tmpfs { path, .. } | Self::Disk { path } | Self::Own { path, .. } => path,
        }
    }

    /// The most it may hold in memory, in bytes.
    pub(super) fn tmpfs_size(&self) -> Option<u64> {
        match self {
            Self::Tmpfs { size, .. } => Some(*size),
            Self::Disk { .. } | Self::Own { .. } => None,
        }
    }

    /// Makes the folder. Of a folder of the user's choice at most the last part: what is made must be known to be removed.
    pub(super) fn make(&self) -> Result<(), PrivateError> {
        if let Self::Own { parent, made_parent: true, .. } = self {
            match std::fs::create_dir(parent) {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(PrivateError::file("make folder", parent)(e)),
                _ => {}
            }
        }
        make_folder(self.path())
    }
}

/// Call it under the lock: whether the user's folder is loadline's own may be written in another engine's record.
fn own(parent: &Path, place: &Place) -> Result<Root, PrivateError> {
    let parent = std::path::absolute(parent).map_err(PrivateError::file("look at", parent))?;
    let there = parent.exists();
    let parent = resolved(&parent).map_err(PrivateError::file("look at", &parent))?;
    if let Some(reason) = unusable(&parent) {
        return Err(PrivateError::DataRootUnusable { path: parent, reason });
    }
    let made_parent = !there || made_by_another(&parent, &place.roots);
    Ok(Root::Own { path: parent.join(place.cgroup()), parent, made_parent })
}

/// `path` without symbolic links in as much of it as is there.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    let mut missing = Vec::new();
    let mut there = path;
    loop {
        match (there.canonicalize(), there.parent(), there.components().next_back()) {
            (Err(e), Some(parent), Some(last)) if e.kind() == std::io::ErrorKind::NotFound => {
                missing.push(last);
                there = parent;
            }
            (real, ..) => return Ok(real?.components().chain(missing.into_iter().rev()).collect()),
        }
    }
}

/// Whether an engine that keeps its data in `parent` has made that folder.
fn made_by_another(parent: &Path, roots: &Roots) -> bool {
    let names = std::fs::read_dir(parent).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let ids = names.filter_map(|name| name.strip_prefix("loadline-").map(str::to_owned)).filter(|id| Place::is_id(id));
    ids.map(|id| Place { roots: roots.clone(), id }).any(|other| other.record().made_parent)
}

/// Why the daemon could not use this folder.
fn unusable(path: &Path) -> Option<&'static str> {
    if path.exists() && !path.is_dir() {
        return Some("is not a folder");
    }
    if path.to_str().is_none_or(|text| text.contains(char::is_control)) {
        return Some("has a name that is not plain text");
    }
    // The private engine sees these through an overlay, on which overlay2 does not work.
    let covered = ["/etc", "/opt", "/run", "/var/run"].into_iter().any(|below| path.starts_with(below));
    covered.then_some("lies below /etc, /opt or /run")
}

/// The name of the file system that `path` lies in (statfs(2)); a number for those without a name here.
pub(in crate::rig) fn file_system(path: &Path) -> Result<String, PrivateError> {
    let stat = rustix::fs::statfs(path).map_err(|e| PrivateError::file("look at the file system of", path)(e.into()))?;
    // The field's type and sign differ between architectures; its low 32 bits do not.
    let magic = i128::from(stat.f_type) & 0xffff_ffff;
    Ok(name_of(magic).map_or_else(|| format!("{magic:#x}"), str::to_owned))
}

/// Names of magic numbers (statfs(2), linux/magic.h). ext2, ext3 and ext4 share theirs.
fn name_of(magic: i128) -> Option<&'static str> {
    match magic {
        0x0102_1994 => Some("tmpfs"),
        0xEF53 => Some("ext4"),
        0x5846_5342 => Some("xfs"),
        0x9123_683E => Some("btrfs"),
        0x2FC1_2FC1 => Some("zfs"),
        0xF2F5_2010 => Some("f2fs"),
        0x794C_7630 => Some("overlay"),
        0x6969 => Some("nfs"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn engines_share_a_users_folder_and_know_who_made_it() {
        let top = tempfile::tempdir().expect("a folder");
        let roots = Roots { run: top.path().join("run"), disk: top.path().join("disk") };
        let (one, two) = (Place::new(roots.clone()), Place::new(roots));
        assert!(matches!(own(top.path(), &one), Ok(Root::Own { made_parent: false, .. })));
        let parent = top.path().join("new");
        let first = own(&parent, &one).expect("it can be made");
        assert!(!parent.exists(), "choosing makes nothing");
        one.claim().expect("it is free").note("made-parent", "yes").expect("it is written");
        first.make().expect("it is made");
        let second = own(&parent, &two).expect("it is there");
        assert!(matches!(&second, Root::Own { made_parent: true, .. }));
        assert_ne!(first.path(), second.path());
    }

    #[test]
    fn a_link_does_not_lead_a_new_folder_to_where_none_may_be() {
        let top = tempfile::tempdir().expect("a folder");
        let roots = Roots { run: top.path().join("run"), disk: top.path().join("disk") };
        let (link, place) = (top.path().join("link"), Place::new(roots));
        std::os::unix::fs::symlink("/etc", &link).expect("a link");
        for below in ["loadline-test-none", "loadline-test-none/deeper", "."] {
            let refused = own(&link.join(below), &place);
            assert!(matches!(refused, Err(PrivateError::DataRootUnusable { .. })), "{below}: {refused:?}");
        }
        let real = top.path().canonicalize().expect("it is there");
        std::os::unix::fs::symlink(top.path(), top.path().join("back")).expect("a link");
        let taken = own(&top.path().join("back/new"), &place).expect("it may be there");
        assert!(matches!(&taken, Root::Own { parent, made_parent: true, .. } if *parent == real.join("new")), "{taken:?}");
    }

    #[test]
    fn a_file_is_no_data_root() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(unusable(file.path()), Some("is not a folder"));
    }

    #[test]
    fn names_that_the_daemon_could_not_use_are_refused() {
        for name in ["/etc/data", "/opt/data", "/run/data", "/srv/a\nb"] {
            assert!(unusable(Path::new(name)).is_some(), "{name:?}");
        }
        assert!(unusable(Path::new(OsStr::from_bytes(b"/srv/\xff"))).is_some());
        assert_eq!(unusable(Path::new("/srv/runs and more")), None);
    }

    #[test]
    fn a_file_system_has_its_usual_name() {
        assert_eq!(file_system(Path::new("/proc")).expect("it is mounted"), "0x9fa0");
        assert!(file_system(Path::new("/nowhere")).is_err());
        assert_eq!(name_of(0x0102_1994), Some("tmpfs"));
    }
}
