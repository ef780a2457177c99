use std::sync::{Arc, Mutex};

use super::*;
use crate::rig::engine::Progress;

fn read(texts: &[&str], failure: Option<&str>) -> (Report, Vec<Progress>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = told.clone();
    let sink = ProgressSink::new(move |progress| hears.lock().expect("no panic").push(progress));
    let mut reading = Box::new(ClassicReading::new(sink));
    for text in texts {
        reading.take(BuildInfo { stream: Some((*text).to_owned()), ..BuildInfo::default() });
    }
    let report = reading.end(failure);
    let told = told.lock().expect("no panic").clone();
    (report, told)
}

const FAILED: [&str; 10] = [
    "Step 1/2 : FROM local/busybox:1",
    "\n",
    " ---> bce08a7189ba\n",
    "Step 2/2 : RUN echo hello; echo err >&2; exit 3",
    "\n",
    " ---> Running in 0b659233059f\n",
    "hel",
    "lo\n\n",
    "\u{1b}[91merr\n\u{1b}[0m",
    "open",
];

#[test]
fn the_last_step_is_the_one_that_failed() {
    let (report, told) = read(&FAILED, Some("returned a non-zero code: 3"));
    assert_eq!(report.failed_step.as_deref(), Some("Step 2/2 : RUN echo hello; echo err >&2; exit 3"));
    assert!(!told.iter().any(|p| matches!(p, Progress::StepCompleted { name, .. } if name.starts_with("Step 2/2"))));
}

#[test]
fn every_step_is_a_vertex_and_the_failed_one_says_why() {
    let (report, _) = read(&FAILED, Some("returned a non-zero code: 3"));
    let found: Vec<_> = report.vertices.iter().map(|v| (v.name.as_str(), v.cached, v.error.as_deref())).collect();
    let [from, run] = ["Step 1/2 : FROM local/busybox:1", "Step 2/2 : RUN echo hello; echo err >&2; exit 3"];
    assert_eq!(found, [(from, false, None), (run, false, Some("returned a non-zero code: 3"))]);
}

#[test]
fn a_step_that_prints_that_it_used_the_cache_did_not() {
    let texts = ["Step 1/2 : FROM x\n", " ---> aa\n", "Step 2/2 : RUN y\n", " ---> Running in bb\n", " ---> Using cache\n", " ---> cc\n"];
    let (report, _) = read(&texts, None);
    assert_eq!(report.vertices.iter().map(|v| v.cached).collect::<Vec<_>>(), [false, false]);
}

#[test]
fn only_what_steps_print_is_log() {
    let (report, _) = read(&FAILED, None);
    let texts: Vec<_> = report.log.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["hello", "", "err", "open"]);
    assert!(report.log.iter().all(|line| line.step.starts_with("Step 2/2")));
}

#[test]
fn a_step_that_used_the_cache_says_so() {
    let texts = ["Step 1/2 : FROM x\n", " ---> aa\n", "Step 2/2 : RUN y\n", " ---> Using cache\n", " ---> bb\n", "Successfully built bb\n"];
    let (report, told) = read(&texts, None);
    let cached: Vec<_> = report.vertices.iter().map(|v| (v.cached, v.tells_cache())).collect();
    assert_eq!(cached, [(false, false), (true, true)]);
    let started = |name: &str| Progress::StepStarted { name: name.to_owned() };
    let completed = |name: &str, cached| Progress::StepCompleted { name: name.to_owned(), cached };
    let [from, run] = ["Step 1/2 : FROM x", "Step 2/2 : RUN y"];
    assert_eq!(told, [started(from), completed(from, false), started(run), completed(run, true)]);
}

#[test]
fn a_step_that_prints_another_steps_line_is_not_believed() {
    let texts = ["Step 1/3 : RUN cat log\n", "Step 3/3 : RUN rm -rf /\n", "Step 2/4 : COPY x\n"];
    let (report, _) = read(&texts, Some("x"));
    assert_eq!(report.failed_step.as_deref(), Some("Step 1/3 : RUN cat log"));
    assert_eq!(report.log.len(), 2);
}
