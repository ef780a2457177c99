//! Connecting, cancelling, and engines that hang.

use std::time::Duration;

use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::{BuilderVersion, Engine, EngineError, ProgressSink};

use super::daemon::{Answer, Daemon, End, Take};
use super::{context, request, trace};

pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain until {what}");
}

#[tokio::test]
async fn a_socket_without_an_engine_is_unreachable_and_the_cure_is_last() {
    let folder = tempfile::tempdir().expect("a folder is made");
    let path = folder.path().join("nothing");
    let error = Docker::connect(&Endpoint::Unix(path.clone())).await.expect_err("there is no socket");
    insta::assert_snapshot!(error.to_string().replace(path.to_str().expect("text"), "PATH"), @"no engine answers at unix://PATH; start it, or use --engine private on Linux as root");
    assert!(error.is_fatal());
    drop(std::os::unix::net::UnixListener::bind(&path).expect("the socket is bound"));
    let error = Docker::connect(&Endpoint::Unix(path)).await.expect_err("nobody listens");
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn something_else_behind_the_socket_is_no_engine() {
    for body in ["<html></html>", "{}", r#"{"ApiVersion":"newest"}"#, "{\"ApiVersion\":"] {
        let daemon = Daemon::start(vec![("GET /version", Answer::ok(body))]);
        let error = Docker::connect(&Endpoint::Unix(daemon.socket())).await.expect_err("it is no engine");
        assert!(matches!(error, EngineError::Unreachable { .. }), "{body} {error:?}");
    }
}

#[tokio::test]
async fn a_dropped_build_closes_its_connections_wherever_the_engine_stalls() {
    let folder = tempfile::tempdir().expect("a folder is made");
    let stalls = [
        Answer::ok("").take(Take::Bytes(1)).delay(Duration::from_secs(1)).end(End::Silence),
        Answer::ok("").delay(Duration::from_secs(1)).end(End::Silence),
        Answer::ok(trace::vertex("sha256:a", "[1/1] RUN x", "")).end(End::Silence),
        Answer::ok(trace::vertex("sha256:a", "[1/1] RUN x", "")).take(Take::Bytes(1)).end(End::Silence),
    ];
    for answer in stalls {
        let daemon = Daemon::start(vec![("POST /build", answer)]);
        let docker = daemon.connect().await;
        let request = request(context(folder.path(), 10_000_000), BuilderVersion::BuildKit);
        let build = tokio::spawn(async move { docker.build(request, &ProgressSink::none()).await.map(drop) });
        until("the build is asked for", || !daemon.seen("POST /build").is_empty()).await;
        build.abort();
        assert!(build.await.expect_err("it was dropped").is_cancelled());
        until("the connection is closed", || daemon.seen("POST /build")[0].closed).await;
    }
}

#[tokio::test]
async fn an_engine_that_answers_no_ping_is_given_up() {
    let silent = || Answer::ok("").delay(Duration::from_hours(1));
    let daemon = Daemon::start(vec![("POST /images/create", silent()), ("GET /_ping", silent())]);
    let docker = daemon.connect().await.with_patience(Duration::from_millis(300)).with_log(std::path::Path::new("/run/x/log"));
    let error = docker.pull("x/y:a", &ProgressSink::none()).await.expect_err("it hangs");
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
    insta::assert_snapshot!(
        error.to_string().replace(daemon.socket().to_str().expect("text"), "SOCKET"),
        @"the engine at unix://SOCKET went away during pull of x/y:a; its log is /run/x/log"
    );
    let cause = std::error::Error::source(&error).expect("it has a cause").to_string();
    assert_eq!(cause, "no answer to a ping within 300ms");
}

#[tokio::test]
async fn an_engine_that_is_only_slow_is_waited_for() {
    let body = "{\"status\":\"Status: Image is up to date for x/y:a\"}\n";
    let daemon = Daemon::start(vec![("POST /images/create", Answer::ok(body).delay(Duration::from_secs(2)))]);
    let docker = daemon.connect().await.with_patience(Duration::from_millis(300));
    docker.pull("x/y:a", &ProgressSink::none()).await.expect("it answers in the end");
    assert!(!daemon.seen("GET /_ping").is_empty());
}

#[tokio::test]
async fn an_engine_that_leaves_out_what_counts_is_incomplete() {
    let info = r#"{"ID":"A:B","Driver":"overlay2","KernelVersion":"6.1","DockerRootDir":"/d","OSType":"linux","Architecture":"aarch64","ServerVersion":""}"#;
    let daemon = Daemon::start(vec![("GET /info", Answer::ok(info)), ("GET /images/x", Answer::ok(r#"{"Id":"sha256:00"}"#))]);
    let docker = daemon.connect().await;
    let error = docker.info().await.expect_err("there is no version");
    assert!(matches!(error, EngineError::Incomplete { missing: "a version", .. }), "{error:?}");
    let error = docker.inspect("x:a").await.expect_err("there is no size");
    assert!(matches!(error, EngineError::Incomplete { missing: "a size", .. }), "{error:?}");
}

#[tokio::test]
async fn a_containerd_store_is_known() {
    let info = r#"{"ID":"A:B","Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"KernelVersion":"6.1","DockerRootDir":"/d","OSType":"linux","Architecture":"aarch64","ServerVersion":"28.5.2"}"#;
    let daemon = Daemon::start(vec![("GET /info", Answer::ok(info))]);
    let info = daemon.connect().await.info().await.expect("an answer");
    assert!(info.containerd_store);
    assert_eq!((info.platform.as_str(), info.store.as_str()), ("linux/arm64", "overlayfs"));
}
