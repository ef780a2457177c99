//! The program through its binary: stdout, stderr and exit code.

mod check;
mod closed_pipe;
mod colour;
mod compare;
mod effort;
mod exit_codes;
mod help;
mod host_run;
mod init;
mod json;
mod list;
mod machine;
mod pages;
mod publish;
mod refusals;
mod report;
mod resume;
mod trend;
mod weigh;
mod weigh_asked;
mod weigh_host;
mod workspace;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_loadline");

/// A folder to work in: nothing of the caller's environment but the path reaches the program.
pub(crate) struct Desk {
    folder: TempDir,
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder is made") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        std::fs::write(path, text).expect("the file is written");
    }

    /// The program, ready to start.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(BINARY, arguments)
    }

    /// Any program in the same surroundings.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.path()).env("COLUMNS", "100").env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(&self.command(arguments).output().expect("the program starts"), self.path())
    }
}

/// The output as text, this test's own folder named `DESK`.
pub(crate) fn ran(output: &Output, desk: &Path) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text").replace(&desk.display().to_string(), "DESK");
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

impl Ran {
    /// Data alone, and success.
    #[track_caller]
    pub(crate) fn data(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Talk alone, and the exit code.
    #[track_caller]
    pub(crate) fn refusal(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{}", self.err);
        self.err
    }
}

/// A scenario of one small variant, as its file.
pub(crate) fn scenario(name: &str, rest: &str) -> String {
    format!("name = \"{name}\"\nlanguage = \"none\"\n\n[variants.small]\ndockerfile = \"Dockerfile\"\n{rest}")
}
