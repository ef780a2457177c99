//! What is known of a trial until it ends.

use crate::image::Weighing;
use crate::record::{DeltaRecord, DownloadRecord, Start, TransferRecord, Warning};
use crate::rig::{EngineError, LogLine, Vertex};

use super::super::failure;
use super::super::outcome::Numbers;
use super::super::stop::{Stop, chain, invalid};
use super::Made;

/// What is known of a trial until it ends.
#[derive(Default)]
pub(in crate::run) struct Draft {
    pub(in crate::run) numbers: Numbers,
    pub(super) steps: Vec<Vertex>,
    pub(super) push: Option<TransferRecord>,
    pub(super) pull: Option<TransferRecord>,
    pub(in crate::run) weighing: Option<Weighing>,
    pub(super) delta: Option<DeltaRecord>,
    pub(super) starts: Vec<Start>,
    pub(super) download: Option<DownloadRecord>,
    pub(super) made: Option<Made>,
    pub(super) warnings: Vec<Warning>,
    pub(super) log: String,
}

impl Draft {
    pub(super) fn take_build(&mut self, vertices: &[Vertex], log: &[LogLine]) {
        self.steps = vertices.to_vec();
        for line in log {
            self.note(&line.step, [line.text.as_str()]);
        }
    }

    /// What an engine said instead of building; the steps and lines until a disk was full are kept.
    pub(super) fn refused(&mut self, error: EngineError, log: &str) -> Stop {
        let EngineError::DataRootFull { failure: Some(failure), .. } = &error else { return error.into() };
        self.take_build(&failure.vertices, &failure.log);
        invalid(failure::quoted(chain(&error), &failure.excerpt(), log))
    }

    /// Keeps lines for the trial's log, each behind whose it is.
    pub(super) fn note<'a>(&mut self, whose: &str, lines: impl IntoIterator<Item = &'a str>) {
        for line in lines {
            self.log.extend([whose, ": ", line, "\n"]);
        }
    }

    pub(in crate::run) fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(Warning { message: message.into() });
    }
}
