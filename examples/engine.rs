//! A private engine with base images, for scripts that need one: `cargo run --example engine -- node:20`.
//!
//! Prints the endpoint and the data root on one line each when all is ready, and is gone with everything in it as soon as its
//! standard input ends. The data are on disk, where a page cache can be dropped.

use std::io::{Read, Write};
use std::sync::Arc;

use loadline::rig::Engine;
use loadline::rig::bases::{BaseChoice, cache_folder};
use loadline::rig::private::DataRoot;
use loadline::run::{Emitter, EngineKind, EventKind, RigSettings, Rigged, Stopwatch};
use tokio_util::sync::CancellationToken;

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let settings = RigSettings {
        engine: EngineKind::Private { dockerd: None, engine_root: None, data_root: DataRoot::Disk, registry_mirror: None },
        bases: BaseChoice::Auto,
        locked: false,
        lock: "bases.lock".into(),
        cache: cache_folder()?,
        registry: None,
        references: std::env::args().skip(1).collect(),
    };
    let rigged = Box::pin(Rigged::up(&settings, &emitter(), &CancellationToken::new())).await?;
    let shown = show(&rigged).await;
    if shown.is_ok() {
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    }
    Box::pin(rigged.down(&emitter())).await?;
    shown
}

async fn show(rigged: &Rigged) -> Result<(), AnyError> {
    let builder = &rigged.bench.builder;
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
