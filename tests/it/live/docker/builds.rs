//! Builds.

use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::{
    BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, EngineError, Progress, ProgressSink, RunNetwork, Vertex,
};
use rustix::process::{Pid, Signal, kill_process};

use super::{Live, hearing, runs, until};
use crate::support::{live_or_skip, tiny};

const TWO_STAGES: &str = "FROM tiny:1 AS build\n\
    ARG WORD=none\n\
    WORKDIR /w\n\
    COPY f /w/f\n\
    RUN cat /w/f; echo \"$WORD\" >&2; cat /w/f > /w/out\n\
    FROM tiny:1 AS final\n\
    COPY --from=build /w/out /out\n\
    FROM tiny:1 AS unused\n\
    RUN exit 9\n";

fn two_stages(live: &Live, cache: CacheUse) -> BuildRequest {
    let mut request = live.request(TWO_STAGES, &[("f", "from the context\n")]);
    request.target = Some("final".to_owned());
    request.build_args = [("WORD".to_owned(), "a word".to_owned())].into();
    request.labels = [("loadline.test".to_owned(), "with \"quotes\" and spaces".to_owned())].into();
    request.cache = cache;
    request
}

fn cached_of_telling(vertices: &[Vertex]) -> Vec<bool> {
    vertices.iter().filter(|vertex| vertex.tells_cache()).map(|vertex| vertex.cached).collect()
}

#[tokio::test]
async fn a_build_gives_an_image_its_steps_its_log_and_its_context() {
    if !live_or_skip("live::docker::builds::a_build_gives_an_image_its_steps_its_log_and_its_context") {
        return;
    }
    let live = Live::start().await;
    let request = two_stages(&live, CacheUse::NoCache);
    let context_bytes = request.context.write_tar(std::io::sink()).expect("the context is read");
    let solve = live.built(request).await;
    assert_eq!(solve.context_bytes, context_bytes);
    let image = live.docker.inspect("live:a").await.expect("the engine answers").expect("it is there");
    assert_eq!((image.id, image.repo_tags), (solve.image_id, vec!["live:a".to_owned()]));
    assert_eq!(image.diff_ids.len(), 2);
    let mut log: Vec<_> = solve.log.iter().map(|line| line.text.as_str()).collect();
    // The two outputs of a step are not ordered against each other.
    log.sort_unstable();
    assert_eq!(log, ["a word", "from the context"]);
    assert!(solve.log.iter().all(|line| line.step.starts_with("[build 4/4] RUN")), "{:?}", solve.log);
    assert!(!solve.vertices.iter().any(|vertex| vertex.name.contains("exit 9")));
    assert!(solve.vertices.iter().all(|vertex| vertex.started <= vertex.completed && vertex.error.is_none()));
}

#[tokio::test]
async fn only_a_warm_build_takes_run_and_copy_from_the_cache() {
    if !live_or_skip("live::docker::builds::only_a_warm_build_takes_run_and_copy_from_the_cache") {
        return;
    }
    let live = Live::start().await;
    let cold = live.built(two_stages(&live, CacheUse::NoCache)).await;
    assert_eq!(cached_of_telling(&cold.vertices), [false; 3]);
    let warm = live.built(two_stages(&live, CacheUse::UseCache)).await;
    assert_eq!(cached_of_telling(&warm.vertices), [true; 3]);
    assert_eq!(warm.image_id, cold.image_id);
    let again = live.built(two_stages(&live, CacheUse::NoCache)).await;
    assert_eq!(cached_of_telling(&again.vertices), [false; 3]);
}

#[tokio::test]
async fn the_classic_builder_tells_its_steps_and_its_cache() {
    if !live_or_skip("live::docker::builds::the_classic_builder_tells_its_steps_and_its_cache") {
        return;
    }
    let live = Live::start().await;
    let request = |cache| BuildRequest { builder: BuilderVersion::Classic, ..two_stages(&live, cache) };
    let solve = live.built(request(CacheUse::NoCache)).await;
    assert_eq!(live.docker.inspect("live:a").await.expect("an answer").expect("it is there").id, solve.image_id);
    assert!(solve.log.iter().any(|line| line.text == "from the context"));
    assert_eq!(cached_of_telling(&solve.vertices), [false; 3]);
    let (sink, heard) = hearing();
    let BuildOutcome::Built(warm) = live.docker.build(request(CacheUse::UseCache), &sink).await.expect("an answer") else {
        panic!("it builds from the cache");
    };
    assert_eq!(cached_of_telling(&warm.vertices), [true; 3]);
    let heard = heard.lock().expect("no panic");
    let cached = heard.iter().filter_map(|progress| match progress {
        Progress::StepCompleted { name, cached } if name.contains(" : RUN") || name.contains(" : COPY") => Some(*cached),
        _ => None,
    });
    assert_eq!(cached.collect::<Vec<_>>(), [true, true, true]);
}

/// Dockerfile, part of the message, the failed step under `BuildKit`, and under the classic builder.
const FAULTS: [(&str, &str, Option<&str>, Option<&str>); 5] = [
    ("FROM tiny:1\nRUN echo one; echo two >&2; exit 7\n", "7", Some("[2/2] RUN"), Some("Step 2/2 : RUN")),
    ("FROM tiny:1\nRUNN x\n", "parse error line 2: unknown instruction: RUNN", None, None),
    ("FROM tiny:1\nCOPY nofile /x\n", "nofile", Some("[2/2] COPY"), Some("Step 2/2 : COPY")),
    // Nothing listens on the discard port of this machine.
    ("FROM 127.0.0.1:9/base:1\n", "127.0.0.1:9", Some("[internal] load metadata for 127.0.0.1:9/base:1"), Some("Step 1/1 : FROM")),
    ("FROM tiny:1 AS one\nRUN exit 1\n", "target", None, None),
];

#[tokio::test]
async fn whatever_is_wrong_in_a_dockerfile_fails_the_build_and_not_the_engine() {
    if !live_or_skip("live::docker::builds::whatever_is_wrong_in_a_dockerfile_fails_the_build_and_not_the_engine") {
        return;
    }
    let live = Live::start().await;
    for (dockerfile, says, buildkit, classic) in FAULTS {
        for (builder, step) in [(BuilderVersion::BuildKit, buildkit), (BuilderVersion::Classic, classic)] {
            let mut request = BuildRequest { builder, ..live.request(dockerfile, &[]) };
            request.target = (says == "target").then(|| "nostage".to_owned());
            let failure = live.failed(request).await;
            assert!(failure.message.contains(says), "{builder:?} {dockerfile:?}: {failure:?}");
            let told = failure.step.as_deref();
            assert!(told.is_some() == step.is_some() && told.unwrap_or_default().starts_with(step.unwrap_or_default()), "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_failed_run_names_its_step_and_keeps_its_last_lines() {
    if !live_or_skip("live::docker::builds::a_failed_run_names_its_step_and_keeps_its_last_lines") {
        return;
    }
    let live = Live::start().await;
    let script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; printf 'last \\033[31mwords'; exit 7";
    let failure = live.failed(live.request(&format!("FROM tiny:1\nRUN echo before\nRUN {script}\n"), &[])).await;
    assert!(failure.step.as_deref().is_some_and(|step| step.starts_with("[3/3] RUN")), "{:?}", failure.step);
    assert_eq!(failure.last_lines(3), ["line 2998", "line 2999", "last words"]);
}

#[tokio::test]
async fn a_step_that_finds_the_disk_full_is_no_fault_of_the_dockerfile() {
    if !live_or_skip("live::docker::builds::a_step_that_finds_the_disk_full_is_no_fault_of_the_dockerfile") {
        return;
    }
    let live = Live::start().await;
    let request = live.request("FROM tiny:1\nRUN echo before && dd if=/dev/zero of=/dev/full bs=1 count=1\n", &[]);
    let error = live.docker.build(request, &ProgressSink::none()).await.expect_err("there is no space");
    let EngineError::DataRootFull { failure: Some(failure), .. } = error else { panic!("{error:?}") };
    assert_eq!(failure.last_lines(9)[0], "before", "what the step printed is kept");
    assert!(failure.excerpt().hint.is_some_and(|hint| hint.contains("--data-root")), "{failure:?}");
}

#[tokio::test]
async fn a_dropped_build_stops_its_run_step_and_leaves_the_engine_usable() {
    if !live_or_skip("live::docker::builds::a_dropped_build_stops_its_run_step_and_leaves_the_engine_usable") {
        return;
    }
    let live = Live::start().await;
    for (builder, seconds) in [(BuilderVersion::BuildKit, "98761"), (BuilderVersion::Classic, "98762")] {
        let request = BuildRequest { builder, ..live.request(&format!("FROM tiny:1\nRUN sleep {seconds}; exit 1\n"), &[]) };
        let docker = live.docker.clone();
        let build = tokio::spawn(async move { docker.build(request, &ProgressSink::none()).await.map(drop) });
        until("the step runs", || runs(seconds)).await;
        build.abort();
        assert!(build.await.expect_err("it was dropped").is_cancelled());
        until("the step is gone", || !runs(seconds)).await;
    }
    live.built(live.request("FROM tiny:1\nRUN echo fine\n", &[])).await;
}

#[tokio::test]
async fn an_engine_that_dies_during_a_build_is_lost_and_its_log_is_named() {
    if !live_or_skip("live::docker::builds::an_engine_that_dies_during_a_build_is_lost_and_its_log_is_named") {
        return;
    }
    for (signal, seconds) in [(Signal::KILL, "98763"), (Signal::TERM, "98764")] {
        let live = Live::start().await;
        let request = live.request(&format!("FROM tiny:1\nRUN sleep {seconds}; exit 1\n"), &[]);
        let docker = live.docker.clone();
        let build = tokio::spawn(async move { docker.build(request, &ProgressSink::none()).await.map(drop) });
        until("the step runs", || runs(seconds)).await;
        let daemon = i32::try_from(live.engine.daemon_pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(daemon, signal).expect("the daemon is killed");
        let error = build.await.expect("no panic").expect_err("the engine is gone");
        let log = live.engine.log().display().to_string();
        assert!(matches!(error, EngineError::Lost { .. }) && error.is_fatal(), "{signal:?} {error:?}");
        assert!(error.to_string().contains(&log), "{error}");
    }
}

/// Set for the process that counts its descriptors: in this one, other tests open and close theirs.
const COUNTER: &str = "LOADLINE_TEST_DOCKER_BUILDS_ON";

#[tokio::test]
async fn builds_leave_no_descriptor_open() {
    const NAME: &str = "live::docker::builds::builds_leave_no_descriptor_open";
    if let Some(socket) = std::env::var_os(COUNTER) {
        return count_descriptors(socket.into()).await;
    }
    if !live_or_skip(NAME) {
        return;
    }
    let live = Live::start().await;
    let mut child = tokio::process::Command::new(std::env::current_exe().expect("this program has a path"));
    child.args(["--exact", NAME, "--nocapture"]).env(COUNTER, live.engine.socket()).kill_on_drop(true);
    let output = child.output().await.expect("the counting process runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn count_descriptors(socket: std::path::PathBuf) {
    let docker = Docker::connect(&Endpoint::Unix(socket)).await.expect("it answers");
    let root = tempfile::tempdir().expect("a folder is made");
    std::fs::write(root.path().join("Dockerfile"), format!("FROM {}\nRUN echo x\n", tiny::TINY)).expect("a file is written");
    let context = loadline::dockerfile::Context::plan(root.path(), &root.path().join("Dockerfile")).expect("a plan");
    let context = std::sync::Arc::new(context);
    let open = || std::fs::read_dir("/proc/self/fd").expect("/proc is there").count();
    let threads = || std::fs::read_dir("/proc/self/task").expect("/proc is there").count();
    let mut counts = Vec::new();
    for n in 0..10 {
        let request = BuildRequest {
            context: context.clone(),
            builder: BuilderVersion::BuildKit,
            target: None,
            build_args: [].into(),
            platform: None,
            tag: format!("count:{n}"),
            cache: CacheUse::NoCache,
            network: RunNetwork::Host,
            labels: [].into(),
        };
        docker.build(request, &ProgressSink::none()).await.expect("the engine answers");
        counts.push((open(), threads()));
    }
    assert!(counts.iter().all(|(open, _)| *open == counts[0].0), "descriptors after each build: {counts:?}");
    assert!(counts[9].1 <= counts[0].1 + 2, "threads after each build: {counts:?}");
}
