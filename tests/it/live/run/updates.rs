//! What a change to an app costs afterwards: builds from the cache, and the bytes of an update, on a real engine.

use std::path::Path;
use std::sync::OnceLock;

use loadline::record::{DeltaForm, Record, Status, TrialOutcome};

use crate::support::app::{GOOD, Scene, record};
use crate::support::cli::{Ended, Loadline};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// One run of the variants of the Node service with all builds, made once for all tests.
struct Run {
    record: Record,
    ended: Ended,
    report: String,
}

impl Run {
    fn get() -> &'static Self {
        static RUN: OnceLock<Run> = OnceLock::new();
        RUN.get_or_init(|| {
            let _among_others = among_others();
            let folder = tempfile::tempdir().expect("a folder");
            let out = folder.path().join("run");
            let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
            let mut command = Loadline::new(["run", "--trials", "1", "--scenarios"]).args([&scenarios]).args(["node-api"]);
            for variant in ["single", "multi", "copy-all"] {
                command = command.args(["--variant", variant]);
            }
            let ended = command.args(["--out"]).args([&out]).run().exits(0);
            let report = std::fs::read_to_string(out.join("report.md")).expect("there is a report");
            Self { record: record(&out), ended, report }
        })
    }

    fn trial(&self, variant: &str, state: &str) -> &TrialOutcome {
        let found = self.record.trials.iter().find(|o| o.trial.variant == variant && o.trial.state() == state);
        found.unwrap_or_else(|| panic!("{variant} has a trial that is {state}"))
    }

    /// The bytes of the layer that `npm ci` made, where an update moves it.
    fn packages(&self, variant: &str, state: &str) -> Option<u64> {
        let delta = self.trial(variant, state).delta.as_ref().expect("it was pushed");
        let with_packages = |line: &str| {
            ["RUN npm ci", "COPY --from=dependencies /app/node_modules", "COPY --from=build /app ./"]
                .iter()
                .any(|made| line.starts_with(made))
        };
        let made =
            |layer: &&loadline::record::DeltaLayer| layer.dockerfile_line.as_ref().is_some_and(|line| with_packages(&line.instruction));
        delta.layers.iter().filter(|layer| layer.blob).find(made).map(|layer| layer.bytes)
    }
}

#[test]
fn every_build_of_every_variant_is_in_the_state_it_says_and_proven() {
    if !live_or_skip("live::run::updates::every_build_of_every_variant_is_in_the_state_it_says_and_proven") {
        return;
    }
    let run = Run::get();
    for variant in ["single", "multi", "copy-all"] {
        for state in ["cold", "warm", "edit source", "edit dependency"] {
            assert_eq!(run.trial(variant, state).status, Status::Measured, "{variant}, {state}");
        }
    }
    assert_eq!(run.record.trials.len(), 12);
}

#[test]
fn an_update_moves_by_the_registrys_count_what_the_two_manifests_say() {
    if !live_or_skip("live::run::updates::an_update_moves_by_the_registrys_count_what_the_two_manifests_say") {
        return;
    }
    let run = Run::get();
    for outcome in run.record.trials.iter().filter(|o| o.trial.edit.is_some()) {
        let delta = outcome.delta.as_ref().expect("it was pushed");
        let moved = [&outcome.push, &outcome.pull].map(|transfer| transfer.as_ref().map(|t| t.blob_bytes));
        eprintln!("{}: blob {} chain {}", outcome.trial, delta.blob, delta.chain);
        assert_eq!(moved, [Some(delta.blob), Some(delta.chain)], "{}", outcome.trial);
        assert_eq!(delta.pulled, Some(DeltaForm::Chain), "the engine of the distribution has a classic store");
        assert!(delta.blob > 0 && delta.blob <= delta.chain, "{}", outcome.trial);
    }
}

#[test]
fn packages_that_are_installed_after_the_sources_are_shipped_again_and_the_report_says_so() {
    if !live_or_skip("live::run::updates::packages_that_are_installed_after_the_sources_are_shipped_again_and_the_report_says_so") {
        return;
    }
    let run = Run::get();
    for variant in ["single", "copy-all"] {
        assert!(run.packages(variant, "edit source").is_some_and(|bytes| bytes > 1_000_000), "{variant}");
    }
    assert_eq!(run.packages("multi", "edit source"), None, "its packages come before its sources");
    assert!(run.packages("multi", "edit dependency").is_some_and(|bytes| bytes > 100_000), "another package is another layer");
    let sentence =
        |text: &str| text.lines().any(|line| line.starts_with("After edit source") && line.contains("multi") && line.contains("npm ci"));
    assert!(sentence(&run.ended.stdout), "{}", run.ended.stdout);
    assert!(sentence(&run.report), "{}", run.report);
}

#[test]
fn a_ci_machine_without_a_cache_ships_again_what_carries_times_although_nothing_of_it_changed() {
    if !live_or_skip("live::run::updates::a_ci_machine_without_a_cache_ships_again_what_carries_times_although_nothing_of_it_changed") {
        return;
    }
    let _among_others = among_others();
    let fill = "RUN [\"/app\", \"fill\", \"/packages\", \"5000000\"]";
    let text = GOOD.replace("CMD", &format!("{fill}\nCOPY note /note\nCMD"));
    let mut scene = Scene::of(&[("good", &text)]);
    let folder = scene.scenario("app");
    std::fs::write(folder.join("note"), "Hello").expect("a file");
    let toml = folder.join("scenario.toml");
    let edit = "[edits.source]\nfile = \"note\"\nfind = \"Hello\"\nreplace = \"Good morning\"\n";
    let scenario = std::fs::read_to_string(&toml).expect("a scenario");
    std::fs::write(&toml, format!("{scenario}{edit}")).expect("a scenario");
    let (command, out) = scene.command();
    let ended = command.args(["--builds", "cold,warm,edit,clean"]).run().exits(0);
    let record = record(&out);
    let moved = |state: &str| {
        let outcome = record.trials.iter().find(|o| o.trial.state() == state).expect("it was planned");
        assert_eq!(outcome.status, Status::Measured, "{state}");
        let delta = outcome.delta.as_ref().expect("it was pushed");
        let counted = [&outcome.push, &outcome.pull].map(|transfer| transfer.as_ref().expect("it moved").blob_bytes);
        assert_eq!(counted, [delta.blob, delta.chain], "{state}");
        eprintln!("{state}: blob {} chain {}", delta.blob, delta.chain);
        delta.layers.iter().map(|layer| layer.blob).collect::<Vec<_>>()
    };
    // The layers of app, packages and note. A file that is copied keeps its time, one that a step writes does not.
    assert_eq!(moved("warm"), [false; 3]);
    assert_eq!(moved("edit source"), [false, false, true]);
    assert_eq!(moved("clean"), [false, true, false]);
    assert_eq!(moved("clean source"), [false, true, true]);
    for words in ["where CI keeps its cache", "where it keeps none", "clean-ci"] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
}

#[test]
fn a_base_image_with_a_layer_more_ships_what_lies_on_it_and_is_as_it_was_afterwards() {
    if !live_or_skip("live::run::updates::a_base_image_with_a_layer_more_ships_what_lies_on_it_and_is_as_it_was_afterwards") {
        return;
    }
    let _among_others = among_others();
    let mut scene = Scene::of(&[("good", &GOOD.replace("scratch", "gcr.io/distroless/static-debian12:nonroot"))]);
    let (command, out) = scene.command();
    let ended = command.args(["--bases", "stand-in", "--builds", "cold,base,clean"]).run().exits(0);
    let record = record(&out);
    let delta = |state: &str| {
        let outcome = record.trials.iter().find(|o| o.trial.state() == state).expect("it was planned");
        assert_eq!(outcome.status, Status::Measured, "{state}");
        outcome.delta.clone().expect("it was pushed")
    };
    let (base, clean) = (delta("base"), delta("clean"));
    eprintln!("base: blob {} chain {}", base.blob, base.chain);
    let app = base.layers.last().expect("it has layers");
    assert!(!app.blob && app.chain, "the app is the same, but lies on another chain: {base:?}");
    assert!(base.blob < 10_000 && base.chain >= app.bytes + base.blob, "{base:?}");
    assert_eq!(base.layers.iter().filter(|layer| layer.blob).count(), 1, "the layer more: {base:?}");
    assert_eq!(clean.layers.len() + 1, base.layers.len(), "the base is as it was");
    assert!(clean.layers.iter().all(|layer| !layer.blob), "{clean:?}");
    assert!(ended.stdout.contains("After one small layer more in the base image"), "{}", ended.stdout);
}
