//! `cargo bench --bench reproduce`: measures a published run again and sets each figure beside what is published.
//!
//! The published run is the one that the README quotes. Measured again are the cold builds and pushes of a
//! single-stage and a multi-stage variant of each scenario, with `-- --all` everything; `-- go-api` measures one scenario,
//! `-- --quick` one trial of each variant. Bytes, ratios and times come out as *reproduced*, *drifted* or *not comparable*, as
//! `docs/publishing.md` says. Exits 5 when not one figure could be compared, 1 when one drifted, 2 when it is called
//! wrongly, and with the run's own code when that failed or lacks a variant. Without an engine it fails, unless
//! `LOADLINE_NO_ENGINE=1` says that there is none on purpose. Without `--bench`, as `cargo test` calls it, it reads the
//! published run, says what it would measure and ends.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on the terminal")]

mod request;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use loadline::judge;
use loadline::record::Record;
use loadline::report;

use request::{Request, code};

/// Columns of the tables.
const WIDTH: u16 = 120;
/// The run's code when some variant is missing: what there is can still be compared.
const INCOMPLETE: u8 = 3;

fn main() -> ExitCode {
    let request = match Request::parse(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(message) => return failed(2, &message),
    };
    if request.list {
        println!("reproduce: benchmark");
        return ExitCode::SUCCESS;
    }
    let (path, published) = match published() {
        Ok(found) => found,
        Err(message) => return failed(5, &message),
    };
    match request.of(&published) {
        Ok(baseline) => reproduce(&request, &path, &baseline).unwrap_or_else(|message| failed(5, &message)),
        Err(message) => failed(2, &message),
    }
}

fn failed(code: u8, message: &str) -> ExitCode {
    eprintln!("reproduce: {message}");
    ExitCode::from(code)
}

fn reproduce(request: &Request, published: &Path, baseline: &Record) -> Result<ExitCode, String> {
    let arguments = request.arguments(baseline, std::env::var("LOADLINE_BENCH_TRIALS").ok());
    println!("reproduce: {} by `loadline {}`", published.display(), arguments.join(" "));
    if !request.measure {
        println!("reproduce: nothing was measured, that is what `cargo bench` is for");
        return Ok(ExitCode::SUCCESS);
    }
    if std::env::var_os("LOADLINE_NO_ENGINE").is_some_and(|v| v == "1") {
        println!("reproduce: skipped, LOADLINE_NO_ENGINE=1 says that there is no engine here");
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir().map_err(|e| format!("there is no place for the run: {e}"))?;
    let out = folder.path().join("run");
    let ended = run(&arguments, &out)?;
    if ended != 0 && ended != INCOMPLETE {
        return Ok(ExitCode::from(ended));
    }
    let run = Record::read(&out).map_err(|e| e.to_string())?;
    let outcome = judge::reproduce(baseline, &run);
    println!("{}published: {}", report::reproduction(&outcome, WIDTH), published.display());
    Ok(ExitCode::from(code(ended, outcome.has_comparable(), outcome.has_drift())))
}

/// The run that the README quotes, with its folder.
fn published() -> Result<(PathBuf, Record), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/published");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let paths = entries.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.join("run.json").is_file());
    let read = |path: PathBuf| Record::read(&path).map(|record| (path, record)).map_err(|e| e.to_string());
    let runs: Vec<(PathBuf, Record)> = paths.map(read).collect::<Result<_, String>>()?;
    let quoted = report::broadest(&runs).cloned();
    quoted.ok_or_else(|| format!("{} holds no run; nothing is published to compare with", folder.display()))
}

/// Runs loadline with its own words on the terminal, and returns its exit code.
fn run(arguments: &[String], out: &Path) -> Result<u8, String> {
    let status = Command::new(env!("CARGO_BIN_EXE_loadline"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .status()
        .map_err(|e| format!("cannot start loadline: {e}"))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(70))
}
