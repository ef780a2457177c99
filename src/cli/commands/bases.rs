//! `bases`: how near each stand-in is to what is published, building them ahead of a run, and removing what is not used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::args::{BasesArgs, BasesBuildArgs, BasesCommand, ListFormat, MessageFormat, Selection};
use crate::cli::console::Console;
use crate::cli::{Exit, Failure, plain, printer};
use crate::rig::bases::{self, BaseChoice, Provided, ProvidedBase, Recipe};
use crate::rig::private::{DataRoot, EngineLimits, Store};
use crate::run::{self, Emitter, EngineKind, RigSettings, Rigged, Stopwatch};
use crate::units::{self, LinkProfile};

use super::run::{lock_path, not_ready};
use super::{not_printed, print, runtime, select, signals};

mod table;

/// Lists, builds or removes stand-ins.
pub(super) fn bases(args: BasesArgs) -> Result<Exit, Failure> {
    match args.command {
        BasesCommand::List(args) => list(args.format),
        BasesCommand::Build(args) => build(args),
        BasesCommand::Prune(args) => prune(args.all),
    }
}

fn list(format: ListFormat) -> Result<Exit, Failure> {
    let listing = bases::list(&cache()?).map_err(|e| Failure::new(Exit::Usage, e))?;
    let text = match format {
        ListFormat::Terminal => table::terminal(&listing, printer::width().into()),
        ListFormat::Markdown => bases::markdown(&listing.bases),
        ListFormat::Csv => bases::csv(&listing.bases).map_err(|e| Failure::new(Exit::Internal, e))?,
        ListFormat::Json => bases::json(&listing),
    };
    print(&text)
}

/// Names what it removes on stdout, and how much that was on stderr.
fn prune(all: bool) -> Result<Exit, Failure> {
    let folder = cache()?;
    let console = Console::start(MessageFormat::Human);
    let emitter = Emitter::new(Arc::new(Stopwatch::start()), console.listener());
    let pruned = runtime()?.block_on(bases::prune(&folder, all, &emitter.build_sink()));
    drop(emitter);
    console.close().map_err(|error| not_printed(&error))?;
    let pruned = pruned.map_err(|e| Failure::new(Exit::Usage, e))?;
    print(&pruned.images.iter().map(|image| image.clone() + "\n").collect::<String>())?;
    let (images, files) = (units::count(pruned.images.len(), "image"), units::count(pruned.files, "file"));
    printer::talk(&format!("removed {images}, {files}, {} from {}", units::bytes(pruned.bytes), folder.display()));
    Ok(Exit::Ok)
}

fn cache() -> Result<PathBuf, Failure> {
    bases::cache_folder().map_err(|e| Failure::new(Exit::Usage, e))
}

/// Building needs an engine of its own, which is gone again when this returns.
fn build(args: BasesBuildArgs) -> Result<Exit, Failure> {
    let settings = RigSettings {
        lock: lock_path(&args.scenarios),
        cache: cache()?,
        engine: EngineKind::Private {
            dockerd: args.dockerd.clone(),
            engine_root: None,
            store: Store::Classic,
            data_root: DataRoot::Auto,
            registry_mirror: None,
            limits: EngineLimits::default(),
        },
        bases: BaseChoice::StandIn,
        locked: false,
        registry: None,
        link: LinkProfile::Loopback,
        pulls: false,
        downloads: None,
        references: references(args)?,
    };
    let console = Console::start(MessageFormat::Human);
    let emitter = Emitter::new(Arc::new(Stopwatch::start()), console.listener());
    let built = runtime()?.block_on(provide(&settings, &emitter));
    drop(emitter);
    console.close().map_err(|error| not_printed(&error))?;
    summary(&built?)
}

/// What is to be built: every image that is named, and those of the scenarios that are.
fn references(args: BasesBuildArgs) -> Result<Vec<String>, Failure> {
    if args.all {
        return Ok(bases::recipes().iter().map(|recipe| recipe.name.to_owned()).collect());
    }
    // A scenario's name has no colon, and a path that has one can be written with ./ before it.
    let is_image = |name: &String| bases::has_stand_in(name) || (name.contains(':') && !name.contains('/'));
    let (mut images, wanted): (Vec<String>, Vec<String>) = args.wanted.into_iter().partition(is_image);
    if let Some(unknown) = images.iter().find(|name| !bases::has_stand_in(name)) {
        let why = format!("there is no stand-in for {}; `loadline bases list` names those that there are", plain::line(unknown));
        return Err(Failure::new(Exit::Usage, why));
    }
    if images.is_empty() || !wanted.is_empty() {
        let found = select(&Selection { wanted, scenarios: args.scenarios, variants: args.variants })?;
        images.extend(run::references(&found.scenarios).map_err(|e| Failure::new(Exit::Usage, e))?);
    }
    images.sort();
    images.dedup();
    Ok(images)
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
    let listed = recipes_by_name();
    let line = |(reference, base): (&String, &ProvidedBase)| {
        let from = if base.from_cache { "from the cache" } else { "built now" };
        let recipe = listed.get(reference.trim_start_matches("docker.io/").trim_start_matches("library/"));
        let nearness = recipe.zip(base.compressed_size).map_or_else(String::new, |(recipe, bytes)| recipe.nearness(bytes));
        format!("{reference}\t{}\t{from}\t{nearness}\n", base.digest)
    };
    print(&provided.images.iter().map(line).collect::<String>())?;
    Ok(if provided.missing.is_empty() { Exit::Ok } else { Exit::Incomplete })
}

fn recipes_by_name() -> BTreeMap<&'static str, &'static Recipe> {
    bases::recipes().iter().map(|recipe| (recipe.name, recipe)).collect()
}
