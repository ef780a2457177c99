//! What tests share.

pub(crate) mod app;
pub(crate) mod certificates;
pub(crate) mod cli;
pub(crate) mod evaluations;
pub(crate) mod fake_engine;
pub(crate) mod fetch;
pub(crate) mod fleet;
pub(crate) mod golden;
pub(crate) mod layers;
pub(crate) mod machine;
pub(crate) mod outlet;
pub(crate) mod overlay;
pub(crate) mod records;
pub(crate) mod stored;
pub(crate) mod tiny;
pub(crate) mod users_engine;

use std::io::Write;

/// Whether the live ring can run here. When it cannot, the test named `test` is recorded as skipped (a failure with
/// `CI=true`) and must return at once.
pub(crate) fn live_or_skip(test: &str) -> bool {
    live_with(test, &[])
}

/// As [`live_or_skip`], for a test that needs these programs besides: each with the package that it comes from.
pub(crate) fn live_with(test: &str, programs: &[(&str, &str)]) -> bool {
    let missing = || programs.iter().find(|(program, _)| !on_path(program));
    let obstacle = live_obstacle().or_else(|| missing().map(|(program, package)| format!("no {program} on the path; install {package}")));
    obstacle.is_none_or(|reason| skip(test, &reason))
}

/// Whether the program is here that the test named `test` needs, which is recorded as skipped otherwise.
pub(crate) fn program_or_skip(test: &str, program: &str, package: &str) -> bool {
    on_path(program) || skip(test, &format!("no {program} on the path; install {package}"))
}

/// As [`live_with`], for a test that needs another engine than this machine's: the root file system of the one of a Debian suite,
/// made where it is missing.
pub(crate) fn engine_root_or_skip(test: &str, suite: &str, programs: &[(&str, &str)]) -> Option<std::path::PathBuf> {
    if !live_with(test, programs) {
        return None;
    }
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/engine-root.sh");
    let made = std::process::Command::new(script).args(["", suite]).output().expect("the script can be run");
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    if made.status.success() {
        return Some(String::from_utf8_lossy(&made.stdout).trim_end().into());
    }
    skip(test, &format!("no root file system with the engine of {suite}: {}", said.lines().last().unwrap_or("its script fails")));
    None
}

/// Records the test named `test` as skipped, which is a failure with `CI=true`. Never true: the test does not run.
fn skip(test: &str, reason: &str) -> bool {
    assert!(std::env::var_os("CI").is_none_or(|v| v != "true"), "{test} may not be skipped in CI: {reason}");
    if let Some(path) = std::env::var_os("LOADLINE_SKIPPED_LOG") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the list of skipped tests opens");
        writeln!(file, "{test}: {reason}").expect("the list of skipped tests takes a line");
    }
    eprintln!("SKIPPED {test}: {reason}");
    false
}

/// Whether Debian's Python has `module`, which the test named `test` needs; it is recorded as skipped otherwise.
pub(crate) fn python_module_or_skip(test: &str, module: &str, package: &str) -> bool {
    let there = std::process::Command::new(PYTHON).args(["-c", &format!("import {module}")]).output().is_ok_and(|ran| ran.status.success());
    there || skip(test, &format!("{PYTHON} has no {module}; install {package}"))
}

/// The distribution's Python, which its packages are for; another may come earlier on the path.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

fn on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

fn live_obstacle() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("the private engine needs Linux".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return Some("the private engine needs root".to_owned());
    }
    (!on_path("dockerd")).then(|| "no dockerd on the path; install docker.io".to_owned())
}

/// An error with all its causes in one line, as the program prints them.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |e| e.source()).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Compares `text` with the file of this repository that must hold it. `LOADLINE_BLESS=1` writes the file instead.
pub(crate) fn checked_in(path: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("LOADLINE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        std::fs::write(&path, text).expect("the file is written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is not what the types say; run the tests with LOADLINE_BLESS=1", path.display());
}
