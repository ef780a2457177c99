//! Builds.

use std::fmt::Write as _;

use loadline::rig::{BuildFailure, BuildOutcome, BuilderVersion, Engine, EngineError, ProgressSink, Solve};

use super::daemon::{Answer, Daemon, End, Take};
use super::{build, context, recorded, request, trace};

const BUILDKIT: BuilderVersion = BuilderVersion::BuildKit;
const CLASSIC: BuilderVersion = BuilderVersion::Classic;

fn daemon(answer: Answer) -> Daemon {
    Daemon::start(vec![("POST /build", answer)])
}

async fn built(answer: Answer, builder: BuilderVersion) -> Solve {
    match build(&daemon(answer), builder).await {
        Ok(BuildOutcome::Built(solve)) => solve,
        other => panic!("{other:?}"),
    }
}

async fn failed(answer: Answer, builder: BuilderVersion) -> BuildFailure {
    match build(&daemon(answer), builder).await {
        Ok(BuildOutcome::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

async fn refused(answer: Answer, builder: BuilderVersion) -> EngineError {
    build(&daemon(answer), builder).await.expect_err("it is an error")
}

fn steps(solve: &Solve) -> String {
    solve.vertices.iter().fold(String::new(), |mut all, vertex| {
        let cached = if vertex.cached { "cached" } else { "-     " };
        let _ = writeln!(all, "{cached} {}", vertex.name);
        all
    })
}

#[tokio::test]
async fn a_recorded_build_is_read_as_docker_shows_it() {
    let cold = built(Answer::ok(recorded("buildkit-cold.jsonl")), BUILDKIT).await;
    insta::assert_snapshot!(steps(&cold), @r"
    -      [internal] load remote build context
    -      copy /context /
    -      [internal] load metadata for docker.io/local/busybox:1
    cached [build 1/4] FROM docker.io/local/busybox:1
    -      [build 2/4] WORKDIR /w
    -      [build 3/4] COPY f /w/f
    -      [build 4/4] RUN echo hello; echo err >&2
    -      [stage-1 2/2] COPY --from=build /w/f /f
    -      exporting to image
    ");
    assert_eq!(cold.log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["hello", "err"]);
    let warm = built(Answer::ok(recorded("buildkit-warm.jsonl")), BUILDKIT).await;
    insta::assert_snapshot!(steps(&warm), @r"
    cached [internal] load remote build context
    cached copy /context /
    -      [internal] load metadata for docker.io/local/busybox:1
    -      [build 1/4] FROM docker.io/local/busybox:1
    cached [build 2/4] WORKDIR /w
    cached [build 3/4] COPY f /w/f
    cached [build 4/4] RUN echo hello; echo err >&2
    cached [stage-1 2/2] COPY --from=build /w/f /f
    -      exporting to image
    ");
}

#[tokio::test]
async fn a_recorded_classic_build_has_an_image_and_its_steps() {
    let solve = built(Answer::ok(recorded("classic-cold.jsonl")), CLASSIC).await;
    assert!(solve.image_id.starts_with("sha256:"));
    insta::assert_snapshot!(steps(&solve), @r"
    -      Step 1/6 : FROM local/busybox:1 AS build
    -      Step 2/6 : WORKDIR /w
    -      Step 3/6 : COPY f /w/f
    -      Step 4/6 : RUN echo hello; echo err >&2
    -      Step 5/6 : FROM local/busybox:1
    -      Step 6/6 : COPY --from=build /w/f /f
    ");
    assert_eq!(solve.log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["err", "hello"]);
}

#[tokio::test]
async fn the_request_says_what_is_to_be_built() {
    let daemon = daemon(Answer::ok(trace::image()));
    build(&daemon, BUILDKIT).await.expect("it is built");
    let line = daemon.seen("POST /build").pop().expect("it was asked").line;
    for part in [
        "version=2",
        "session=loadline-",
        "nocache=true",
        "networkmode=host",
        "target=final",
        "t=wire%3Aa",
        "buildargs=%7B%22A%22%3A%22b+c%22%7D",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[tokio::test]
async fn an_error_inside_a_good_answer_fails_the_build() {
    let failure = failed(Answer::ok(recorded("buildkit-failed-run.jsonl")), BUILDKIT).await;
    assert_eq!(failure.message, "executor failed running [/bin/sh -c echo hello; exit 3]: exit code: 3");
    assert_eq!(failure.step.as_deref(), Some("[2/2] RUN echo hello; exit 3"));
    assert_eq!(failure.last_lines(5), ["hello"]);
    let failure = failed(Answer::ok(recorded("classic-failed-run.jsonl")), CLASSIC).await;
    assert_eq!(failure.step.as_deref(), Some("Step 2/2 : RUN echo hello; exit 3"));
    let failure = failed(Answer::ok(recorded("buildkit-missing-source.jsonl")), BUILDKIT).await;
    assert_eq!(failure.step.as_deref(), Some("[2/2] COPY nofile /"));
}

#[tokio::test]
async fn a_base_whose_registry_has_no_address_fails_the_build() {
    let message =
        "failed to do request: Head \"https://registry.invalid/v2/base/manifests/1\": dial tcp: lookup registry.invalid: no such host";
    let step = "[internal] load metadata for registry.invalid/base:1";
    let stream = [trace::vertex("sha256:a", step, message), trace::error(&format!("failed to solve: {message}"))].concat();
    let failure = failed(Answer::ok(stream), BUILDKIT).await;
    assert_eq!((failure.message.as_str(), failure.step.as_deref()), (message, Some(step)));
}

#[tokio::test]
async fn an_error_without_a_message_is_no_success() {
    let stream = [b"{\"errorDetail\":{\"code\":1}}\n".to_vec(), trace::image()].concat();
    let failure = failed(Answer::ok(stream), BUILDKIT).await;
    assert_eq!(failure.message, "error without a message, code 1");
}

#[tokio::test]
async fn a_refusal_of_the_dockerfile_is_a_failed_build_and_of_the_engine_is_not() {
    let body = r#"{"message":"dockerfile parse error line 2: unknown instruction: RUNN"}"#;
    let failure = failed(Answer::ok(body).status(400), CLASSIC).await;
    assert_eq!(failure.message, "dockerfile parse error line 2: unknown instruction: RUNN");
    let error = refused(Answer::ok(r#"{"message":"database is locked"}"#).status(500), BUILDKIT).await;
    assert!(matches!(error, EngineError::Refused { status: Some(500), .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_context_is_heard() {
    let body = r#"{"message":"dockerfile parse error"}"#;
    let daemon = daemon(Answer::ok(body).status(400).take(Take::Bytes(1)).end(End::Open));
    let folder = tempfile::tempdir().expect("a folder is made");
    let docker = daemon.connect().await;
    let outcome = docker.build(request(context(folder.path(), 50_000_000), CLASSIC), &ProgressSink::none()).await;
    assert!(matches!(outcome, Ok(BuildOutcome::Failed(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_stream_that_ends_without_an_image_is_incomplete() {
    for stream in [Vec::new(), trace::vertex("sha256:a", "[1/1] FROM x", ""), b"{}\n".to_vec()] {
        let error = refused(Answer::ok(stream), BUILDKIT).await;
        assert!(matches!(error, EngineError::Incomplete { missing: "an image id", .. }), "{error:?}");
    }
    let cut = recorded("classic-cold.jsonl");
    let steps_only: Vec<u8> = cut.split_inclusive(|b| *b == b'\n').take(6).flatten().copied().collect();
    let error = refused(Answer::ok(steps_only), CLASSIC).await;
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error:?}");
}

#[tokio::test]
async fn a_stream_that_is_cut_in_a_line_loses_the_engine() {
    let stream = recorded("buildkit-cold.jsonl");
    for length in [10, 1000, stream.len() / 2, stream.len() - 20] {
        for end in [End::Cut, End::Whole] {
            let error = refused(Answer::ok(&stream[..length]).end(end), BUILDKIT).await;
            assert!(matches!(error, EngineError::Lost { .. }), "{length} {end:?} {error:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_malformed() {
    for garbage in ["<html>go away</html>\n", "{\"stream\": 7}\n", "\u{0}\u{1}\n", "{\"aux\":{\"ID\":5}}\n"] {
        let error = refused(Answer::ok(garbage), BUILDKIT).await;
        assert!(matches!(error, EngineError::Malformed { .. }), "{garbage:?} {error:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_known_by_the_message_the_step_and_the_log() {
    let full = "write /var/lib/docker/tmp/x: no space left on device";
    let printed =
        [trace::vertex("sha256:a", "[1/1] RUN x", "exit code: 1"), trace::log("sha256:a", b"cp: No space left on device\n")].concat();
    let streams = [
        trace::error(full),
        [trace::vertex("sha256:a", "exporting to image", full), trace::error(full)].concat(),
        [printed, trace::error("exit code: 1")].concat(),
    ];
    for stream in streams {
        let error = refused(Answer::ok(stream), BUILDKIT).await;
        let EngineError::DataRootFull { failure: Some(failure), .. } = error else { panic!("{error:?}") };
        assert!(failure.step.is_none() || !failure.vertices.is_empty(), "the steps until then are kept");
    }
    let error = refused(Answer::ok(format!("{{\"message\":\"{full}\"}}")).status(500), BUILDKIT).await;
    assert!(matches!(error, EngineError::DataRootFull { .. }), "{error:?}");
}

#[tokio::test]
async fn an_engine_that_goes_down_or_loses_the_session_is_not_the_dockerfiles_fault() {
    let error = refused(Answer::ok(trace::error("failed to solve: rpc error: code = Canceled desc = context canceled")), BUILDKIT).await;
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
    let error = refused(Answer::ok(trace::error("no active session for loadline-1: context deadline exceeded")), BUILDKIT).await;
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_step_that_prints_ten_megabytes_without_a_line_end_is_bounded() {
    let noise = [b"\x1b[2J\x1b[31m".repeat(100), vec![b'x'; 30_000]].concat();
    let mut stream = trace::vertex("sha256:a", "[1/1] RUN \u{1b}]0;title\u{7}noise", "");
    for _ in 0..330 {
        stream.extend(trace::log("sha256:a", &noise));
    }
    stream.extend(trace::image());
    let solve = built(Answer::ok(stream), BUILDKIT).await;
    assert_eq!((solve.log.len(), solve.vertices[0].name.as_str()), (1, "[1/1] RUN noise"));
    assert!(solve.log[0].text.len() <= 4096 && !solve.log[0].text.contains('\u{1b}'));
}

#[tokio::test]
async fn a_step_that_prints_a_million_lines_keeps_the_last_ones() {
    let mut stream = trace::vertex("sha256:a", "[1/1] RUN x", "");
    for n in 0..100 {
        let lines: Vec<_> = (0..10_000).map(|m| (n * 10_000 + m).to_string()).collect();
        stream.extend(trace::log("sha256:a", format!("{}\n", lines.join("\n")).as_bytes()));
    }
    stream.extend(trace::image());
    let solve = built(Answer::ok(stream), BUILDKIT).await;
    assert_eq!(solve.log.len(), 10_001);
    assert_eq!(solve.log[0].text, "(990000 earlier lines are not kept)");
    assert_eq!(solve.log[10_000].text, "999999");
}

#[tokio::test]
async fn a_socket_that_closes_during_the_upload_loses_the_engine() {
    let daemon = daemon(Answer::ok("").take(Take::Bytes(1_000_000)).end(End::Cut));
    let folder = tempfile::tempdir().expect("a folder is made");
    let docker = daemon.connect().await;
    let error = docker.build(request(context(folder.path(), 50_000_000), BUILDKIT), &ProgressSink::none()).await.expect_err("it closed");
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_context_that_cannot_be_read_is_named_and_never_looks_whole() {
    let daemon = daemon(Answer::ok(trace::image()));
    let folder = tempfile::tempdir().expect("a folder is made");
    let context = context(folder.path(), 1000);
    std::fs::remove_file(folder.path().join("f")).expect("the file is removed");
    let docker = daemon.connect().await;
    let error = docker.build(request(context, BUILDKIT), &ProgressSink::none()).await.expect_err("a file is gone");
    assert!(matches!(error, EngineError::Context { .. }), "{error:?}");
    let seen = daemon.seen("POST /build");
    assert!(seen.iter().all(|seen| !seen.whole), "{seen:?}");
}

#[tokio::test]
async fn the_bytes_of_the_context_are_counted_even_where_the_engine_stops_reading() {
    let folder = tempfile::tempdir().expect("a folder is made");
    let context = context(folder.path(), 20_000_000);
    let bytes = context.write_tar(std::io::sink()).expect("the context is read");
    for take in [Take::All, Take::Bytes(1000)] {
        let daemon = daemon(Answer::ok(trace::image()).take(take).end(End::Open));
        let docker = daemon.connect().await;
        let outcome = docker.build(request(context.clone(), BUILDKIT), &ProgressSink::none()).await;
        assert!(matches!(&outcome, Ok(BuildOutcome::Built(solve)) if solve.context_bytes == bytes), "{outcome:?}");
    }
}
