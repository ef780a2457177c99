//! Containers.

use std::time::Duration;

use loadline::rig::{ContainerSpec, ContainerState, Engine, EngineError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Live;
use crate::support::live_or_skip;
use crate::support::tiny;

fn spec(image: &str) -> ContainerSpec {
    ContainerSpec {
        image: image.to_owned(),
        name: None,
        port: 5000,
        labels: [("loadline.test".to_owned(), "1".to_owned())].into(),
        env: [].into(),
        command: None,
    }
}

/// Imports the tiny root file system under another name, with another command.
async fn image(live: &Live, name: &str, change: &str) {
    let tar = live.path("image.tar");
    std::fs::write(&tar, tiny::root()).expect("the root file system is written");
    live.docker.import(&tar, name, &[change.to_owned()]).await.expect("the engine takes the image");
}

/// An image of Debian's docker-registry: a server of one program, one library and one file.
async fn server(live: &Live) {
    const CONFIG: &str = "version: 0.1\nstorage:\n  inmemory: {}\nhttp:\n  addr: :5000\n";
    let mut tar = tar::Builder::new(std::fs::File::create(live.path("server.tar")).expect("the archive is made"));
    for file in ["usr/bin/docker-registry", "lib/x86_64-linux-gnu/libc.so.6", "lib64/ld-linux-x86-64.so.2"] {
        let Ok(path) = std::path::Path::new("/").join(file).canonicalize() else { continue };
        tar.append_path_with_name(path, file).expect("it is packed");
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(CONFIG.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "c.yml", CONFIG.as_bytes()).expect("it is packed");
    tar.finish().expect("the archive is complete");
    let command = "CMD [\"/usr/bin/docker-registry\", \"serve\", \"/c.yml\"]".to_owned();
    live.docker.import(&live.path("server.tar"), "server:1", &[command]).await.expect("the engine takes the image");
}

async fn get(address: std::net::SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET /v2/ HTTP/1.0\r\nHost: x\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    (!answer.is_empty()).then_some(answer)
}

#[tokio::test]
async fn a_container_answers_on_its_published_port_until_it_is_removed() {
    if !live_or_skip("live::docker::containers::a_container_answers_on_its_published_port_until_it_is_removed") {
        return;
    }
    let live = Live::start().await;
    server(&live).await;
    let container = live.docker.start(&spec("server:1")).await.expect("it starts");
    let address = container.address.expect("it runs");
    assert!(address.ip().is_loopback());
    let mut answer = None;
    for _ in 0..200 {
        answer = get(address).await;
        if answer.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answer.expect("it answers").starts_with("HTTP/1.0 200"));
    assert_eq!(live.docker.container_state(&container.id).await.expect("an answer"), ContainerState::Running);
    live.docker.remove_container(&container.id).await.expect("it is removed");
    assert_eq!(get(address).await, None);
    live.docker.remove_container(&container.id).await.expect("one that is gone is removed");
    let error = live.docker.container_state(&container.id).await.expect_err("it is gone");
    assert!(matches!(error, EngineError::Refused { status: Some(404), .. }), "{error:?}");
}

#[tokio::test]
async fn a_container_that_ends_at_once_leaves_its_code_and_its_log() {
    if !live_or_skip("live::docker::containers::a_container_that_ends_at_once_leaves_its_code_and_its_log") {
        return;
    }
    let live = Live::start().await;
    let script = "i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done; printf '\\033[1mlast' >&2; exit 5";
    image(&live, "ends:1", &format!("CMD {script}")).await;
    let container = live.docker.start(&spec("ends:1")).await.expect("it starts");
    let mut state = ContainerState::Running;
    for _ in 0..200 {
        state = live.docker.container_state(&container.id).await.expect("an answer");
        if state != ContainerState::Running {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(state, ContainerState::Exited(5));
    let log = live.docker.container_log(&container.id, 3).await.expect("an answer");
    assert!(log.len() == 3 && log.contains(&"last".to_owned()) && log.contains(&"line 99".to_owned()), "{log:?}");
}

#[tokio::test]
async fn a_container_that_cannot_start_says_why_and_leaves_nothing() {
    if !live_or_skip("live::docker::containers::a_container_that_cannot_start_says_why_and_leaves_nothing") {
        return;
    }
    let live = Live::start().await;
    image(&live, "wrong:1", "CMD [\"/no/such/program\"]").await;
    image(&live, "empty:1", "ENV A=b").await;
    for (name, says) in [("wrong:1", "/no/such/program"), ("empty:1", "No command specified")] {
        let error = live.docker.start(&spec(name)).await.expect_err("it cannot start");
        assert!(matches!(&error, EngineError::NotStarted { message, .. } if message.contains(says)), "{error:?}");
        assert!(!error.is_fatal());
    }
    let error = live.docker.start(&spec("nosuch:1")).await.expect_err("there is no image");
    assert!(matches!(error, EngineError::Refused { status: Some(404), .. }), "{error:?}");
    // Without force an image that a container uses is not removed: its removal shows that none is left.
    live.docker.remove_image("wrong:1").await.expect("no container uses it");
    assert_eq!(live.docker.inspect("wrong:1").await.expect("an answer"), None);
}
