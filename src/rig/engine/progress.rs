//! What happens inside a long call, and where news of it goes.

use std::sync::Arc;

use super::LogLine;

/// Something that happened inside a long call.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Bytes of context sent so far.
    Context {
        /// Bytes sent so far.
        sent: u64,
    },
    /// A build step began.
    StepStarted {
        /// The step's name.
        name: String,
    },
    /// A build step ended.
    StepCompleted {
        /// The step's name.
        name: String,
        /// The builder's flag.
        cached: bool,
    },
    /// A line of a step's or a helper's output.
    Log(LogLine),
    /// What goes on now, where there is no step to begin: a wait, say.
    Notice(String),
    /// Something that a reader of the figures must know.
    Warning(String),
    /// Bytes of one layer moved so far.
    Layer {
        /// The engine's short id of the layer; empty where it gives none.
        id: String,
        /// Bytes so far.
        current: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
}

/// Where progress goes. Cheap to clone; never blocks: what a slow reader cannot take is dropped.
#[derive(Clone, Default)]
pub struct ProgressSink(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl ProgressSink {
    /// A sink that calls `receive`, which must return at once.
    pub fn new(receive: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(receive)))
    }

    /// A sink that ignores everything.
    pub fn none() -> Self {
        Self(None)
    }

    /// Hands `progress` on.
    pub fn send(&self, progress: Progress) {
        if let Some(receive) = &self.0 {
            receive(progress);
        }
    }
}

impl std::fmt::Debug for ProgressSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "ProgressSink(..)" } else { "ProgressSink(none)" })
    }
}
