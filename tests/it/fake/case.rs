//! A run of one scenario on a fake engine, with what is asked of it and what it left behind.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadline::dockerfile::VariantKind;
use loadline::measure::Measure;
use loadline::record::{Status, TrialOutcome};
use loadline::rig::RunNetwork;
use loadline::rig::link::{Link, LinkUse};
use loadline::rig::proxy::{BuildProxy, Interfaces};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::run::{
    Bench, Builds, Downloads, Emitter, End, Event, EventKind, Execution, Limits, Plan, Prober, Settled, Sink, StopRules, Stopwatch,
};
use loadline::scenario::{Builder, Expectation, Language, Scenario, Smoke, SmokeCheck, SmokeExpect, SmokeRequest, Variant};
use loadline::units::LinkProfile;
use tokio_util::sync::CancellationToken;

use crate::support::fake_engine::{Behaviour, FakeEngine};
use crate::support::fetch::Fetch;

/// Everything that a run left behind.
pub(super) struct Ran {
    pub(super) end: End,
    pub(super) outcomes: Vec<TrialOutcome>,
    pub(super) events: Vec<Event>,
    pub(super) builder: FakeEngine,
    /// All that crossed the link, by its own count.
    pub(super) on_link: LinkUse,
}

impl Ran {
    pub(super) fn status(&self, variant: &str) -> &Status {
        &self.outcome(variant).status
    }

    pub(super) fn outcome(&self, variant: &str) -> &TrialOutcome {
        self.outcomes.iter().find(|o| o.trial.variant == variant).expect("the variant was planned")
    }

    pub(super) fn value(&self, variant: &str, measure: Measure) -> f64 {
        let found = self.outcome(variant).observations.iter().find(|o| o.measure == measure && o.phase.is_none());
        found.unwrap_or_else(|| panic!("{variant} has {}", measure.id())).value
    }
}

#[derive(Default)]
pub(super) struct Kept(pub(super) Vec<TrialOutcome>);

impl Sink for Kept {
    fn outcomes(&self) -> &[TrialOutcome] {
        &self.0
    }

    fn keep(&mut self, outcome: TrialOutcome, _log: &str) -> Result<TrialOutcome, Box<dyn std::error::Error + Send + Sync>> {
        self.0.push(outcome.clone());
        Ok(outcome)
    }

    fn again(&mut self, outcome: &TrialOutcome, _log: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        panic!("a new run makes nothing again: {}", outcome.trial)
    }
}

/// A run to be made: two variants, `good` and `odd`, one iteration.
pub(super) struct Case {
    pub(super) folder: tempfile::TempDir,
    pub(super) builder: FakeEngine,
    /// `None` makes the bench one of the user's own engine.
    pub(super) puller: Option<FakeEngine>,
    /// Whether the puller is used.
    pub(super) pulls: bool,
    pub(super) scenario: Scenario,
    pub(super) builds: Builds,
    pub(super) link: LinkProfile,
    /// The link of what builds download, which is counted then; and what each of them fetches, with the interface's count.
    pub(super) downloads: Option<LinkProfile>,
    pub(super) fetch: Option<Fetch>,
    /// The phase in the midst of which the link stops.
    pub(super) link_stops_in: Option<&'static str>,
    /// Whether the builder finds a way to the registry beside the link.
    pub(super) past_the_link: bool,
    /// The number of the event at which the user stops the run.
    pub(super) stop_at: Option<usize>,
    pub(super) settled: Settled,
    pub(super) skipped: BTreeMap<(usize, usize), String>,
    pub(super) unreachable: Option<String>,
    /// Whether both engines have containerd's store.
    pub(super) containerd_store: bool,
    pub(super) limits: Limits,
    pub(super) rules: StopRules,
    pub(super) trials: u32,
    pub(super) warm_up: u32,
    pub(super) starts: u32,
    pub(super) cancel: CancellationToken,
}

impl Case {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temp folder");
        fs::create_dir(folder.path().join("app")).expect("a folder");
        fs::write(folder.path().join("app/Dockerfile"), "FROM x\nWORKDIR /src\nRUN go build\n").expect("the fixture is written");
        let scenario = scenario(&folder.path().join("app"));
        Self {
            folder,
            builder: FakeEngine::default(),
            puller: Some(FakeEngine::default()),
            pulls: true,
            scenario,
            builds: Builds::default(),
            link: LinkProfile::Loopback,
            downloads: None,
            fetch: None,
            link_stops_in: None,
            past_the_link: false,
            stop_at: None,
            settled: Settled::default(),
            skipped: BTreeMap::new(),
            unreachable: None,
            containerd_store: false,
            limits: Limits::default(),
            rules: StopRules::default(),
            trials: 1,
            warm_up: 0,
            starts: 0,
            cancel: CancellationToken::new(),
        }
    }

    /// A case in which the variant `odd` behaves in its own way.
    pub(super) fn odd(behaviour: Behaviour) -> Self {
        let case = Self::new();
        case.builder.set("-odd", behaviour.clone());
        if let Some(puller) = &case.puller {
            puller.set("-odd", behaviour);
        }
        case
    }

    pub(super) fn expecting(mut self, expect: Expectation) -> Self {
        self.scenario.variants[1].expect = expect;
        self
    }

    pub(super) async fn run(self) -> Ran {
        let mut kept = Kept::default();
        let (end, events, builder, on_link) = self.run_into(&mut kept).await;
        Ran { end, outcomes: kept.0, events, builder, on_link }
    }

    /// Runs it with outcomes kept by `sink`; how it ended, what was told, the engine that built, and what crossed the link.
    pub(super) async fn run_into(self, sink: &mut impl Sink) -> (End, Vec<Event>, FakeEngine, LinkUse) {
        let registry = Registry::start(RegistryOptions::new(self.folder.path().join("blobs"))).await.expect("a loopback port is free");
        let link = self.link.shape().map(|shape| Link::start(shape, registry.address()).expect("the link starts"));
        if self.past_the_link {
            self.builder.go_past(registry.address());
        }
        let downloads = self.downloads.map(|link| counted(link, self.fetch.as_ref(), registry.address()));
        if let Some(fetch) = self.fetch {
            self.builder.fetches(fetch);
        }
        if self.containerd_store {
            self.puller.iter().chain([&self.builder]).for_each(FakeEngine::keep_in_containerd);
        }
        let isolated = self.puller.is_some();
        let keep = vec!["x".to_owned()];
        let bench = Bench {
            builder: self.builder.clone(),
            puller: self.puller.filter(|_| self.pulls),
            registry,
            link,
            downloads,
            isolated,
            containerd_store: self.containerd_store,
            base_mirror: None,
            network: RunNetwork::Host,
            keep,
            unreachable: self.unreachable,
            named: None,
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let (stop_at, stop) = (self.stop_at, self.cancel.clone());
        let listener = Arc::new(move |event| {
            let mut heard = heard.lock().expect("no listener panics");
            heard.push(event);
            if stop_at == Some(heard.len()) {
                stop.cancel();
            }
        });
        let emitter = Emitter::new(Arc::new(Stopwatch::start()), listener);
        let scenarios = [self.scenario];
        let plan = Plan::new(&scenarios, self.warm_up + self.trials, 1).with_builds(self.builds);
        let plan = plan.with_warm_ups(self.warm_up).with_starts(self.starts);
        // Each build takes ten seconds by this clock.
        let clock = || {
            Duration::from_secs(10)
                * u32::try_from(bench.builder.calls().iter().filter(|call| call.starts_with("build ")).count()).expect("a few")
        };
        let prober = Prober::in_folder(self.folder.path(), "the case's folder");
        let execution = Execution {
            bench: &bench,
            scenarios: &scenarios,
            plan: &plan,
            run_id: "test",
            limits: self.limits,
            rules: self.rules,
            clock: &clock,
            skipped: &self.skipped,
            settled: &self.settled,
            prober: &prober,
            emitter: &emitter,
            cancel: &self.cancel,
        };
        let begun = bench.link.as_ref().map(Link::mark);
        let end = tokio::select! {
            end = execution.run(sink) => end.expect("outcomes are kept"),
            never = stop_in(self.link_stops_in, bench.link.as_ref(), &events) => match never {},
        };
        let on_link = bench.link.as_ref().zip(begun).map(|(link, begun)| link.since(&begun)).unwrap_or_default();
        bench.registry.stop().await.expect("the registry empties its folder");
        drop(self.folder);
        let events = events.lock().expect("no listener panics").clone();
        (end, events, self.builder, on_link)
    }
}

/// A proxy that passes nothing on to others, and the interface that the case has.
fn counted(link: LinkProfile, fetch: Option<&Fetch>, registry: SocketAddr) -> Downloads {
    let proxy = BuildProxy::by_way_of(link, &[registry], ("", "", "")).expect("a port is free");
    let nowhere = || Interfaces::at(Path::new("/nonexistent"), Path::new("/nonexistent"));
    Downloads::new(proxy, fetch.map_or_else(nowhere, Fetch::interfaces))
}

/// Stops the link when a few bytes of `phase` have crossed it.
async fn stop_in(phase: Option<&str>, link: Option<&Link>, events: &Mutex<Vec<Event>>) -> Infallible {
    let (Some(phase), Some(link)) = (phase, link) else { return std::future::pending().await };
    let begun = |event: &Event| matches!(&event.kind, EventKind::Phase { phase: other } if other == phase);
    let pause = || tokio::time::sleep(Duration::from_millis(2));
    while !events.lock().expect("no listener panics").iter().any(begun) {
        pause().await;
    }
    let mark = link.mark();
    while link.since(&mark).down.bytes < 100 {
        pause().await;
    }
    link.stop().await;
    std::future::pending().await
}

fn scenario(root: &Path) -> Scenario {
    let ready = SmokeRequest {
        method: "GET".to_owned(),
        path: "/health".to_owned(),
        body: None,
        status: 200,
        expect: Some(SmokeExpect::Json(serde_json::json!({"status": "ok"}))),
    };
    Scenario {
        name: "app".to_owned(),
        language: Language("go".to_owned()),
        root: root.to_owned(),
        variants: vec![variant("good", root), variant("odd", root)],
        smoke: Smoke::Check(SmokeCheck {
            port: 8080,
            timeout: Duration::from_millis(600),
            ready,
            requests: Vec::new(),
            env: BTreeMap::new(),
            command: None,
        }),
        edits: Vec::new(),
        budgets: Vec::new(),
        from_file: true,
    }
}

fn variant(name: &str, root: &Path) -> Variant {
    Variant {
        name: name.to_owned(),
        kind: VariantKind::SingleStage,
        dockerfile: PathBuf::from(root).join("Dockerfile"),
        target: None,
        build_args: BTreeMap::new(),
        builder: Builder::default(),
        expect: Expectation::default(),
    }
}
