//! A real daemon that listens on a TCP port behind TLS.

use super::{endpoint, found, free_port, lost_in_a_build, private_engine, script, whole_way};
use crate::support::certificates::Authority;
use crate::support::live_with;
use crate::support::machine::among_others;

use loadline::rig::docker::Docker;
use loadline::rig::{Engine, EngineError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_behind_tls_builds_and_runs_and_takes_no_stranger() {
    if !live_with("live::endpoints::tls::a_daemon_behind_tls_builds_and_runs_and_takes_no_stranger", &[("openssl", "openssl")]) {
        return;
    }
    let _among_others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
    let authority = Authority::new();
    let (engines, users) = (authority.issue("engine", "IP:127.0.0.1", 2), authority.issue("user", "DNS:user", 2));
    let (port, daemon) = (free_port(), authority.path("behind-tls"));
    let certs = engines.display();
    script(
        &daemon,
        &format!(
            "case \"$*\" in *unix:*) set -- \"$@\" -H tcp://127.0.0.1:{port} --tlsverify --tlscacert {certs}/ca.pem --tlscert {certs}/cert.pem \
             --tlskey {certs}/key.pem;; esac\nexec {} \"$@\"",
            found("dockerd").display()
        ),
    );
    let engine = private_engine(Some(daemon)).await;
    let (host, folder) = (format!("tcp://127.0.0.1:{port}"), users.display().to_string());
    let variables = [("DOCKER_HOST", host.as_str()), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &folder)];
    let docker = Docker::connect(&endpoint(&variables)).await.expect("it answers");
    assert!(docker.is_tls() && !docker.is_remote() && docker.warnings().is_empty());
    assert_eq!(docker.info().await.expect("an answer").platform.split('/').next(), Some("linux"));
    whole_way(&docker).await;

    let others = Authority::new();
    let stranger = others.issue("stranger", "DNS:user", 2);
    std::fs::copy(authority.path("ca.pem"), stranger.join("ca.pem")).expect("a copy");
    let stranger = stranger.display().to_string();
    for (folder, says) in [(stranger.as_str(), "it does not take the certificate in "), ("/nowhere", "/nowhere/ca.pem is not there")] {
        let variables = [variables[0], variables[1], ("DOCKER_CERT_PATH", folder)];
        // The engine's refusal overtakes the request at one time and comes after it at another.
        for _ in 0..50 {
            let told = Docker::connect(&endpoint(&variables)).await.expect_err("it is refused").to_string();
            assert!(told.contains(says), "{told}");
        }
    }
    let told = Docker::connect(&endpoint(&variables[..1])).await.expect_err("it is refused").to_string();
    assert!(told.contains("set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"), "{told}");

    let daemon = rustix::process::Pid::from_raw(i32::try_from(engine.daemon_pid()).expect("a pid")).expect("a pid");
    let error =
        lost_in_a_build(&docker, || rustix::process::kill_process(daemon, rustix::process::Signal::KILL).expect("it is killed")).await;
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
    drop(engine);
}
