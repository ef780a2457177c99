//! Start, reset and stop.

use loadline::image::weigh;
use loadline::rig::registry::{Registry, RegistryError, RegistryOptions};
use tokio::io::AsyncWriteExt as _;

use super::client::Client;
use super::{Rig, gzip, push_image, rig};
use crate::support::layers::layer;

#[tokio::test]
async fn more_open_uploads_than_anyone_needs_are_refused() {
    let rig = rig().await;
    let mut stream = rig.client.connect().await;
    let post = b"POST /v2/x/blobs/uploads/ HTTP/1.1\r\nHost: r\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(&post.repeat(256)).await.expect("the registry reads");
    while rig.files("uploads") < 256 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let reply = rig.client.send("POST", "/v2/x/blobs/uploads/", &[], b"").await;
    assert_eq!((reply.status, reply.code().as_str(), rig.files("uploads")), (429, "TOOMANYREQUESTS", 256));
    rig.registry.reset("").expect("a reset");
    assert_eq!(rig.files("uploads"), 0);
    rig.client.open("x").await;
}

#[tokio::test]
async fn a_reset_keeps_the_repositories_it_is_told_to_and_the_blobs_they_share() {
    let rig = rig().await;
    let (base, app) = (layer(b"base"), layer(b"app"));
    let shared = gzip(&base);
    push_image(rig.client, "library/golang", &[&base], &[&shared]).await;
    push_image(rig.client, "run-1/x", &[&base, &app], &[&shared, &gzip(&app)]).await;
    assert_eq!((rig.files("blobs"), rig.files("manifests")), (4, 2));
    rig.registry.reset("library/").expect("a reset");
    assert_eq!((rig.files("blobs"), rig.files("manifests")), (2, 1));
    weigh(&rig.registry.image("library/golang", "a").expect("kept")).expect("sound");
    let gone = rig.registry.image("run-1/x", "a").expect_err("forgotten");
    assert!(matches!(&gone, RegistryError::UnknownImage { image } if image == "run-1/x:a"), "{gone}");
    rig.registry.forget_repository("library/golang").expect("a reset");
    assert_eq!((rig.files("blobs"), rig.files("manifests")), (0, 0));
}

#[tokio::test]
async fn a_repository_is_taken_back_to_one_of_its_tags() {
    let rig = rig().await;
    let (base, app) = (layer(b"base"), layer(b"app"));
    let shared = gzip(&base);
    push_image(rig.client, "run-1/x", &[&base, &app], &[&shared, &gzip(&app)]).await;
    rig.client.push("run-1/x", b"of another image").await;
    push_image(rig.client, "run-1/y", &[&base], &[&shared]).await;
    assert_eq!((rig.files("blobs"), rig.files("manifests")), (5, 2));
    rig.registry.keep_tag("run-1/x", "a").expect("it has the tag");
    assert_eq!((rig.files("blobs"), rig.files("manifests")), (4, 2));
    for repository in ["run-1/x", "run-1/y"] {
        weigh(&rig.registry.image(repository, "a").expect("kept")).expect("sound");
    }
    for (repository, tag) in [("run-1/x", "b"), ("run-1/z", "a"), ("run-1/x", "no tag")] {
        assert!(matches!(rig.registry.keep_tag(repository, tag), Err(RegistryError::UnknownImage { .. })), "{repository}:{tag}");
    }
}

#[tokio::test]
async fn a_stop_cuts_an_upload_in_the_middle_and_leaves_an_empty_folder() {
    let rig = rig().await;
    let (mark, location) = (rig.registry.mark(), rig.client.open("x").await);
    let mut stream = rig.client.connect().await;
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: r\r\nContent-Length: 1000000\r\n\r\nhello");
    stream.write_all(head.as_bytes()).await.expect("the registry reads");
    while rig.registry.moved_since(&mark).uploaded == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    rig.registry.stop().await.expect("a stop");
    let mut answer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
    assert!(read.is_err() || answer.is_empty(), "the connection is cut without an answer");
    assert!(tokio::net::TcpStream::connect(rig.registry.address()).await.is_err(), "nothing listens any more");
    let left = std::fs::read_dir(rig.directory.path().join("registry")).expect("the folder stays").count();
    assert_eq!(left, 0);
    assert_eq!(rig.registry.since(&mark).unfinished.uploaded, 5, "the books can still be read");
    rig.registry.stop().await.expect("a second stop does nothing");
}

#[tokio::test]
async fn a_dropped_registry_is_gone() {
    let Rig { registry, client, directory } = rig().await;
    client.push("x", b"blob").await;
    drop(registry);
    let left = std::fs::read_dir(directory.path().join("registry")).expect("the folder stays").count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_registry_is_not_started_where_it_would_do_harm() {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let options = RegistryOptions { address: [0, 0, 0, 0].into(), ..RegistryOptions::new(directory.path()) };
    let error = Registry::start(options).await.expect_err("reachable from outside");
    assert!(matches!(error, RegistryError::NotLoopback { .. }), "{error}");
    std::fs::write(directory.path().join("thesis.txt"), "years of work").expect("a file");
    let error = Registry::start(RegistryOptions::new(directory.path())).await.expect_err("a folder with something in it");
    assert!(matches!(error, RegistryError::NotEmpty { .. }), "{error}");
    assert!(directory.path().join("thesis.txt").exists());
    assert!(std::fs::read_dir(directory.path()).expect("the folder").count() == 1);
}

#[tokio::test]
async fn another_loopback_address_serves_as_well() {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let options = RegistryOptions { address: [127, 0, 0, 7].into(), ..RegistryOptions::new(directory.path()) };
    let registry = Registry::start(options).await.expect("the registry starts");
    assert_eq!(registry.address().ip().to_string(), "127.0.0.7");
    assert_eq!(Client(registry.address()).get("/v2/").await.status, 200);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_fails_the_request_and_not_the_registry() {
    let rig = rig().await;
    std::fs::remove_dir(rig.directory.path().join("registry/uploads")).expect("the folder for uploads");
    let reply = rig.client.send("POST", "/v2/x/blobs/uploads/", &[], b"").await;
    assert_eq!((reply.status, reply.code().as_str()), (500, "UNKNOWN"));
    assert_eq!(rig.client.get("/v2/").await.status, 200);
}
