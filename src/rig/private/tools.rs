//! The few external tools: where they are and how they are called.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::PrivateError;

/// Looked through after `PATH`: under sudo or in a user's shell the administrator's folders may be missing from it.
pub(super) const USUAL: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Whether `path` is a file with an execute bit.
pub(super) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The first executable `tool`: in the folders of `PATH`, then in the usual ones.
pub(super) fn find(tool: &str) -> Option<PathBuf> {
    folders().into_iter().map(|dir| dir.join(tool)).find(|path| is_executable(path))
}

/// The search path of the daemon and the tools: `first`, then `PATH`, then the usual folders.
pub(super) fn search_path(first: Option<&Path>) -> std::ffi::OsString {
    let all = first.map(Path::to_path_buf).into_iter().chain(folders());
    std::env::join_paths(all).unwrap_or_else(|_| USUAL.join(":").into())
}

/// Runs `tool` with a clean environment and gives its standard output.
pub(super) fn run(tool: &str, args: &[&str]) -> Result<String, PrivateError> {
    run_holding(Stdio::null(), tool, args)
}

/// As [`run`], with `held` as its standard input, which the tool does not read: a lock on that file lasts as long as the
/// tool runs, even if this process is killed meanwhile.
pub(super) fn run_holding(held: Stdio, tool: &str, args: &[&str]) -> Result<String, PrivateError> {
    let fail = |reason: String| PrivateError::Tool { tool: format!("{tool} {}", args.join(" ")), reason };
    let path = find(tool).ok_or_else(|| fail("is not on the path".to_owned()))?;
    let output = command(&path).args(args).stdin(held).output().map_err(|e| fail(format!("could not be run: {e}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(fail(format!("failed with {}: {}", output.status, said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `program` with nothing of the caller's environment but a sane path, in the C locale, reading nothing.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", search_path(None)).env("LANG", "C").stdin(Stdio::null());
    command
}

fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    named.chain(USUAL.iter().map(PathBuf::from)).collect()
}
