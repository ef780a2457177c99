//! `cargo bench --bench trend`: a history of a million observations, read and judged as `loadline trend` does it: how long that takes and
//! how much memory the process has at most. Exits 1 where a bound does not hold. 1,000 runs of 20 variants with 5 measures of 10 values
//! each are written to a file first, which no figure includes but the peak of memory. Without `--bench`, as `cargo test` calls it, it
//! measures nothing.

#![expect(clippy::print_stdout, reason = "a bench tells what it found")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use loadline::judge::{TrendQuestion, trends};
use loadline::measure::Measure;
use loadline::record::{History, HistoryLine, HistoryRun, HistorySeries, HistoryVariant};
use loadline::report::{Glyphs, TrendReport, trend_terminal};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const RUNS: usize = 1_000;
const VARIANTS: usize = 20;
const MEASURES: [Measure; 5] = [Measure::BuildTime, Measure::PushTime, Measure::PullTime, Measure::StartTime, Measure::TransferSize];
const VALUES: usize = 10;

/// All of it may take less than this.
const LONGEST: Duration = Duration::from_secs(2);
/// The process may have less memory than this, bytes.
const MOST: u64 = 300_000_000;

fn main() -> Outcome<ExitCode> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("history.jsonl");
    let mut file = BufWriter::new(File::create(&path)?);
    write(&mut file)?;
    file.into_inner()?.sync_all()?;
    let observations = RUNS * VARIANTS * MEASURES.len() * VALUES;
    println!("{observations} observations of {RUNS} runs in {} bytes", std::fs::metadata(&path)?.len());
    let taken = told(&path)?;
    let peak = peak()?;
    println!("peak of memory: {} MB (bound {} MB)", peak / 1_000_000, MOST / 1_000_000);
    let holds = taken < LONGEST && peak < MOST;
    println!("{}", if holds { "both bounds hold" } else { "a bound does not hold" });
    Ok(ExitCode::from(u8::from(!holds)))
}

/// How long it takes from the file to the text that the command prints.
fn told(path: &Path) -> Outcome<Duration> {
    let begun = Instant::now();
    let history = History::read(&[path.to_owned()])?;
    let read = begun.elapsed();
    let question = TrendQuestion::default();
    let found = trends(&history, &question, |_| true);
    let report = TrendReport::new(&history, &found, &question, false);
    let text = trend_terminal(&report, Glyphs::Blocks);
    let taken = begun.elapsed();
    let (read, all, bound) = (read.as_secs_f64(), taken.as_secs_f64(), LONGEST.as_secs());
    println!("{} series, {} of them told in {} lines", found.len(), report.series.len(), text.lines().count());
    println!("read in {read:.2} s, all in {all:.2} s (bound {bound} s)");
    Ok(taken)
}

fn write(file: &mut impl Write) -> Outcome<()> {
    let mut random = fastrand::Rng::with_seed(1);
    let conditions = serde_json::from_str::<serde_json::Value>(CONDITIONS)?;
    for commit in 0..RUNS {
        let run = run(commit, &conditions)?;
        let key = run.key.clone();
        line(file, &HistoryLine::Run(Box::new(run)))?;
        for variant in 0..VARIANTS {
            for measure in MEASURES {
                line(file, &HistoryLine::Series(series(&key, commit, variant, measure, &mut random)))?;
            }
        }
    }
    Ok(())
}

fn line(file: &mut impl Write, line: &HistoryLine) -> Outcome<()> {
    serde_json::to_writer(&mut *file, line)?;
    Ok(file.write_all(b"\n")?)
}

const CONDITIONS: &str = r#"{"base_set":"hub","bases":{"golang:1.23":{"digest":"sha256:a1","uncompressed_size":820000000,"differs":null}},
"platform":"linux/amd64","compressor":"dockerd 20.10.24 gzip","engine":"private","engine_version":"20.10.24","api_version":"1.41",
"store":"overlay2","builder":"20.10.24","run_network":"host","link":"loopback","registry":"own","cpus":null,"memory":null,
"data_root_file_system":"tmpfs","unpigz":false,"host":"0123456789ab"}"#;

fn run(commit: usize, conditions: &serde_json::Value) -> Outcome<HistoryRun> {
    let started = jiff::Timestamp::from_second(1_700_000_000 + i64::try_from(commit)? * 28_800)?;
    let variant =
        |v: usize| HistoryVariant { scenario: "shop".to_owned(), variant: format!("v{v}"), bases: vec!["golang:1.23".to_owned()] };
    Ok(HistoryRun {
        format_version: loadline::record::HISTORY_VERSION,
        key: format!("{commit:016x}"),
        run_id: format!("run-{commit}"),
        started,
        tool_version: "0.1.0".to_owned(),
        commit: Some(format!("{commit:040x}")),
        dirty: Some(false),
        conditions: serde_json::from_value(conditions.clone())?,
        variants: (0..VARIANTS).map(variant).collect(),
        series: VARIANTS * MEASURES.len(),
    })
}

/// A third of the variants have a step of 8 % in the middle, another third grows by 10 %; sizes change at every tenth commit.
fn series(run: &str, commit: usize, variant: usize, measure: Measure, random: &mut fastrand::Rng) -> HistorySeries {
    let level = match variant % 3 {
        0 if commit >= 500 => 1.08,
        1 => 1.0 + commit as f64 / 10_000.0,
        _ => 1.0,
    };
    let mut value = || match measure {
        Measure::TransferSize => (6_000_000 + commit / 10 * 1_000) as f64,
        _ => 10.0 * level * (0.98 + 0.04 * random.f64()),
    };
    HistorySeries {
        run: run.to_owned(),
        scenario: "shop".to_owned(),
        variant: format!("v{variant}"),
        measure,
        definition: measure.definition().map(str::to_owned),
        phase: None,
        cache_state: "cold".to_owned(),
        edit: None,
        values: (0..VALUES).map(|_| value()).collect(),
    }
}

/// The most memory that the process had, bytes, as Linux counts it.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
}
