//! A folder with programs that write down how they were called, to run a script in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Stands for loadline: `run` and `merge` leave a record, `check` prints its format, and each ends with the code of its variable.
/// A run in a folder called `base` ends with `LOADLINE_BASE_CODE`. With `LOADLINE_NO_BUDGETS` the run has none, so that `check` without a baseline and further budgets refuses it.
const LOADLINE: &str = r#"#!/bin/bash
printf '%s: loadline %s\n' "${PWD##*/}" "$*" >>"$LOADLINE_CALLS"
out=
for word in "$@"; do [ "$last" != --out ] || out=$word; last=$word; done
record() { mkdir -p "$out" && echo '{}' >"$out/run.json" && : >"$out/trials.jsonl" && echo '# Run' >"$out/report.md"
  printf 'run,scenario,variant,kind,status,reason\n%s' "$LOADLINE_SUMMARY" >"$out/summary.csv"; }
case $1 in
  --version) echo 'loadline 0.1.0' ;;
  run)
    record
    echo '::error::said by a build'
    if [ "${PWD##*/}" = base ]; then exit "${LOADLINE_BASE_CODE:-0}"; fi
    exit "${LOADLINE_RUN_CODE:-0}" ;;
  merge) record; exit "${LOADLINE_RUN_CODE:-0}" ;;
  check)
    if [ -n "$LOADLINE_CHECK_SAYS" ]; then echo "$LOADLINE_CHECK_SAYS" >&2; fi
    if [ -n "$LOADLINE_NO_BUDGETS" ] && [[ "$*" != *--b* ]]; then echo 'error: there is nothing to hold the run to' >&2; exit 2; fi
    case $last in
      comment) printf '<!-- loadline -->\n## loadline: fine\n' ;;
      github-outputs) echo 'verdict=pass' ;;
      *) echo "format $last" ;;
    esac
    exit "${LOADLINE_CHECK_CODE:-0}" ;;
  history) echo "$5" >>"$4" ;;
  trend) echo '# Trend' ;;
esac
"#;

/// Stands for gh and curl: notes arguments and standard input, answers with what the variables say.
const GH: &str = r#"#!/bin/bash
printf 'gh %s\n' "$*" >>"$LOADLINE_CALLS"
case "$*" in
  *--input*) cat >>"$LOADLINE_CALLS.body" ;;
  *pulls/*) printf '%s\n' "$FAKE_HEAD" ;;
  *) printf '%s' "$FAKE_FOUND" ;;
esac
"#;

const CURL: &str = r#"#!/bin/bash
printf 'curl %s\n' "$*" >>"$LOADLINE_CALLS"
case "$*" in
  *--data-binary*) cat >>"$LOADLINE_CALLS.body" ;;
  *) printf '%s' "$FAKE_FOUND" ;;
esac
"#;

pub(super) struct Desk {
    folder: TempDir,
}

/// What came of a script.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Desk {
    pub(super) fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder") };
        for (name, text) in [("loadline", LOADLINE), ("gh", GH), ("curl", CURL)] {
            let file = desk.write(&format!("bin/{name}"), text);
            fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("a mode");
        }
        desk
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
        fs::write(&file, text).expect("the file is written");
        file
    }

    /// What is in the file; empty where there is none.
    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The calls so far, without the name of this folder.
    pub(super) fn calls(&self) -> String {
        let here = self.folder.path().canonicalize().expect("it is there");
        self.read("calls").replace(&*here.to_string_lossy(), "DESK")
    }

    /// Runs a script of `scripts/ci` with these variables alone, apart from those that every program needs.
    pub(super) fn run(&self, script: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let path = std::env::var("PATH").expect("a path");
        let mut command = Command::new("bash");
        command.arg(root().join("scripts/ci").join(script)).args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs([("PATH", format!("{}:{path}", self.path("bin").display())), ("HOME", self.folder.path().display().to_string())]);
        // By its whole path: where the script asks sudo, that has a path of its own.
        command
            .env("LOADLINE", self.path("bin/loadline"))
            .env("LOADLINE_CALLS", self.path("calls"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(variables.iter().copied());
        ran(&command.output().expect("bash starts"))
    }

    /// Runs git in a folder of the desk; it must succeed.
    #[track_caller]
    pub(super) fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(arguments).current_dir(self.path(folder));
        let ran = ran(&command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git starts"));
        assert_eq!(ran.code, Some(0), "git {arguments:?}: {}", ran.err);
        ran.out
    }
}

fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}
