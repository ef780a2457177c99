//! `run`: build, prove, weigh, time, record, report.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Zoned;
use tokio_util::sync::CancellationToken;

use crate::cli::args::{MessageFormat, RunArgs};
use crate::cli::console::Console;
use crate::cli::options::{RunOptions, absolute};
use crate::cli::workspace::CommandLine;
use crate::cli::{Exit, Failure, printer};
use crate::judge;
use crate::record::{Record, RecordError, RunState, Shard, Store};
use crate::report::{self, ReportData};
use crate::rig::bases::{self, BaseError};
use crate::rig::private::PrivateError;
use crate::run::{self, Emitter, End, EventKind, Execution, Plan, RigError, RigSettings, Rigged, Stopwatch};
use crate::scenario::Discovered;

use super::farewell::farewell;
use super::resume::{self, GoesOn};
use super::session::{self, Keeper, Session};
use super::{runtime, select, signals};

/// Runs the selected scenarios and prints the table.
pub(super) fn run(args: RunArgs, line: &CommandLine) -> Result<Exit, Failure> {
    let (args, goes_on) = resume::open(args)?;
    let mut found = select(&args.selection)?;
    let options = RunOptions::resolve(args, line)?;
    let shard = options.part.map(|part| part.cut(&mut found)).transpose()?;
    if let Some(goes_on) = &goes_on {
        goes_on.same_plan(&found, shard.as_ref())?;
    }
    let place = goes_on.map_or(Place::New { shard }, |goes_on| Place::Old(Box::new(goes_on)));
    let settings = rig_settings(&options, &found)?;
    if let Some(folder) = &options.out {
        Store::check(folder).map_err(not_recorded)?;
    }
    let runtime = runtime()?;
    let console = Console::start(options.message_format);
    let emitter = Emitter::new(Arc::new(Stopwatch::start()), console.listener());
    let ended = runtime.block_on(measure(&options, &found, &settings, place, &emitter));
    drop(emitter);
    // The runtime lives on: while the report is made, a second signal still ends the program at once.
    let told = console.close();
    conclude(&options, &found, ended?, told)
}

/// A run that was recorded.
struct Ran {
    folder: PathBuf,
    end: End,
    /// What could not be taken down: told after the table.
    afterwards: Option<Failure>,
}

/// Where outcomes are kept.
enum Place {
    /// In a new record, of a part of the scenarios where there are several.
    New { shard: Option<Shard> },
    /// In one that is there.
    Old(Box<GoesOn>),
}

impl Place {
    /// Whether a record has all that was planned already, or all that was wanted.
    fn is_full(goes_on: &GoesOn, options: &RunOptions, found: &Discovered) -> bool {
        goes_on.is_precise() || plan(options, found).left(&found.scenarios, &goes_on.settled()) == 0
    }
}

fn plan(options: &RunOptions, found: &Discovered) -> Plan {
    let iterations = options.warm_up.saturating_add(options.trials);
    let plan = Plan::new(&found.scenarios, iterations, options.seed);
    plan.with_builds(options.builds).with_warm_ups(options.warm_up).with_starts(options.starts)
}

fn create_store(options: &RunOptions) -> Result<Store, Failure> {
    let store = match &options.out {
        Some(folder) => Store::create(folder),
        None => Store::allocate(&options.results, Zoned::now().date()),
    };
    store.map_err(not_recorded)
}

fn not_recorded(error: RecordError) -> Failure {
    Failure::new(if matches!(error, RecordError::Io { .. }) { Exit::Record } else { Exit::Usage }, error)
}

/// Everything between the first engine and the last, which is gone when this returns.
async fn measure(
    options: &RunOptions,
    found: &Discovered,
    settings: &RigSettings,
    place: Place,
    emitter: &Emitter,
) -> Result<Ran, Failure> {
    let place = match place {
        Place::Old(goes_on) if Place::is_full(&goes_on, options, found) => return nothing_left(*goes_on, emitter),
        place => place,
    };
    let cancel = CancellationToken::new();
    signals::watch(cancel.clone(), emitter.clone())?;
    options.engine.announce(emitter);
    let rigged = match Box::pin(Rigged::up(settings, emitter, &cancel)).await {
        Ok(rigged) => rigged,
        Err(RigError::Interrupted) => return stopped_early(options, found, settings, place, emitter),
        Err(error) => return Err(options.engine.both_reasons(not_ready(error))),
    };
    let mut measured = on_the_bench(options, found, place, emitter, &cancel, &rigged).await;
    if let Ok((end, session)) = &mut measured {
        let alive = !matches!(end, End::Gone(gone) if gone.is_engine());
        if let Some((host, bases)) = rigged.host_run(session.outcomes(), alive, emitter).await {
            session.found_on_host(host, bases);
        }
    }
    let stays = rigged.bench.named.as_ref().map(run::Named::what_stays).unwrap_or_default();
    for message in &stays {
        emitter.warn(message.clone());
    }
    if let Ok((_, session)) = &mut measured {
        session.warn(stays);
    }
    let down = rigged.down(emitter).await;
    let (end, mut session) = measured?;
    session.finish(&end, emitter)?;
    let afterwards = down.err().map(|error| Failure::new(Exit::Engine, error));
    Ok(Ran { folder: session.folder().to_owned(), end, afterwards })
}

/// A run that is gone on with and has nothing left to measure.
fn nothing_left(goes_on: GoesOn, emitter: &Emitter) -> Result<Ran, Failure> {
    let mut session = goes_on.unchanged()?;
    emitter.preparing("nothing is left to measure");
    if session.state() != RunState::Complete {
        session.finish(&End::Complete, emitter)?;
    }
    Ok(Ran { folder: session.folder().to_owned(), end: End::Complete, afterwards: None })
}

/// A run that the user stopped before there was a bench has a record too, in which nothing is measured.
fn stopped_early(
    options: &RunOptions,
    found: &Discovered,
    settings: &RigSettings,
    place: Place,
    emitter: &Emitter,
) -> Result<Ran, Failure> {
    let mut session = match place {
        Place::Old(goes_on) => goes_on.unchanged()?,
        Place::New { shard } => {
            let facts = session::facts();
            let conditions = run::undecided(settings, &facts, session::unpigz(&settings.engine));
            Session::begin(options, (found, shard), create_store(options)?, facts, conditions, Vec::new())?
        }
    };
    // A run that had come to its end, if to a part of what was planned, stays at it.
    if session.state() != RunState::Complete {
        session.finish(&End::Interrupted, emitter)?;
    }
    Ok(Ran { folder: session.folder().to_owned(), end: End::Interrupted, afterwards: None })
}

async fn on_the_bench(
    options: &RunOptions,
    found: &Discovered,
    place: Place,
    emitter: &Emitter,
    cancel: &CancellationToken,
    rigged: &Rigged,
) -> Result<(End, Session), Failure> {
    let plan = plan(options, found);
    let mut session = begin(options, found, place, rigged)?;
    let settled = session.settled();
    emitter.send(EventKind::RunStarted { run_id: session.run_id(), trials: plan.trials(&found.scenarios) });
    let skipped = run::skipped(&found.scenarios, rigged.provided.as_ref()).map_err(|e| Failure::new(Exit::Usage, e))?;
    let run_id = session.run_id();
    let prober = rigged.prober(session.folder());
    session.probed(prober.before_run(emitter).await)?;
    let began = Instant::now();
    let execution = Execution {
        bench: &rigged.bench,
        scenarios: &found.scenarios,
        plan: &plan,
        run_id: &run_id,
        limits: options.limits,
        rules: options.rules,
        clock: &|| began.elapsed(),
        skipped: &skipped,
        settled: &settled,
        prober: &prober,
        emitter,
        cancel,
    };
    let end = Box::pin(execution.run(&mut Keeper(&mut session))).await.map_err(|e| Failure::new(Exit::Record, e))?;
    Ok((end, session))
}

/// Why edits of the scenarios have no trials.
const NO_EDITS: &str =
    "no edit was built: this engine is not pruned, and may have the steps of one in its cache from an earlier run; use --engine private";

fn begin(options: &RunOptions, found: &Discovered, place: Place, rigged: &Rigged) -> Result<Session, Failure> {
    let facts = session::facts();
    let conditions = rigged.conditions(&facts, session::unpigz(&options.engine.kind()));
    let mut warnings: Vec<String> = rigged.provided.iter().flat_map(|provided| provided.warnings.clone()).collect();
    warnings.extend(rigged.notes());
    let asked = options.builds.warm && !options.builds.clean;
    let left_out = !rigged.bench.isolated && asked && found.scenarios.iter().any(|scenario| !scenario.edits.is_empty());
    warnings.extend(left_out.then(|| NO_EDITS.to_owned()));
    match place {
        Place::New { shard } => Session::begin(options, (found, shard), create_store(options)?, facts, conditions, warnings),
        Place::Old(goes_on) => goes_on.begin(conditions, warnings),
    }
}

fn rig_settings(options: &RunOptions, found: &Discovered) -> Result<RigSettings, Failure> {
    Ok(RigSettings {
        engine: options.engine.kind(),
        bases: options.bases,
        locked: options.locked,
        lock: lock_path(&options.selection.scenarios),
        cache: bases::cache_folder().map_err(|e| Failure::new(Exit::Usage, e))?,
        registry: options.registry.clone(),
        link: options.link,
        pulls: options.pulls,
        downloads: options.downloads,
        references: run::references(&found.scenarios).map_err(|e| Failure::new(Exit::Usage, e))?,
    })
}

/// `bases.lock` lies with the scenarios, so that it is committed with them; where there is no such folder, because a path
/// was named, in the current one.
pub(super) fn lock_path(scenarios: &Path) -> PathBuf {
    let folder = if scenarios.is_dir() { scenarios } else { Path::new(".") };
    absolute(folder).join("bases.lock")
}

/// The exit code of a bench that could not be made ready.
pub(super) fn not_ready(error: RigError) -> Failure {
    let exit = match &error {
        RigError::Interrupted => Exit::Interrupted,
        RigError::Base(
            BaseError::Locked { .. } | BaseError::LockSyntax { .. } | BaseError::LockedStandIn { .. } | BaseError::NoCacheFolder,
        )
        | RigError::Private(PrivateError::DataRootUnusable { .. } | PrivateError::LimitedMemory)
        | RigError::StandInsLeave { .. }
        | RigError::NoLink { .. }
        | RigError::NoDownloads => Exit::Usage,
        _ => Exit::Engine,
    };
    Failure::new(exit, error)
}

/// Writes the report, prints the table and decides the exit code: what the user did goes before what the engine did, and
/// that before events that stdout did not take, and these before what is missing.
fn conclude(options: &RunOptions, found: &Discovered, ran: Ran, told: io::Result<()>) -> Result<Exit, Failure> {
    let Ran { folder, end, afterwards } = ran;
    let record = Record::read(&folder).map_err(|e| Failure::new(Exit::Record, e))?;
    report::write_all(&folder, &record).map_err(|e| Failure::new(Exit::Record, e))?;
    if options.message_format == MessageFormat::Human {
        let data = ReportData::new(&record);
        super::print(&printer::for_people(report::terminal(&data, printer::width(), printer::colour())))?;
    }
    let bare: Vec<&Path> = found.scenarios.iter().filter(|scenario| !scenario.from_file).map(|scenario| scenario.root.as_path()).collect();
    printer::talk(&farewell(&folder, &record, &bare));
    if let Some(failure) = &afterwards {
        printer::talk(&failure.last_words());
    }
    match end {
        End::Interrupted => Ok(Exit::Interrupted),
        End::Gone(gone) => Err(Failure::new(Exit::Engine, gone)),
        End::Complete | End::Stopped(_) if afterwards.is_some() => Ok(Exit::Engine),
        End::Complete | End::Stopped(_) => {
            told.map_err(|error| super::not_printed(&error))?;
            let is_complete = judge::completeness(&record, options.allow_skips).is_complete();
            Ok(if is_complete { Exit::Ok } else { Exit::Incomplete })
        }
    }
}

/// How the record's state reads for an end.
pub(super) const fn state(end: &End) -> RunState {
    match end {
        // Without one iteration of every variant there is nothing to set beside each other.
        End::Stopped(stopped) if stopped.iterations == 0 => RunState::Interrupted,
        End::Complete | End::Stopped(_) => RunState::Complete,
        End::Interrupted => RunState::Interrupted,
        End::Gone(_) => RunState::Incomplete,
    }
}
