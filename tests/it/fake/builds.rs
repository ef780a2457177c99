//! Warm builds and builds after an edit against a fake engine and the real measuring registry.

use std::fs;

use loadline::measure::Measure;
use loadline::record::{DeltaForm, Status, TrialOutcome};
use loadline::run::{Builds, End, EventKind};
use loadline::scenario::{Change, Edit};

use super::case::{Case, Ran};
use crate::support::fake_engine::Behaviour;

/// A case with two edits, in which every build is measured.
pub(super) fn edited(case: Case) -> Case {
    let app = case.folder.path().join("app");
    fs::write(app.join("main.go"), "say Hello").expect("it is written");
    fs::create_dir_all(app.join("edits/dependency")).expect("a folder");
    fs::write(app.join("edits/dependency/main.go"), "say more").expect("it is written");
    let text = Change::Text { file: "main.go".into(), find: "Hello".to_owned(), replace: "Good morning".to_owned() };
    let folder = Change::Folder { path: app.canonicalize().expect("it is there").join("edits/dependency"), files: vec!["main.go".into()] };
    let mut case = case;
    case.builds = Builds::USUAL;
    case.scenario.root = app.canonicalize().expect("it is there");
    case.scenario.edits = vec![Edit { name: "source".to_owned(), change: text }, Edit { name: "dependency".to_owned(), change: folder }];
    case
}

fn of<'a>(ran: &'a Ran, variant: &str, state: &str) -> &'a TrialOutcome {
    ran.outcomes.iter().find(|o| o.trial.variant == variant && o.trial.state() == state).expect("the trial was planned")
}

fn value(outcome: &TrialOutcome, measure: Measure, definition: Option<&str>) -> f64 {
    let found = outcome
        .observations
        .iter()
        .find(|o| o.measure == measure && o.phase.is_none() && (definition.is_none() || o.definition.as_deref() == definition));
    found.unwrap_or_else(|| panic!("{} has {}", outcome.trial, measure.id())).value
}

#[tokio::test]
async fn a_block_has_a_cold_trial_then_a_warm_one_then_one_for_each_edit() {
    let ran = edited(Case::new()).run().await;
    assert!(matches!(ran.end, End::Complete));
    let good: Vec<String> = ran.outcomes.iter().filter(|o| o.trial.variant == "good").map(|o| o.trial.state()).collect();
    assert_eq!(good, ["cold", "warm", "edit source", "edit dependency"]);
    assert!(ran.outcomes.iter().all(|o| o.status == Status::Measured), "{:?}", ran.outcomes.iter().map(|o| &o.status).collect::<Vec<_>>());
    let numbers: Vec<(usize, usize)> = ran
        .events
        .iter()
        .filter_map(|e| if let EventKind::TrialStarted { number, of, .. } = e.kind { Some((number, of)) } else { None })
        .collect();
    assert_eq!(numbers, (1..=8).map(|number| (number, 8)).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_unchanged_image_moves_nothing_and_an_edited_one_what_its_manifest_has_new() {
    let ran = edited(Case::new()).run().await;
    let warm = of(&ran, "good", "warm");
    for definition in ["D10-blob", "D10-chain"] {
        assert_eq!(value(warm, Measure::DeltaTransferSize, Some(definition)).to_bits(), 0.0_f64.to_bits());
    }
    assert_eq!(warm.push.as_ref().expect("it is pushed").blob_bytes, 0);
    assert_eq!(warm.pull.as_ref().expect("it is pulled").blob_bytes, 0);
    let edit = of(&ran, "good", "edit source");
    let delta = edit.delta.as_ref().expect("there is an update");
    assert_eq!(delta.pulled, Some(DeltaForm::Chain));
    assert_eq!((delta.blob, delta.layers.len()), (delta.chain, 1));
    assert_eq!(edit.push.as_ref().expect("it is pushed").blob_bytes, delta.blob);
    assert_eq!(edit.pull.as_ref().expect("it is pulled").blob_bytes, delta.chain);
    assert!(edit.weighing.is_none() && delta.blob > delta.layers[0].bytes);
}

/// The same with builds without a cache, too.
fn clean(case: Case) -> Case {
    let mut case = edited(case);
    case.builds = Builds { clean: true, ..Builds::USUAL };
    case
}

#[tokio::test]
async fn clean_builds_follow_all_others_each_from_a_builder_that_was_emptied() {
    let ran = clean(Case::new()).run().await;
    let good: Vec<String> = ran.outcomes.iter().filter(|o| o.trial.variant == "good").map(|o| o.trial.state()).collect();
    assert_eq!(good, ["cold", "warm", "edit source", "edit dependency", "clean", "clean source", "clean dependency"]);
    assert!(ran.outcomes.iter().all(|o| o.status == Status::Measured), "{:?}", ran.outcomes.iter().map(|o| &o.status).collect::<Vec<_>>());
    let calls = ran.builder.calls();
    let before = |tag: &str| {
        let build = calls.iter().position(|call| call.starts_with("build ") && call.ends_with(tag)).expect("it was built");
        calls[build - 1].as_str()
    };
    for tag in ["-clean", "-clean-source", "-clean-dependency"] {
        assert_eq!(before(tag), "prune keeping 1", "{tag}");
    }
    assert!(!before("-edit-source").starts_with("prune"));
    assert_eq!((ran.builder.tags(), ran.builder.containers()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_clean_build_moves_what_comes_out_different_though_an_edit_before_it_moved_the_same() {
    let case = clean(Case::new());
    case.builder.set("-odd", Behaviour::CarriesTimes);
    let ran = case.run().await;
    let moved = |variant: &str, state: &str| {
        let outcome = of(&ran, variant, state);
        let blob = value(outcome, Measure::DeltaTransferSize, Some("D10-blob"));
        let counted = [&outcome.push, &outcome.pull].map(|transfer| transfer.as_ref().expect("it moved").blob_bytes);
        assert_eq!(counted.map(|bytes| bytes as f64).map(f64::to_bits), [blob.to_bits(); 2], "{variant}, {state}");
        blob > 0.0
    };
    assert!(!moved("good", "clean"), "the same layers come out");
    assert!(moved("good", "edit source") && moved("good", "clean source"));
    let digest = |state: &str| &of(&ran, "good", state).push.as_ref().expect("it moved").digest;
    assert_eq!(digest("edit source"), digest("clean source"), "the registry and the host have forgotten the first");
    assert!(moved("odd", "clean") && moved("odd", "clean source") && moved("odd", "clean dependency"));
    assert!(!moved("odd", "warm"));
}

#[tokio::test]
async fn a_clean_build_that_used_a_cache_has_no_numbers() {
    let case = clean(Case::new());
    case.builder.set("-clean-source", Behaviour::BuildsFromCache);
    let ran = case.run().await;
    let outcome = of(&ran, "good", "clean source");
    let reason = outcome.status.reason().unwrap_or_default();
    assert!(reason.contains("the build was to use no cache, but 1 step came from it"), "{reason}");
    assert!(outcome.observations.is_empty() && outcome.delta.is_none());
    assert_eq!(of(&ran, "good", "clean dependency").status, Status::Measured);
}

/// A case whose Dockerfile stands on a base image that the builder has, which changes once.
fn rebased() -> Case {
    let mut case = edited(Case::new());
    case.builds = Builds { base: true, clean: true, ..Builds::USUAL };
    fs::write(case.scenario.root.join("Dockerfile"), "FROM x\nWORKDIR /src\nRUN go build\n").expect("the fixture is written");
    case.builder.add_base("x:latest");
    case
}

#[tokio::test]
async fn a_changed_base_makes_an_update_and_gives_its_name_back() {
    let case = rebased();
    let before = case.builder.id_of("x:latest");
    let ran = case.run().await;
    assert!(ran.outcomes.iter().all(|o| o.status == Status::Measured), "{:?}", ran.outcomes.iter().map(|o| &o.status).collect::<Vec<_>>());
    let states: Vec<String> = ran.outcomes.iter().filter(|o| o.trial.variant == "good").map(|o| o.trial.state()).collect();
    assert_eq!(states, ["cold", "warm", "edit source", "edit dependency", "base", "clean", "clean source", "clean dependency"]);
    let delta = |state: &str| of(&ran, "good", state).delta.as_ref().expect("there is an update").chain;
    assert!(delta("base") > 0 && delta("clean") == 0, "the clean build stands on the base of before");
    assert_eq!((ran.builder.tags(), ran.builder.id_of("x:latest")), (vec!["x:latest".to_owned()], before));
}

#[tokio::test]
async fn a_base_has_its_name_again_after_a_trial_that_failed() {
    for behaviour in [Behaviour::BuildFails, Behaviour::Answers500, Behaviour::PushBreaks] {
        let case = rebased();
        let before = case.builder.id_of("x:latest");
        case.builder.set("-base", behaviour.clone());
        let ran = case.run().await;
        assert!(!of(&ran, "good", "base").status.has_numbers(), "{behaviour:?}");
        assert_eq!(of(&ran, "good", "clean").status, Status::Measured, "{behaviour:?}");
        assert_eq!((ran.builder.tags(), ran.builder.id_of("x:latest")), (vec!["x:latest".to_owned()], before), "{behaviour:?}");
    }
}

#[tokio::test]
async fn where_no_base_can_change_the_update_is_of_nothing_and_says_why() {
    for (from, why) in [("scratch", "starts from scratch"), (&*format!("x@sha256:{}", "0".repeat(64)), "named by a digest")] {
        let mut case = rebased();
        case.builds.clean = false;
        fs::write(case.scenario.root.join("Dockerfile"), format!("FROM {from}\nWORKDIR /src\nRUN go build\n")).expect("it is written");
        let ran = case.run().await;
        let base = of(&ran, "good", "base");
        assert_eq!(base.status, Status::Measured);
        assert_eq!(base.delta.as_ref().map(|delta| (delta.blob, delta.chain)), Some((0, 0)));
        assert!(base.warnings.iter().any(|warning| warning.message.contains(why)), "{:?}", base.warnings);
    }
}

#[tokio::test]
async fn edits_change_what_is_sent_and_their_folders_are_never_sent() {
    let case = edited(Case::new());
    let ran = case.run().await;
    let context = |state: &str| value(of(&ran, "good", state), Measure::ContextSize, None);
    assert_eq!(context("cold").to_bits(), context("warm").to_bits());
    let blob = |state: &str| of(&ran, "good", state).push.as_ref().expect("it is pushed").digest.clone();
    assert_eq!(blob("cold"), blob("warm"));
    assert!(blob("edit source") != blob("cold") && blob("edit dependency") != blob("edit source"));
}

#[tokio::test]
async fn a_trial_in_another_cache_state_than_it_says_has_no_numbers_and_the_others_have() {
    for (behaviour, state, words) in [
        (Behaviour::LosesItsCache, "warm", "nothing had changed, but 1 step ran again"),
        (Behaviour::SeesNoEdit, "edit source", "changed nothing that a step of this Dockerfile uses"),
        (Behaviour::PullsAgain, "warm", "the pull of the update moved"),
    ] {
        let ran = edited(Case::odd(behaviour.clone())).run().await;
        let odd = of(&ran, "odd", state);
        assert_eq!(odd.status.id(), "invalid", "{behaviour:?}: {:?}", odd.status);
        assert!(odd.status.reason().unwrap_or_default().contains(words), "{behaviour:?}: {:?}", odd.status);
        assert!(odd.observations.is_empty() && odd.delta.is_none() && odd.push.is_none());
        assert_eq!(of(&ran, "odd", "cold").status, Status::Measured);
        assert_eq!(of(&ran, "good", state).status, Status::Measured);
    }
}

#[tokio::test]
async fn a_block_whose_cold_trial_has_no_figures_ends_with_it_and_leaves_nothing() {
    let ran = edited(Case::odd(Behaviour::Answers500)).run().await;
    let odd: Vec<String> = ran.outcomes.iter().filter(|o| o.trial.variant == "odd").map(|o| o.trial.state()).collect();
    assert_eq!(odd, ["cold"]);
    assert_eq!((ran.builder.tags(), ran.builder.containers()), (Vec::new(), 0));
}
