//! Records made by hand: a Go service with two measured variants, one that does not build and one that was skipped.

use std::collections::BTreeMap;

use loadline::dockerfile::Line;
use loadline::image::{BaseShare, LayerContent, LayerWeight, WasteBytes, Weighing};
use loadline::measure::Measure;
use loadline::record::{
    BaseRecord, BaseSet, Conditions, DeltaForm, DeltaLayer, DeltaRecord, FORMAT_VERSION, Observation, Overhead, PlannedVariant, Receipt,
    Record, RegistryKind, RunRecord, RunState, Settings, Status, Step, TransferRecord, Trial, TrialOutcome, Warning,
};

/// The figures of one trial, bytes and seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) transfer: u64,
    pub(crate) uncompressed: u64,
    pub(crate) layers: u64,
    pub(crate) build: f64,
    pub(crate) push: f64,
    pub(crate) pull: f64,
}

/// A small image.
pub(crate) const SMALL: Figures = Figures { transfer: 9_000, uncompressed: 20_480, layers: 1, build: 1.5, push: 0.25, pull: 0.125 };

const CONFIG: u64 = 2_871;
const MANIFEST: u64 = 1_361;
/// Targets of symbolic links.
const LINKS: u64 = 7;
const FILES: u64 = 12;

/// A run of three iterations over four variants of one scenario.
pub(crate) fn go_api() -> Record {
    let mut trials = Vec::new();
    for iteration in 1..=3_u32 {
        let drift = f64::from(iteration);
        trials.push(measured("go-api", "single", iteration, single(drift)));
        trials.push(measured("go-api", "multi", iteration, multi(drift)));
    }
    trials.push(failed("go-api", "broken", build_failure()));
    trials.push(failed("go-api", "alpine", Status::Skipped { reason: "no stand-in for golang:1.23-alpine".to_owned() }));
    Record::new(run(), trials).expect("a believable record")
}

fn single(drift: f64) -> Figures {
    Figures {
        transfer: 303_281_114,
        uncompressed: 837_943_296,
        layers: 9,
        build: 12.4 + drift / 8.0,
        push: 7.125 + drift / 16.0,
        pull: 5.5 - drift / 4.0,
    }
}

fn multi(drift: f64) -> Figures {
    Figures { transfer: 6_812_345, uncompressed: 12_102_656, layers: 3, build: 13.0 + drift / 4.0, push: 0.25, pull: 0.125 * drift }
}

fn build_failure() -> Status {
    Status::BuildFailed { reason: "step 4 `RUN go build ./...` failed with 1:\nmain.go:7:2: undefined: x | y".to_owned() }
}

/// `run.json` of [`go_api`].
pub(crate) fn run() -> RunRecord {
    RunRecord {
        format_version: FORMAT_VERSION,
        run_id: "2026-11-30-1".to_owned(),
        tool_version: "0.1.0".to_owned(),
        started: "2026-11-30T12:00:00Z".parse().expect("a time"),
        finished: Some("2026-11-30T12:04:05Z".parse().expect("a time")),
        state: RunState::Complete,
        conditions: conditions(),
        receipt: receipt(),
        settings: settings(),
        plan: ["single", "multi", "broken", "alpine"].map(|v| planned("go-api", v)).to_vec(),
        seed: 42,
        overhead: Overhead {
            wall: 245.0,
            bases: 61.25,
            measured: 170.5,
            kinds: BTreeMap::from([("engine start".to_owned(), 0.75), ("prune".to_owned(), 12.5)]),
        },
        host: None,
        resumed: Vec::new(),
        merged: Vec::new(),
        stopped: None,
        noise: Vec::new(),
        budgets: Vec::new(),
        smoke_skipped: BTreeMap::new(),
        smoke_checks: None,
        warnings: vec![Warning { message: "the CPU's frequency is not fixed; expect noisier times".to_owned() }],
    }
}

fn conditions() -> Conditions {
    let base = BaseRecord {
        digest: format!("sha256:{}", "a1".repeat(32)),
        uncompressed_size: Some(820_000_000),
        differs: Some("Debian 12 packages of the day; published 1.23 is from 2025-08".to_owned()),
    };
    Conditions {
        base_set: BaseSet::StandIn,
        bases: BTreeMap::from([("golang:1.23".to_owned(), base)]),
        platform: "linux/amd64".to_owned(),
        compressor: "dockerd 20.10.24 gzip".to_owned(),
        engine: "private".to_owned(),
        engine_version: "20.10.24+dfsg1".to_owned(),
        api_version: "1.41".to_owned(),
        store: "overlay2".to_owned(),
        builder: "20.10.24".to_owned(),
        run_network: "host".to_owned(),
        link: "loopback".to_owned(),
        download_link: None,
        cpus: None,
        memory: None,
        registry: RegistryKind::Own,
        data_root_file_system: "tmpfs".to_owned(),
        unpigz: false,
        host: "0123456789ab".to_owned(),
    }
}

fn receipt() -> Receipt {
    Receipt {
        os: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        kernel: "6.1.0-18-amd64".to_owned(),
        cpu: "Fast CPU @ 3 GHz".to_owned(),
        cpus: 2,
        memory: 8_000_000_000,
        scenarios_commit: Some("3fe16e5b0c0ffee0000000000000000000000000".to_owned()),
        scenarios_dirty: Some(false),
        command: ["loadline", "run", "scenarios/go-api"].map(str::to_owned).to_vec(),
    }
}

fn settings() -> Settings {
    Settings {
        scenarios: vec!["scenarios/go-api".to_owned()],
        variants: Vec::new(),
        engine: "private".to_owned(),
        store: None,
        bases: "auto".to_owned(),
        locked: false,
        registry: None,
        link: None,
        no_pull: false,
        download_link: None,
        trials: 3,
        warm_up: 0,
        time_limit: None,
        precision: None,
        build_timeout: None,
        transfer_timeout: None,
        starts: 0,
        builds: vec!["cold".to_owned()],
        allow_skips: false,
        shard: None,
    }
}

/// A variant of the plan; its kind follows from its name.
pub(crate) fn planned(scenario: &str, variant: &str) -> PlannedVariant {
    let kind = if variant.starts_with("single") { "single-stage" } else { "multi-stage" };
    PlannedVariant {
        scenario: scenario.to_owned(),
        variant: variant.to_owned(),
        language: "go".to_owned(),
        kind: kind.to_owned(),
        dockerfile: format!("{variant}.Dockerfile"),
        bases: vec!["golang:1.23".to_owned()],
        edits: Vec::new(),
    }
}

/// A trial that was proven and measured.
pub(crate) fn measured(scenario: &str, variant: &str, iteration: u32, figures: Figures) -> TrialOutcome {
    let value = |measure: Measure, value: f64| Observation {
        measure,
        definition: measure.definition().map(str::to_owned),
        phase: None,
        value,
        unit: measure.unit(),
    };
    let weighing = weighing(figures);
    let observations = vec![
        value(Measure::TransferSize, figures.transfer as f64),
        value(Measure::LayerTransferSize, (figures.transfer - CONFIG - MANIFEST) as f64),
        value(Measure::UncompressedSize, weighing.uncompressed_size as f64),
        value(Measure::LiveSize, files(figures) as f64),
        value(Measure::AppSize, figures.uncompressed as f64),
        value(Measure::ClassicSize, files(figures) as f64 + LINKS as f64),
        value(Measure::ClassicSizeBuilt, files(figures) as f64),
        value(Measure::ReportedSize, files(figures) as f64),
        value(Measure::LayerCount, figures.layers as f64),
        value(Measure::FileCount, FILES as f64),
        value(Measure::ContextSize, 18_944.0),
        value(Measure::BuildTime, figures.build),
        Observation { phase: Some("context-upload".to_owned()), ..value(Measure::BuildTime, 0.015_625) },
        value(Measure::PushTime, figures.push),
        value(Measure::PullTime, figures.pull),
    ];
    let transfer = |seconds| transfer(&weighing, seconds);
    TrialOutcome {
        status: Status::Measured,
        observations,
        steps: vec![Step {
            name: "[2/4] RUN go build".to_owned(),
            cached: false,
            started: Some(0.5),
            completed: Some(figures.build),
            error: None,
            digest: Some("sha256:step".to_owned()),
            inputs: Some(Vec::new()),
        }],
        push: Some(transfer(figures.push)),
        pull: Some(transfer(figures.pull)),
        weighing: Some(weighing.clone()),
        ..outcome(scenario, variant, iteration, Status::Measured)
    }
}

/// A trial after an edit: the update moves `blob` bytes by one form and `chain` by the other, most of them made by `made_by`.
pub(crate) fn updated(scenario: &str, variant: &str, edit: &str, (blob, chain): (u64, u64), made_by: &str) -> TrialOutcome {
    let mut outcome = outcome(scenario, variant, 1, Status::Measured);
    outcome.trial = Trial { cache_state: "edit".to_owned(), edit: Some(edit.to_owned()), ..outcome.trial };
    let observation = |measure: Measure, definition: Option<&str>, value: f64| Observation {
        measure,
        definition: definition.map(str::to_owned),
        phase: None,
        value,
        unit: measure.unit(),
    };
    outcome.observations = vec![
        observation(Measure::BuildTime, None, 3.25),
        observation(Measure::DeltaTransferSize, Some("D10-blob"), blob as f64),
        observation(Measure::DeltaTransferSize, Some("D10-chain"), chain as f64),
    ];
    let line = |line, instruction: &str| Some(Line { file: "multi.Dockerfile".to_owned(), line, instruction: instruction.to_owned() });
    let layer = |bytes, base, dockerfile_line, blob, chain| DeltaLayer { bytes, base: Some(base), dockerfile_line, blob, chain };
    outcome.delta = Some(DeltaRecord {
        blob,
        chain,
        pulled: Some(DeltaForm::Chain),
        layers: vec![
            layer(30_000_000, true, None, false, false),
            layer(blob - 2_000, false, line(5, made_by), true, true),
            layer(chain - blob, false, line(6, "COPY package.json ./"), false, true),
        ],
    });
    outcome
}

/// The same in another cache state, with an edit or none.
pub(crate) fn rebuilt(variant: &str, (state, edit): (&str, Option<&str>), (blob, chain): (u64, u64), made_by: &str) -> TrialOutcome {
    let mut outcome = updated("go-api", variant, "", (blob, chain), made_by);
    outcome.trial = Trial { cache_state: state.to_owned(), edit: edit.map(str::to_owned), ..outcome.trial };
    outcome
}

/// A trial without numbers.
pub(crate) fn failed(scenario: &str, variant: &str, status: Status) -> TrialOutcome {
    outcome(scenario, variant, 1, status)
}

fn outcome(scenario: &str, variant: &str, iteration: u32, status: Status) -> TrialOutcome {
    TrialOutcome {
        trial: Trial {
            scenario: scenario.to_owned(),
            variant: variant.to_owned(),
            iteration,
            cache_state: "cold".to_owned(),
            edit: None,
            warmup: false,
        },
        started: "2026-11-30T12:01:00Z".parse().expect("a time"),
        status,
        observations: Vec::new(),
        steps: Vec::new(),
        push: None,
        pull: None,
        weighing: None,
        delta: None,
        starts: Vec::new(),
        download: None,
        warnings: Vec::new(),
        log: None,
        lost: false,
        noise: None,
    }
}

/// Bytes of regular files.
fn files(figures: Figures) -> u64 {
    figures.uncompressed - figures.layers * 1_024
}

fn weighing(figures: Figures) -> Weighing {
    let layer_transfer_size = figures.transfer - CONFIG - MANIFEST;
    Weighing {
        digest: Some(format!("sha256:{}", "b2".repeat(32))),
        image_id: Some(format!("sha256:{}", "e5".repeat(32))),
        layer_transfer_size: Some(layer_transfer_size),
        transfer_size: Some(figures.transfer),
        uncompressed_size: figures.uncompressed,
        classic_size: Some(files(figures) + LINKS),
        classic_size_built: Some(files(figures)),
        live_size: Some(files(figures)),
        file_count: Some(FILES),
        waste: Some(WasteBytes { overwritten: 0, deleted: 0, duplicate: 0 }),
        base: Some(BaseShare {
            name: "scratch".to_owned(),
            layers: 0,
            uncompressed_size: 0,
            layer_transfer_size: Some(0),
            app_size: figures.uncompressed,
        }),
        config_size: CONFIG,
        manifest_size: Some(MANIFEST),
        layers: vec![LayerWeight {
            digest: Some(format!("sha256:{}", "c3".repeat(32))),
            diff_id: format!("sha256:{}", "d4".repeat(32)),
            media_type: Some("application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned()),
            compressed: Some(layer_transfer_size),
            uncompressed: figures.uncompressed,
            created_by: Some("COPY . .".to_owned()),
            dockerfile_line: Some(Line { file: "multi.Dockerfile".to_owned(), line: 7, instruction: "COPY . .".to_owned() }),
            content: Some(LayerContent {
                entries: FILES + 1,
                files: FILES,
                classic_size: files(figures) + LINKS,
                classic_size_built: files(figures),
                live: files(figures),
                overwritten: 0,
                deleted: 0,
            }),
            biggest: Vec::new(),
        }],
    }
}

fn transfer(weighing: &Weighing, seconds: f64) -> TransferRecord {
    TransferRecord {
        seconds,
        digest: weighing.digest.clone().expect("there is a manifest"),
        blob_bytes: weighing.layer_transfer_size.expect("there is a manifest") + weighing.config_size,
        manifest_bytes: MANIFEST,
        blobs: weighing.layers.iter().map(|l| (l.digest.clone().expect("it is stored"), l.compressed.expect("it is stored"))).collect(),
        active_seconds: Some(seconds / 2.0),
        link: None,
    }
}

/// Changes the one observation of `measure` in every trial of `variant`, and the weighing with it.
pub(crate) fn change(record: &mut Record, variant: &str, measure: Measure, to: impl Fn(f64) -> f64) {
    for outcome in record.trials.iter_mut().filter(|o| o.trial.variant == variant) {
        for observation in outcome.observations.iter_mut().filter(|o| o.measure == measure && o.phase.is_none()) {
            observation.value = to(observation.value);
        }
        outcome.weighing = None;
    }
}
