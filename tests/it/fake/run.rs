//! The run against a fake engine and the real measuring registry.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use loadline::measure::Measure;
use loadline::record::Status;
use loadline::rig::host::{CONTAINER_LABEL, OWNER_LABEL, Owner, RUN_LABEL};
use loadline::run::{Builds, End, EventKind};
use loadline::scenario::{Expectation, Smoke};

use crate::support::fake_engine::Behaviour;
use crate::support::layers::layer;

use super::case::{Case, Ran};

/// The variant `odd` has the status and no number, and `good` was measured all the same.
fn odd_alone_fails(ran: &Ran, id: &str, words: &str) {
    assert_eq!(ran.status("good"), &Status::Measured);
    let odd = ran.outcome("odd");
    assert_eq!(odd.status.id(), id, "{:?}", odd.status);
    assert!(odd.status.reason().unwrap_or_default().contains(words), "{:?}", odd.status);
    assert!(odd.observations.is_empty() && odd.push.is_none() && odd.pull.is_none() && odd.weighing.is_none());
}

#[tokio::test]
async fn an_image_from_scratch_is_all_app_and_its_layer_has_its_line() {
    let case = Case::new();
    fs::write(case.folder.path().join("app/Dockerfile"), "FROM golang AS build\nRUN x\n\nFROM scratch\nCOPY app /app\n")
        .expect("it is written");
    let ran = case.run().await;
    let weighing = ran.outcome("good").weighing.clone().expect("measured");
    let base = weighing.base.clone().expect("nothing is a base too");
    assert_eq!((base.name.as_str(), base.layers, base.app_size), ("scratch", 0, weighing.uncompressed_size));
    assert_eq!(ran.value("good", Measure::AppSize).to_bits(), (weighing.uncompressed_size as f64).to_bits());
    let line = weighing.layers[0].dockerfile_line.clone().expect("history says it");
    assert_eq!((line.file.as_str(), line.line, line.instruction.as_str()), ("Dockerfile", 5, "COPY app /app"));
}

#[tokio::test]
async fn a_good_variant_has_every_measure_and_its_sizes_add_up() {
    let ran = Case::new().run().await;
    assert!(matches!(ran.end, End::Complete));
    // Nothing is known of the image's base, and it was built once.
    for measure in Measure::ALL.into_iter().filter(|measure| {
        !matches!(measure, Measure::AppSize | Measure::DeltaTransferSize | Measure::BuildDownload | Measure::AnonymousMemory)
    }) {
        assert!(ran.value("good", measure) > 0.0, "{}", measure.id());
    }
    let weighing = ran.outcome("good").weighing.clone().expect("measured");
    assert_eq!(
        weighing.transfer_size.expect("there is a manifest"),
        weighing.layer_transfer_size.expect("there is a manifest")
            + weighing.config_size
            + weighing.manifest_size.expect("there is a manifest")
    );
    assert_eq!((weighing.uncompressed_size, weighing.live_size), (layer(&vec![0; 100_000]).len() as u64, Some(100_000)));
    let push = ran.outcome("good").push.clone().expect("measured");
    assert_eq!(push.blob_bytes + push.manifest_bytes, weighing.transfer_size.expect("there is a manifest"));
}

#[tokio::test]
async fn every_block_begins_with_a_prune_that_keeps_the_bases() {
    let ran = Case::new().run().await;
    let calls = ran.builder.calls();
    let builds: Vec<usize> = calls.iter().enumerate().filter(|(_, c)| c.starts_with("build")).map(|(n, _)| n).collect();
    assert_eq!(builds.len(), 2);
    assert!(builds.iter().all(|n| calls[n - 1] == "prune keeping 1"), "{calls:?}");
}

#[tokio::test]
async fn nothing_is_left_in_the_engine_after_a_run() {
    let ran = Case::odd(Behaviour::Answers500).run().await;
    assert_eq!((ran.builder.containers(), ran.builder.tags()), (0, Vec::new()));
}

#[tokio::test]
async fn a_failed_step_is_named_with_its_line_and_its_last_words() {
    let ran = Case::odd(Behaviour::BuildFails).run().await;
    odd_alone_fails(&ran, "build-failed", "exit code: 1");
    let reason = ran.status("odd").reason().expect("a failure has a reason");
    assert!(reason.contains("RUN go build") && reason.contains("main.go:3: undefined: x"), "{reason}");
}

#[tokio::test]
async fn a_build_that_used_the_cache_is_invalid() {
    odd_alone_fails(&Case::odd(Behaviour::BuildsFromCache).run().await, "invalid", "came from the cache");
}

#[tokio::test]
async fn an_app_that_answers_500_fails_with_its_log() {
    let ran = Case::odd(Behaviour::Answers500).run().await;
    odd_alone_fails(&ran, "smoke-failed", "status 500 instead of 200");
    assert!(ran.status("odd").reason().expect("it failed").contains("panic: no configuration"));
}

#[tokio::test]
async fn a_container_that_ends_fails_at_once_with_its_exit_code() {
    odd_alone_fails(&Case::odd(Behaviour::Exits).run().await, "smoke-failed", "exit code 3");
}

#[tokio::test]
async fn a_warm_push_is_invalid() {
    odd_alone_fails(&Case::odd(Behaviour::PushesWarm).run().await, "invalid", "the push was to be cold");
}

#[tokio::test]
async fn a_broken_push_leaves_no_number_and_says_why() {
    odd_alone_fails(&Case::odd(Behaviour::PushBreaks).run().await, "invalid", "connection reset by peer");
}

#[tokio::test]
async fn a_pull_that_found_layers_is_invalid() {
    odd_alone_fails(&Case::odd(Behaviour::PullsWarm).run().await, "invalid", "did not cross the registry whole");
}

#[tokio::test]
async fn an_image_that_pushes_other_layers_than_it_has_is_invalid() {
    odd_alone_fails(&Case::odd(Behaviour::NamesOtherLayers).run().await, "invalid", "but it pushed");
}

#[tokio::test]
async fn a_failure_that_was_expected_is_told_as_such() {
    let ran = Case::odd(Behaviour::BuildFails).expecting(Expectation::BuildFailure).run().await;
    odd_alone_fails(&ran, "expected-failure", "exit code: 1");
    let ran = Case::odd(Behaviour::Exits).expecting(Expectation::SmokeFailure).run().await;
    odd_alone_fails(&ran, "expected-failure", "exit code 3");
}

#[tokio::test]
async fn a_success_that_was_not_expected_is_invalid() {
    let ran = Case::new().expecting(Expectation::BuildFailure).run().await;
    odd_alone_fails(&ran, "invalid", "expects the build to fail");
    let ran = Case::new().expecting(Expectation::SmokeFailure).run().await;
    odd_alone_fails(&ran, "invalid", "expects the smoke check to fail");
}

#[tokio::test]
async fn without_a_smoke_check_numbers_are_unverified() {
    let mut case = Case::new();
    case.scenario.smoke = Smoke::Unsaid;
    let ran = case.run().await;
    assert_eq!(ran.status("good"), &Status::Unverified);
    assert!(ran.value("good", Measure::TransferSize) > 0.0);
}

#[tokio::test]
async fn a_variant_without_its_base_is_skipped_before_the_build() {
    let mut case = Case::new();
    case.skipped.insert((0, 1), "no stand-in for alpine:3".to_owned());
    let ran = case.run().await;
    odd_alone_fails(&ran, "skipped", "no stand-in");
    assert!(ran.builder.calls().iter().all(|c| !c.contains("-odd")));
}

#[tokio::test]
async fn a_build_that_never_ends_times_out() {
    let mut case = Case::odd(Behaviour::Hangs);
    case.limits.build = Duration::from_millis(50);
    odd_alone_fails(&case.run().await, "timed-out", "the build took longer than 50 ms");
}

#[tokio::test]
async fn an_engine_that_goes_away_ends_the_run_and_every_trial_still_has_an_outcome() {
    let mut case = Case::odd(Behaviour::DiesDuringBuild);
    case.builder.set("-good", Behaviour::DiesDuringBuild);
    case.limits.call = Duration::from_millis(200);
    let ran = case.run().await;
    assert!(matches!(&ran.end, End::Gone(gone) if gone.to_string().contains("a private engine went away during")), "{:?}", ran.end);
    let mut ids: Vec<&str> = ran.outcomes.iter().map(|o| o.status.id()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["invalid", "skipped"]);
}

#[tokio::test]
async fn stopping_a_run_ends_the_trial_under_way_as_interrupted() {
    let case = Case::odd(Behaviour::Hangs);
    case.builder.set("-good", Behaviour::Hangs);
    let cancel = case.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let ran = case.run().await;
    assert!(matches!(ran.end, End::Interrupted));
    assert_eq!(ran.outcomes.iter().map(|o| o.status.id()).collect::<Vec<_>>(), ["interrupted"]);
}

#[tokio::test]
async fn a_private_bench_that_is_to_pull_nothing_gives_every_other_figure_and_no_warning() {
    let mut case = Case::new();
    case.pulls = false;
    let ran = case.run().await;
    let outcome = ran.outcome("good");
    assert_eq!((ran.status("good"), outcome.warnings.as_slice()), (&Status::Measured, [].as_slice()));
    let has = |measure| outcome.observations.iter().any(|o| o.measure == measure);
    assert!(has(Measure::PushTime) && has(Measure::TransferSize) && !has(Measure::PullTime));
}

#[tokio::test]
async fn a_host_engine_is_never_pruned_and_says_that_it_cannot_show_a_cold_pull() {
    let mut case = Case::new();
    case.puller = None;
    let ran = case.run().await;
    assert_eq!(ran.status("good"), &Status::Measured);
    assert!(ran.builder.calls().iter().all(|c| !c.starts_with("prune")));
    assert!(ran.outcome("good").warnings.iter().any(|w| w.message.contains("pull-time is not measured")));
    assert!(ran.outcome("good").observations.iter().all(|o| o.measure != Measure::PullTime));
}

#[tokio::test]
async fn without_a_way_to_the_registry_sizes_are_computed_and_nothing_is_pushed() {
    let mut case = Case::odd(Behaviour::NamesOtherLayers);
    case.puller = None;
    case.unreachable = Some("connection refused".to_owned());
    let ran = case.run().await;
    let good = ran.outcome("good");
    assert_eq!(good.status, Status::Measured);
    assert!(good.push.is_none() && ran.builder.calls().iter().all(|c| !c.starts_with("push")));
    let definition = |measure: Measure| {
        let found = good.observations.iter().find(|o| o.measure == measure && o.phase.is_none());
        found.and_then(|o| o.definition.clone())
    };
    assert_eq!(definition(Measure::TransferSize).as_deref(), Some("D2-computed"));
    assert_eq!(definition(Measure::LayerTransferSize).as_deref(), Some("D1-computed"));
    assert_eq!(definition(Measure::UncompressedSize).as_deref(), Some("D3"));
    assert!(ran.value("good", Measure::UncompressedSize) >= 100_000.0);
    let said = good.warnings.iter().find(|w| w.message.contains("push-time and pull-time are not available"));
    assert!(said.is_some_and(|w| w.message.contains("connection refused")), "{:?}", good.warnings);
    odd_alone_fails(&ran, "invalid", "but it exported");
}

#[tokio::test]
async fn what_is_made_on_a_host_engine_carries_its_run_and_its_owner() {
    let mut case = Case::new();
    case.puller = None;
    let ran = case.run().await;
    let labels = ran.builder.labels();
    assert_eq!(labels.len(), 4, "two images and two containers");
    for labels in &labels {
        assert_eq!(labels[RUN_LABEL], "test");
        let owner = Owner::parse(&labels[OWNER_LABEL]).expect("an owner");
        assert_eq!(owner, Owner::this());
    }
    assert_eq!(labels.iter().filter(|labels| labels.contains_key(CONTAINER_LABEL)).count(), 2);
    let private = Case::new().run().await;
    assert!(private.builder.labels().iter().all(BTreeMap::is_empty), "no size of a private engine depends on a label");
}

#[tokio::test]
async fn each_block_has_a_probe_of_the_machine_before_it_and_a_trial_in_its_midst_none() {
    let mut case = Case::new();
    (case.builds, case.skipped) = (Builds { warm: true, ..case.builds }, BTreeMap::from([((0, 1), "no base".to_owned())]));
    let ran = case.run().await;
    let probed: Vec<(String, bool)> = ran.outcomes.iter().map(|o| (o.trial.to_string(), o.noise.is_some())).collect();
    let good = [("app/good, cold trial 1".to_owned(), true), ("app/good, warm trial 1".to_owned(), false)];
    let odd = ("app/odd, cold trial 1".to_owned(), false);
    assert!(good.iter().chain([&odd]).all(|wanted| probed.contains(wanted)), "{probed:?}");
    let probe = ran.outcome("good").noise.clone().expect("it has one");
    assert!(probe.disk_place.starts_with("the case's folder, "), "{probe:?}");
}

#[tokio::test]
async fn events_tell_the_run_in_order() {
    let ran = Case::new().run().await;
    let phases: Vec<&str> =
        ran.events.iter().filter_map(|e| if let EventKind::Phase { phase } = &e.kind { Some(phase.as_str()) } else { None }).collect();
    assert_eq!(phases, ["build", "smoke", "push", "pull", "build", "smoke", "push", "pull"]);
    assert!(ran.events.windows(2).all(|pair| pair[0].at <= pair[1].at));
}
