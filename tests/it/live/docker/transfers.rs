//! Push, pull and prune, against Debian's docker-registry.

use std::net::TcpListener;
use std::process::Stdio;

use loadline::rig::{Engine, EngineError, Progress, ProgressSink};
use tokio::process::{Child, Command};

use super::{Live, hearing};
use crate::support::{live_or_skip, tiny};

/// A registry on a free port of 127.0.0.1; killed when dropped.
struct Registry {
    host: String,
    _process: Child,
}

impl Registry {
    async fn start(live: &Live) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port is free").port();
        let host = format!("127.0.0.1:{port}");
        let root = live.path("registry");
        let config = format!("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {host}\n", root.display());
        let path = live.path("registry.yml");
        std::fs::write(&path, config).expect("the settings are written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(path).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().expect("docker-registry is installed");
        while tokio::net::TcpStream::connect(&host).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { host, _process: process }
    }
}

#[tokio::test]
async fn an_image_comes_back_from_a_registry_as_it_went() {
    if !live_or_skip("live::docker::transfers::an_image_comes_back_from_a_registry_as_it_went") {
        return;
    }
    let live = Live::start().await;
    let registry = Registry::start(&live).await;
    let name = format!("{}/deep/name/x:a", registry.host);
    live.built(live.request("FROM tiny:1\nRUN dd if=/dev/urandom of=/r bs=1000000 count=20\n", &[])).await;
    live.docker.tag("live:a", &name).await.expect("it is tagged");
    let image = live.docker.inspect(&name).await.expect("an answer").expect("it is there");
    let pushed = live.docker.push(&name, &ProgressSink::none()).await.expect("it is pushed");
    assert_eq!(pushed.already_present, 0);
    let again = live.docker.push(&name, &ProgressSink::none()).await.expect("it is pushed");
    assert_eq!((again.already_present, again.digest.clone()), (2, pushed.digest.clone()));

    live.docker.prune(&[tiny::TINY.to_owned()]).await.expect("the engine is pruned");
    assert_eq!(live.docker.inspect(&name).await.expect("an answer"), None);
    assert!(live.docker.inspect(tiny::TINY).await.expect("an answer").is_some());
    live.docker.prune(&[]).await.expect("the engine is pruned");

    let (sink, heard) = hearing();
    let pulled = live.docker.pull(&name, &sink).await.expect("it is pulled");
    assert_eq!((pulled.already_present, &pulled.digest), (0, &pushed.digest));
    assert_eq!(pulled.phases.iter().map(|phase| phase.name).collect::<Vec<_>>(), ["download", "extract"]);
    assert!(pulled.phases.iter().all(|phase| 0.0 <= phase.from && phase.from <= phase.to && phase.to <= pulled.seconds));
    assert!(heard.lock().expect("no panic").iter().any(|p| matches!(p, Progress::Layer { total: Some(total), .. } if *total > 20_000_000)));
    let back = live.docker.inspect(&name).await.expect("an answer").expect("it is there");
    assert_eq!((back.id, back.diff_ids), (image.id, image.diff_ids));

    let digest = format!("{}/deep/name/x@{}", registry.host, pushed.digest.expect("a digest"));
    let by_digest = live.docker.pull(&digest, &ProgressSink::none()).await.expect("it is pulled");
    assert_eq!(by_digest.digest, pulled.digest);
}

#[tokio::test]
async fn a_transfer_that_cannot_be_is_refused_in_the_engines_words() {
    if !live_or_skip("live::docker::transfers::a_transfer_that_cannot_be_is_refused_in_the_engines_words") {
        return;
    }
    let live = Live::start().await;
    let registry = Registry::start(&live).await;
    let missing = format!("{}/x:nosuch", registry.host);
    let error = live.docker.pull(&missing, &ProgressSink::none()).await.expect_err("there is no such tag");
    assert!(matches!(&error, EngineError::Refused { message, .. } if message.contains("not found")), "{error:?}");
    let error = live.docker.push(&missing, &ProgressSink::none()).await.expect_err("there is no such image");
    assert!(matches!(&error, EngineError::Refused { message, .. } if message.contains("does not exist locally")), "{error:?}");
    live.docker.tag(tiny::TINY, "127.0.0.1:9/x:a").await.expect("it is tagged");
    let error = live.docker.push("127.0.0.1:9/x:a", &ProgressSink::none()).await.expect_err("nothing listens");
    assert!(matches!(&error, EngineError::Refused { message, .. } if message.contains("connection refused")), "{error:?}");
}

#[tokio::test]
async fn pruning_keeps_the_named_and_nothing_else() {
    if !live_or_skip("live::docker::transfers::pruning_keeps_the_named_and_nothing_else") {
        return;
    }
    let live = Live::start().await;
    let classic = loadline::rig::BuilderVersion::Classic;
    // Two dangling images, a chain of the classic builder's, a container, and a kept image with a second name.
    for n in 0..3 {
        live.built(live.request(&format!("FROM tiny:1\nRUN echo {n} > /n\n"), &[])).await;
        live.built(loadline::rig::BuildRequest {
            builder: classic,
            ..live.request(&format!("FROM live:a\nRUN echo {n}\nRUN echo {n} > /m\n"), &[])
        })
        .await;
    }
    live.docker.tag("live:a", "docker.io/library/kept:1").await.expect("it is tagged");
    live.docker.tag("live:a", "other:1").await.expect("it is tagged");
    let spec = loadline::rig::ContainerSpec {
        image: tiny::TINY.to_owned(),
        name: None,
        port: 80,
        labels: [].into(),
        env: [].into(),
        command: None,
    };
    let container = live.docker.start(&spec).await.expect("it starts");
    live.docker.prune(&["docker.io/library/kept:1".to_owned()]).await.expect("the engine is pruned");
    assert!(live.docker.container_state(&container.id).await.is_err());
    let kept = live.docker.inspect("kept:1").await.expect("an answer").expect("it is kept");
    assert!(live.docker.inspect(tiny::TINY).await.expect("an answer").is_none());
    assert!(kept.repo_tags.contains(&"kept:1".to_owned()));
    live.docker.prune(&[]).await.expect("the engine is pruned");
    assert_eq!(live.docker.inspect("kept:1").await.expect("an answer"), None);
}
