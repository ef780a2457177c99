//! Engines behind TCP, TLS and ssh that are not as they should be, or go away.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::{BuildOutcome, BuilderVersion, Container, ContainerSpec, Engine, EngineError, ProgressSink};

use super::daemon::{Answer, Daemon, End, Take};
use super::front::{Clients, Front};
use super::{context, recorded, request, trace};
use crate::support::certificates::Authority;
use crate::support::chain;

fn endpoint(variables: &[(&str, &str)]) -> Endpoint {
    Endpoint::Variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

async fn over_tls(port: u16, folder: &Path) -> Result<Docker, EngineError> {
    let folder = folder.to_str().expect("text");
    let host = format!("tcp://127.0.0.1:{port}");
    Docker::connect(&endpoint(&[("DOCKER_HOST", &host), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", folder)])).await
}

async fn over_tcp(port: u16) -> Result<Docker, EngineError> {
    Docker::connect(&endpoint(&[("DOCKER_HOST", &format!("tcp://127.0.0.1:{port}"))])).await
}

/// What a refusal says, without what differs from run to run.
fn said(refused: Result<Docker, EngineError>, port: u16, authority: &Authority) -> String {
    let error = refused.expect_err("it is refused");
    assert!(error.is_fatal());
    let folder = authority.path("").display().to_string();
    chain(&error).replace(&port.to_string(), "PORT").replace(folder.trim_end_matches('/'), "CERTS")
}

#[tokio::test]
async fn an_engine_is_served_over_tcp_and_tls_as_over_its_socket() {
    let daemon = Daemon::start(vec![("POST /build", Answer::ok(recorded("buildkit-cold.jsonl")))]);
    let authority = Authority::new();
    let (engines, users) = (authority.issue("engine", "IP:127.0.0.1", 2), authority.issue("user", "DNS:user", 2));
    let plain = Front::plain(daemon.socket()).await;
    let tls = Front::tls(daemon.socket(), &engines, Clients::Known).await;
    let folder = tempfile::tempdir().expect("a folder is made");
    for (docker, encrypted) in [(over_tcp(plain.port()).await, false), (over_tls(tls.port(), &users).await, true)] {
        let docker = docker.expect("it answers");
        assert!(docker.endpoint().starts_with("tcp://127.0.0.1:") && !docker.is_remote() && docker.warnings().is_empty());
        assert_eq!(docker.is_tls(), encrypted);
        let request = request(context(folder.path(), 3_000_000), BuilderVersion::BuildKit);
        let built = docker.build(request, &ProgressSink::none()).await.expect("the engine answers");
        assert!(matches!(built, BuildOutcome::Built(_)), "{built:?}");
    }
    assert!(daemon.seen("POST /build").iter().all(|seen| seen.whole && seen.bytes > 3_000_000));
}

#[tokio::test]
async fn each_wrong_certificate_is_named_with_its_cause_and_its_cure() {
    let daemon = Daemon::start(Vec::new());
    let (authority, other) = (Authority::new(), Authority::new());
    let users = authority.issue("user", "DNS:user", 2);
    let mut told = Vec::new();
    for (name, names, days, clients) in
        [("expired", "IP:127.0.0.1", 0, Clients::Any), ("elsewhere", "DNS:elsewhere.example", 2, Clients::Any)]
    {
        let front = Front::tls(daemon.socket(), &authority.issue(name, names, days), clients).await;
        told.push(said(over_tls(front.port(), &users).await, front.port(), &authority));
    }
    let stranger = Front::tls(daemon.socket(), &other.issue("engine", "IP:127.0.0.1", 2), Clients::Any).await;
    told.push(said(over_tls(stranger.port(), &users).await, stranger.port(), &authority));

    let engine = Front::tls(daemon.socket(), &authority.issue("engine", "IP:127.0.0.1", 2), Clients::Known).await;
    let mut try_with = async |folder: &Path| told.push(said(over_tls(engine.port(), folder).await, engine.port(), &authority));
    let none = authority.path("none");
    fs::create_dir(&none).expect("a folder is made");
    try_with(&none).await;
    fs::copy(authority.path("ca.pem"), none.join("ca.pem")).expect("a copy");
    try_with(&none).await;
    let foreign = other.issue("user", "DNS:user", 2);
    fs::copy(authority.path("ca.pem"), foreign.join("ca.pem")).expect("a copy");
    fs::create_dir(authority.path("foreign")).expect("a folder is made");
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(foreign.join(name), authority.path("foreign").join(name)).expect("a copy");
    }
    try_with(&authority.path("foreign")).await;
    let wrong = authority.issue("wrong", "DNS:user", 2);
    fs::copy(users.join("key.pem"), wrong.join("key.pem")).expect("a copy");
    try_with(&wrong).await;
    authority.lock(&wrong);
    try_with(&wrong).await;
    fs::remove_file(wrong.join("key.pem")).expect("it is removed");
    try_with(&wrong).await;
    fs::write(wrong.join("key.pem"), "no key").expect("a file is written");
    try_with(&wrong).await;
    fs::write(wrong.join("cert.pem"), "no certificate").expect("a file is written");
    try_with(&wrong).await;
    try_with(&authority.issue("late", "DNS:user", 0)).await;
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn tls_to_a_plain_port_and_plain_text_to_a_tls_port_are_told_apart() {
    let daemon = Daemon::start(vec![("GET /version", Answer::ok("Client sent an HTTP request to an HTTPS server.\n").status(400))]);
    let authority = Authority::new();
    let engines = authority.issue("engine", "IP:127.0.0.1", 2);
    let deaf = tempfile::tempdir().expect("a folder is made");
    let hanging_up = deaf.path().join("s");
    let listener = tokio::net::UnixListener::bind(&hanging_up).expect("the socket is bound");
    let _deaf = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    // What Go's servers do: the plain one answers 400 to what is no HTTP, the one behind TLS answers it in plain text.
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is bound");
    let plain_port = plain.local_addr().expect("an address").port();
    let _server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.read(&mut [0; 100]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request").await;
        }
    });
    let told = [
        said(over_tls(plain_port, &engines).await, plain_port, &authority),
        {
            let front = Front::plain(daemon.socket()).await;
            said(over_tcp(front.port()).await, front.port(), &authority)
        },
        {
            let front = Front::tls(daemon.socket(), &engines, Clients::Any).await;
            said(over_tcp(front.port()).await, front.port(), &authority)
        },
        {
            let front = Front::plain(hanging_up).await;
            said(over_tcp(front.port()).await, front.port(), &authority)
        },
        {
            let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a port").port();
            said(over_tls(port, &engines).await, port, &authority)
        },
    ];
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_connection_that_is_cut_in_a_build_ends_it_as_a_lost_engine() {
    let answer = || Answer::ok(trace::vertex("sha256:a", "[1/1] RUN x", "")).end(End::Silence);
    let authority = Authority::new();
    let certs = authority.issue("engine", "IP:127.0.0.1", 2);
    let folder = tempfile::tempdir().expect("a folder is made");
    for encrypted in [false, true] {
        for (bytes, answer) in [(1000, answer()), (20_000_000, answer().take(Take::Bytes(100_000)))] {
            let daemon = Daemon::start(vec![("POST /build", answer)]);
            let (front, docker) = if encrypted {
                let front = Front::tls(daemon.socket(), &certs, Clients::Known).await;
                let docker = over_tls(front.port(), &certs).await;
                (front, docker)
            } else {
                let front = Front::plain(daemon.socket()).await;
                let docker = over_tcp(front.port()).await;
                (front, docker)
            };
            let docker = docker.expect("it answers");
            let request = request(context(folder.path(), bytes), BuilderVersion::BuildKit);
            let build = tokio::spawn(async move { docker.build(request, &ProgressSink::none()).await });
            super::connection::until("the build is under way", || !daemon.seen("POST /build").is_empty()).await;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            front.cut();
            let error = build.await.expect("no panic").expect_err("the engine is gone");
            assert!(matches!(error, EngineError::Lost { .. }) && error.is_fatal(), "{error:?}");
        }
    }
}

/// A folder with an `ssh` that is this script.
fn scripted_ssh(script: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder is made");
    let path = folder.path().join("ssh");
    fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("the script is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is made a program");
    let search = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("there is a path"));
    (folder, search)
}

/// An ssh whose far end is a port of this machine, whatever it is asked for.
fn bridge(port: u16) -> String {
    format!("echo \"$$ $*\" >>\"$(dirname \"$0\")/calls\"\nexec 3<>/dev/tcp/127.0.0.1/{port}\ncat <&0 >&3 2>/dev/null &\ncat <&3\nkill $!")
}

async fn over_ssh(search: &str) -> Result<Docker, EngineError> {
    Docker::connect(&endpoint(&[("DOCKER_HOST", "ssh://me@build.example:2222/run/d.sock"), ("PATH", search)])).await
}

#[tokio::test]
async fn each_connection_has_an_ssh_of_its_own_that_ends_with_it() {
    let daemon = Daemon::start(vec![("POST /build", Answer::ok(recorded("buildkit-cold.jsonl")))]);
    let front = Front::plain(daemon.socket()).await;
    let (folder, search) = scripted_ssh(&bridge(front.port()));
    let docker = over_ssh(&search).await.expect("it answers");
    assert!(docker.is_remote() && !docker.is_tls());
    assert_eq!(docker.endpoint(), "ssh://me@build.example:2222/run/d.sock");
    let context_folder = tempfile::tempdir().expect("a folder is made");
    let request = request(context(context_folder.path(), 500_000), BuilderVersion::BuildKit);
    let built = docker.build(request, &ProgressSink::none()).await.expect("the engine answers");
    assert!(matches!(built, BuildOutcome::Built(_)), "{built:?}");
    let calls = fs::read_to_string(folder.path().join("calls")).expect("ssh was called");
    let first = calls.lines().next().and_then(|call| call.split_once(' ')).expect("a call").1;
    insta::assert_snapshot!(first, @"-T -o BatchMode=yes -o ConnectTimeout=30 -o ClearAllForwardings=yes -o RemoteCommand=none -l me -p 2222 -- build.example docker --host='unix:///run/d.sock' system dial-stdio");
    let gone = |call: &str| !Path::new("/proc").join(call.split(' ').next().expect("a pid")).join("exe").exists();
    super::connection::until("every ssh has ended", || calls.lines().all(gone)).await;
}

#[tokio::test]
async fn an_ssh_that_fails_says_why() {
    for (script, says) in [
        ("echo 'me@build.example: Permission denied (publickey).' >&2; exit 255", "add yours with ssh-add"),
        ("cat >/dev/null & echo 'Host key verification failed.' >&2; exit 255", "connect once with ssh by hand"),
        ("echo 'bash: line 1: docker: command not found' >&2; exit 127", "install one there"),
        ("exit 3", "exit status: 3"),
    ] {
        let (_folder, search) = scripted_ssh(script);
        let error = over_ssh(&search).await.expect_err("there is no connection");
        let told = error.to_string();
        assert!(matches!(error, EngineError::Endpoint { .. }) && told.contains(says), "{told}");
    }
    let error = over_ssh("/nowhere").await.expect_err("there is no ssh");
    insta::assert_snapshot!(error, @"cannot use the engine that DOCKER_HOST=ssh://me@build.example:2222/run/d.sock names: there is no ssh program on the path; install openssh-client");
}

#[tokio::test]
async fn an_ssh_that_dies_in_a_build_ends_it_as_a_lost_engine_and_is_the_cause() {
    let answer = Answer::ok(trace::vertex("sha256:a", "[1/1] RUN x", "")).end(End::Silence);
    let daemon = Daemon::start(vec![("POST /build", answer)]);
    let front = Front::plain(daemon.socket()).await;
    let (_folder, search) = scripted_ssh(&bridge(front.port()).replace("\ncat <&3", "\ncat <&3; echo 'client_loop: broken' >&2; exit 255"));
    let docker = over_ssh(&search).await.expect("it answers");
    let folder = tempfile::tempdir().expect("a folder is made");
    let request = request(context(folder.path(), 1000), BuilderVersion::BuildKit);
    let build = tokio::spawn(async move { docker.build(request, &ProgressSink::none()).await });
    super::connection::until("the build is under way", || !daemon.seen("POST /build").is_empty()).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    front.cut();
    let error = build.await.expect("no panic").expect_err("the engine is gone");
    assert!(error.is_fatal() && chain(&error).contains("client_loop: broken"), "{}", chain(&error));
}

const RUNNING: &str = r#"{"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"PORT"}]}}}"#;

async fn started(docker: &Docker) -> Result<Container, EngineError> {
    docker
        .start(&ContainerSpec {
            image: "x:a".to_owned(),
            name: None,
            port: 80,
            labels: std::collections::BTreeMap::new(),
            env: std::collections::BTreeMap::new(),
            command: None,
        })
        .await
}

#[tokio::test]
async fn a_port_behind_ssh_is_reached_through_it_until_the_container_is_removed() {
    let app = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is bound");
    let app_port = app.local_addr().expect("an address").port();
    let running = RUNNING.replace("PORT", &app_port.to_string());
    let daemon = Daemon::start(vec![
        ("POST /containers/create", Answer::ok(r#"{"Id":"aa","Warnings":[]}"#)),
        ("POST /containers/aa/start", Answer::ok("")),
        ("GET /containers/aa/json", Answer::ok(running)),
        ("DELETE /containers/aa", Answer::ok("")),
    ]);
    let front = Front::plain(daemon.socket()).await;
    let to_app = format!("if [[ \" $* \" == *' -W 127.0.0.1:{app_port} '* ]]; then\n{}\nexit 0\nfi\n", bridge(app_port));
    let (_folder, search) = scripted_ssh(&format!("{to_app}{}", bridge(front.port())));
    let docker = over_ssh(&search).await.expect("it answers");
    let address = started(&docker).await.expect("it starts").address.expect("it runs");
    assert!(address.ip().is_loopback() && address.port() != app_port);
    let _server = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = app.accept().await {
            let _ = stream.write_all(b"from afar").await;
        }
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it is forwarded");
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await.expect("it answers");
    assert_eq!(text, "from afar");
    docker.remove_container("aa").await.expect("it is removed");
    super::connection::until("the port is closed", || std::net::TcpStream::connect(address).is_err()).await;
}

#[tokio::test]
async fn a_port_already_taken_is_tried_once_more_and_then_named() {
    let taken =
        r#"{"message":"driver failed programming external connectivity: Bind for 127.0.0.1:49153 failed: port is already allocated"}"#;
    let daemon = Daemon::start(vec![
        ("POST /containers/create", Answer::ok(r#"{"Id":"aa","Warnings":[]}"#)),
        ("POST /containers/aa/start", Answer::ok(taken).status(500)),
        ("DELETE /containers/aa", Answer::ok("")),
    ]);
    let error = started(&daemon.connect().await).await.expect_err("the port is taken");
    assert!(!error.is_fatal());
    insta::assert_snapshot!(error, @"cannot publish a port of x:a on 127.0.0.1 port 49153 of the engine's machine: driver failed programming external connectivity: Bind for 127.0.0.1:49153 failed: port is already allocated; stop what listens there, or run again");
    assert_eq!((daemon.seen("POST /containers/aa/start").len(), daemon.seen("DELETE /containers/aa").len()), (2, 2));
}

#[tokio::test]
async fn a_start_that_worked_at_the_second_try_counts_from_that_try() {
    let taken = Answer::ok(r#"{"message":"Bind for 127.0.0.1:49153 failed: port is already allocated"}"#).status(500).once();
    let daemon = Daemon::start(vec![
        ("POST /containers/create", Answer::ok(r#"{"Id":"aa","Warnings":[]}"#)),
        ("POST /containers/aa/start", taken),
        ("POST /containers/aa/start", Answer::ok("")),
        ("GET /containers/aa/json", Answer::ok(RUNNING.replace("PORT", "9"))),
        ("DELETE /containers/aa", Answer::ok("")),
    ]);
    let container = started(&daemon.connect().await).await.expect("it starts");
    let removed = &daemon.seen("DELETE /containers/aa")[0];
    assert!(removed.at.is_some_and(|at| at <= container.asked), "the first try is over by then");
    assert_eq!(daemon.seen("POST /containers/create").len(), 2);
}

#[tokio::test]
async fn a_container_has_the_name_that_it_is_asked_for_by() {
    let daemon = Daemon::start(vec![("POST /containers/create", Answer::ok(r#"{"message":"no"}"#).status(500))]);
    let spec = ContainerSpec {
        image: "x:a".to_owned(),
        name: Some("mine-1".to_owned()),
        port: 80,
        labels: [].into(),
        env: [].into(),
        command: None,
    };
    daemon.connect().await.start(&spec).await.expect_err("it is refused");
    assert!(daemon.seen("POST /containers/create")[0].line.contains("name=mine-1"));
}
