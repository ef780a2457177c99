//! Answers of the fake engine that are always the same.

use std::time::Duration;

use loadline::rig::{BuildFailure, EngineError, LogLine, Vertex};

use super::image::digest;

pub(super) fn lost(action: &str) -> EngineError {
    EngineError::Lost {
        endpoint: "unix:///fake.sock".to_owned(),
        action: action.to_owned(),
        log: "/fake/log".to_owned(),
        source: "connection closed".into(),
    }
}

pub(super) fn refused(action: &str, message: &str) -> EngineError {
    EngineError::Refused { action: action.to_owned(), message: message.to_owned(), status: None }
}

pub(super) fn unsupported(what: &'static str) -> EngineError {
    EngineError::Unsupported { what, why: "the fake engine has no images to move".to_owned() }
}

pub(super) fn failure() -> BuildFailure {
    let step = "[2/2] RUN go build".to_owned();
    BuildFailure {
        message: "process did not complete: exit code: 1".to_owned(),
        step: Some(step.clone()),
        wall: Duration::from_millis(5),
        vertices: vertices(false, None),
        log: vec![LogLine { step, text: "main.go:3: undefined: x".to_owned() }],
    }
}

/// The steps of a build that stood on the image `x`, with its digest where the engine tells it.
pub(super) fn vertices(cached_run: bool, built_on: Option<&str>) -> Vec<Vertex> {
    let from = format!("[1/3] FROM docker.io/library/x{}", built_on.map(|digest| format!("@{digest}")).unwrap_or_default());
    let vertex = |name: &str, cached: bool, inputs: &[&str]| Vertex {
        digest: digest(name.as_bytes()),
        name: name.to_owned(),
        inputs: inputs.iter().map(|input| digest(input.as_bytes())).collect(),
        cached,
        started: Some(0.0),
        completed: Some(0.01),
        error: None,
    };
    vec![
        vertex("[internal] load remote build context", false, &[]),
        vertex(&from, true, &[]),
        vertex("[2/3] WORKDIR /src", true, &[&from]),
        vertex("[3/3] RUN go build", cached_run, &["[2/3] WORKDIR /src", "[internal] load remote build context"]),
        vertex("exporting to image", false, &["[3/3] RUN go build"]),
    ]
}
