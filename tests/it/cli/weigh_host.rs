//! `weigh --host-facts`: through the binary, with an archive and with engines that answer from a script.

use serde_json::{Value, json};

use super::{Desk, host_run, ran};
use crate::support::golden::shop;
use crate::wire::docker::daemon::{Answer, Daemon};

const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn where_no_engine_is_the_facts_that_need_one_are_named() {
    let desk = Desk::new();
    for place in ["registry:localhost:1/shop:1", "oci:layout", "oci-archive:shop.tar"] {
        let text = desk.run(&["weigh", place, "--host-facts"]).refusal(2);
        for said in [&format!("not for {place}"), "(D5)", "(D6)", "(D8) need an engine", "(D7) an engine or a docker-archive"] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
    desk.run(&["weigh", "docker-archive:shop.tar", "--host-facts", "--files"]).refusal(2);
}

#[test]
fn of_an_archive_its_length_is_known_and_nothing_else() {
    let desk = Desk::new();
    let archive = shop().archive();
    std::fs::write(desk.path().join("shop.tar"), &archive).expect("the archive is written");
    let printed = |format| desk.run(&["weigh", "docker-archive:shop.tar", "--host-facts", "--format", format]).data();
    let data: Value = serde_json::from_str(&printed("json")).expect("JSON");
    let facts = &data["on_this_host"]["facts"];
    assert_eq!(facts["archive-size"], json!({ "value": archive.len(), "unit": "bytes", "definition": "D7" }), "{facts}");
    for (fact, definition) in [("unpacked-usage", "D5"), ("disk-usage", "D6"), ("shared-size", "D8"), ("unique-size", "D8")] {
        assert!(facts[fact]["unavailable"].is_string() && facts[fact]["definition"] == definition, "{facts}");
    }
    assert!(printed("csv").contains(&format!(",,archive-size,D7,{},bytes,,,,,\n", archive.len())));
    assert!(printed("terminal").contains("\nOn this host ") && printed("markdown").contains("**On this host**"));
    assert!(!desk.run(&["weigh", "docker-archive:shop.tar"]).data().contains("On this host"), "only where it is asked for");
}

/// Facts about the image on an engine that says this of itself, of its images, and of its disk usage.
async fn facts(info: &str, images: Value, usage: &str) -> Value {
    let image = shop();
    let ids: Vec<String> = image.weighed().image.layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    let inspected =
        |id: &str, layers: &[String]| json!({ "Id": id, "Size": 400, "RootFS": { "Type": "layers", "Layers": layers } }).to_string();
    let daemon = Daemon::start(vec![
        ("GET /info", Answer::ok(info)),
        ("GET /images/json", Answer::ok(images.to_string())),
        ("GET /images/shop:1/json", Answer::ok(inspected(&id(), &ids))),
        ("GET /images/sha256:bbbb", Answer::ok(inspected(OTHER, &ids[..2]))),
        ("GET /images/", Answer::ok(image.archive())),
        ("GET /system/df", Answer::ok(usage)),
    ]);
    let desk = Desk::new();
    let mut command = desk.command(&["weigh", "shop:1", "--host-facts", "--format", "json"]);
    command.env("DOCKER_HOST", format!("unix://{}", daemon.socket().display()));
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("no panic");
    let data: Value = serde_json::from_str(&ran(&output, desk.path()).data()).expect("JSON");
    let facts = data["on_this_host"]["facts"].clone();
    assert_eq!(facts["archive-size"]["value"], image.archive().len(), "{facts}");
    assert_eq!(facts["sharing-images"]["value"], 1, "{facts}");
    facts
}

fn id() -> String {
    shop().weighed().image.id.to_string()
}

fn listed(id: &str, size: u64, shared: i64, manifests: &Value) -> Value {
    json!({ "Id": id, "ParentId": "", "RepoTags": [], "RepoDigests": [], "Created": 0, "Size": size, "SharedSize": shared,
        "Labels": {}, "Containers": -1, "Manifests": manifests })
}

fn manifest(unpacked: u64) -> Value {
    json!({ "ID": OTHER, "Descriptor": {}, "Available": true, "Kind": "image", "Size": { "Total": 9, "Content": 5 },
        "ImageData": { "Platform": { "architecture": "amd64", "os": "linux" }, "Containers": [], "Size": { "Unpacked": unpacked } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_with_the_containerd_store_tells_what_an_image_takes() {
    let info = host_run::INFO
        .replace(r#""Driver":"overlay2""#, r#""Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]"#);
    let others = listed(OTHER, 1, 1, &Value::Null);
    let one = json!([listed(&id(), 500, 120, &json!([manifest(4096)])), others]);
    let told = facts(&info, one, "").await;
    let value = |fact: &str| told[fact]["value"].as_u64();
    assert_eq!((value("unpacked-usage"), value("disk-usage")), (Some(4096), Some(500)), "{told}");
    assert_eq!((value("shared-size"), value("unique-size")), (Some(120), Some(380)), "{told}");
    let two = json!([listed(&id(), 500, 120, &json!([manifest(4096), manifest(1)])), others]);
    let told = facts(&info, two, "").await;
    assert!(told["unpacked-usage"]["unavailable"].is_string(), "nobody says which of two platforms is meant: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_counts_shared_bytes_in_its_disk_usage_alone_is_asked_for_that() {
    let images = json!([listed(OTHER, 1, -1, &Value::Null), listed(&id(), 400, -1, &Value::Null)]);
    let usage = json!({ "Images": [{ "Id": id(), "SharedSize": 77 }, { "Id": OTHER, "SharedSize": 1 }] }).to_string();
    let told = facts(host_run::INFO, images.clone(), &usage).await;
    assert_eq!((&told["shared-size"]["value"], &told["unique-size"]["value"]), (&77.into(), &323.into()), "{told}");
    assert!(told["disk-usage"]["unavailable"].to_string().contains("containerd store alone"), "{told}");
    assert!(told["unpacked-usage"]["unavailable"].is_string(), "{told}");
    let untold = facts(host_run::INFO, images, "{}").await;
    assert!(untold["shared-size"]["unavailable"].is_string() && untold["unique-size"]["unavailable"].is_string(), "{untold}");
}
