//! Archives, names, and what the engine says about itself.

use loadline::rig::{Engine, EngineError};

use super::Live;
use crate::support::{live_or_skip, tiny};

#[tokio::test]
async fn a_saved_image_loads_with_all_its_names() {
    if !live_or_skip("live::docker::archives::a_saved_image_loads_with_all_its_names") {
        return;
    }
    let live = Live::start().await;
    live.docker.tag(tiny::TINY, "second:name").await.expect("it is tagged");
    let before = live.docker.inspect(tiny::TINY).await.expect("an answer").expect("it is there");
    let archive = live.path("saved.tar");
    live.docker.save(&[tiny::TINY.to_owned(), "second:name".to_owned()], &archive).await.expect("it is saved");
    live.docker.prune(&[]).await.expect("the engine is pruned");
    live.docker.load(&archive).await.expect("it is loaded");
    let after = live.docker.inspect("second:name").await.expect("an answer").expect("it is there");
    assert_eq!((before.id, before.diff_ids), (after.id, after.diff_ids));
    assert_eq!(after.repo_tags.len(), 2);
}

#[tokio::test]
async fn an_archive_that_is_not_whole_is_neither_loaded_nor_left() {
    if !live_or_skip("live::docker::archives::an_archive_that_is_not_whole_is_neither_loaded_nor_left") {
        return;
    }
    let live = Live::start().await;
    let archive = live.path("saved.tar");
    let error = live.docker.save(&["nosuch:1".to_owned()], &archive).await.expect_err("there is no such image");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(!archive.exists());
    let error = live.docker.load(&live.path("nofile")).await.expect_err("there is no such file");
    assert!(matches!(error, EngineError::File { action: "read", .. }), "{error:?}");
    std::fs::write(&archive, b"no archive").expect("a file is written");
    let error = live.docker.load(&archive).await.expect_err("it is no archive");
    assert!(matches!(error, EngineError::Refused { .. } | EngineError::Incomplete { .. }), "{error:?}");
    let error = live.docker.load(live.folder.path()).await.expect_err("it is a folder");
    assert!(matches!(error, EngineError::File { action: "read", .. }), "{error:?}");
}

#[tokio::test]
async fn an_engine_says_what_it_is() {
    if !live_or_skip("live::docker::archives::an_engine_says_what_it_is") {
        return;
    }
    let live = Live::start().await;
    let info = live.docker.info().await.expect("an answer");
    let machine = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux says its release");
    assert_eq!(info.kernel, machine.trim());
    assert!(info.platform.starts_with("linux/") && !info.platform.contains("x86_64"), "{}", info.platform);
    assert!(info.version.starts_with(|c: char| c.is_ascii_digit()) && info.api_version.starts_with("1."), "{info:?}");
    assert!(!info.store.is_empty() && !info.data_root.is_empty() && !info.id.is_empty());
}

#[tokio::test]
async fn a_name_can_be_removed_twice_and_an_image_goes_with_its_last() {
    if !live_or_skip("live::docker::archives::a_name_can_be_removed_twice_and_an_image_goes_with_its_last") {
        return;
    }
    let live = Live::start().await;
    live.docker.tag(tiny::TINY, "second:name").await.expect("it is tagged");
    let id = live.docker.inspect(tiny::TINY).await.expect("an answer").expect("it is there").id;
    live.docker.remove_image(tiny::TINY).await.expect("the name is removed");
    live.docker.remove_image(tiny::TINY).await.expect("one that is gone is removed");
    assert!(live.docker.inspect(&id).await.expect("an answer").is_some());
    live.docker.remove_image("second:name").await.expect("the name is removed");
    assert_eq!(live.docker.inspect(&id).await.expect("an answer"), None);
    let error = live.docker.tag("x:1", "no tag").await.expect_err("it is no reference");
    assert!(matches!(error, EngineError::Reference { .. }), "{error:?}");
}
