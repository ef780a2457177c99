//! The classic builder's progress: text, in which `Step n/m : …` begins a step.

use bollard::models::{BuildInfo, BuildInfoAux};

use super::log::BuildLog;
use super::{Reading, Report};
use crate::rig::docker::text::{self, Lines};
use crate::rig::engine::{ProgressSink, Vertex, VertexKind};

/// Reads the classic builder's text.
#[derive(Debug)]
pub(super) struct ClassicReading {
    log: BuildLog,
    lines: Lines,
    step: Option<Step>,
    ended: Vec<Vertex>,
    image_id: Option<String>,
}

#[derive(Debug)]
struct Step {
    name: String,
    index: u32,
    total: u32,
    cached: bool,
    /// Whether it runs: from then on it may print what looks like the builder's own lines.
    runs: bool,
}

impl Step {
    fn into_vertex(self, error: Option<&str>) -> Vertex {
        let (digest, inputs, error) = (String::new(), Vec::new(), error.map(str::to_owned));
        Vertex { digest, name: self.name, inputs, cached: self.cached, started: None, completed: None, error }
    }
}

impl ClassicReading {
    pub(super) fn new(sink: ProgressSink) -> Self {
        Self { log: BuildLog::new(sink), lines: Lines::default(), step: None, ended: Vec::new(), image_id: None }
    }

    fn take_text(&mut self, text: &str) {
        let mut whole = Vec::new();
        self.lines.push(text.as_bytes(), |line| whole.push(line));
        for line in whole {
            self.take_line(line);
        }
    }

    fn take_line(&mut self, line: String) {
        if let Some(step) = self.next_step(&line) {
            self.end_step();
            self.log.step_started(&step.name);
            self.step = Some(step);
        } else if let Some(told) = line.strip_prefix(" ---> ") {
            if let Some(step) = &mut self.step {
                step.cached |= !step.runs && told == "Using cache";
                step.runs |= told.starts_with("Running in ");
            }
        } else if !is_builders_own(&line) {
            let name = self.step.as_ref().map_or("", |step| step.name.as_str());
            self.log.line(name, line);
        }
    }

    /// The step that a line begins. A RUN may print such a line too: only the number that is due is believed.
    fn next_step(&self, line: &str) -> Option<Step> {
        let VertexKind::Step(read) = VertexKind::parse(line) else { return None };
        let (index, total) = self.step.as_ref().map_or((1, read.total), |step| (step.index + 1, step.total));
        (line.starts_with("Step ") && (read.index, read.total) == (index, total)).then(|| Step {
            name: text::name(line),
            index,
            total,
            cached: false,
            runs: false,
        })
    }

    fn end_step(&mut self) {
        if let Some(step) = self.step.take() {
            self.log.step_completed(&step.name, step.cached);
            self.ended.push(step.into_vertex(None));
        }
    }
}

/// What the builder says about itself, which is no step's output.
fn is_builders_own(line: &str) -> bool {
    const OWN: [&str; 3] = ["Removing intermediate container ", "Successfully built ", "Successfully tagged "];
    OWN.iter().any(|own| line.starts_with(own))
}

impl Reading for ClassicReading {
    fn take(&mut self, item: BuildInfo) {
        if let Some(BuildInfoAux::Default(image)) = item.aux {
            // One for each stage: the last is the target's.
            self.image_id = super::checked_id(image.id);
        }
        if let Some(text) = item.stream {
            self.take_text(&text);
        }
    }

    fn end(mut self: Box<Self>, failure: Option<&str>) -> Report {
        if let Some(line) = std::mem::take(&mut self.lines).finish() {
            self.take_line(line);
        }
        let failed_step = failure.and(self.step.as_ref()).map(|step| step.name.clone());
        if failure.is_none() {
            self.end_step();
        }
        self.ended.extend(self.step.take().map(|step| step.into_vertex(failure)));
        Report { image_id: self.image_id, vertices: self.ended, failed_step, log: self.log.into_lines() }
    }
}

#[cfg(test)]
mod tests;
