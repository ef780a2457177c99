//! `cargo bench --bench builds`: how long small builds take on a private engine, by criterion: `cold`, `warm` and after an `edit`.
//!
//! The app is a program without dependencies on `scratch` whose one RUN step always computes the same, so that the figures of two machines or
//! engines can be set side by side; a build takes at most about two seconds. `-- --save-baseline NAME` and `-- --baseline NAME` keep figures
//! and compare with them, as in any bench of criterion. Without an engine it ends with 4, unless `LOADLINE_NO_ENGINE=1` says that there is none on
//! purpose. Without `--bench`, as `cargo test` calls it, it says what it would measure and ends.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on the terminal")]

#[expect(dead_code, reason = "the bench of loadline's own cost asks more of it")]
#[path = "../overhead/fixture.rs"]
mod fixture;
mod measurement;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use loadline::rig::{CacheUse, Engine as _};
use tokio::runtime::Runtime;

use fixture::{Fixture, failed};
use measurement::BuildTime;

/// Copies a source file and computes: about a third of a second on a processor of 2024.
const DOCKERFILE: &str = "FROM scratch\nCOPY app /app\nRUN [\"/app\", \"did\"]\nCOPY source /source\nRUN [\"/app\", \"work\", \"150\"]\nCMD [\"/app\", \"serve\"]\n";
/// The fewest that criterion takes.
const SAMPLES: usize = 10;

fn main() -> ExitCode {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    if asked("--list") {
        return said("builds: benchmark");
    }
    if !asked("--bench") {
        return said("builds: cold, warm and edit would be measured; nothing was, that is what `cargo bench` is for");
    }
    if std::env::var_os("LOADLINE_NO_ENGINE").is_some_and(|v| v == "1") {
        return said("builds: skipped, LOADLINE_NO_ENGINE=1 says that there is no engine here");
    }
    // A build that fails in the middle of criterion's loop can only unwind; that removes the engine too.
    match catch_unwind(AssertUnwindSafe(measured)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(message)) => {
            eprintln!("builds: {message}");
            ExitCode::from(4)
        }
        Err(_) => ExitCode::from(4),
    }
}

fn said(message: &str) -> ExitCode {
    println!("{message}");
    ExitCode::SUCCESS
}

fn measured() -> Result<(), String> {
    let runtime = Runtime::new().map_err(failed("no threads"))?;
    let fixture = runtime.block_on(Fixture::start())?;
    fixture.write("Dockerfile", DOCKERFILE)?;
    fixture.write("source", "the first line\n")?;
    println!("{}", runtime.block_on(fixture.describe())?);
    let mut criterion = Criterion::default().with_measurement(BuildTime).configure_from_args();
    let mut group = criterion.benchmark_group("build time");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(10));
    let builds = Builds { runtime: &runtime, fixture: &fixture };
    bench(&mut group, "cold", |_| builds.cold());
    bench(&mut group, "warm", |_| builds.warm());
    bench(&mut group, "edit", |number| builds.edit(number));
    group.finish();
    criterion.final_summary();
    runtime.block_on(fixture.stop())
}

/// Lets criterion ask for builds, each with a number that no other has.
fn bench(group: &mut BenchmarkGroup<'_, BuildTime>, name: &str, build: impl Fn(u64) -> Result<Duration, String>) {
    let mut number = 0;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let times = (0..iterations).map(|_| {
                number += 1;
                build(number).unwrap_or_else(|message| panic!("{name}: {message}"))
            });
            times.sum()
        });
    });
}

/// The engine, and the three builds on it.
struct Builds<'a> {
    runtime: &'a Runtime,
    fixture: &'a Fixture,
}

impl Builds<'_> {
    /// With an empty builder.
    fn cold(&self) -> Result<Duration, String> {
        self.runtime.block_on(async {
            self.fixture.docker.prune(&[]).await.map_err(failed("the builder's cache"))?;
            Ok(self.fixture.build_with(CacheUse::NoCache, &[]).await?.wall)
        })
    }

    /// With nothing changed: the very image of before.
    fn warm(&self) -> Result<Duration, String> {
        self.runtime.block_on(async {
            let before = self.fixture.docker.inspect(fixture::TAG).await.map_err(failed("the image"))?;
            let before = match before {
                Some(image) => image.id,
                None => self.fixture.build(&[]).await?.image_id,
            };
            let solve = self.fixture.build(&[]).await?;
            if solve.image_id == before { Ok(solve.wall) } else { Err("a warm build made another image".to_owned()) }
        })
    }

    /// After one more line in the source.
    fn edit(&self, number: u64) -> Result<Duration, String> {
        self.fixture.write("source", format!("line {number} of process {}\n", std::process::id()))?;
        self.runtime.block_on(async { Ok(self.fixture.build(&[]).await?.wall) })
    }
}
