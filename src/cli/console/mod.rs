//! Events to progress: bars on a terminal, plain lines elsewhere, JSON lines when asked for.
//!
//! Owns one thread that draws; the run only hands events over. A slow terminal drops progress, never outcomes.

mod bars;
mod json;
mod lines;
mod now;
mod wording;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::run::{Event, EventKind, Listener};

use super::args::MessageFormat;
use super::printer;

/// How many events may wait for the drawing thread.
const QUEUE: usize = 1024;

/// Longest time between two looks at the clock.
const TICK: Duration = Duration::from_secs(1);

/// Shows one event.
trait View: Send {
    /// Shows one event.
    fn show(&mut self, event: &Event);
    /// Shows that time goes on, about once a second while nothing happens.
    fn tick(&mut self) {}
    /// Takes down whatever is still drawn; the error is why not all of it could be shown.
    fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A running console.
pub(super) struct Console {
    sender: SyncSender<Option<Event>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Console {
    /// Starts the drawing thread for `format`.
    pub(super) fn start(format: MessageFormat) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = std::thread::spawn(move || draw(&receiver, view(format)));
        Self { sender, thread }
    }

    /// Where the run sends its events.
    pub(super) fn listener(&self) -> Listener {
        let sender = self.sender.clone();
        Arc::new(move |event| hand_over(&sender, event))
    }

    /// Draws what is still waiting and takes the progress down. Listeners may outlive it; nothing hears them any more.
    ///
    /// # Errors
    ///
    /// Stdout, where it is what events go to, did not take all of them.
    pub(super) fn close(self) -> io::Result<()> {
        drop(self.sender.send(None));
        // A panic there has said so itself, and what was measured stands.
        self.thread.join().unwrap_or(Ok(()))
    }
}

/// Progress may be lost when the queue is full; outcomes, warnings and the frame of the run may not.
fn hand_over(sender: &SyncSender<Option<Event>>, event: Event) {
    if let Err(TrySendError::Full(Some(event))) = sender.try_send(Some(event))
        && !is_progress(&event.kind)
    {
        drop(sender.send(Some(event)));
    }
}

const fn is_progress(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::StepStarted { .. } | EventKind::StepCompleted { .. } | EventKind::TransferProgress { .. } | EventKind::Log { .. }
    )
}

fn view(format: MessageFormat) -> Box<dyn View> {
    match format {
        MessageFormat::Json => Box::new(json::JsonLines::new(printer::data)),
        MessageFormat::Human if printer::bars() => Box::new(bars::Bars::new(printer::talk_colour())),
        MessageFormat::Human => Box::new(lines::Lines::default()),
    }
}

/// Draws until `None` comes.
fn draw(receiver: &Receiver<Option<Event>>, mut view: Box<dyn View>) -> io::Result<()> {
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(Some(event)) => view.show(&event),
            Err(RecvTimeoutError::Timeout) => view.tick(),
            Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    view.close()
}
