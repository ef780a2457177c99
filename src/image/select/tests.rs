//! Choices among the entries of an index.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn entry(number: u8, platform: Option<&str>) -> Value {
    let mut entry = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::of(&[number]), "size": number});
    if let Some(platform) = platform {
        let parts: Vec<&str> = platform.split('/').collect();
        entry["platform"] = json!({"os": parts[0], "architecture": parts[1], "variant": parts.get(2)});
    }
    entry
}

fn index(platforms: &[Option<&str>]) -> Vec<u8> {
    let entries: Vec<Value> = (0..).zip(platforms).map(|(number, platform)| entry(number, *platform)).collect();
    json!({"schemaVersion": 2, "manifests": entries}).to_string().into_bytes()
}

fn chosen(platforms: &[Option<&str>], wanted: &str) -> Result<u64, String> {
    choose(&index(platforms), wanted).map(|found| found.size).map_err(|error| error.to_string())
}

#[test]
fn the_platform_decides_and_not_the_order() {
    let all = [Some("linux/arm/v6"), Some("linux/arm/v7"), Some("linux/arm64/v8"), Some("linux/amd64"), Some("windows/amd64")];
    assert_eq!(chosen(&all, "linux/amd64"), Ok(3));
    assert_eq!(chosen(&all, "linux/x86_64"), Ok(3));
    assert_eq!(chosen(&all, "linux/arm64"), Ok(2));
    assert_eq!(chosen(&all, "linux/arm/v7"), Ok(1));
    assert!(chosen(&all, "linux/arm").is_err_and(|why| why.contains("linux/arm/v6") && why.contains("linux/arm/v7")));
    assert!(chosen(&all, "linux/arm64/v9").is_err());
    assert!(chosen(&all, "linux").is_err_and(|why| why.contains("is no platform")));
    assert!(chosen(&all, "linux/\u{1b}").is_err_and(|why| !why.contains('\u{1b}')));
}

#[test]
fn one_that_does_not_say_its_platform_is_taken_only_where_it_is_alone() {
    assert_eq!(chosen(&[None], "linux/amd64"), Ok(0));
    assert_eq!(chosen(&[None, Some("unknown/unknown")], "linux/amd64"), Ok(0));
    assert!(chosen(&[None, None], "linux/amd64").is_err());
    assert!(chosen(&[Some("linux/s390x")], "linux/amd64").is_err());
}

#[test]
fn attestations_and_artifacts_are_no_images() {
    let mut about = entry(1, Some("linux/amd64"));
    about["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let mut artifact = entry(2, Some("linux/amd64"));
    artifact["artifactType"] = json!("application/vnd.example.signature");
    let entries = [about, artifact, entry(3, Some("linux/amd64")), entry(4, Some("unknown/unknown"))];
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    assert_eq!(choose(index.as_bytes(), "linux/amd64").expect("there is one image").size, 3);
}

#[test]
fn what_is_no_index_is_refused() {
    let refused = |text: &str| choose(text.as_bytes(), "linux/amd64").map(drop).map_err(|error| error.to_string());
    assert!(refused("[]").is_err_and(|why| why.contains("the index cannot be read")));
    assert!(refused(r#"{"schemaVersion":1,"manifests":[]}"#).is_err_and(|why| why.contains("schemaVersion 1")));
    assert!(refused(r#"{"schemaVersion":2}"#).is_err_and(|why| why.contains("it holds no image")));
    let many = json!({"schemaVersion": 2, "manifests": vec![entry(1, Some("linux/amd64")); 2040]}).to_string();
    assert!(choose(many.as_bytes(), "linux/amd64").is_err_and(|error| error.to_string().contains("2040 entries")));
    let long = format!(r#"{{"schemaVersion":2,"x":"{}"}}"#, "x".repeat(5 << 20));
    assert!(refused(&long).is_err_and(|why| why.contains("no more than")));
}

#[test]
fn names_mean_what_docker_makes_of_them() {
    for (one, other) in
        [("golang", "docker.io/library/golang:latest"), ("a/b:1", "index.docker.io/a/b:1"), ("localhost:5000/x", "localhost:5000/x:latest")]
    {
        assert!(same_name(one, other) && same_name(other, one), "{one} {other}");
    }
    for (one, other) in [("golang", "golang:1"), ("a/golang", "golang"), ("quay.io/x:1", "x:1")] {
        assert!(!same_name(one, other), "{one} {other}");
    }
}

proptest! {
    #[test]
    fn what_is_chosen_was_there_and_is_for_the_platform(
        has in prop::collection::vec(prop::option::of(prop::sample::select(vec!["linux/amd64", "linux/arm64", "linux/arm/v7", "unknown/unknown"])), 0..6),
        wanted in prop::sample::select(vec!["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm", "unknown/unknown"]),
    ) {
        if let Ok(number) = chosen(&has, wanted) {
            let found = has[usize::try_from(number).expect("it is small")];
            prop_assert!(found.is_none_or(|found| found.starts_with(wanted) && found != "unknown/unknown"), "{found:?}");
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = choose(text.as_bytes(), &text);
    }
}
