//! Podman's progress: text, in which `STEP n/m: …` begins a step, with `[s/t] ` before it in a build of several stages.

use bollard::models::{BuildInfo, BuildInfoAux};

use super::log::BuildLog;
use super::{Reading, Report};
use crate::rig::docker::text::{self, Lines};
use crate::rig::engine::{ProgressSink, Vertex};

/// Reads podman's text.
#[derive(Debug)]
pub(super) struct PodmanReading {
    log: BuildLog,
    lines: Lines,
    step: Option<(Place, Vertex)>,
    ended: Vec<Vertex>,
    image_id: Option<String>,
}

/// Where a step stands. `stage` is `None` in a file of one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    stage: Option<(u32, u32)>,
    step: (u32, u32),
}

impl PodmanReading {
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
        let before = self.step.as_ref().map(|(place, _)| *place);
        if let Some((place, instruction)) = step(&line).filter(|(place, _)| place.may_follow(before)) {
            let vertex = vertex(&place.named(instruction));
            self.end_step();
            self.log.step_started(&vertex.name);
            self.step = Some((place, vertex));
        } else if line.starts_with("--> ") || line.starts_with("COMMIT ") {
            if let Some((_, vertex)) = &mut self.step {
                vertex.cached |= line.starts_with("--> Using cache ");
            }
        } else if Some(line.as_str()) != self.image_id.as_deref().and_then(|id| id.strip_prefix("sha256:")) {
            let name = self.step.as_ref().map_or("", |(_, vertex)| vertex.name.as_str());
            self.log.line(name, line);
        }
    }

    fn end_step(&mut self) {
        if let Some((_, vertex)) = self.step.take() {
            self.log.step_completed(&vertex.name, vertex.cached);
            self.ended.push(vertex);
        }
    }
}

impl Place {
    /// Whether this place is due. A RUN may print such a line too: only the numbers that come next are believed.
    fn may_follow(self, before: Option<Self>) -> bool {
        let Some(before) = before else { return self.step.0 == 1 };
        let next_step = self.stage == before.stage && self.step == (before.step.0 + 1, before.step.1);
        // Stages that the target does not need are left out.
        let next_stage = matches!((self.stage, before.stage), (Some(this), Some(that)) if this.0 > that.0 && this.1 == that.1);
        next_step || (next_stage && self.step.0 == 1 && before.step.0 == before.step.1)
    }

    /// The step's name in the form of Docker's builders.
    fn named(self, instruction: &str) -> String {
        let (index, total) = self.step;
        match self.stage {
            Some((stage, _)) => format!("[stage-{} {index}/{total}] {instruction}", stage - 1),
            None => format!("Step {index}/{total} : {instruction}"),
        }
    }
}

/// `STEP 2/4: RUN x`, or `[1/3] STEP 2/4: RUN x`.
fn step(line: &str) -> Option<(Place, &str)> {
    let (stage, rest) = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((stage, rest)) => (Some(fraction(stage)?), rest),
        None => (None, line),
    };
    let (position, instruction) = rest.strip_prefix("STEP ")?.split_once(": ")?;
    Some((Place { stage, step: fraction(position)? }, instruction))
}

fn fraction(text: &str) -> Option<(u32, u32)> {
    let (index, total) = text.split_once('/')?;
    let (index, total) = (index.parse().ok()?, total.parse().ok()?);
    (1..=total).contains(&index).then_some((index, total))
}

fn vertex(name: &str) -> Vertex {
    Vertex { digest: String::new(), name: text::name(name), inputs: Vec::new(), cached: false, started: None, completed: None, error: None }
}

impl Reading for PodmanReading {
    fn take(&mut self, item: BuildInfo) {
        if let Some(BuildInfoAux::Default(image)) = item.aux {
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
        let failed_step = failure.and(self.step.as_ref()).map(|(_, vertex)| vertex.name.clone());
        match (failure, self.step.take()) {
            (Some(message), Some((_, vertex))) => self.ended.push(Vertex { error: Some(message.to_owned()), ..vertex }),
            (_, step) => {
                self.step = step;
                self.end_step();
            }
        }
        Report { image_id: self.image_id, vertices: self.ended, failed_step, log: self.log.into_lines() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rig::engine::VertexKind;

    fn read(text: &str, failure: Option<&str>) -> Report {
        let mut reading = Box::new(PodmanReading::new(ProgressSink::none()));
        reading.take_text(text);
        reading.end(failure)
    }

    fn names(report: &Report) -> Vec<(&str, bool)> {
        report.vertices.iter().map(|vertex| (vertex.name.as_str(), vertex.cached)).collect()
    }

    #[test]
    fn steps_and_their_cache_are_read_from_the_text() {
        let report = read(
            "STEP 1/3: FROM scratch\nSTEP 2/3: COPY app /app\n--> Using cache 94f52b\n--> 94f52b\nSTEP 3/3: CMD [\"/app\"]\nCOMMIT x:a\n--> fb79\n",
            None,
        );
        assert_eq!(
            names(&report),
            [("Step 1/3 : FROM scratch", false), ("Step 2/3 : COPY app /app", true), ("Step 3/3 : CMD [\"/app\"]", false)]
        );
        assert!(report.vertices[1].tells_cache() && report.log.is_empty());
    }

    #[test]
    fn stages_are_numbered_as_docker_numbers_them() {
        let report = read("[1/3] STEP 1/2: FROM a AS b\n[1/3] STEP 2/2: RUN x\nout\n[3/3] STEP 1/1: FROM c\n", None);
        assert_eq!(
            names(&report).iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["[stage-0 1/2] FROM a AS b", "[stage-0 2/2] RUN x", "[stage-2 1/1] FROM c"]
        );
        assert!(report.vertices.iter().all(|vertex| matches!(vertex.kind(), VertexKind::Step(_))));
        assert_eq!((report.log[0].step.as_str(), report.log[0].text.as_str()), ("[stage-0 2/2] RUN x", "out"));
    }

    #[test]
    fn a_step_that_is_not_due_is_what_a_run_prints() {
        let report = read("STEP 1/3: FROM a\nSTEP 2/3: RUN x\nSTEP 1/3: FROM evil\nSTEP 3/9: RUN evil\n", Some("exit status 7"));
        assert_eq!(names(&report).len(), 2);
        assert_eq!((report.failed_step.as_deref(), report.log.len()), (Some("Step 2/3 : RUN x"), 2));
        assert_eq!(report.vertices[1].error.as_deref(), Some("exit status 7"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(\\PC|\n){0,200}|(\\[?[0-9]{1,2}/[0-9]{1,2}\\]? ?STEP [0-9]{1,2}/[0-9]{1,2}: \\PC{0,10}\n){0,5}") {
            let report = read(&text, None);
            prop_assert!(report.vertices.iter().all(|vertex| !vertex.name.contains('\n')));
        }
    }
}
