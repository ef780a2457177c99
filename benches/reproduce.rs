//! `cargo bench --bench reproduce`: measures the published scenarios again and sets each figure beside what is published.
//!
//! Bytes and ratios between variants come out as *reproduced* or *drifted*; times of another host are *not comparable*.
//! Exits 5 when not one figure could be compared, 1 when one drifted, and with the run's own code when it failed. Without
//! an engine it fails, unless `LOADLINE_NO_ENGINE=1` says that there is none on purpose.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on the terminal")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use loadline::judge::{self, Comparison};
use loadline::record::{BaseSet, Record};
use loadline::report;

/// Iterations when `LOADLINE_BENCH_TRIALS` says nothing.
const TRIALS: &str = "1";

fn main() -> ExitCode {
    // cargo hands every bench its own arguments (`--bench`, filters): there is one thing to do here whatever they are.
    if std::env::args().any(|a| a == "--list") {
        println!("reproduce: benchmark");
        return ExitCode::SUCCESS;
    }
    match reproduce() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("reproduce: {message}");
            ExitCode::from(5)
        }
    }
}

fn reproduce() -> Result<ExitCode, String> {
    if std::env::var_os("LOADLINE_NO_ENGINE").is_some_and(|v| v == "1") {
        println!("reproduce: skipped, LOADLINE_NO_ENGINE=1 says that there is no engine here");
        return Ok(ExitCode::SUCCESS);
    }
    let published = published()?;
    let baseline = Record::read(&published).map_err(|e| e.to_string())?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let out = folder.path().join("run");
    let status = measure(&baseline, &out)?;
    if !status.success() {
        return Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(70)).unwrap_or(70)));
    }
    let run = Record::read(&out).map_err(|e| e.to_string())?;
    let comparison = judge::compare(&baseline, &run);
    println!("{}", report::comparison(&comparison, 120));
    println!("baseline: {}", published.display());
    Ok(ExitCode::from(verdict(&comparison)))
}

const fn code(comparable: bool, drift: bool) -> u8 {
    match (comparable, drift) {
        (false, _) => 5,
        (true, true) => 1,
        (true, false) => 0,
    }
}

fn verdict(comparison: &Comparison) -> u8 {
    code(comparison.has_comparable(), comparison.has_drift())
}

/// The published run that began last.
fn published() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/published");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let runs = entries.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.join("run.json").is_file());
    let dated: Result<Vec<_>, String> = runs.map(|path| Ok((Record::read(&path).map_err(|e| e.to_string())?.run.started, path))).collect();
    let newest = dated?.into_iter().max().map(|(_, path)| path);
    newest.ok_or_else(|| format!("{} holds no run; nothing is published to compare with", folder.display()))
}

/// The options that choose the baseline's base set; a host engine has its own, and a run that never began none.
fn base_set(set: BaseSet) -> Vec<&'static str> {
    match set {
        BaseSet::Engine | BaseSet::Undecided => Vec::new(),
        BaseSet::Hub | BaseSet::StandIn => vec!["--bases", set.id()],
    }
}

/// Runs the scenarios of the baseline with its engine and base set.
fn measure(baseline: &Record, out: &Path) -> Result<std::process::ExitStatus, String> {
    let scenarios: BTreeSet<&str> = baseline.run.plan.iter().map(|p| p.scenario.as_str()).collect();
    let trials = std::env::var("LOADLINE_BENCH_TRIALS").unwrap_or_else(|_| TRIALS.to_owned());
    Command::new(env!("CARGO_BIN_EXE_loadline"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("run")
        .args(scenarios)
        .args(["--trials", &trials, "--engine", &baseline.run.conditions.engine])
        .args(base_set(baseline.run.conditions.base_set))
        .arg("--out")
        .arg(out)
        .status()
        .map_err(|e| format!("cannot start loadline: {e}"))
}
