//! Which commit the scenarios are from.

use std::path::Path;
use std::process::{Command, Stdio};

use super::owner::Owner;

/// The state of a folder under git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitState {
    /// The commit that is checked out, as git prints it.
    pub commit: String,
    /// Whether anything in the folder is not as in that commit.
    pub dirty: bool,
}

/// The git state of `folder`; `None` without git, outside a work tree, or before the first commit.
pub fn git_state(folder: &Path) -> Option<GitState> {
    let commit = git(folder, &["rev-parse", "--verify", "HEAD"])?;
    let status = git(folder, &["status", "--porcelain", "--", "."])?;
    Some(GitState { commit: commit.trim().to_owned(), dirty: !status.is_empty() })
}

/// Whether `folder` is in a git repository; not without git.
pub fn is_in_repository(folder: &Path) -> bool {
    git(folder, &["rev-parse", "--git-dir"]).is_some()
}

/// The most commits that are looked at for a baseline.
const MOST_COMMITS: &str = "--max-count=10000";

/// The commit at which the one that is checked out in `folder` and `other` parted, then its ancestors, newest first. `None` without
/// git, outside a work tree, where `other` is no commit, and where both have nothing in common.
pub fn merge_base_line(folder: &Path, other: &str) -> Option<Vec<String>> {
    let base = git(folder, &["merge-base", "--end-of-options", "HEAD", other])?;
    let commits = git(folder, &["rev-list", MOST_COMMITS, base.trim()])?;
    Some(commits.lines().map(str::to_owned).collect())
}

/// The commits of all tags that lead to the one that is checked out in `folder`, the tag that was made last first. `None` without git
/// and outside a work tree.
pub fn release_commits(folder: &Path) -> Option<Vec<String>> {
    const COMMIT: &str = "--format=%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)";
    let commits = git(folder, &["tag", "--list", "--merged=HEAD", "--sort=-creatordate", COMMIT])?;
    Some(commits.lines().map(str::to_owned).collect())
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    run(folder, arguments, Owner::caller())
}

/// The folder may be under somebody else's control: under `sudo`, git runs with the rights of `owner`, not with root's.
fn run(folder: &Path, arguments: &[&str], owner: Option<Owner>) -> Option<String> {
    let mut command = Command::new("git");
    if let Some(owner) = owner {
        owner.run(&mut command);
    }
    let output = command
        // A repository's configuration may name a program to watch its files with: looking must not run it.
        .args(["-c", "core.fsmonitor=false", "-C"])
        .arg(folder)
        .args(arguments)
        // A hook that calls this program sets these for its own repository.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        // Under root's rights, refreshing the index would leave a file of root's in the user's repository.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_runs_as_the_caller_of_sudo() {
        let (uid, gid) = (rustix::process::getuid(), rustix::process::getgid());
        // Only root can become somebody else; everybody can become who they are.
        let number = if uid.is_root() { ["65534".to_owned(), "65533".to_owned()] } else { [uid.to_string(), gid.to_string()] };
        let owner = Owner::from_variables(|name| Some((if name == "SUDO_UID" { &number[0] } else { &number[1] }).into()));
        let asked = ["-c", "alias.who=!echo $(id -u) $(id -g)", "who"];
        let told = run(Path::new("/"), &asked, owner).expect("git runs");
        assert_eq!(told.trim(), number.join(" "));
    }
}
