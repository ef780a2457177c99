use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::rig::engine::{LogLine, Progress};

/// A vertex with times in milliseconds.
fn vertex(digest: &str, name: &str, started: Option<i64>, completed: Option<i64>) -> proto::Vertex {
    let mut vertex = proto::Vertex { digest: digest.to_owned(), name: name.to_owned(), ..proto::Vertex::default() };
    for (slot, at) in [(&mut vertex.started, started), (&mut vertex.completed, completed)] {
        if let Some(at) = at {
            let time = slot.get_or_insert_default();
            (time.seconds, time.nanos) = (1_800_000_000 + at / 1000, i32::try_from(at % 1000).expect("below 1000") * 1_000_000);
        }
    }
    vertex
}

fn failed(digest: &str, name: &str, error: &str) -> proto::Vertex {
    proto::Vertex { error: error.to_owned(), ..vertex(digest, name, Some(0), Some(1)) }
}

fn log(digest: &str, output: i64, msg: &[u8]) -> proto::VertexLog {
    proto::VertexLog { vertex: digest.to_owned(), stream: output, msg: msg.to_vec(), ..proto::VertexLog::default() }
}

fn status(vertexes: Vec<proto::Vertex>, logs: Vec<proto::VertexLog>) -> BuildInfo {
    let status = proto::StatusResponse { vertexes, logs, ..proto::StatusResponse::default() };
    BuildInfo { id: Some("moby.buildkit.trace".to_owned()), aux: Some(BuildInfoAux::BuildKit(status)), ..BuildInfo::default() }
}

fn image(id: &str) -> BuildInfo {
    let image = bollard::models::ImageId { id: Some(id.to_owned()) };
    BuildInfo { id: Some("moby.image.id".to_owned()), aux: Some(BuildInfoAux::Default(image)), ..BuildInfo::default() }
}

fn read(items: Vec<BuildInfo>, failure: Option<&str>) -> (Report, Vec<Progress>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = told.clone();
    let sink = ProgressSink::new(move |progress| hears.lock().expect("no panic").push(progress));
    let mut reading = Box::new(BuildKitReading::new(sink));
    for item in items {
        reading.take(item);
    }
    let report = reading.end(failure);
    let told = told.lock().expect("no panic").clone();
    (report, told)
}

#[test]
fn the_last_state_of_a_vertex_counts_and_its_first_appearance_orders_it() {
    let known = vec![vertex("b", "[2/2] RUN x", None, None), vertex("a", "[1/2] FROM y", None, None)];
    let started = vec![vertex("a", "[1/2] FROM y", Some(500), None)];
    let ended = vec![vertex("a", "[1/2] FROM y", Some(500), Some(750)), vertex("b", "[2/2] RUN x", Some(1500), Some(2750))];
    let (report, _) = read(vec![status(known, vec![]), status(started, vec![]), status(ended, vec![])], None);
    let told: Vec<_> = report.vertices.iter().map(|v| (v.digest.as_str(), v.started, v.completed)).collect();
    assert_eq!(told, [("b", Some(1.0), Some(2.25)), ("a", Some(0.0), Some(0.25))]);
}

#[test]
fn a_step_starts_and_completes_once_however_often_it_is_told() {
    let started = || status(vec![vertex("a", "[1/1] RUN x", Some(0), None)], vec![]);
    let ended = || status(vec![vertex("a", "[1/1] RUN x", Some(0), Some(1))], vec![]);
    let (_, told) = read(vec![started(), started(), ended(), ended()], None);
    let name = "[1/1] RUN x".to_owned();
    assert_eq!(told, [Progress::StepStarted { name: name.clone() }, Progress::StepCompleted { name, cached: false }]);
}

#[test]
fn a_vertex_that_never_completed_has_no_end() {
    let (report, _) = read(vec![status(vec![vertex("a", "[1/1] RUN x", Some(0), None)], vec![])], None);
    assert_eq!((report.vertices[0].started, report.vertices[0].completed), (Some(0.0), None));
}

#[test]
fn a_log_line_carries_its_step_and_each_output_its_own_lines() {
    let step = vec![vertex("a", "[1/1] RUN x", Some(0), None)];
    let logs =
        vec![log("a", 1, b"he"), log("a", 2, b"\x1b[31merror\x1b[0m\n"), log("a", 1, b"llo\nop"), log("a", 1, b"en"), log("z", 1, b"?\n")];
    let (report, _) = read(vec![status(step, logs)], None);
    let told: Vec<_> = report.log.iter().map(|LogLine { step, text }| (step.as_str(), text.as_str())).collect();
    assert_eq!(told, [("[1/1] RUN x", "error"), ("[1/1] RUN x", "hello"), ("", "?"), ("[1/1] RUN x", "open")]);
}

#[test]
fn the_failed_step_is_the_one_whose_error_ended_the_build() {
    let vertices = vec![
        failed("a", "[other 2/2] RUN sleep", "context canceled"),
        failed("b", "[build 2/2] RUN false", "executor failed running [/bin/sh -c false]: exit code: 1"),
    ];
    let (report, _) = read(vec![status(vertices, vec![])], Some("executor failed running [/bin/sh -c false]: exit code: 1"));
    assert_eq!(report.failed_step.as_deref(), Some("[build 2/2] RUN false"));
}

#[test]
fn steps_that_were_only_given_up_did_not_fail() {
    let (report, _) = read(vec![status(vec![failed("a", "[2/2] RUN x", "context canceled")], vec![])], Some("context canceled"));
    assert_eq!(report.failed_step, None);
}

#[test]
fn only_a_digest_is_an_image_id() {
    let id = format!("sha256:{}", "0".repeat(64));
    assert_eq!(read(vec![image(&id)], None).0.image_id, Some(id));
    assert_eq!(read(vec![image("../x")], None).0.image_id, None);
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let (report, _) = read(vec![status(vec![vertex("a", "[1/1] RUN \x1b[2Jx\r\ny\t\u{202e}z", None, None)], vec![])], None);
    assert_eq!(report.vertices[0].name, "[1/1] RUN x y z");
}

#[test]
fn an_engine_that_invents_vertices_is_bounded() {
    let many = (0..MOST_VERTICES + 50).map(|n| vertex(&n.to_string(), "x", None, None)).collect();
    assert_eq!(read(vec![status(many, vec![])], None).0.vertices.len(), MOST_VERTICES);
}

proptest! {
    #[test]
    fn any_sequence_of_states_is_read_without_panic(states in proptest::collection::vec((0u8..5, any::<Option<u32>>(), any::<Option<u32>>(), any::<Option<i64>>()), 0..60)) {
        let mut items = Vec::new();
        for (digest, started, completed, wild) in states {
            let mut told = vertex(&digest.to_string(), "[1/1] RUN x", started.map(i64::from), completed.map(i64::from));
            if let (Some(wild), Some(time)) = (wild, told.started.as_mut()) {
                time.seconds = wild;
            }
            items.push(status(vec![told], vec![log(&digest.to_string(), 1, b"x")]));
        }
        let (report, _) = read(items, Some("x"));
        prop_assert!(report.vertices.len() <= 5);
    }
}
