//! `bases`: how near each stand-in is to what is published, and building them ahead of a run.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::args::{BasesArgs, BasesBuildArgs, BasesCommand, MessageFormat};
use crate::cli::console::Console;
use crate::cli::{Exit, Failure, plain, printer};
use crate::rig::bases::{self, BaseChoice, Provided};
use crate::rig::private::DataRoot;
use crate::run::{self, Emitter, EngineKind, RigSettings, Rigged, Stopwatch};

use super::run::{lock_path, not_ready};
use super::{print, runtime, select, signals};

/// Lists or builds stand-ins.
pub(super) fn bases(args: BasesArgs) -> Result<Exit, Failure> {
    match args.command {
        BasesCommand::List => list(),
        BasesCommand::Build(args) => build(&args),
    }
}

fn list() -> Result<Exit, Failure> {
    let cache = bases::cache_folder().map_err(|e| Failure::new(Exit::Usage, e))?;
    let list = bases::list(&cache).map_err(|e| Failure::new(Exit::Usage, e))?;
    print(&bases::markdown(&list))
}

/// Building needs an engine of its own, which is gone again when this returns.
fn build(args: &BasesBuildArgs) -> Result<Exit, Failure> {
    let found = select(&args.selection)?;
    let settings = RigSettings {
        engine: EngineKind::Private { dockerd: args.dockerd.clone(), data_root: DataRoot::Auto, registry_mirror: None },
        bases: BaseChoice::StandIn,
        locked: false,
        lock: lock_path(&args.selection.scenarios),
        cache: bases::cache_folder().map_err(|e| Failure::new(Exit::Usage, e))?,
        references: run::references(&found.scenarios).map_err(|e| Failure::new(Exit::Usage, e))?,
    };
    let console = Console::start(MessageFormat::Human);
    let emitter = Emitter::new(Arc::new(Stopwatch::start()), console.listener());
    let built = runtime()?.block_on(provide(&settings, &emitter));
    drop(emitter);
    console.close();
    summary(&built?)
}

async fn provide(settings: &RigSettings, emitter: &Emitter) -> Result<Provided, Failure> {
    let cancel = CancellationToken::new();
    signals::watch(cancel.clone(), emitter.clone())?;
    let mut rigged = Box::pin(Rigged::up(settings, emitter, &cancel)).await.map_err(not_ready)?;
    let provided = rigged.provided.take();
    rigged.down(emitter).await.map_err(|e| Failure::new(Exit::Engine, e))?;
    provided.ok_or_else(|| Failure::new(Exit::Internal, "a private engine came without base images; report this"))
}

fn summary(provided: &Provided) -> Result<Exit, Failure> {
    for (reference, why) in &provided.missing {
        printer::talk(&format!("{}: {}", plain::line(reference), plain::line(why)));
    }
    let lines = provided.images.iter().map(|(reference, base)| {
        let from = if base.from_cache { "from the cache" } else { "built now" };
        format!("{reference}\t{}\t{from}\n", base.digest)
    });
    print(&lines.collect::<String>())?;
    Ok(if provided.missing.is_empty() { Exit::Ok } else { Exit::Incomplete })
}
