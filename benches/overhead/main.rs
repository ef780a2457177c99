//! `cargo bench --bench overhead`: what loadline itself adds to the times it prints, as `docs/overhead.md` tells.
//!
//! Three questions, each answered by pairs: the same work once without what is asked about and once with it, one after the
//! other on the same private engine, in an order drawn from a seed. `-- cached`, `-- build` and `-- push` ask one alone.
//! Exits 1 when a bound does not hold, 2 when it is called wrongly, and 4 when it could not be measured to the end. Without an engine it
//! fails, unless `LOADLINE_NO_ENGINE=1` says that there is none on purpose. Without `--bench`, as `cargo test` calls it,
//! it says what it would measure and ends.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on the terminal")]

mod builds;
mod finding;
mod fixture;
mod pairs;
mod plain;
mod push;
mod request;
mod verdict;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use loadline::record::HostProbe;

use finding::{COLUMNS, Finding, HEAD};
use pairs::Course;
use request::{Part, Request};

fn main() -> ExitCode {
    match Request::parse(std::env::args().skip(1)) {
        Err(message) => failed(2, &message),
        Ok(request) if request.list => said("overhead: benchmark"),
        Ok(request) if !request.measure => said(&format!(
            "overhead: {} would be measured; nothing was, that is what `cargo bench` is for",
            request.parts.iter().map(|part| part.id()).collect::<Vec<_>>().join(", ")
        )),
        Ok(_) if std::env::var_os("LOADLINE_NO_ENGINE").is_some_and(|v| v == "1") => {
            said("overhead: skipped, LOADLINE_NO_ENGINE=1 says that there is no engine here")
        }
        Ok(request) => run(&request),
    }
}

fn said(message: &str) -> ExitCode {
    println!("{message}");
    ExitCode::SUCCESS
}

fn failed(code: u8, message: &str) -> ExitCode {
    eprintln!("overhead: {message}");
    ExitCode::from(code)
}

fn run(request: &Request) -> ExitCode {
    let path = request.csv.clone().unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("overhead.csv"));
    let csv = match csv_at(&path) {
        Ok(csv) => csv,
        Err(error) => return failed(2, &format!("cannot write {}: {error}; name another file by --csv", path.display())),
    };
    // As the program's own.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(70, &format!("no threads: {error}")),
    };
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = measured(request, csv, &path) => ended,
            _ = tokio::signal::ctrl_c() => Err((130, "interrupted".to_owned())),
        }
    });
    match ended {
        Ok(broken) => ExitCode::from(u8::from(broken)),
        Err((code, message)) => failed(code, &message),
    }
}

fn csv_at(path: &PathBuf) -> csv::Result<csv::Writer<File>> {
    let mut csv = csv::Writer::from_path(path)?;
    csv.write_record(COLUMNS)?;
    csv.flush()?;
    Ok(csv)
}

/// Measures and prints part after part; whether some bound does not hold.
async fn measured(request: &Request, mut csv: csv::Writer<File>, path: &Path) -> Result<bool, (u8, String)> {
    if cfg!(debug_assertions) {
        println!("built without optimisation: its figures say nothing of the program as it is used");
    }
    let host = HostProbe::new("/").facts();
    println!("{} with {} CPUs, kernel {}; seed {}; load {}", host.cpu, host.cpus, host.kernel, request.seed, load());
    let mut course = Course::new(request);
    let mut findings: Vec<Finding> = Vec::new();
    for part in &request.parts {
        let finding = Box::pin(ask(*part, request, &mut course)).await.map_err(|message| (4, message))?;
        finding.raw(&mut csv).map_err(|error| (2, format!("cannot write {}: {error}", path.display())))?;
        println!("{}: {}; load {}", part.id(), finding.setting, load());
        findings.push(finding);
    }
    println!("\n{HEAD}\n|---|---|---|---|---|---|---|---|---|---|");
    for finding in &findings {
        print!("{}", finding.rows());
    }
    println!("\nevery pair: {}", path.display());
    Ok(findings.iter().any(Finding::is_broken))
}

async fn ask(part: Part, request: &Request, course: &mut Course) -> Result<Finding, String> {
    match part {
        Part::Cached => builds::cached(course).await,
        Part::Build => builds::computing(course, request.seconds).await,
        Part::Push => push::push(course, request.megabytes).await,
    }
}

/// Processes that wanted a processor in the last minute, on average: what else went on shows here.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}
