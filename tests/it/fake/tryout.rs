//! Finding a smoke check on a fake engine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadline::rig::RunNetwork;
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::run::{Bench, Emitter, Limits, Stopwatch, TryError, TryOut};
use loadline::scenario::{Asked, Hint, Proof, sketch};
use tokio_util::sync::CancellationToken;

use crate::support::fake_engine::{Behaviour, FakeEngine};

struct Case {
    engine: FakeEngine,
    hint: Hint,
    env: BTreeMap<String, String>,
    cancel: CancellationToken,
}

impl Case {
    fn new(behaviour: Behaviour) -> Self {
        let engine = FakeEngine::default();
        engine.set("loadline-init", behaviour);
        let hint = Hint { ports: vec![(3000, "EXPOSE in line 4".to_owned())], path: Some("/up".to_owned()) };
        Self { engine, hint, env: BTreeMap::new(), cancel: CancellationToken::new() }
    }

    async fn run(&self) -> Result<Proof, TryError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").expect("written");
        let sketch = sketch(folder.path()).expect("a Dockerfile");
        let registry = Registry::start(RegistryOptions::new(folder.path().join("blobs"))).await.expect("a loopback port is free");
        let bench = Bench {
            builder: self.engine.clone(),
            puller: None,
            registry,
            link: None,
            downloads: None,
            isolated: false,
            containerd_store: false,
            base_mirror: None,
            network: RunNetwork::Default,
            keep: Vec::new(),
            unreachable: None,
            named: None,
        };
        let heard = Mutex::new(Vec::new());
        let listener = Arc::new(move |event| heard.lock().expect("no listener panics").push(event));
        let emitter = Emitter::new(Arc::new(Stopwatch::start()), listener);
        let search = TryOut {
            bench: &bench,
            scenario: &sketch.scenario,
            variant: &sketch.scenario.variants[0],
            hint: &self.hint,
            env: &self.env,
            patience: Duration::from_millis(300),
            limits: Limits::default(),
            emitter: &emitter,
            cancel: &self.cancel,
        };
        let found = search.run().await;
        assert_eq!((self.engine.containers(), self.engine.tags().len()), (0, 0), "what it made is removed");
        bench.registry.stop().await.expect("the registry stops");
        found
    }
}

#[tokio::test]
async fn the_first_path_that_is_answered_well_is_taken_with_its_status() {
    let mut case = Case::new(Behaviour::Works);
    case.env.insert("DATABASE_URL".to_owned(), "x".to_owned());
    let Ok(Proof::Answered(good)) = case.run().await else { panic!("it answers") };
    assert_eq!((good.port, good.path.as_str(), good.status, good.json_status.as_deref()), (3000, "/up", 200, Some("ok")));
    assert_eq!((good.port_from.as_str(), &good.env), ("EXPOSE in line 4", &case.env));
    let start = case.engine.calls().into_iter().find(|call| call.starts_with("start ")).expect("a container");
    assert!(start.ends_with("on 3000 with {\"DATABASE_URL\": \"x\"} None"), "{start}");
}

#[tokio::test]
async fn an_app_that_answers_badly_is_told_with_every_path_and_its_log() {
    let Ok(Proof::Failed { why, port, asked, log }) = Case::new(Behaviour::Answers500).run().await else { panic!("it answers 500") };
    assert!(why.starts_with("no path was answered with a status from 200 to 299 within "), "{why}");
    assert_eq!((port, asked.len()), (Some(3000), 12));
    assert_eq!(asked[0], Asked { path: "/up".to_owned(), answer: Ok(500) });
    assert_eq!(log, ["panic: no configuration"]);
}

#[tokio::test]
async fn a_container_that_ends_and_a_build_that_fails_are_told_at_once() {
    let Ok(Proof::Failed { why, log, .. }) = Case::new(Behaviour::Exits).run().await else { panic!("it ends") };
    assert_eq!((why.as_str(), log.len()), ("the container ended with exit code 3 before it answered", 1));
    let Ok(Proof::Failed { why, port, log, .. }) = Case::new(Behaviour::BuildFails).run().await else { panic!("it fails") };
    assert!(why.starts_with("it did not build: [2/2] RUN go build: process did not complete"), "{why}");
    assert_eq!((port, log), (None, vec!["main.go:3: undefined: x".to_owned()]));
}

#[tokio::test]
async fn without_a_port_nothing_is_started() {
    let mut case = Case::new(Behaviour::Works);
    case.hint.ports.clear();
    assert_eq!(case.run().await.expect("a result"), Proof::NoPort);
    assert!(case.engine.calls().iter().all(|call| !call.starts_with("start ")));
}

#[tokio::test]
async fn a_search_that_the_user_stops_or_whose_engine_dies_has_no_result() {
    let case = Case::new(Behaviour::Hangs);
    let cancel = case.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    assert!(matches!(case.run().await, Err(TryError::Interrupted)));
    assert!(matches!(Case::new(Behaviour::DiesDuringBuild).run().await, Err(TryError::Engine(_))));
}
