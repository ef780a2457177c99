//! A root file system that holds an engine of its own: whether it has what an engine needs, and where.
//!
//! Looks only. What is mounted over it, so that nothing in it changes, is in `in_namespace.sh`.

use std::path::{Component, Path, PathBuf};

use super::obstacle::Obstacle;
use super::{PrivateError, tools};

/// What an engine needs of its root: programs, each with the package that has it. `sh` and `mkdir` make its mount points.
const PROGRAMS: [(&str, &str); 6] = [
    ("dockerd", "docker.io"),
    ("containerd", "containerd"),
    ("containerd-shim-runc-v2", "containerd"),
    ("runc", "runc"),
    ("sh", "dash"),
    ("mkdir", "coreutils"),
];

/// How many symbolic links a path may lead through.
const MOST_LINKS: usize = 40;

/// The first thing that the root lacks.
pub(super) fn obstacle(root: &Path) -> Option<Obstacle> {
    let cure = "name the folder of a root file system with a Docker Engine in it, such as scripts/engine-root.sh makes";
    let shown = root.display();
    if !root.is_dir() {
        return Some(Obstacle::new("no-engine-root", format!("{shown} is not a folder"), cure));
    }
    if root.canonicalize().is_ok_and(|real| real == Path::new("/")) {
        return Some(Obstacle::new("no-engine-root", "the engine's root is this machine's own", cure));
    }
    let (program, package) = PROGRAMS.into_iter().find(|(program, _)| find(root, program).is_none())?;
    Some(Obstacle::new("engine-root-lacks", format!("{shown} has no `{program}`"), format!("install {package} there, or {cure}")))
}

/// The path of its daemon as the daemon itself sees it.
pub fn dockerd(root: &Path) -> Result<PathBuf, Obstacle> {
    let lacks = || Obstacle::new("engine-root-lacks", format!("{} has no `dockerd`", root.display()), "install docker.io there");
    find(root, "dockerd").ok_or_else(lacks)
}

/// Whether an engine in the root can run `program`.
pub fn has_program(root: &Path, program: &str) -> bool {
    find(root, program).is_some()
}

/// Where it is, in a form that can be mounted.
pub(super) fn real(root: &Path) -> Result<PathBuf, PrivateError> {
    root.canonicalize().map_err(PrivateError::file("look at", root))
}

/// The first executable `program` in the usual folders of `root`, as a process in it would find it.
fn find(root: &Path, program: &str) -> Option<PathBuf> {
    let paths = tools::USUAL.iter().map(|folder| Path::new(folder).join(program));
    paths.into_iter().find(|path| resolved(root, path).is_some_and(|found| tools::is_executable(&found)))
}

/// Where `path`, a path inside of `root`, lies outside: links lead no further than `root`.
fn resolved(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut waiting: Vec<PathBuf> = reversed(path);
    let (mut inside, mut links) = (PathBuf::new(), 0);
    while let Some(part) = waiting.pop() {
        if part == Path::new("..") {
            inside.pop();
            continue;
        }
        let Ok(target) = root.join(&inside).join(&part).read_link() else {
            inside.push(part);
            continue;
        };
        links += 1;
        if links > MOST_LINKS {
            return None;
        }
        if target.is_absolute() {
            inside.clear();
        }
        waiting.extend(reversed(&target));
    }
    Some(root.join(inside))
}

/// The parts of a path, the last one first.
fn reversed(path: &Path) -> Vec<PathBuf> {
    let part = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir).then(|| PathBuf::from(part.as_os_str()));
    path.components().rev().filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn put(root: &Path, path: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::fs::write(&path, "#!/bin/sh\n").expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it may run");
    }

    #[test]
    fn what_a_root_lacks_is_named_until_nothing_is() {
        let root = tempfile::tempdir().expect("a folder");
        for (program, package) in PROGRAMS {
            let lacks = obstacle(root.path()).expect("it lacks something");
            assert!(lacks.sentence.ends_with(&format!("has no `{program}`")), "{lacks:?}");
            assert!(lacks.cure.contains(package), "{lacks:?}");
            put(root.path(), &format!("usr/bin/{program}"));
        }
        assert_eq!(obstacle(root.path()), None);
        assert!(has_program(root.path(), "runc") && !has_program(root.path(), "unpigz"));
        assert_eq!(dockerd(root.path()).expect("it is there"), Path::new("/usr/bin/dockerd"));
    }

    #[test]
    fn neither_a_file_nor_this_machine_is_an_engines_root() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for path in [file.path(), Path::new("/nowhere"), Path::new("/")] {
            assert_eq!(obstacle(path).map(|found| found.id), Some("no-engine-root"), "{path:?}");
        }
    }

    #[test]
    fn links_lead_no_further_than_the_root() {
        let top = tempfile::tempdir().expect("a folder");
        let root = top.path().join("root");
        put(&root, "usr/lib/engine/dockerd");
        symlink("/usr/lib/engine", root.join("opt")).expect("a link");
        std::fs::create_dir_all(root.join("usr/sbin")).expect("a folder");
        symlink("/opt/../engine/dockerd", root.join("usr/sbin/dockerd")).expect("a link");
        assert_eq!(find(&root, "dockerd"), Some(PathBuf::from("/usr/sbin/dockerd")));

        put(top.path(), "outside");
        symlink("../../../outside", root.join("usr/sbin/runc")).expect("a link");
        symlink(top.path().join("outside"), root.join("usr/sbin/containerd")).expect("a link");
        symlink("sh", root.join("usr/sbin/sh")).expect("a link to itself");
        for program in ["runc", "containerd", "sh"] {
            assert_eq!(find(&root, program), None, "{program}");
        }
    }
}
