//! A private engine with images, for scripts that need one: `cargo run --example engine -- node:20 --build go-api/multi`.
//!
//! A name is that of an image from outside; what follows `--build` are variants of the scenarios below `scenarios`, which are built
//! there and named `SCENARIO:VARIANT`, beside the images that they are built from. Prints the endpoint and the data root on one line
//! each when all is ready, and is gone with everything in it as soon as its standard input ends. The data are on disk, where a page
//! cache can be dropped.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use loadline::dockerfile::{BuilderKind, Context};
use loadline::rig::bases::{BaseChoice, cache_folder};
use loadline::rig::private::{DataRoot, EngineLimits, Store};
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, ProgressSink};
use loadline::run::{Emitter, EngineKind, EventKind, RigSettings, Rigged, Stopwatch, variant_references};
use loadline::scenario::{Scenario, Variant, discover};
use tokio_util::sync::CancellationToken;

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut references: Vec<String> = std::env::args().skip(1).collect();
    let wanted = references.iter().position(|word| word == "--build").map_or_else(Vec::new, |at| references.split_off(at));
    let variants = wanted.iter().skip(1).map(|name| variant(name)).collect::<Result<Vec<_>, _>>()?;
    for (_, variant) in &variants {
        references.extend(variant_references(variant)?);
    }
    let settings = RigSettings {
        engine: EngineKind::Private {
            dockerd: None,
            engine_root: None,
            store: Store::Classic,
            data_root: DataRoot::Disk,
            registry_mirror: None,
            limits: EngineLimits::default(),
        },
        bases: BaseChoice::Auto,
        locked: false,
        lock: "bases.lock".into(),
        cache: cache_folder()?,
        registry: None,
        link: loadline::units::LinkProfile::Loopback,
        pulls: false,
        downloads: None,
        references,
    };
    let rigged = Box::pin(Rigged::up(&settings, &emitter(), &CancellationToken::new())).await?;
    let shown = ready(&rigged, &variants).await;
    if shown.is_ok() {
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    }
    Box::pin(rigged.down(&emitter())).await?;
    shown
}

/// The variant that `SCENARIO/VARIANT` names.
fn variant(name: &str) -> Result<(Scenario, Variant), AnyError> {
    let (scenario, variant) = name.split_once('/').ok_or_else(|| format!("{name} is not SCENARIO/VARIANT"))?;
    let found = discover(Path::new("scenarios"), &[scenario.to_owned()]).map_err(|problems| problems.render(false))?;
    let scenario = found.scenarios.into_iter().next().ok_or_else(|| format!("there is no scenario {scenario}"))?;
    let variant = scenario.variants.iter().find(|found| found.name == variant).cloned();
    Ok((scenario, variant.ok_or_else(|| format!("there is no variant {name}"))?))
}

async fn ready(rigged: &Rigged, variants: &[(Scenario, Variant)]) -> Result<(), AnyError> {
    let builder = &rigged.bench.builder;
    for (scenario, variant) in variants {
        let tag = format!("{}:{}", scenario.name, variant.name);
        writeln!(std::io::stderr(), "building {tag}")?;
        let request = BuildRequest {
            context: Arc::new(Context::plan_for(&scenario.root, &variant.dockerfile, BuilderKind::BuildKit)?),
            builder: BuilderVersion::BuildKit,
            target: variant.target.clone(),
            build_args: variant.build_args.clone(),
            platform: None,
            tag: tag.clone(),
            cache: CacheUse::UseCache,
            network: rigged.bench.network,
            labels: BTreeMap::new(),
        };
        if let BuildOutcome::Failed(failure) = builder.build(request, &ProgressSink::none()).await? {
            return Err(format!("{tag} was not built: {}", failure.message).into());
        }
    }
    let info = builder.info().await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}\n{}", builder.endpoint(), info.data_root)?;
    Ok(stdout.flush()?)
}

/// What is being made ready goes to standard error.
fn emitter() -> Emitter {
    let tell = |event: loadline::run::Event| {
        if let EventKind::Preparing { what } = event.kind {
            drop(writeln!(std::io::stderr(), "{what}"));
        }
    };
    Emitter::new(Arc::new(Stopwatch::start()), Arc::new(tell))
}
