//! The record of a run while it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use crate::cli::options::RunOptions;
use crate::cli::{Exit, Failure};
use crate::record::{
    BaseRecord, Conditions, FORMAT_VERSION, GitState, HostFacts, HostProbe, HostRun, NoiseBefore, NoiseProbe, Overhead, PlannedVariant,
    Receipt, RecordError, RunRecord, RunState, Settings, Shard, SmokeRecord, Status, Store, Trial, TrialOutcome, Warning, git_state,
    unpigz_on_path,
};
use crate::rig::private::has_program;
use crate::run::{self, Emitter, End, EngineKind, Settled, Sink};
use crate::scenario::{Discovered, Expectation, Scenario, Smoke, Variant};

use super::run::state;

/// A record being written.
#[derive(Debug)]
pub(super) struct Session {
    store: Store,
    run: RunRecord,
    outcomes: Vec<TrialOutcome>,
    /// What there was before this process: the account and the trials that stay. Empty for a new run.
    before: Overhead,
    settled: Settled,
    /// Logs that this process has written to.
    logs: BTreeSet<String>,
}

impl Session {
    /// Writes the first `run.json`: all that is known before the first trial.
    pub(super) fn begin(
        options: &RunOptions,
        (found, shard): (&Discovered, Option<Shard>),
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
            receipt: receipt(&options.command, found, facts),
            settings: settings(options, shard),
            plan: planned(found)?,
            seed: options.seed,
            overhead: Overhead::default(),
            host: None,
            resumed: Vec::new(),
            merged: Vec::new(),
            stopped: None,
            noise: Vec::new(),
            budgets: found.scenarios.iter().flat_map(|scenario| scenario.budgets.clone()).collect(),
            smoke_skipped: found.scenarios.iter().filter_map(smoke_skipped).collect(),
            smoke_checks: Some(smoke_checks(found)),
            warnings: warnings.into_iter().map(|message| Warning { message }).collect(),
        };
        let session =
            Self { store, run, outcomes: Vec::new(), before: Overhead::default(), settled: Settled::default(), logs: BTreeSet::new() };
        session.write()?;
        Ok(session)
    }

    /// Goes on with a record. Writes nothing.
    pub(super) fn again(store: Store, run: RunRecord, trials: Vec<TrialOutcome>) -> Self {
        let (before, settled) = (run.overhead.clone(), Settled::of(&trials));
        Self { store, run, outcomes: trials, before, settled, logs: BTreeSet::new() }
    }

    /// Replaces `run.json`.
    pub(super) fn write(&self) -> Result<(), Failure> {
        self.store.write_run(&self.run).map_err(|e| Failure::new(Exit::Record, e))
    }

    /// The trials that are not recorded again.
    pub(super) fn settled(&self) -> Settled {
        self.settled.clone()
    }

    /// How the run stands.
    pub(super) fn state(&self) -> RunState {
        self.run.state
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
        self.run.host = Some(match self.run.host.take() {
            Some(before) => before.and(&host),
            None => host,
        });
        for (name, base) in bases {
            let moved = self.run.conditions.bases.get(&name).map(|before| before.digest.clone()).filter(|before| *before != base.digest);
            let Some(before) = moved else {
                self.run.conditions.bases.insert(name, base);
                continue;
            };
            // A digest that no image has: nothing is comparable with what was built on two.
            let digest = format!("{before}, later {}", base.digest);
            self.warn_once([format!("the base image {name} was replaced on the engine while the run was stopped; measure anew")]);
            self.run.conditions.bases.insert(name, BaseRecord { digest, ..base });
        }
    }

    /// Takes in how noisy the machine was before the first trial of this part of the run, and writes it.
    pub(super) fn probed(&mut self, probe: NoiseProbe) -> Result<(), Failure> {
        let shard = self.run.settings.shard.as_ref().map(|shard| shard.number);
        self.run.noise.push(NoiseBefore { shard, probe });
        self.write()
    }

    /// Takes in what readers of the record must know of its end.
    pub(super) fn warn(&mut self, messages: Vec<String>) {
        self.warn_once(messages);
    }

    /// Says each message that was not said in an earlier part of the run.
    pub(super) fn warn_once(&mut self, messages: impl IntoIterator<Item = String>) {
        let new = messages.into_iter().map(|message| Warning { message });
        for warning in new {
            if !self.run.warnings.contains(&warning) {
                self.run.warnings.push(warning);
            }
        }
    }

    /// Every outcome until now.
    pub(super) fn outcomes(&self) -> &[TrialOutcome] {
        &self.outcomes
    }

    /// Writes the last `run.json`.
    pub(super) fn finish(&mut self, end: &End, emitter: &Emitter) -> Result<(), Failure> {
        self.run.finished = Some(Timestamp::now());
        self.run.state = state(end);
        self.run.stopped = if let End::Stopped(stopped) = end { Some(stopped.clone()) } else { None };
        self.run.overhead = self.before.and(&emitter.watch().account());
        let event = run::EventKind::RunFinished { overhead: self.run.overhead.clone(), seconds: self.run.overhead.wall };
        emitter.send(event);
        self.write()
    }

    fn keep(&mut self, mut outcome: TrialOutcome, log: &str) -> Result<TrialOutcome, RecordError> {
        if !log.is_empty() {
            outcome.log = Some(self.log(&outcome.trial, log)?);
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

    /// Appends to the log of a block; its name. Lines of a block that is built again are set off from those of before.
    fn log(&mut self, trial: &Trial, text: &str) -> Result<String, RecordError> {
        let name = Store::log_name(trial);
        let path = self.store.folder().join(&name);
        let goes_on = self.logs.insert(name.clone()) && path.exists();
        let mut file = self.store.log(trial)?;
        let mark = |at| format!("\nloadline: the run goes on at {at}; from here on the block is built again\n");
        let mark = if goes_on { mark(Timestamp::now()) } else { String::new() };
        let written = file.write_all((mark + text).as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|source| RecordError::Io { action: "write", path, source })?;
        Ok(name)
    }

    /// Takes note of a trial that was made again for the ones after it: its log, and whether it came to another end.
    fn note(&mut self, outcome: &TrialOutcome, log: &str) -> Result<(), RecordError> {
        if !log.is_empty() {
            self.log(&outcome.trial, log)?;
        }
        if !outcome.status.has_numbers() && outcome.is_final() {
            let (trial, status) = (&outcome.trial, outcome.status.id());
            let message = format!("{trial} was built again for the trials after it and was {status} then; what is recorded of it stays");
            self.warn_once([message]);
        }
        Ok(())
    }
}

/// The same trial without its numbers.
fn invalid(outcome: TrialOutcome, problem: String) -> TrialOutcome {
    let status = Status::Invalid { reason: problem };
    TrialOutcome { status, observations: Vec::new(), push: None, pull: None, weighing: None, delta: None, download: None, ..outcome }
}

/// Keeps outcomes for the run.
pub(super) struct Keeper<'a>(pub &'a mut Session);

impl Sink for Keeper<'_> {
    fn outcomes(&self) -> &[TrialOutcome] {
        self.0.outcomes()
    }

    fn keep(&mut self, outcome: TrialOutcome, log: &str) -> Result<TrialOutcome, Box<dyn std::error::Error + Send + Sync>> {
        let outcome = self.0.keep(outcome, log)?;
        self.0.outcomes.push(outcome.clone());
        Ok(outcome)
    }

    fn again(&mut self, outcome: &TrialOutcome, log: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.note(outcome, log)?)
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

/// The machine, the commit of the scenarios, and the command.
pub(super) fn receipt(command: &[String], found: &Discovered, facts: HostFacts) -> Receipt {
    let git = commit(found);
    Receipt {
        os: facts.os,
        kernel: facts.kernel,
        cpu: facts.cpu,
        cpus: facts.cpus,
        memory: facts.memory,
        scenarios_commit: git.as_ref().map(|g| g.commit.clone()),
        scenarios_dirty: git.map(|g| g.dirty),
        command: command.to_vec(),
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

fn settings(options: &RunOptions, shard: Option<Shard>) -> Settings {
    Settings {
        scenarios: options.selection.wanted.clone(),
        variants: options.selection.variants.clone(),
        engine: options.engine.id().to_owned(),
        store: options.engine.other_store().map(str::to_owned),
        bases: options.bases.id().to_owned(),
        locked: options.locked,
        registry: options.registry.as_ref().map(ToString::to_string),
        link: options.link.shape().map(|shape| shape.to_string()),
        no_pull: !options.pulls,
        download_link: options.downloads.map(|link| link.to_string()),
        trials: options.trials,
        warm_up: options.warm_up,
        starts: options.starts,
        time_limit: options.rules.time_limit.map(|limit| limit.as_secs_f64()),
        precision: options.rules.precision,
        build_timeout: Some(options.limits.build.as_secs_f64()),
        transfer_timeout: Some(options.limits.transfer.as_secs_f64()),
        builds: options.builds.ids().map(str::to_owned).collect(),
        allow_skips: options.allow_skips,
        shard,
    }
}

/// The variants of a plan, as they are recorded.
pub(super) fn planned(found: &Discovered) -> Result<Vec<PlannedVariant>, Failure> {
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

/// Why a scenario has no smoke check, where it says so.
fn smoke_skipped(scenario: &Scenario) -> Option<(String, String)> {
    match &scenario.smoke {
        Smoke::Waived { reason } => Some((scenario.name.clone(), reason.clone())),
        Smoke::Check(_) | Smoke::Unsaid => None,
    }
}

/// What proves the variants of each scenario that has a smoke check.
pub(super) fn smoke_checks(found: &Discovered) -> BTreeMap<String, SmokeRecord> {
    let checks = found.scenarios.iter().filter_map(|scenario| Some((scenario.name.clone(), scenario.smoke.check()?)));
    checks.map(|(scenario, check)| (scenario, run::smoke_record(check))).collect()
}

/// The edits after which a variant is built; one that is meant to fail is built once.
fn edits(scenario: &Scenario, variant: &Variant) -> Vec<String> {
    let edits = scenario.edits.iter().filter(|_| variant.expect == Expectation::Success);
    edits.map(|edit| edit.name.clone()).collect()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
