//! `run --resume`: everything that a run has from the record that it goes on with, and what must be as it was.

use clap::ValueEnum;

use crate::cli::args::{RunArgs, Selection};
use crate::cli::downloads::DownloadArgs;
use crate::cli::effort::Effort;
use crate::cli::part::Part;
use crate::cli::{Exit, Failure, plain};
use crate::record::{
    BaseSet, Conditions, FORMAT_VERSION, Receipt, Record, RecordError, Resumption, RunRecord, RunState, Settings, StopRule, Store,
};
use crate::run::Settled;
use crate::scenario::Discovered;
use crate::units::{Cpus, LinkProfile};

use super::session::{self, Session};

/// What git cannot tell.
const UNSURE: &str =
    "the run was gone on with, and its scenarios were in no commit or had changes: that they stayed the same cannot be told";

/// A record that a run goes on with. Until [`begin`](Self::begin) nothing in its folder is changed.
#[derive(Debug)]
pub(super) struct GoesOn {
    store: Store,
    record: Record,
}

/// Takes the record that `--resume` names, and its settings as if they had been typed.
pub(super) fn open(args: RunArgs) -> Result<(RunArgs, Option<GoesOn>), Failure> {
    let Some(folder) = &args.resume else { return Ok((args, None)) };
    let store = Store::reopen(folder).map_err(refused)?;
    let record = Record::read(folder).map_err(refused)?;
    if !record.run.merged.is_empty() {
        let message = format!("{} was put together from several runs; go on with one of those", folder.display());
        return Err(Failure::new(Exit::Record, message));
    }
    let args = restored(args, &record.run)?;
    Ok((args, Some(GoesOn { store, record })))
}

fn refused(error: RecordError) -> Failure {
    Failure::new(Exit::Record, error)
}

/// The arguments that the record stands for.
fn restored(args: RunArgs, run: &RunRecord) -> Result<RunArgs, Failure> {
    let settings = &run.settings;
    // What `auto` decided once stays.
    let bases = match run.conditions.base_set {
        set @ (BaseSet::Hub | BaseSet::StandIn) => set.id(),
        BaseSet::Engine | BaseSet::Undecided => &settings.bases,
    };
    Ok(RunArgs {
        selection: Selection { wanted: settings.scenarios.clone(), variants: settings.variants.clone(), ..args.selection },
        engine: known("engine", &settings.engine)?,
        store: settings.store.as_deref().map(|store| known("store", store)).transpose()?,
        cpus: run.conditions.cpus.map(cpus).transpose()?,
        memory: run.conditions.memory,
        bases: known("bases", bases)?,
        locked: settings.locked,
        registry: settings.registry.clone(),
        link: link(settings)?,
        downloads: DownloadArgs::recorded(settings)
            .ok_or_else(|| unknown("download_link", settings.download_link.as_deref().unwrap_or_default()))?,
        builds: settings.builds.iter().map(|build| known("builds", build)).collect::<Result<_, _>>()?,
        trials: Some(settings.trials),
        quick: false,
        effort: Effort::recorded(settings).ok_or_else(|| unknown("time_limit or a time-out", "no time that is one"))?,
        seed: Some(run.seed),
        out: None,
        shard: settings.shard.as_ref().map(Part::from),
        allow_skips: settings.allow_skips,
        ..args
    })
}

fn link(settings: &Settings) -> Result<LinkProfile, Failure> {
    let Some(text) = &settings.link else { return Ok(LinkProfile::Loopback) };
    text.parse().map_err(|_| unknown("link", text))
}

fn cpus(number: f64) -> Result<Cpus, Failure> {
    let text = number.to_string();
    text.parse().map_err(|_| unknown("cpus", &text))
}

fn known<T: ValueEnum>(setting: &str, text: &str) -> Result<T, Failure> {
    T::from_str(text, false).map_err(|_| unknown(setting, text))
}

fn unknown(setting: &str, text: &str) -> Failure {
    let message = format!("run.json has the setting {setting} = {text}, which this version of loadline does not know");
    Failure::new(Exit::Record, plain::line(&message))
}

impl GoesOn {
    /// What stays.
    pub(super) fn settled(&self) -> Settled {
        Settled::of(&self.record.trials)
    }

    /// Whether it ended because its figures were precise enough.
    pub(super) fn is_precise(&self) -> bool {
        self.record.run.stopped.as_ref().is_some_and(|stopped| stopped.rule == StopRule::Precision)
    }

    /// Refuses to go on where what is measured is not what was measured: another version, plan or commit.
    pub(super) fn same_plan(&self, found: &Discovered, shard: Option<&crate::record::Shard>) -> Result<(), Failure> {
        let run = &self.record.run;
        let mut problems = Vec::new();
        if run.tool_version != env!("CARGO_PKG_VERSION") {
            problems.push(format!("the version of loadline was {} and is {}", run.tool_version, env!("CARGO_PKG_VERSION")));
        }
        if run.plan != session::planned(found)? || run.settings.shard.as_ref() != shard {
            problems.push("the variants, their Dockerfiles, base images or edits are not those of the plan in run.json".to_owned());
        }
        // A record from before smoke checks were written has none to tell.
        if run.smoke_checks.as_ref().is_some_and(|checks| *checks != session::smoke_checks(found)) {
            problems.push("the smoke checks are not those of run.json".to_owned());
        }
        problems.extend(other_scenarios(&run.receipt, &session::receipt(&run.receipt.command, found, session::facts())));
        self.as_one(&problems)
    }

    /// Refuses to go on where times, or sizes of images on the same bases, would not belong together.
    fn same_conditions(&self, now: &Conditions) -> Result<(), Failure> {
        let then = &self.record.run.conditions;
        let mut problems: Vec<String> = then.differences(now).iter().chain(&then.moved_bases(now)).map(ToString::to_string).collect();
        // The user's own engine names its bases only when it has built on them.
        if now.base_set != BaseSet::Engine {
            let lacks = then.bases.keys().filter(|name| !now.bases.contains_key(*name));
            problems.extend(lacks.map(|name| format!("the base image {name} was there and cannot be had now")));
        }
        if then.host != now.host || now.host == crate::record::UNKNOWN {
            problems.push("it is another machine, or one that cannot be told from others".to_owned());
        }
        self.as_one(&problems)
    }

    fn as_one(&self, problems: &[String]) -> Result<(), Failure> {
        if problems.is_empty() {
            return Ok(());
        }
        let folder = self.store.folder().display();
        let message = format!(
            "the run in {folder} cannot be gone on with: its figures would not belong together{}\nmeasure anew",
            super::below(problems)
        );
        Err(Failure::new(Exit::Record, message))
    }

    /// Begins to write: under the conditions of `now`, which must be those of before once anything was measured.
    pub(super) fn begin(self, now: Conditions, warnings: Vec<String>) -> Result<Session, Failure> {
        let settled = self.settled().count();
        if settled > 0 {
            self.same_conditions(&now)?;
        }
        let Self { mut store, record } = self;
        let torn = store.mend().map_err(refused)?;
        let mut run = record.run;
        let unsure = run.receipt.scenarios_dirty != Some(false);
        let bases = std::mem::replace(&mut run.conditions, now).bases;
        run.conditions.bases.extend(bases.into_iter().filter(|_| settled > 0));
        run.format_version = FORMAT_VERSION;
        run.state = RunState::Incomplete;
        run.finished = None;
        run.stopped = None;
        run.resumed.push(Resumption { at: jiff::Timestamp::now(), after_trials: settled });
        let mut session = Session::again(store, run, record.trials);
        session.warn_once(warnings);
        session.warn_once(unsure.then(|| UNSURE.to_owned()));
        session.warn_once(torn.then(|| "the run was cut off while it wrote an outcome; that trial was measured again".to_owned()));
        session.write()?;
        Ok(session)
    }

    /// Takes the record as it is: for a run that has nothing left to measure, or was stopped before it could.
    pub(super) fn unchanged(self) -> Result<Session, Failure> {
        let Self { mut store, record } = self;
        store.mend().map_err(refused)?;
        Ok(Session::again(store, record.run, record.trials))
    }
}

/// How the scenarios of now differ from those of then, as far as git tells.
fn other_scenarios(then: &Receipt, now: &Receipt) -> Option<String> {
    let said = |receipt: &Receipt| match (&receipt.scenarios_commit, receipt.scenarios_dirty) {
        (None, _) => "none".to_owned(),
        (Some(commit), Some(true)) => format!("{commit} with changes"),
        (Some(commit), _) => commit.clone(),
    };
    let (then, now) = (said(then), said(now));
    (then != now).then(|| format!("the commit of the scenarios was {then} and is {now}"))
}
