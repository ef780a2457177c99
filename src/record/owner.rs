//! To whom files belong that are written with root's rights.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The user who called `sudo`. What a run leaves behind belongs to that user, not to root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// The caller of `sudo`; `None` when this process is not root or was not called through `sudo`.
    pub fn caller() -> Option<Self> {
        rustix::process::geteuid().is_root().then(|| Self::from_variables(|name| std::env::var_os(name))).flatten()
    }

    /// The user that `SUDO_UID` and `SUDO_GID` name; `None` unless both are numbers.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let number = |name| variable(name)?.to_str()?.parse().ok();
        Some(Self { uid: number("SUDO_UID")?, gid: number("SUDO_GID")? })
    }

    /// Lets `command` run with this user's rights and without root's further groups. Takes a process of root's.
    pub fn run(self, command: &mut Command) -> &mut Command {
        command.uid(self.uid).gid(self.gid)
    }

    /// Makes `path` this user's. A symbolic link is given itself, never what it points to: the folder may be under
    /// somebody else's control while this process has root's rights.
    pub fn give(self, path: &Path) -> io::Result<()> {
        lchown(path, Some(self.uid), Some(self.gid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(uid: &str, gid: &str) -> Option<Owner> {
        Owner::from_variables(|name| match name {
            "SUDO_UID" => Some(uid.into()),
            "SUDO_GID" => Some(gid.into()),
            _ => None,
        })
    }

    #[test]
    fn the_caller_of_sudo_is_read_from_its_variables() {
        assert_eq!(owner("1000", "100"), Some(Owner { uid: 1000, gid: 100 }));
    }

    #[test]
    fn half_a_caller_or_a_broken_one_is_none() {
        assert_eq!(owner("1000", "staff"), None);
        assert_eq!(owner("-1", "100"), None);
        assert_eq!(Owner::from_variables(|_| None), None);
    }
}
