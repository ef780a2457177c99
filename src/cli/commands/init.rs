//! `init`: a `scenario.toml` for a folder with a Dockerfile, its smoke check found by trying.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::args::{InitArgs, MessageFormat};
use crate::cli::console::Console;
use crate::cli::engine::{EngineChoice, PrivateFlags};
use crate::cli::{Exit, Failure, plain, printer};
use crate::record::Owner;
use crate::rig::bases::{self, BaseChoice};
use crate::run::{self, Emitter, Limits, RigError, RigSettings, Rigged, Stopwatch, TryError, TryOut};
use crate::scenario::{self, FILE_NAME, Proof, Scenario, Sketch};
use crate::units::{self, LinkProfile};

use super::run::not_ready;
use super::{not_printed, print, runtime, signals, wrong};

/// What trying came to: the proof, and what is said last where something fell short.
struct Tried {
    proof: Proof,
    fell_short: Option<Failure>,
}

/// Writes the file. Exit 0 when the smoke check was found, was not to be tried, or there is nothing to ask; 3 when the app
/// did not build or did not answer; 4 when there was no engine to try it on. The file is written in all of these.
pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let path = args.folder.join(FILE_NAME);
    if scenario::is_described(&args.folder) && !args.force {
        let message = format!("{} is there already; use --force to replace it, or `loadline run {}`", shown(&path), shown(&args.folder));
        return Err(Failure::new(Exit::Usage, message));
    }
    let sketch = scenario::sketch(&args.folder).map_err(|problems| wrong(&problems))?;
    let env = environment(&args.env)?;
    writable(&args.folder)?;
    let Tried { proof, fell_short } =
        if args.no_build { untried(args, &sketch, "--no-build was given") } else { try_out(args, &sketch, &env)? };
    write(&path, &scenario::proposed(&sketch, &proof))?;
    tell(&proof);
    printer::talk(&format!("next: `loadline run {} --quick` builds, proves and weighs it", shown(&args.folder)));
    print(&format!("{}\n", shown(&path)))?;
    match (fell_short, &proof) {
        (Some(failure), _) => Err(failure),
        (None, Proof::Failed { .. }) => Ok(Exit::Incomplete),
        (None, _) => Ok(Exit::Ok),
    }
}

fn shown(path: &Path) -> String {
    plain::line(&path.display().to_string())
}

fn environment(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: &String| {
        let pair = text.split_once('=').filter(|(name, value)| scenario::is_variable_name(name) && !value.contains('\0'));
        let refused = || Failure::new(Exit::Usage, format!("--env '{}' is not NAME=VALUE", plain::fit(text, 60)));
        pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(refused)
    };
    given.iter().map(pair).collect()
}

/// What to write where nothing was tried.
fn untried(args: &InitArgs, sketch: &Sketch, why: &str) -> Tried {
    let hint = sketch.hint(0);
    let port = args.port.or_else(|| hint.ports.first().map(|(port, _)| *port));
    let proof = match port {
        // A base image may announce a port that its Dockerfile does not.
        None if args.no_build && sketch.details[0].announced.base.is_none() => Proof::NoPort,
        port => Proof::Untried { why: why.to_owned(), port, path: hint.path },
    };
    Tried { proof, fell_short: None }
}

/// Tries it on the engine that can be had; without one, the file is written all the same.
fn try_out(args: &InitArgs, sketch: &Sketch, env: &BTreeMap<String, String>) -> Result<Tried, Failure> {
    let choice = EngineChoice::resolve(args.engine, PrivateFlags::of_daemon(args.dockerd.clone()), false);
    let console = Console::start(MessageFormat::Human);
    let emitter = Emitter::new(Arc::new(Stopwatch::start()), console.listener());
    let proof = match choice {
        Ok(choice) => runtime()?.block_on(Box::pin(on_an_engine(args, sketch, env, &choice, &emitter))),
        Err(failure) => Err(failure),
    };
    drop(emitter);
    console.close().map_err(|error| not_printed(&error))?;
    match proof {
        Ok(proof) => Ok(Tried { proof, fell_short: None }),
        Err(failure) if failure.exit == Exit::Engine => {
            let tried = untried(args, sketch, "there was no engine to try it on");
            Ok(Tried { fell_short: Some(failure), ..tried })
        }
        Err(failure) => Err(failure),
    }
}

async fn on_an_engine(
    args: &InitArgs,
    sketch: &Sketch,
    env: &BTreeMap<String, String>,
    choice: &EngineChoice,
    emitter: &Emitter,
) -> Result<Proof, Failure> {
    let cancel = CancellationToken::new();
    signals::watch(cancel.clone(), emitter.clone())?;
    choice.announce(emitter);
    let lock = tempfile::tempdir().map_err(|e| Failure::new(Exit::Internal, e))?;
    let settings = settings(sketch, choice, lock.path().join("bases.lock"))?;
    let rigged = match Box::pin(Rigged::up(&settings, emitter, &cancel)).await {
        Ok(rigged) => rigged,
        Err(RigError::Interrupted) => return Err(Failure::new(Exit::Interrupted, TryError::Interrupted)),
        Err(error) => return Err(choice.both_reasons(not_ready(error))),
    };
    let proof = Box::pin(on_the_bench(args, sketch, env, &rigged, emitter, &cancel)).await;
    rigged.down(emitter).await.map_err(|e| Failure::new(Exit::Engine, e))?;
    proof
}

/// The bases of all variants are asked for, so that the first that can be had decides which variant is tried.
fn settings(sketch: &Sketch, choice: &EngineChoice, lock: PathBuf) -> Result<RigSettings, Failure> {
    Ok(RigSettings {
        engine: choice.kind(),
        bases: BaseChoice::Auto,
        locked: false,
        lock,
        cache: bases::cache_folder().map_err(|e| Failure::new(Exit::Usage, e))?,
        registry: None,
        link: LinkProfile::Loopback,
        pulls: false,
        downloads: None,
        references: run::references(&first(&sketch.scenario)).map_err(|e| Failure::new(Exit::Usage, e))?,
    })
}

/// The scenario with its first variant alone: one build is enough to know how the app answers.
fn first(scenario: &Scenario) -> [Scenario; 1] {
    let mut scenario = scenario.clone();
    scenario.variants.truncate(1);
    [scenario]
}

async fn on_the_bench(
    args: &InitArgs,
    sketch: &Sketch,
    env: &BTreeMap<String, String>,
    rigged: &Rigged,
    emitter: &Emitter,
    cancel: &CancellationToken,
) -> Result<Proof, Failure> {
    let scenario = first(&sketch.scenario);
    let skipped = run::skipped(&scenario, rigged.provided.as_ref()).map_err(|e| Failure::new(Exit::Usage, e))?;
    if let Some(why) = skipped.into_values().next() {
        return Ok(Proof::Failed { why, port: args.port, asked: Vec::new(), log: Vec::new() });
    }
    let mut hint = sketch.hint(0);
    if let Some(port) = args.port {
        hint.ports = vec![(port, "--port".to_owned())];
    }
    let [scenario] = &scenario;
    let search = TryOut {
        bench: &rigged.bench,
        scenario,
        variant: &scenario.variants[0],
        hint: &hint,
        env,
        patience: Duration::from_secs(args.wait),
        limits: Limits::default(),
        emitter,
        cancel,
    };
    Box::pin(search.run()).await.map_err(|error| {
        let exit = if matches!(error, TryError::Interrupted) { Exit::Interrupted } else { Exit::Engine };
        Failure::new(exit, error)
    })
}

/// Refused before a build that may take minutes.
fn writable(folder: &Path) -> Result<(), Failure> {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).map_err(|error| {
        let message = format!("cannot write into {}: {error}; run it as the user whose folder that is", shown(folder));
        Failure::new(Exit::Usage, message)
    })
}

/// Whole or not at all, and the caller's under `sudo`. A symbolic link is replaced, never followed.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    crate::record::replace_file(path, text.as_bytes(), Owner::caller()).map_err(|e| Failure::new(Exit::Usage, e))
}

/// What was found, on stderr.
fn tell(proof: &Proof) {
    let words = match proof {
        Proof::Answered(good) => {
            let seconds = units::seconds(good.seconds);
            format!("found: GET {} on port {} is answered with {} after {seconds}", good.path, good.port, good.status)
        }
        Proof::Untried { why, .. } => format!("not tried: {why}; [smoke] is a comment in the file, correct it and take the # away"),
        Proof::NoPort => {
            "nothing announces a port; name it with --port, or say in [smoke] why there is nothing to ask: the file shows how".to_owned()
        }
        Proof::Failed { why, asked, log, .. } => {
            let asked: Vec<String> = asked.iter().map(|asked| format!("\n  {}", answer(asked))).collect();
            let lines: Vec<String> = log.iter().map(|line| format!("\n  {}", plain::line(line))).collect();
            let last = if lines.is_empty() { String::new() } else { format!("\nlast lines:{}", lines.concat()) };
            format!(
                "warning: no smoke check was found: {}{}{last}\n[smoke] is a comment in the file; if the app needs settings, name them with --env NAME=VALUE and --force",
                plain::line(why),
                asked.concat()
            )
        }
    };
    printer::talk(&words);
}

fn answer(asked: &scenario::Asked) -> String {
    match &asked.answer {
        Ok(status) => format!("GET {}: {status}", plain::line(&asked.path)),
        Err(why) => format!("GET {}: {why}", plain::line(&asked.path)),
    }
}
