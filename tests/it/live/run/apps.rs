//! The repository's own scenarios from end to end: five languages, each built in one stage and in several.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use loadline::image::LayerWeight;
use loadline::measure::Measure;
use loadline::record::{Record, RunState, Status, TrialOutcome};

use crate::support::app::record;
use crate::support::cli::{Ended, Loadline};
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// The pairs, as the demo measures them.
const APPS: [&str; 5] = ["go-api", "java-api", "node-api", "python-api", "react-spa"];
/// Measures of every cold trial on private engines.
const TIMES: [Measure; 3] = [Measure::BuildTime, Measure::PushTime, Measure::PullTime];

/// One run of all pairs, and of the Go service's small bases, by the program, made once for all tests.
pub(super) struct Run {
    folder: tempfile::TempDir,
    pub(super) ended: Ended,
}

impl Run {
    pub(super) fn get() -> &'static Self {
        static RUN: OnceLock<Run> = OnceLock::new();
        RUN.get_or_init(|| {
            let _among_others = among_others();
            let folder = tempfile::tempdir().expect("a folder");
            let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
            let mut command = Loadline::new(["run", "--quick", "--builds", "cold,warm", "--scenarios"]).args([&scenarios]);
            for variant in ["single", "multi", "go-api/alpine", "go-api/distroless"] {
                command = command.args(["--variant", variant]);
            }
            let ended = command.args(["--out"]).args([folder.path().join("run")]).run().exits(0);
            Self { folder, ended }
        })
    }

    pub(super) fn out(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub(super) fn record(&self) -> Record {
        record(&self.out())
    }
}

fn trial<'a>(record: &'a Record, app: &str, variant: &str) -> &'a TrialOutcome {
    in_state(record, app, variant, "cold")
}

fn in_state<'a>(record: &'a Record, app: &str, variant: &str, state: &str) -> &'a TrialOutcome {
    let asked = |o: &&TrialOutcome| o.trial.scenario == app && o.trial.variant == variant && o.trial.state() == state;
    let found: Vec<_> = record.trials.iter().filter(asked).collect();
    assert_eq!(found.len(), 1, "{app}/{variant} has one trial that is {state}");
    found[0]
}

fn value(outcome: &TrialOutcome, measure: Measure) -> f64 {
    let found = outcome.observations.iter().find(|o| o.measure == measure && o.phase.is_none());
    found.unwrap_or_else(|| panic!("{:?} has {}", outcome.trial, measure.id())).value
}

#[test]
fn all_ten_are_measured_with_their_smoke_checks_passed() {
    if !live_or_skip("live::run::apps::all_ten_are_measured_with_their_smoke_checks_passed") {
        return;
    }
    let record = Run::get().record();
    assert_eq!((record.run.state, record.trials.len()), (RunState::Complete, 24));
    for (app, variant) in APPS.iter().flat_map(|app| [(app, "single"), (app, "multi")]) {
        let outcome = trial(&record, app, variant);
        assert_eq!(outcome.status, Status::Measured, "{app}/{variant}");
        assert!(TIMES.iter().all(|&measure| value(outcome, measure) > 0.0), "{app}/{variant}");
    }
}

#[test]
fn a_warm_build_takes_every_step_from_the_cache_and_its_image_moves_nothing() {
    if !live_or_skip("live::run::apps::a_warm_build_takes_every_step_from_the_cache_and_its_image_moves_nothing") {
        return;
    }
    let record = Run::get().record();
    let pairs = APPS.iter().flat_map(|app| [(*app, "single"), (*app, "multi")]);
    for (app, variant) in pairs.chain([("go-api", "alpine"), ("go-api", "distroless")]) {
        let warm = in_state(&record, app, variant, "warm");
        assert_eq!(warm.status, Status::Measured, "{app}/{variant}");
        let steps: Vec<_> =
            warm.steps.iter().filter(|step| [" RUN ", " COPY ", " ADD "].iter().any(|word| step.name.contains(word))).collect();
        assert!(!steps.is_empty() && steps.iter().all(|step| step.cached), "{app}/{variant}: {steps:#?}");
        let delta = warm.delta.as_ref().unwrap_or_else(|| panic!("{app}/{variant} is pushed again"));
        assert_eq!((delta.blob, delta.chain), (0, 0), "{app}/{variant}");
        let moved = [&warm.push, &warm.pull].map(|transfer| transfer.as_ref().map(|t| t.blob_bytes));
        assert_eq!(moved, [Some(0), Some(0)], "{app}/{variant}");
    }
}

#[test]
fn what_several_stages_ship_is_smaller_in_every_language() {
    if !live_or_skip("live::run::apps::what_several_stages_ship_is_smaller_in_every_language") {
        return;
    }
    let record = Run::get().record();
    for measure in [Measure::TransferSize, Measure::UncompressedSize] {
        for app in APPS {
            let [single, multi] = ["single", "multi"].map(|variant| value(trial(&record, app, variant), measure));
            eprintln!("{app}: {} {single} -> {multi}", measure.id());
            assert!(multi < single, "{app}: {} {multi} against {single}", measure.id());
        }
    }
}

#[test]
fn the_more_a_final_base_holds_the_larger_the_image() {
    if !live_or_skip("live::run::apps::the_more_a_final_base_holds_the_larger_the_image") {
        return;
    }
    let record = Run::get().record();
    for measure in [Measure::TransferSize, Measure::UncompressedSize, Measure::ReportedSize] {
        let sizes = ["multi", "distroless", "alpine", "single"].map(|variant| value(trial(&record, "go-api", variant), measure));
        assert!(sizes.is_sorted(), "{} {sizes:?}", measure.id());
    }
}

#[test]
fn what_the_engine_reports_is_the_base_as_it_was_loaded_and_what_was_built_on_it() {
    if !live_or_skip("live::run::apps::what_the_engine_reports_is_the_base_as_it_was_loaded_and_what_was_built_on_it") {
        return;
    }
    let record = Run::get().record();
    for outcome in record.trials.iter().filter(|outcome| outcome.trial.cache_state == "cold") {
        let of = format!("{}/{}", outcome.trial.scenario, outcome.trial.variant);
        let weighing = outcome.weighing.as_ref().expect("it was weighed");
        let base = weighing.base.as_ref().unwrap_or_else(|| panic!("{of}: the engine has the base"));
        assert!(base.layers > 0 || base.name == "scratch", "{of}: {base:?}");
        let (below, above) = weighing.layers.split_at(base.layers);
        let without: Vec<_> = above.iter().filter(|layer| layer.dockerfile_line.is_none()).collect();
        assert!(without.is_empty() && !above.is_empty(), "{of}: {without:#?}");
        let app: u64 = above.iter().map(|layer| layer.uncompressed).sum();
        assert_eq!(value(outcome, Measure::AppSize).to_bits(), (app as f64).to_bits(), "{of}");
        let content = |layer: &LayerWeight| layer.content.expect("layers were listed");
        let loaded: u64 = below.iter().map(|layer| content(layer).classic_size).sum();
        let built: u64 = above.iter().map(|layer| content(layer).classic_size_built).sum();
        assert_eq!(value(outcome, Measure::ReportedSize).to_bits(), ((loaded + built) as f64).to_bits(), "{of}: {loaded} and {built}");
    }
}
