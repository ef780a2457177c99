//! `doctor`: what this machine can measure, what not, and the exact cure.
//!
//! Looks and changes nothing, unless `--clean` or `--try` asks for it. Every look is bounded in time, so that a hung engine
//! or file system cannot hang it.

mod clean;
mod looks;
mod matrix;
mod model;
mod show;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::{DoctorArgs, DoctorFormat};
use crate::cli::workspace::WhichFile;
use crate::cli::{Exit, Failure, printer};

pub use model::doctor_schema;
use model::{Diagnosis, Row};

use super::{print, runtime};

/// Longest wait for any single look.
const LIMIT: Duration = Duration::from_millis(1500);

/// Looks at everything that a run needs. Exit 0 when at least one engine can measure, else 4.
pub(super) fn doctor(args: &DoctorArgs, file: &WhichFile) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let first = if args.clean { runtime.block_on(clean::sweep()) } else { Vec::new() };
    let mut diagnosis = runtime.block_on(look(args.dockerd.clone(), args.engine_root.clone(), first));
    diagnosis.rows.push(looks::defaults(file));
    if args.r#try {
        diagnosis.rows.push(runtime.block_on(clean::try_private(args)));
    }
    // A look that was given up may still wait for a file system; nobody waits for it.
    runtime.shutdown_background();
    let text = match args.format {
        DoctorFormat::Human => {
            show::human(&diagnosis, if printer::data_on_terminal() { usize::from(printer::width()) } else { usize::MAX })
        }
        DoctorFormat::Json => serde_json::to_string_pretty(&diagnosis).map_err(|e| Failure::new(Exit::Internal, e))? + "\n",
    };
    print(&text)?;
    Ok(if diagnosis.can_measure { Exit::Ok } else { Exit::Engine })
}

/// All looks at once; those at files, which may block, each in a thread of its own.
async fn look(dockerd: Option<PathBuf>, engine_root: Option<PathBuf>, first: Vec<Row>) -> Diagnosis {
    // Before the others, which are work too.
    let noise = within("noise", looks::noise).await;
    let (private, host, leftovers, data_root, stand_ins, cache, machine, stray) = tokio::join!(
        looks::private_engine(dockerd, engine_root),
        looks::host_engine(),
        within("leftovers", looks::leftovers),
        within("data root", looks::data_root),
        within("stand-in bases", looks::stand_ins),
        within("base cache", looks::cache),
        within("machine", looks::machine),
        stray_links(),
    );
    let measures = matrix::measures(&private, &host.row, &host.registry);
    let can_measure = measures.iter().any(|measure| measure.possible);
    let mut rows = first;
    rows.extend([machine, noise, private, data_root, host.row, host.builder, host.registry, host.hub, stand_ins, cache, leftovers]);
    rows.extend(host.left);
    rows.extend(stray);
    Diagnosis { format_version: model::FORMAT_VERSION, tool_version: env!("CARGO_PKG_VERSION").to_owned(), can_measure, rows, measures }
}

/// The row of a look that has none where nothing is to be told; one that was given up has none either.
async fn stray_links() -> Option<Row> {
    let look = tokio::time::timeout(LIMIT, tokio::task::spawn_blocking(looks::stray_links));
    look.await.ok().and_then(Result::ok).flatten()
}

/// The row of a look that blocks, or that it was given up.
async fn within(what: &'static str, look: fn() -> Row) -> Row {
    match tokio::time::timeout(LIMIT, tokio::task::spawn_blocking(look)).await {
        Ok(Ok(row)) => row,
        Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Row::no(what, "looking at files was given up", "check the disk and what else uses it"),
    }
}
