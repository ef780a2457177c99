//! What a hundred builds leave in the process that asked for them: no descriptor, no thread, next to no memory.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use loadline::dockerfile::Context;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine as _, ProgressSink, RunNetwork};

use crate::support::app::{GOOD, program};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// The socket of the engine, for the process that builds and counts: in this one, other tests open and close theirs.
const SOCKET: &str = "LOADLINE_TEST_FLAT_SOCKET";
/// How many builds it makes.
const BUILDS: &str = "LOADLINE_TEST_FLAT_BUILDS";
/// Set where it keeps something of each build on purpose.
const LEAK: &str = "LOADLINE_TEST_FLAT_LEAK";
/// It counts for the first time after so many, when everything that is made once has been made.
const WARM: usize = 10;
/// How far resident memory may grow, bytes. The allocator keeps pages of its own for blocks that are free again.
const GROWTH: u64 = 2_000_000;
/// Bytes that a build keeps on purpose: over thirty builds more than may be.
const LEAKED: usize = 256 << 10;

/// What a process has.
#[derive(Clone, Copy, Debug)]
struct Held {
    descriptors: u64,
    threads: u64,
    /// Resident bytes that no file backs: `RssAnon` of proc(5). Of the program's own file, pages come and go with the code that
    /// runs.
    memory: u64,
}

impl Held {
    fn now() -> Self {
        let count = |folder: &str| std::fs::read_dir(folder).expect("/proc is there").count() as u64;
        // A thread that was waited for is in the kernel's list for a moment longer.
        let threads = (0..100).map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            count("/proc/self/task")
        });
        Self { threads: threads.min().expect("some looks"), descriptors: count("/proc/self/fd"), memory: anonymous() }
    }

    /// From a line `held 9 4 20480000` of the process that builds.
    fn read(line: &str) -> Option<Self> {
        let mut numbers = line.split_once("held ")?.1.split_whitespace().map(|number| number.parse().expect("a number"));
        Some(Self { descriptors: numbers.next()?, threads: numbers.next()?, memory: numbers.next()? })
    }

    /// What `later` has more of, by name.
    fn grown(&self, later: &Self) -> Vec<&'static str> {
        let grown = [
            ("descriptors", later.descriptors > self.descriptors),
            ("threads", later.threads > self.threads),
            ("memory", later.memory > self.memory + GROWTH),
        ];
        grown.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect()
    }
}

fn anonymous() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is there");
    let value = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix("kB")).expect("a process has memory");
    value.trim().parse::<u64>().expect("a number") * 1024
}

#[test]
fn descriptors_threads_and_memory_are_flat_over_a_hundred_builds() {
    if !live_or_skip("live::run::flat::descriptors_threads_and_memory_are_flat_over_a_hundred_builds") {
        return;
    }
    let [early, late] = held_over(100, false);
    eprintln!("after {WARM} builds {early:?}, after 100 {late:?}");
    assert!(early.grown(&late).is_empty(), "{:?} grew: {early:?}, later {late:?}", early.grown(&late));
}

#[test]
fn what_each_build_would_leave_behind_is_seen() {
    if !live_or_skip("live::run::flat::what_each_build_would_leave_behind_is_seen") {
        return;
    }
    let [early, late] = held_over(WARM + 30, true);
    assert_eq!(early.grown(&late), ["descriptors", "threads", "memory"], "{early:?}, later {late:?}");
}

/// What a process of its own has after [`WARM`] builds and after all, on an engine of its own.
fn held_over(builds: usize, leak: bool) -> [Held; 2] {
    let _among_others = among_others();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let engine = runtime.block_on(PrivateEngine::start(PrivateOptions::new(Role::Builder))).expect("a private engine starts");
    let mut child = Command::new(std::env::current_exe().expect("this program has a path"));
    child.args(["--exact", "live::run::flat::a_process_that_builds_and_counts", "--ignored", "--nocapture"]);
    // How many arenas the allocator makes is up to which threads are at work at the same moment.
    child.env(SOCKET, engine.socket()).env(BUILDS, builds.to_string()).env("MALLOC_ARENA_MAX", "1");
    if leak {
        child.env(LEAK, "1");
    }
    let output = child.output().expect("the process that builds runs");
    runtime.block_on(engine.stop()).expect("the engine is removed");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let held: Vec<Held> = out.lines().filter_map(Held::read).collect();
    held.try_into().unwrap_or_else(|held| panic!("it counted twice: {held:?}\n{out}"))
}

#[test]
#[ignore = "builds on the engine that it is told; other tests start it in a process of its own"]
fn a_process_that_builds_and_counts() {
    let (Some(socket), Ok(builds)) = (std::env::var_os(SOCKET), std::env::var(BUILDS)) else { return };
    let builds: usize = builds.parse().expect("a number");
    // As the program's own, but for one thread for blocking work: how many of them wait for more is up to the clock.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(1).enable_all().build().expect("a runtime");
    let (folder, leak) = (app(), std::env::var_os(LEAK).is_some());
    runtime.block_on(async {
        let docker = Docker::connect(&Endpoint::Unix(socket.into())).await.expect("it answers");
        for build in 1..=builds {
            build_once(&docker, folder.path()).await;
            if leak {
                keep_something(folder.path());
            }
            if build == WARM || build == builds {
                let Held { descriptors, threads, memory } = Held::now();
                writeln!(std::io::stdout(), "\nheld {descriptors} {threads} {memory}").expect("somebody reads");
            }
        }
    });
}

fn app() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(program(), folder.path().join("app")).expect("the program is there");
    std::fs::write(folder.path().join("Dockerfile"), GOOD).expect("a Dockerfile");
    folder
}

/// As a run does it, from reading the folder on. All but the first come from the cache.
async fn build_once(docker: &Docker, folder: &Path) {
    let request = BuildRequest {
        context: Arc::new(Context::plan(folder, &folder.join("Dockerfile")).expect("the context is planned")),
        builder: BuilderVersion::BuildKit,
        target: None,
        build_args: [].into(),
        platform: None,
        tag: "flat:1".to_owned(),
        cache: CacheUse::UseCache,
        network: RunNetwork::Host,
        labels: [].into(),
    };
    let outcome = docker.build(request, &ProgressSink::none()).await.expect("the engine answers");
    assert!(matches!(outcome, BuildOutcome::Built(_)), "{outcome:?}");
}

/// A descriptor, a thread and memory for as long as the process lives.
fn keep_something(folder: &Path) {
    std::mem::forget(std::fs::File::open(folder).expect("the folder opens"));
    std::thread::spawn(std::thread::park);
    std::mem::forget(vec![1_u8; LEAKED]);
}
