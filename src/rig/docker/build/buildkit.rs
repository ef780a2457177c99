//! `BuildKit`'s progress: a graph of vertices, each told again whenever its state changes.

use std::collections::HashMap;

use bollard::moby::buildkit::v1 as proto;
use bollard::models::{BuildInfo, BuildInfoAux};

use super::log::BuildLog;
use super::{Reading, Report};
use crate::rig::docker::text::{self, Lines};
use crate::rig::engine::{ProgressSink, Vertex};

/// Most vertices of a build that are kept: a bound on what an engine that lies can make us keep.
const MOST_VERTICES: usize = 10_000;

/// What `BuildKit` puts on a vertex that it gave up because another one failed.
const GIVEN_UP: &str = "context canceled";

/// Seconds and nanoseconds of the engine's clock.
type Time = (i64, i32);

/// Reads `BuildKit`'s progress.
#[derive(Debug)]
pub(super) struct BuildKitReading {
    log: BuildLog,
    /// In the order of their first appearance.
    vertices: Vec<Seen>,
    places: HashMap<String, usize>,
    /// Open lines, by vertex and output.
    open: HashMap<(String, i64), Lines>,
    image_id: Option<String>,
}

/// The last state of a vertex.
#[derive(Debug)]
struct Seen {
    vertex: Vertex,
    started: Option<Time>,
    completed: Option<Time>,
}

impl BuildKitReading {
    pub(super) fn new(sink: ProgressSink) -> Self {
        Self { log: BuildLog::new(sink), vertices: Vec::new(), places: HashMap::new(), open: HashMap::new(), image_id: None }
    }

    fn take_status(&mut self, status: proto::StatusResponse) {
        status.vertexes.into_iter().for_each(|vertex| self.take_vertex(vertex));
        status.logs.iter().for_each(|log| self.take_log(log));
    }

    fn take_vertex(&mut self, told: proto::Vertex) {
        let Some(place) = self.place(&told.digest) else { return };
        let seen = &mut self.vertices[place];
        let before = (seen.started.is_some(), seen.completed.is_some());
        seen.update(told);
        let Vertex { name, cached, .. } = &seen.vertex;
        let (starts, completes) = (!before.0 && seen.started.is_some(), !before.1 && seen.completed.is_some());
        if starts {
            self.log.step_started(name);
        }
        if completes {
            self.log.step_completed(name, *cached);
        }
    }

    fn place(&mut self, digest: &str) -> Option<usize> {
        if let Some(place) = self.places.get(digest) {
            return Some(*place);
        }
        if self.vertices.len() == MOST_VERTICES {
            return None;
        }
        self.places.insert(digest.to_owned(), self.vertices.len());
        self.vertices.push(Seen::new(digest));
        Some(self.vertices.len() - 1)
    }

    fn take_log(&mut self, told: &proto::VertexLog) {
        // A log of a vertex that was never told has no name.
        let name = self.places.get(&told.vertex).map_or("", |place| self.vertices[*place].vertex.name.as_str());
        if self.open.len() >= 2 * MOST_VERTICES {
            return;
        }
        let lines = self.open.entry((told.vertex.clone(), told.stream)).or_default();
        lines.push(&told.msg, |text| self.log.line(name, text));
    }

    /// The vertex that failed first: not one that was given up because of it.
    fn failed_step(&self, message: &str) -> Option<String> {
        let failed = || self.vertices.iter().filter_map(|seen| Some((&seen.vertex.name, seen.vertex.error.as_deref()?)));
        let named = failed().find(|(_, error)| message.contains(error) && !error.ends_with(GIVEN_UP));
        let first = named.or_else(|| failed().find(|(_, error)| !error.ends_with(GIVEN_UP)));
        first.map(|(name, _)| name.clone())
    }
}

impl Reading for BuildKitReading {
    fn take(&mut self, item: BuildInfo) {
        match item.aux {
            Some(BuildInfoAux::BuildKit(status)) => self.take_status(status),
            Some(BuildInfoAux::Default(image)) if item.id.as_deref() == Some("moby.image.id") => {
                self.image_id = super::checked_id(image.id);
            }
            _ => {}
        }
    }

    fn end(mut self: Box<Self>, failure: Option<&str>) -> Report {
        let mut open: Vec<_> = self.open.drain().collect();
        open.sort_by(|(a, _), (b, _)| a.cmp(b));
        for ((digest, _), lines) in open {
            let name = self.places.get(&digest).map_or("", |place| self.vertices[*place].vertex.name.as_str());
            if let Some(text) = lines.finish() {
                self.log.line(name, text);
            }
        }
        let failed_step = failure.and_then(|message| self.failed_step(message));
        let first = self.vertices.iter().filter_map(|seen| seen.started).min();
        let vertices = self.vertices.into_iter().map(|seen| seen.finish(first)).collect();
        Report { image_id: self.image_id, vertices, failed_step, log: self.log.into_lines() }
    }
}

impl Seen {
    fn new(digest: &str) -> Self {
        let vertex = Vertex {
            digest: digest.to_owned(),
            name: String::new(),
            inputs: Vec::new(),
            cached: false,
            started: None,
            completed: None,
            error: None,
        };
        Self { vertex, started: None, completed: None }
    }

    fn update(&mut self, told: proto::Vertex) {
        let proto::Vertex { inputs, name, cached, started, completed, error, .. } = told;
        self.vertex.name = text::name(&name);
        self.vertex.inputs = inputs;
        self.vertex.cached = cached;
        self.vertex.error = (!error.is_empty()).then(|| text::message(&error));
        // A vertex that is told again keeps its first start.
        self.started = self.started.or(started.map(|time| (time.seconds, time.nanos)));
        self.completed = completed.map(|time| (time.seconds, time.nanos)).or(self.completed);
    }

    fn finish(self, first: Option<Time>) -> Vertex {
        let after = |time: Option<Time>| Some(seconds_between(first?, time?));
        Vertex { started: after(self.started), completed: after(self.completed), ..self.vertex }
    }
}

fn seconds_between(from: Time, to: Time) -> f64 {
    to.0.saturating_sub(from.0) as f64 + f64::from(to.1.saturating_sub(from.1)) / 1e9
}

#[cfg(test)]
mod tests;
