//! Engines with containerd's store: what they build on, what they push, and what answers them.

use loadline::measure::Measure;
use loadline::record::{DeltaForm, Status};
use loadline::rig::bases::BaseMirror;
use loadline::scenario::Builder;

use super::builds::edited;
use super::case::{Case, Ran};
use crate::support::fake_engine::{Behaviour, FakeEngine, http};

/// A case of engines with containerd's store, whose builder has the base image `x`.
fn on_containerd(behaviour: Behaviour) -> Case {
    let mut case = Case::odd(behaviour);
    case.containerd_store = true;
    case.builder.add_base("x");
    case
}

fn odd_alone_is_invalid(ran: &Ran, words: &str) {
    assert_eq!(ran.status("good"), &Status::Measured);
    let odd = ran.outcome("odd");
    assert!(odd.status.id() == "invalid" && odd.status.reason().unwrap_or_default().contains(words), "{:?}", odd.status);
    assert!(odd.observations.is_empty() && odd.push.is_none() && odd.weighing.is_none());
}

#[tokio::test]
async fn a_build_on_another_image_than_the_base_that_is_there_has_no_numbers() {
    let ran = on_containerd(Behaviour::BuildsOnAnother).run().await;
    odd_alone_is_invalid(&ran, "the engine built on another image than the one that it was given: x was sha256:");
}

#[tokio::test]
async fn the_classic_builder_asks_nobody_and_need_not_say_on_which_image_it_built() {
    let mut case = on_containerd(Behaviour::BuildsOnAnother);
    case.scenario.variants.iter_mut().for_each(|variant| variant.builder = Builder::Classic);
    let ran = case.run().await;
    assert!(ran.outcomes.iter().all(|outcome| outcome.status == Status::Measured), "{:?}", ran.status("odd"));
}

#[tokio::test]
async fn a_layer_that_was_pushed_without_compression_leaves_no_numbers() {
    let ran = on_containerd(Behaviour::PushesPlain).run().await;
    odd_alone_is_invalid(&ran, "layer 1 was pushed without compression");
}

#[tokio::test]
async fn on_the_users_own_engine_a_layer_without_compression_is_told() {
    let mut case = on_containerd(Behaviour::PushesPlain);
    case.puller = None;
    let ran = case.run().await;
    let warnings = |variant: &str| ran.outcome(variant).warnings.iter().filter(|w| w.message.contains("without compression")).count();
    assert_eq!((ran.status("odd"), warnings("odd"), warnings("good")), (&Status::Measured, 1, 0));
    assert!(ran.value("odd", Measure::TransferSize) > ran.value("odd", Measure::UncompressedSize));
}

#[tokio::test]
async fn an_update_is_pulled_in_the_form_of_the_store_from_builds_on_the_same_base() {
    let ran = edited(on_containerd(Behaviour::Works)).run().await;
    assert!(ran.outcomes.iter().all(|o| o.status == Status::Measured), "{:?}", ran.outcomes.iter().map(|o| &o.status).collect::<Vec<_>>());
    for outcome in ran.outcomes.iter().filter(|o| o.trial.cache_state != "cold") {
        assert_eq!(outcome.delta.as_ref().and_then(|delta| delta.pulled), Some(DeltaForm::Blob), "{}", outcome.trial);
    }
}

#[tokio::test]
async fn a_mirror_has_what_an_engine_asks_it_for_and_leaves_no_name_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mirror = BaseMirror::start(folder.path().join("blobs")).await.expect("a loopback port is free");
    let engine = FakeEngine::default();
    for name in ["golang:1.23", "gcr.io/distroless/static:nonroot"] {
        engine.add_base(name);
        mirror.take(&engine, name).await.expect("it is taken");
    }
    let host = mirror.url().strip_prefix("http://").expect("without TLS").to_owned();
    let asked = async |path: &str| http(&host, "HEAD", &format!("/v2/{path}?ns=docker.io"), "", b"").await;
    let (status, head, _) = asked("library/golang/manifests/1.23").await;
    assert!(status == 200 && head.contains("docker-content-digest: sha256:"), "{status} {head}");
    assert_eq!(asked("distroless/static/manifests/nonroot").await.0, 404, "no engine asks it for those of other registries");
    assert_eq!(engine.tags(), ["gcr.io/distroless/static:nonroot", "golang:1.23"]);
    mirror.stop().await.expect("its folder is emptied");
}
