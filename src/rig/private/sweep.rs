//! Finding and removing what engines leave: after a stop as after a crash, by the names that carry an engine's id.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::process::{Pid, Signal};

use super::place::{self, Place, Process, Record, Roots};
use super::{PrivateError, cgroups, network};

/// How long the removal of one engine's things may take, without a data root on disk: processes die and cgroup
/// folders become free with some delay.
const REMOVAL_LIMIT: Duration = Duration::from_secs(10);

/// One thing that an engine made and that is still there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Leftover {
    /// The process that carries an engine's namespace, by its id.
    Process(u32),
    /// A bridge, by its name.
    Bridge(String),
    /// A cgroup folder.
    Cgroup(PathBuf),
    /// A data root.
    Data(PathBuf),
    /// A state folder.
    Folder(PathBuf),
}

impl std::fmt::Display for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Process(pid) => write!(f, "process {pid}"),
            Self::Bridge(name) => write!(f, "bridge {name}"),
            Self::Cgroup(path) => write!(f, "cgroup folder {}", path.display()),
            Self::Data(path) => write!(f, "data root {}", path.display()),
            Self::Folder(path) => write!(f, "folder {}", path.display()),
        }
    }
}

/// What engines whose owner is gone have left. Removes nothing.
pub fn leftovers() -> Vec<Leftover> {
    leftovers_below(&Roots::default())
}

/// Removes what engines whose owner is gone have left, and says what it was. Engines that are in use are not touched.
///
/// # Errors
/// [`PrivateError::LeftBehind`] names what could not be removed; everything else is gone then.
pub fn sweep() -> Result<Vec<Leftover>, PrivateError> {
    let roots = Roots::default();
    if all(&roots).is_empty() {
        return Ok(Vec::new());
    }
    let lock = place::lock(&roots)?;
    let swept = sweep_locked(&roots);
    drop(lock);
    remove_empty(&roots);
    swept
}

/// As [`sweep`], for a caller that holds the lock and keeps the roots.
pub(super) fn sweep_locked(roots: &Roots) -> Result<Vec<Leftover>, PrivateError> {
    let mut removed = Vec::new();
    let mut what = Vec::new();
    for place in all(roots).into_iter().filter(Place::is_dead_by_now) {
        let found = find(&place);
        let left = remove(&place);
        removed.extend(found.into_iter().filter(|thing| !left.contains(thing)));
        what.extend(left);
    }
    if what.is_empty() { Ok(removed) } else { Err(PrivateError::LeftBehind { what }) }
}

/// Removes all that the engine at `place` made, and gives what is still there in the end. Call it as its owner or under the lock.
pub(super) fn remove(place: &Place) -> Vec<Leftover> {
    let until = Instant::now() + REMOVAL_LIMIT;
    loop {
        // The state folder says where everything else is, so it goes last and only when all else is gone.
        let left = find(place);
        let (folders, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|thing| matches!(thing, Leftover::Folder(_)));
        for thing in &rest {
            remove_one(thing);
        }
        if rest.is_empty() {
            remove_users_folder(&place.record());
            folders.iter().for_each(remove_one);
        }
        let left = find(place);
        if left.is_empty() || Instant::now() > until {
            return left;
        }
        if !rest.is_empty() && left.iter().any(|thing| rest.contains(thing)) {
            std::thread::sleep(Duration::from_millis(3));
        }
    }
}

/// Removes the roots where nothing is below them any more. Takes the lock: a start may be about to use them.
pub(super) fn remove_empty(roots: &Roots) {
    let Ok(_lock) = place::lock(roots) else { return };
    // A folder that still holds something is in use: it stays.
    let _ = std::fs::remove_dir(&roots.disk);
    let _ = std::fs::remove_dir(&roots.run);
}

fn leftovers_below(roots: &Roots) -> Vec<Leftover> {
    all(roots).iter().filter(|place| !place.is_live()).flat_map(find).collect()
}

/// The engines of which anything is there.
fn all(roots: &Roots) -> Vec<Place> {
    let names = [&roots.run, &roots.disk].into_iter().flat_map(|root| std::fs::read_dir(root).into_iter().flatten().flatten());
    let mut ids: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| Place::is_id(name)).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter().map(|id| Place { roots: roots.clone(), id }).collect()
}

/// What of the engine at `place` is there.
fn find(place: &Place) -> Vec<Leftover> {
    let record = place.record();
    let process = record.cage.filter(Process::runs).map(|cage| Leftover::Process(cage.pid));
    let bridge = network::bridge_exists(&place.bridge()).then(|| Leftover::Bridge(place.bridge()));
    let cgroups = cgroups::find(&place.cgroup()).into_iter().map(Leftover::Cgroup);
    let data = record.data.into_iter().chain([place.disk()]).filter(|path| path.exists()).map(Leftover::Data);
    let folder = Some(place.state()).filter(|path| path.exists()).map(Leftover::Folder);
    process.into_iter().chain(bridge).chain(cgroups).chain(data).chain(folder).collect()
}

/// Tries to remove one thing. What does not work is found again by the caller.
fn remove_one(thing: &Leftover) {
    match thing {
        Leftover::Process(pid) => kill(*pid),
        Leftover::Bridge(name) => network::remove_bridge(name),
        Leftover::Cgroup(path) => drop(cgroups::remove(path)),
        Leftover::Data(path) | Leftover::Folder(path) => drop(remove_tree(path)),
    }
}

/// Removes the folder around a data root if it was not there before. Another engine or the user may have put something
/// into it: then it stays.
fn remove_users_folder(record: &Record) {
    if let Some(parent) = record.data.as_deref().and_then(Path::parent).filter(|_| record.made_parent) {
        let _ = std::fs::remove_dir(parent);
    }
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Removes a folder with all below it, unless something is mounted there: what lies in another file system is not ours.
fn remove_tree(path: &Path) -> io::Result<()> {
    let found = path.symlink_metadata()?;
    if !found.is_dir() {
        return std::fs::remove_file(path);
    }
    // The kernel lists mount points without symbolic links in them.
    if mounted_below(&std::fs::read("/proc/self/mounts")?, &path.canonicalize()?) {
        return Err(io::Error::other("something is mounted there"));
    }
    let folder = rustix::fs::open(path, FOLDER, Mode::empty())?;
    check_one_file_system(&folder, found.dev())?;
    drop(folder);
    std::fs::remove_dir_all(path)
}

/// Opens a folder, never what a symbolic link points to.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Whether `mounts`, a text in the form of `proc_mounts(5)`, names a mount on `path` or below it.
fn mounted_below(mounts: &[u8], path: &Path) -> bool {
    let mut points = mounts.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(1)).map(unescaped);
    points.any(|point| point.starts_with(path))
}

/// A path as getmntent(3) reads it: blanks, tabs, line feeds and backslashes stand there as `\\` and three octal digits.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, behind)) = rest.split_first() {
        let (byte, left) = match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', left @ ..] => ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), left),
            _ => (first, behind),
        };
        bytes.push(byte);
        rest = left;
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Refuses when a folder below `folder` lies in another file system than `device`, without looking into that one.
fn check_one_file_system(folder: &OwnedFd, device: u64) -> io::Result<()> {
    if rustix::fs::fstat(folder)?.st_dev != device {
        return Err(io::Error::other("another file system is mounted there"));
    }
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let is_itself = matches!(entry.file_name().to_bytes(), b"." | b"..");
        if is_itself || !matches!(entry.file_type(), FileType::Directory | FileType::Unknown) {
            continue;
        }
        match rustix::fs::openat(folder, entry.file_name(), FOLDER, Mode::empty()) {
            Ok(below) => check_one_file_system(&below, device)?,
            // Of a file whose type the file system did not tell, or of one that is gone by now.
            Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP | rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::place::tests::wait_until_released;

    fn roots(top: &Path) -> Roots {
        Roots { run: top.join("run"), disk: top.join("disk") }
    }

    #[test]
    fn what_the_dead_left_is_removed_and_what_the_living_use_stays() {
        let top = tempfile::tempdir().expect("a folder");
        let roots = roots(top.path());
        let (dead, alive) = (Place::new(roots.clone()), Place::new(roots.clone()));
        drop(dead.claim().expect("it is free"));
        wait_until_released(&dead);
        std::fs::create_dir_all(dead.disk().join("overlay2")).expect("folders");
        std::fs::create_dir_all(alive.disk()).expect("folders");
        std::fs::create_dir(roots.run.join("something-else")).expect("a folder");
        let claim = alive.claim().expect("it is free");

        let expected = [Leftover::Data(dead.disk()), Leftover::Folder(dead.state())];
        assert_eq!(leftovers_below(&roots), expected);
        assert_eq!(sweep_locked(&roots).expect("it can be removed"), expected);
        assert_eq!(leftovers_below(&roots), []);
        assert!(!dead.state().exists() && !dead.disk().exists());
        assert!(alive.state().exists() && alive.disk().exists() && roots.run.join("something-else").exists());
        drop(claim);
    }

    #[test]
    fn a_data_root_on_disk_is_found_without_its_state_folder() {
        let top = tempfile::tempdir().expect("a folder");
        let roots = roots(top.path());
        let dead = Place::new(roots.clone());
        std::fs::create_dir_all(dead.disk()).expect("folders");
        assert_eq!(sweep_locked(&roots).expect("it can be removed"), [Leftover::Data(dead.disk())]);
        remove_empty(&roots);
        assert!(!roots.disk.exists() && !roots.run.exists());
    }

    const MOUNTS: &[u8] = b"/dev/vda / ext4 rw 0 0\n\
        tmpfs /srv/a\\040b\\011c\\012d\\134e/data tmpfs rw 0 0\n\
        tmpfs /srv/caf\xc3\xa9\xff tmpfs rw 0 0\n\
        tmpfs /srv/\\9x tmpfs rw 0 0\n\
        broken\n";

    #[test]
    fn a_mount_on_a_folder_or_below_it_is_seen_however_its_name_is_written() {
        for path in ["/srv/a b\tc\nd\\e", "/srv/a b\tc\nd\\e/data", "/srv", "/srv/\\9x"] {
            assert!(mounted_below(MOUNTS, Path::new(path)), "{path:?}");
        }
        assert!(mounted_below(MOUNTS, &PathBuf::from(OsString::from_vec(b"/srv/caf\xc3\xa9\xff".to_vec()))));
        for path in ["/srv/a", "/srv/a b\tc\nd\\e/data/x", "/srv/a\\040b", "/home", "broken"] {
            assert!(!mounted_below(MOUNTS, Path::new(path)), "{path:?}");
        }
        assert!(!mounted_below(b"", Path::new("/")));
    }

    #[test]
    fn a_folder_with_another_file_system_in_it_is_refused() {
        let top = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(top.path().join("a/b")).expect("folders");
        std::os::unix::fs::symlink("/proc", top.path().join("a/link")).expect("a link");
        let open = |path: &Path| rustix::fs::open(path, FOLDER, Mode::empty()).expect("it opens");
        let device = |path: &Path| path.metadata().expect("it is there").dev();
        assert!(check_one_file_system(&open(top.path()), device(top.path())).is_ok());
        assert!(check_one_file_system(&open(top.path()), device(Path::new("/proc"))).is_err());
    }

    #[test]
    fn a_link_in_place_of_a_tree_is_removed_and_not_what_it_points_to() {
        let top = tempfile::tempdir().expect("a folder");
        let (target, link) = (top.path().join("target"), top.path().join("link"));
        std::fs::create_dir(&target).expect("a folder");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        remove_tree(&link).expect("it is removed");
        assert!(target.exists() && link.symlink_metadata().is_err());
    }

    #[test]
    fn a_users_folder_is_left_as_it_was_found() {
        let top = tempfile::tempdir().expect("a folder");
        let roots = roots(top.path());
        for made in [false, true] {
            let users = top.path().join("own");
            let place = Place::new(roots.clone());
            let data = users.join(place.cgroup());
            std::fs::create_dir_all(data.join("overlay2/l")).expect("folders");
            std::os::unix::fs::symlink(top.path(), data.join("overlay2/l/link")).expect("a link");
            let mut claim = place.claim().expect("it is free");
            claim.note("data", data.to_str().expect("text")).expect("it is written");
            claim.note("made-parent", if made { "yes" } else { "no" }).expect("it is written");
            drop(claim);
            wait_until_released(&place);
            assert_eq!(sweep_locked(&roots).expect("it can be removed"), [Leftover::Data(data.clone()), Leftover::Folder(place.state())]);
            assert!(!data.exists() && top.path().exists());
            assert_eq!(users.exists(), !made);
        }
    }
}
