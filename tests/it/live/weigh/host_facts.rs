//! Facts about a host beside independent witnesses: `du`, a written archive, and the engine's own count of shared bytes.

use std::process::Command;

use loadline::rig::Engine;
use loadline::rig::classic::ClassicLayers;
use loadline::rig::private::DataRoot;
use serde_json::Value;

use super::{BUILT, LOADED, Live};
use crate::cli::{Desk, ran};
use crate::support::live_or_skip;

#[tokio::test(flavor = "multi_thread")]
async fn facts_about_a_host_are_what_du_an_archive_and_the_engine_say() {
    if !live_or_skip("live::weigh::host_facts::facts_about_a_host_are_what_du_an_archive_and_the_engine_say") {
        return;
    }
    let live = Live::on(DataRoot::Disk).await;
    for name in [LOADED, BUILT] {
        let facts = facts(&live, name).await;
        let value = |fact: &str| facts[fact]["value"].as_u64();
        assert_eq!(value("unpacked-usage"), Some(du(&live, name).await), "{name}: {facts}");
        let archive = live.path("saved.tar");
        live.docker.save(&[name.to_owned()], &archive).await.expect("it is saved");
        assert_eq!(value("archive-size"), Some(archive.metadata().expect("it is there").len()), "{name}: {facts}");
        let said = live.docker.usage(&live.inspect(name).await.id).await.expect("an answer");
        assert!(said.shared.is_some_and(|bytes| bytes > 0), "{name}: {said:?}");
        assert_eq!(value("shared-size"), said.shared, "{name}: {facts}");
        assert_eq!(value("unique-size"), said.shared.map(|shared| said.listed - shared), "{name}: {facts}");
        assert_eq!(value("sharing-images"), Some(1), "{name}: {facts}");
        assert!(facts["disk-usage"]["unavailable"].is_string(), "{name}: {facts}");
    }
    live.stop().await;
}

/// What the program says.
async fn facts(live: &Live, name: &str) -> Value {
    let desk = Desk::new();
    let mut command = desk.command(&["weigh", name, "--host-facts", "--format", "json"]);
    command.env("DOCKER_HOST", live.docker.endpoint());
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    let data: Value = serde_json::from_str(&ran(&output, desk.path()).data()).expect("JSON");
    data["on_this_host"]["facts"].clone()
}

/// What `du` says of the folders of the image's layers.
async fn du(live: &Live, name: &str) -> u64 {
    let id = live.inspect(name).await.id.parse().expect("an id is a digest");
    let layers = ClassicLayers::open(&live.engine.data_root_from_outside(), &id).expect("the store has it");
    let output = Command::new("du").args(["-s", "-c", "--block-size=1"]).args(layers.folders()).output().expect("du starts");
    let text = String::from_utf8(output.stdout).expect("du writes text");
    let total = text.lines().last().expect("a total");
    total.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).expect("a number")
}
