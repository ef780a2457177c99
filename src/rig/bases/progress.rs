//! How the work on one base image is told.

use std::sync::Arc;

use crate::rig::{LogLine, Progress, ProgressSink};

/// Tells of the work on one base image. Every step's name begins with `base NAME: `.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    sink: ProgressSink,
    name: Arc<str>,
}

impl Teller {
    /// Tells `sink` of the base image `name`.
    pub(super) fn new(sink: &ProgressSink, name: &str) -> Self {
        Self { sink: sink.clone(), name: name.into() }
    }

    /// A part of the work began; it ends when the guard is dropped.
    pub(super) fn step(&self, what: &str) -> Step {
        let name = format!("base {}: {what}", self.name);
        self.sink.send(Progress::StepStarted { name: name.clone() });
        Step { sink: self.sink.clone(), name }
    }

    /// A line that a program wrote, its control characters removed.
    pub(super) fn line(&self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        if !text.is_empty() {
            self.sink.send(Progress::Log(LogLine { step: format!("base {}", self.name), text }));
        }
    }

    /// A sink for a build of this image: its steps and lines carry the image's name.
    pub(super) fn sink(&self) -> ProgressSink {
        let (sink, name) = (self.sink.clone(), self.name.clone());
        let named = move |step: String| format!("base {name}: {step}");
        ProgressSink::new(move |progress| {
            sink.send(match progress {
                Progress::StepStarted { name } => Progress::StepStarted { name: named(name) },
                Progress::StepCompleted { name, cached } => Progress::StepCompleted { name: named(name), cached },
                Progress::Log(line) => Progress::Log(LogLine { step: named(line.step), text: line.text }),
                other => other,
            });
        })
    }
}

/// A part of the work that is under way.
#[derive(Debug)]
pub(super) struct Step {
    sink: ProgressSink,
    name: String,
}

impl Drop for Step {
    fn drop(&mut self) {
        self.sink.send(Progress::StepCompleted { name: std::mem::take(&mut self.name), cached: false });
    }
}
