//! The same images with each of an engine's two stores: the files of every layer agree, and each store's transfers are proven.

use std::path::Path;

use loadline::measure::Measure;
use loadline::record::{DeltaForm, Record, Status, TrialOutcome};
use loadline::rig::Engine;
use loadline::rig::private::Store;

use super::bench;
use crate::support::app::{GOOD, Scene, record};
use crate::support::engine_root_or_skip;
use crate::support::machine::among_others;

/// A base of Docker Hub, of which a mirror is asked, and one of another registry.
const ON_HUB: &str = "debian:trixie-slim";
const ELSEWHERE: &str = "gcr.io/distroless/static-debian12:nonroot";

/// An app in one stage, and in two, with a note that is edited.
fn scene() -> Scene {
    let single = GOOD.replace("scratch", ON_HUB).replace("CMD", "RUN seq 100000 > /numbers\nCOPY note /note\nCMD");
    let multi = format!(
        "FROM {ON_HUB} AS build\nCOPY app /app\nRUN cp /app /copy\n\nFROM {ELSEWHERE}\nCOPY --from=build /copy /app\nCOPY note /note\nCMD [\"/app\", \"serve\"]\n"
    );
    let scene = Scene::of(&[("single", &single), ("multi", &multi)]);
    let folder = scene.scenario("app");
    std::fs::write(folder.join("note"), "Hello").expect("a file");
    let toml = folder.join("scenario.toml");
    let scenario = std::fs::read_to_string(&toml).expect("a scenario");
    let edit = "[edits.source]\nfile = \"note\"\nfind = \"Hello\"\nreplace = \"Good morning\"\n";
    std::fs::write(&toml, format!("{scenario}{edit}")).expect("a scenario");
    scene
}

/// Measures it with the engine of `root` and a store.
fn measured(scene: &mut Scene, root: &Path, store: &str, builds: &str) -> Record {
    let (command, out) = scene.command();
    let command = command.args(["--engine-root"]).args([root]).args(["--store", store, "--bases", "stand-in"]);
    command.args(["--starts", "0", "--builds", builds]).run().exits(0);
    let record = record(&out);
    for outcome in &record.trials {
        assert_eq!(outcome.status, Status::Measured, "{store}: {}", outcome.trial);
    }
    record
}

fn of<'a>(record: &'a Record, variant: &str, state: &str) -> &'a TrialOutcome {
    let found = record.trials.iter().find(|o| o.trial.variant == variant && o.trial.state() == state);
    found.unwrap_or_else(|| panic!("{variant} has a trial that is {state}"))
}

/// A figure of a cold trial.
fn value(outcome: &TrialOutcome, measure: Measure) -> u64 {
    let found = outcome.observations.iter().find(|o| o.measure == measure && o.phase.is_none());
    found.unwrap_or_else(|| panic!("it has {}", measure.id())).value.to_bits()
}

/// Fails unless the images of two cold trials have the same files. The classic store's tar of a RUN step has folders that only a mount
/// touched, an entry of 512 bytes each; all else of the layers is the same to the byte.
fn assert_same_files(classic: &TrialOutcome, containerd: &TrialOutcome) {
    for measure in [Measure::LiveSize, Measure::LayerCount, Measure::FileCount] {
        assert_eq!(value(classic, measure), value(containerd, measure), "{}", measure.id());
    }
    let layers = [classic, containerd].map(|outcome| &outcome.weighing.as_ref().expect("it was weighed").layers);
    for (one, two) in layers[0].iter().zip(layers[1]) {
        let entries = [one, two].map(|layer| layer.content.expect("it was read").entries);
        let made_by = one.created_by.as_deref().unwrap_or_default();
        assert_eq!(one.uncompressed, two.uncompressed + 512 * (entries[0] - entries[1]), "{made_by}");
        assert!(entries[0] == entries[1] || made_by.starts_with("RUN "), "{made_by}");
    }
}

#[test]
fn files_are_the_same_in_both_stores_and_each_moves_updates_in_its_own_form() {
    let test = "live::run::stores::files_are_the_same_in_both_stores_and_each_moves_updates_in_its_own_form";
    let Some(root) = engine_root_or_skip(test, "forky", &[]) else { return };
    let _among_others = among_others();
    let mut scene = scene();
    let classic = measured(&mut scene, &root, "classic", "cold,warm,edit");
    let containerd = measured(&mut scene, &root, "containerd", "cold,warm,edit,base");
    assert_eq!([&classic, &containerd].map(|record| record.run.conditions.store.as_str()), ["overlay2", "overlayfs"]);
    assert_eq!(containerd.run.settings.store.as_deref(), Some("containerd"));
    assert!(
        containerd.run.warnings.iter().any(|warning| warning.message.contains("pull-time has no phases")),
        "{:?}",
        containerd.run.warnings
    );
    let moved = classic.run.conditions.moved_bases(&containerd.run.conditions);
    assert!(moved.is_empty(), "a base has one digest in every store: {moved:?}");
    let [one, two] = [&classic, &containerd].map(|record| value(of(record, "multi", "cold"), Measure::UncompressedSize));
    assert_eq!(one, two, "what was copied alone is the same to the byte");
    for variant in ["single", "multi"] {
        let cold = of(&containerd, variant, "cold");
        assert_same_files(of(&classic, variant, "cold"), cold);
        let weighing = cold.weighing.as_ref().expect("it was weighed");
        assert!(weighing.layers.iter().all(|layer| layer.compressed < Some(layer.uncompressed)), "all of it was compressed: {weighing:?}");
        for moved in [&cold.push, &cold.pull] {
            let bytes = moved.as_ref().expect("it moved").blob_bytes;
            assert_eq!(Some(bytes), weighing.layer_transfer_size.map(|layers| layers + weighing.config_size), "{variant}");
        }
        assert!(cold.observations.iter().all(|o| o.phase.as_deref() != Some("extract")), "its engine tells of no phases");
        for (record, form) in [(&classic, DeltaForm::Chain), (&containerd, DeltaForm::Blob)] {
            let delta = of(record, variant, "edit source").delta.as_ref().expect("it was pushed");
            assert!(
                delta.pulled == Some(form) && delta.blob > 0 && delta.layers.iter().filter(|layer| layer.blob).count() == 1,
                "{delta:?}"
            );
        }
        let base = of(&containerd, variant, "base").delta.as_ref().expect("it was pushed");
        assert!(base.pulled == Some(DeltaForm::Blob) && base.blob > 0, "{base:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_on_what_a_registry_has_under_the_name_of_a_base_has_no_numbers() {
    let test = "live::run::stores::a_build_on_what_a_registry_has_under_the_name_of_a_base_has_no_numbers";
    let Some(root) = engine_root_or_skip(test, "forky", &[]) else { return };
    let _among_others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
    let scene = Scene::of(&[("moved", &GOOD.replace("scratch", ON_HUB)), ("other", &GOOD.replace("scratch", ELSEWHERE))]);
    let scenarios = bench::scenarios(&scene.path("scenarios"));
    let rigged = bench::up_with(&scenarios, Some(root), Store::Containerd).await;
    let (builder, mirror) = (&rigged.bench.builder, rigged.bench.base_mirror.as_ref().expect("there is one"));
    let own = builder.inspect(ON_HUB).await.expect("an answer").expect("it is there").id;
    builder.tag(ELSEWHERE, ON_HUB).await.expect("another image has the name");
    mirror.take(builder, ON_HUB).await.expect("the mirror has that one");
    builder.tag(&own, ON_HUB).await.expect("the base has its name again");
    let (_, outcomes) = bench::measure(&rigged, &scenarios, |_, _| {}).await;
    let status = |variant: &str| &outcomes.iter().find(|o| o.trial.variant == variant).expect("it was planned").status;
    assert_eq!(status("other"), &Status::Measured);
    let reason = status("moved").reason().unwrap_or_default();
    assert!(reason.contains("the engine built on another image") && reason.contains(&own), "{:?}", status("moved"));
    bench::down(rigged).await;
}
