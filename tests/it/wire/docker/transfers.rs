//! Push and pull.

use loadline::rig::{Engine, EngineError, ProgressSink, Transfer};

use super::daemon::{Answer, Daemon, End};
use super::{recorded, trace};

async fn push(answer: Answer) -> Result<Transfer, EngineError> {
    let daemon = Daemon::start(vec![("POST /images/127.0.0.1:5000/x/push?tag=a", answer)]);
    daemon.connect().await.push("127.0.0.1:5000/x:a", &ProgressSink::none()).await
}

async fn pull(answer: Answer) -> Result<Transfer, EngineError> {
    let daemon = Daemon::start(vec![("POST /images/create?fromImage=127.0.0.1%3A5000%2Fx&tag=a", answer)]);
    daemon.connect().await.pull("127.0.0.1:5000/x:a", &ProgressSink::none()).await
}

#[tokio::test]
async fn a_recorded_push_gives_its_digest() {
    let transfer = push(Answer::ok(recorded("push.jsonl"))).await.expect("it is pushed");
    assert_eq!(transfer.digest.as_deref(), Some("sha256:da9233996534162b88d549c16fb6f3ff3b5ca43d2f8abd12905cb6df72dd6fca"));
    assert_eq!(transfer.already_present, 0);
}

#[tokio::test]
async fn a_recorded_pull_gives_its_phases_and_what_was_there() {
    let transfer = pull(Answer::ok(recorded("pull.jsonl"))).await.expect("it is pulled");
    assert_eq!(transfer.digest.as_deref(), Some("sha256:da9233996534162b88d549c16fb6f3ff3b5ca43d2f8abd12905cb6df72dd6fca"));
    assert_eq!(transfer.phases.iter().map(|phase| phase.name).collect::<Vec<_>>(), ["download", "extract"]);
    assert_eq!(transfer.already_present, 1);
}

#[tokio::test]
async fn an_error_after_progress_is_a_failed_push() {
    let mut stream = recorded("push.jsonl");
    stream.truncate(stream.len() / 2);
    let end = stream.iter().rposition(|b| *b == b'\n').expect("a line ends") + 1;
    stream.truncate(end);
    stream.extend(trace::error("received unexpected HTTP status: 507 Insufficient Storage"));
    for stream in [stream, recorded("push-refused.jsonl"), recorded("push-none.jsonl")] {
        let error = push(Answer::ok(stream)).await.expect_err("it failed");
        assert!(matches!(error, EngineError::Refused { status: None, .. }) && !error.is_fatal(), "{error:?}");
    }
}

#[tokio::test]
async fn a_push_that_ends_without_a_digest_is_incomplete() {
    let stream = recorded("push.jsonl");
    let lines: Vec<&[u8]> = stream.split_inclusive(|b| *b == b'\n').collect();
    let error = push(Answer::ok(lines[..lines.len() - 2].concat())).await.expect_err("no manifest went");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_manifest_is_refused_with_its_status() {
    let body = r#"{"message":"manifest for 127.0.0.1:5000/x:a not found: manifest unknown: manifest unknown"}"#;
    let error = pull(Answer::ok(body).status(404)).await.expect_err("there is none");
    insta::assert_snapshot!(error, @"pull of 127.0.0.1:5000/x:a failed: manifest for 127.0.0.1:5000/x:a not found: manifest unknown: manifest unknown");
    assert!(matches!(error, EngineError::Refused { status: Some(404), .. }), "{error:?}");
}

#[tokio::test]
async fn a_pull_that_is_cut_or_ends_early_is_no_pull() {
    let stream = recorded("pull.jsonl");
    let error = pull(Answer::ok(&stream[..stream.len() / 2]).end(End::Cut)).await.expect_err("it was cut");
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
    let lines: Vec<&[u8]> = stream.split_inclusive(|b| *b == b'\n').collect();
    let error = pull(Answer::ok(lines[..lines.len() - 1].concat())).await.expect_err("it ended early");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error:?}");
    let full = trace::error("failed to register layer: write /x: no space left on device");
    let error = pull(Answer::ok(full)).await.expect_err("the disk is full");
    assert!(matches!(error, EngineError::DataRootFull { .. }), "{error:?}");
}

#[tokio::test]
async fn a_looked_up_name_gives_the_registrys_digest_or_an_error() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let known = format!(r#"{{"Descriptor":{{"mediaType":"x","digest":"{digest}","size":1}},"Platforms":[]}}"#);
    let unknown = r#"{"Descriptor":{"mediaType":"x","size":1},"Platforms":[]}"#;
    let none = r#"{"message":"manifest unknown"}"#;
    let daemon = Daemon::start(vec![
        ("GET /distribution/x/known:a/json", Answer::ok(known)),
        ("GET /distribution/x/unknown:a/json", Answer::ok(unknown)),
        ("GET /distribution/x/none:a/json", Answer::ok(none).status(404)),
    ]);
    let docker = daemon.connect().await;
    assert_eq!(docker.resolve("x/known:a").await.expect("it is known"), digest);
    let error = docker.resolve("x/unknown:a").await.expect_err("there is no digest");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error:?}");
    let error = docker.resolve("x/none:a").await.expect_err("there is no manifest");
    assert!(matches!(error, EngineError::Refused { status: Some(404), .. }), "{error:?}");
}
