//! Sends events with the seconds since the run began.

use std::sync::Arc;

use crate::rig::{Progress, ProgressSink};

use super::{Event, EventKind, Listener, Stopwatch};

/// Sends events to a listener. Cheap to clone.
#[derive(Clone)]
pub struct Emitter {
    watch: Arc<Stopwatch>,
    listener: Listener,
}

impl Emitter {
    /// Events go to `listener`, timed by `watch`.
    pub fn new(watch: Arc<Stopwatch>, listener: Listener) -> Self {
        Self { watch, listener }
    }

    /// The run's clock.
    pub fn watch(&self) -> &Stopwatch {
        &self.watch
    }

    /// Sends one event.
    pub fn send(&self, kind: EventKind) {
        (self.listener)(Event { at: self.watch.elapsed(), kind });
    }

    /// Says that a stretch of preparation began.
    pub fn preparing(&self, what: impl Into<String>) {
        self.send(EventKind::Preparing { what: what.into() });
    }

    /// Says something that a reader of the figures must know.
    pub fn warn(&self, message: impl Into<String>) {
        self.send(EventKind::Warning { message: message.into() });
    }

    /// A sink that turns an engine's build progress into events.
    pub fn build_sink(&self) -> ProgressSink {
        let emitter = self.clone();
        ProgressSink::new(move |progress| emitter.build_progress(progress))
    }

    fn build_progress(&self, progress: Progress) {
        match progress {
            Progress::StepStarted { name } => self.send(EventKind::StepStarted { name }),
            Progress::StepCompleted { name, cached } => self.send(EventKind::StepCompleted { name, cached }),
            Progress::Log(line) => self.send(EventKind::Log { step: line.step, line: line.text }),
            Progress::Notice(what) => self.preparing(what),
            Progress::Warning(message) => self.warn(message),
            Progress::Context { .. } | Progress::Layer { .. } => {}
        }
    }
}
