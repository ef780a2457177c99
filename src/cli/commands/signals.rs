//! Ctrl-C and SIGTERM: the first stops the run in order, the second at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{Exit, Failure, printer};
use crate::run::Emitter;

/// Cancels `token` at the first SIGINT or SIGTERM and says so to `emitter`, since a console may be drawing. The private
/// engines die with the process, so that a second signal may end it on the spot; what then remains is removed at the next
/// start.
pub(super) fn watch(token: CancellationToken, emitter: Emitter) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| Failure::new(Exit::Internal, e))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| Failure::new(Exit::Internal, e))?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if token.is_cancelled() {
                end_now();
            }
            // First of all: the warning may have to wait for a slow reader.
            token.cancel();
            emitter.warn("stopping and cleaning up; once more to stop at once");
        }
    });
    Ok(())
}

#[expect(clippy::exit, reason = "the user asked twice; an orderly end is already under way and takes too long for them")]
fn end_now() {
    printer::talk("stopped at once; `loadline doctor --clean` removes what is left");
    std::process::exit(i32::from(Exit::Interrupted.code()));
}
