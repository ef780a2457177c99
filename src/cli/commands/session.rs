//! The record of a run while it goes on.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use crate::cli::options::RunOptions;
use crate::cli::{Exit, Failure};
use crate::record::{
    BaseRecord, Conditions, FORMAT_VERSION, GitState, HostFacts, HostProbe, HostRun, Overhead, PlannedVariant, Receipt, RecordError,
    RunRecord, RunState, Settings, Status, Store, TrialOutcome, Warning, git_state, unpigz_on_path,
};
use crate::rig::private::has_program;
use crate::run::{self, Emitter, End, EngineKind, Sink};
use crate::scenario::{Discovered, Expectation, Scenario, Variant};

use super::run::state;

/// A record being written.
#[derive(Debug)]
pub(super) struct Session {
    store: Store,
    run: RunRecord,
    outcomes: Vec<TrialOutcome>,
}

impl Session {
    /// Writes the first `run.json`: all that is known before the first trial.
    pub(super) fn begin(
        options: &RunOptions,
        found: &Discovered,
        store: Store,
        facts: HostFacts,
        conditions: Conditions,
        warnings: Vec<String>,
    ) -> Result<Self, Failure> {
        let run = RunRecord {
            format_version: FORMAT_VERSION,
            run_id: store.run_id(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started: Timestamp::now(),
            finished: None,
            state: RunState::Incomplete,
            conditions,
            receipt: receipt(options, found, facts),
            settings: settings(options),
            plan: planned(found)?,
            seed: options.seed,
            overhead: Overhead::default(),
            host: None,
            warnings: warnings.into_iter().map(|message| Warning { message }).collect(),
        };
        store.write_run(&run).map_err(|e| Failure::new(Exit::Record, e))?;
        Ok(Self { store, run, outcomes: Vec::new() })
    }

    /// The run's folder.
    pub(super) fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// The run's id.
    pub(super) fn run_id(&self) -> String {
        self.run.run_id.clone()
    }

    /// Takes in what a run on the user's own engine left there, and which base images its builds found.
    pub(super) fn found_on_host(&mut self, host: HostRun, bases: BTreeMap<String, BaseRecord>) {
        self.run.host = Some(host);
        self.run.conditions.bases.extend(bases);
    }

    /// Takes in what readers of the record must know of its end.
    pub(super) fn warn(&mut self, messages: Vec<String>) {
        self.run.warnings.extend(messages.into_iter().map(|message| Warning { message }));
    }

    /// Every outcome until now.
    pub(super) fn outcomes(&self) -> &[TrialOutcome] {
        &self.outcomes
    }

    /// Writes the last `run.json`.
    pub(super) fn finish(&mut self, end: &End, emitter: &Emitter) -> Result<(), Failure> {
        self.run.finished = Some(Timestamp::now());
        self.run.state = state(end);
        self.run.overhead = emitter.watch().account();
        let event = run::EventKind::RunFinished { overhead: self.run.overhead.clone(), seconds: self.run.overhead.wall };
        emitter.send(event);
        self.store.write_run(&self.run).map_err(|e| Failure::new(Exit::Record, e))
    }

    fn keep(&mut self, mut outcome: TrialOutcome, log: &str) -> Result<TrialOutcome, RecordError> {
        if !log.is_empty() {
            let name = Store::log_name(&outcome.trial);
            let path = self.store.folder().join(&name);
            let mut file = self.store.log(&outcome.trial)?;
            file.write_all(log.as_bytes()).and_then(|()| file.sync_data()).map_err(|source| RecordError::Io {
                action: "write",
                path,
                source,
            })?;
            outcome.log = Some(name);
        }
        match self.store.append(&outcome) {
            // A number that no trial can have spoils its own trial and no other.
            Err(RecordError::BadOutcome { problem, .. }) if outcome.status.has_numbers() => {
                let outcome = invalid(outcome, problem);
                self.store.append(&outcome)?;
                Ok(outcome)
            }
            appended => appended.map(|()| outcome),
        }
    }
}

/// The same trial without its numbers.
fn invalid(outcome: TrialOutcome, problem: String) -> TrialOutcome {
    let status = Status::Invalid { reason: problem };
    TrialOutcome { status, observations: Vec::new(), push: None, pull: None, weighing: None, delta: None, ..outcome }
}

/// Keeps outcomes for the run.
pub(super) struct Keeper<'a>(pub &'a mut Session);

impl Sink for Keeper<'_> {
    fn keep(&mut self, outcome: TrialOutcome, log: &str) -> Result<TrialOutcome, Box<dyn std::error::Error + Send + Sync>> {
        let outcome = self.0.keep(outcome, log)?;
        self.0.outcomes.push(outcome.clone());
        Ok(outcome)
    }
}

/// The machine's facts, as they are recorded.
pub(super) fn facts() -> HostFacts {
    HostProbe::new("/").facts()
}

/// Whether docker would inflate with `unpigz`: it looks in its own root.
pub(super) fn unpigz(engine: &EngineKind) -> bool {
    match engine {
        EngineKind::Private { engine_root: Some(root), .. } => has_program(root, "unpigz"),
        EngineKind::Private { .. } | EngineKind::Host => unpigz_on_path(std::env::var_os("PATH").as_deref()),
    }
}

fn receipt(options: &RunOptions, found: &Discovered, facts: HostFacts) -> Receipt {
    let git = commit(found);
    Receipt {
        os: facts.os,
        kernel: facts.kernel,
        cpu: facts.cpu,
        cpus: facts.cpus,
        memory: facts.memory,
        scenarios_commit: git.as_ref().map(|g| g.commit.clone()),
        scenarios_dirty: git.map(|g| g.dirty),
        command: options.command.clone(),
    }
}

/// The commit that all scenarios are from; `None` when they are from several, or from none.
fn commit(found: &Discovered) -> Option<GitState> {
    let mut states = found.scenarios.iter().map(|scenario| git_state(&scenario.root));
    let first = states.next()??;
    states.try_fold(first, |all, state| {
        let state = state.filter(|state| state.commit == all.commit)?;
        Some(GitState { dirty: all.dirty || state.dirty, ..state })
    })
}

fn settings(options: &RunOptions) -> Settings {
    Settings {
        scenarios: options.selection.wanted.clone(),
        variants: options.selection.variants.clone(),
        engine: options.engine.id().to_owned(),
        bases: options.bases.id().to_owned(),
        locked: options.locked,
        registry: options.registry.as_ref().map(ToString::to_string),
        link: options.link.shape().map(|shape| shape.to_string()),
        trials: options.trials,
        builds: options.builds.ids().map(str::to_owned).collect(),
        allow_skips: options.allow_skips,
    }
}

fn planned(found: &Discovered) -> Result<Vec<PlannedVariant>, Failure> {
    let mut plan = Vec::new();
    for scenario in &found.scenarios {
        for variant in &scenario.variants {
            plan.push(PlannedVariant {
                scenario: scenario.name.clone(),
                variant: variant.name.clone(),
                language: scenario.language.0.clone(),
                kind: variant.kind.id().to_owned(),
                dockerfile: shown(variant.dockerfile_in(&scenario.root)),
                edits: edits(scenario, variant),
                bases: run::variant_references(variant).map_err(|e| Failure::new(Exit::Usage, e))?,
            });
        }
    }
    Ok(plan)
}

/// The edits after which a variant is built; one that is meant to fail is built once.
fn edits(scenario: &Scenario, variant: &Variant) -> Vec<String> {
    let edits = scenario.edits.iter().filter(|_| variant.expect == Expectation::Success);
    edits.map(|edit| edit.name.clone()).collect()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
