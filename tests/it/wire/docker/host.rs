//! What a run on the user's own engine asks: whether it reaches the registry, its build cache, an image as a stream.

use std::io::Read;
use std::time::{Duration, Instant};

use loadline::rig::host::{Folder, probe};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{Engine, EngineError};

use super::daemon::{Answer, Daemon, End};

const IMPORTED: &str = "{\"status\":\"sha256:505b969d000000000000000000000000000000000000000000000000000000aa\"}\n";

/// What is made of an engine that answers a push so; and how often it was told to remove the image.
async fn asked(push: Answer) -> (Result<Option<String>, EngineError>, usize) {
    let daemon = Daemon::start(vec![
        ("POST /images/create", Answer::ok(IMPORTED)),
        ("POST /images/", push),
        ("DELETE /images/127.0.0.1", Answer::ok("[]")),
    ]);
    let (engine, folder) = (daemon.connect().await, Folder::make().expect("a folder"));
    let registry = Registry::start(RegistryOptions::new(folder.path().join("blobs"))).await.expect("the registry starts");
    let told = probe(&engine, &registry, &folder, "run", Duration::from_secs(1)).await;
    (told, daemon.seen("DELETE /images/127.0.0.1").len())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_cannot_reach_the_registry_is_quoted_and_keeps_no_image() {
    let words = "Get \\\"https://127.0.0.1:1/v2/\\\": http: server gave HTTP response to HTTPS client";
    let refusal = format!("{{\"errorDetail\":{{\"message\":\"{words}\"}},\"error\":\"{words}\"}}\n");
    let (told, removed) = asked(Answer::ok(refusal)).await;
    assert!(told.expect("an answer").is_some_and(|why| why.contains("http: server gave HTTP response to HTTPS client")));
    assert_eq!(removed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_whose_packets_get_lost_is_not_waited_for() {
    let begun = Instant::now();
    let (told, removed) = asked(Answer::ok("").end(End::Silence)).await;
    assert!(told.expect("an answer").is_some_and(|why| why.contains("no answer within 1s")));
    assert!(removed == 1 && begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_arrives_somewhere_else_is_no_push() {
    let digest = "sha256:505b969d000000000000000000000000000000000000000000000000000000aa";
    let pushed =
        format!("{{\"status\":\"x: digest: {digest} size: 500\"}}\n{{\"aux\":{{\"Tag\":\"x\",\"Digest\":\"{digest}\",\"Size\":500}}}}\n");
    let (told, _) = asked(Answer::ok(pushed)).await;
    assert!(told.expect("an answer").is_some_and(|why| why.contains("something else that listens")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_build_cache_is_read_from_the_engines_account_of_its_disk() {
    let account = r#"{"LayersSize":9,"BuildCache":[{"ID":"abc","Size":5,"Description":"pulled from docker.io/library/x:1@sha256:00"}]}"#;
    let daemon = Daemon::start(vec![("GET /system/df?type=build-cache", Answer::ok(account))]);
    let records = daemon.connect().await.build_cache().await.expect("an account");
    assert_eq!((records[0].id.as_str(), records[0].bytes), ("abc", 5));
    let daemon = Daemon::start(vec![("GET /system/df", Answer::ok("{}"))]);
    let error = daemon.connect().await.build_cache().await.expect_err("nothing is said").to_string();
    assert!(error.contains("the records of the build cache"), "{error}");
}

/// The bytes of an export, or the error.
async fn exported(answer: Answer) -> Result<usize, EngineError> {
    let daemon = Daemon::start(vec![("GET /images/sha256:00/get", answer)]);
    let count = |archive: &mut dyn Read| {
        std::io::copy(archive, &mut std::io::sink()).ok().and_then(|read| usize::try_from(read).ok()).unwrap_or_default()
    };
    daemon.connect().await.export("sha256:00", count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_counts_only_when_it_came_whole() {
    let whole = vec![0; 200 * 1024];
    assert_eq!(exported(Answer::ok(whole.clone())).await.expect("an archive"), whole.len());
    assert!(exported(Answer::ok(whole.clone()).end(End::Cut)).await.is_err_and(|error| error.is_fatal()));
    let broken = [&whole[..512], b"{\"errorDetail\":{\"message\":\"no such file\"}}"].concat();
    assert!(exported(Answer::ok(broken)).await.is_err_and(|error| error.to_string().contains("no such file")));
    assert!(exported(Answer::ok(r#"{"message":"no such image"}"#).status(404)).await.is_err_and(|error| !error.is_fatal()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_enough_does_not_stall_an_export() {
    let daemon = Daemon::start(vec![("GET /images/sha256:00/get", Answer::ok(vec![0; 4 << 20]))]);
    let read = daemon.connect().await.export("sha256:00", |_| "enough").await.expect("an archive");
    assert_eq!(read, "enough");
}
