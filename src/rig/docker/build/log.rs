//! What the steps of a build print.

use crate::rig::docker::text::Tail;
use crate::rig::engine::{LogLine, Progress, ProgressSink};

/// Most lines of a build's log that are kept.
const MOST_LINES: usize = 10_000;

/// Most bytes of a build's log that are kept.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Hands each line on and keeps the last ones.
#[derive(Debug)]
pub(super) struct BuildLog {
    sink: ProgressSink,
    tail: Tail,
}

impl BuildLog {
    pub(super) const fn new(sink: ProgressSink) -> Self {
        Self { sink, tail: Tail::new(MOST_LINES, MOST_BYTES) }
    }

    pub(super) fn line(&mut self, step: &str, text: String) {
        let line = LogLine { step: step.to_owned(), text };
        self.sink.send(Progress::Log(line.clone()));
        self.tail.push(line);
    }

    pub(super) fn step_started(&self, name: &str) {
        self.sink.send(Progress::StepStarted { name: name.to_owned() });
    }

    pub(super) fn step_completed(&self, name: &str, cached: bool) {
        self.sink.send(Progress::StepCompleted { name: name.to_owned(), cached });
    }

    pub(super) fn into_lines(self) -> Vec<LogLine> {
        self.tail.into_lines()
    }
}
