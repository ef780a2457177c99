//! Runs inside the test's own process, where what happens between two phases can be chosen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use loadline::record::TrialOutcome;
use loadline::rig::bases::{BaseChoice, cache_folder};
use loadline::rig::private::{DataRoot, EngineLimits, Store};
use loadline::run::{
    self, Emitter, End, EngineKind, EventKind, Execution, Limits, Plan, Prober, RigSettings, Rigged, Settled, Sink, StopRules, Stopwatch,
};
use loadline::scenario::Scenario;
use loadline::units::LinkProfile;
use tokio_util::sync::CancellationToken;

/// Keeps outcomes in memory.
#[derive(Default)]
struct Kept(Vec<TrialOutcome>);

impl Sink for Kept {
    fn outcomes(&self) -> &[TrialOutcome] {
        &self.0
    }

    fn keep(&mut self, outcome: TrialOutcome, _log: &str) -> Result<TrialOutcome, Box<dyn std::error::Error + Send + Sync>> {
        self.0.push(outcome.clone());
        Ok(outcome)
    }

    fn again(&mut self, _outcome: &TrialOutcome, _log: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// The scenarios in a folder.
pub(super) fn scenarios(folder: &Path) -> Vec<Scenario> {
    loadline::scenario::discover(folder, &[]).expect("the scenarios are sound").scenarios
}

/// A private bench of this machine's engine with the bases of `scenarios`.
pub(super) async fn up(scenarios: &[Scenario]) -> Rigged {
    up_with(scenarios, None, Store::Classic).await
}

/// The same of another engine and store.
pub(super) async fn up_with(scenarios: &[Scenario], engine_root: Option<PathBuf>, store: Store) -> Rigged {
    let (data_root, limits) = (DataRoot::Auto, EngineLimits::default());
    let settings = RigSettings {
        engine: EngineKind::Private { dockerd: None, engine_root, store, data_root, registry_mirror: None, limits },
        bases: BaseChoice::StandIn,
        locked: false,
        lock: "/nonexistent/bases.lock".into(),
        cache: cache_folder().expect("there is a cache folder"),
        registry: None,
        link: LinkProfile::Loopback,
        pulls: true,
        downloads: None,
        references: run::references(scenarios).expect("the Dockerfiles are sound"),
    };
    Box::pin(Rigged::up(&settings, &silent(), &CancellationToken::new())).await.expect("the bench is made ready")
}

/// Removes a bench.
pub(super) async fn down(rigged: Rigged) {
    Box::pin(rigged.down(&silent())).await.expect("the bench is removed");
}

/// Measures every variant once. `at` is called at the start of each phase with the variant and the phase, and the run waits
/// for it.
pub(super) async fn measure(
    rigged: &Rigged,
    scenarios: &[Scenario],
    at: impl Fn(&str, &str) + Send + Sync + 'static,
) -> (End, Vec<TrialOutcome>) {
    let variant = std::sync::Mutex::new(String::new());
    let listener = Arc::new(move |event: run::Event| match event.kind {
        EventKind::TrialStarted { trial, .. } => *variant.lock().expect("no listener panics") = trial.variant,
        EventKind::Phase { phase } => at(&variant.lock().expect("no listener panics").clone(), &phase),
        _ => {}
    });
    let plan = Plan::new(scenarios, 1, 1);
    let execution = Execution {
        bench: &rigged.bench,
        scenarios,
        plan: &plan,
        run_id: "test",
        limits: Limits::default(),
        rules: StopRules::default(),
        clock: &|| std::time::Duration::ZERO,
        skipped: &BTreeMap::new(),
        settled: &Settled::default(),
        prober: &Prober::without_disk("a test asks nothing of the disk"),
        emitter: &Emitter::new(Arc::new(Stopwatch::start()), listener),
        cancel: &CancellationToken::new(),
    };
    let mut kept = Kept::default();
    let end = Box::pin(execution.run(&mut kept)).await.expect("outcomes are kept in memory");
    (end, kept.0)
}

fn silent() -> Emitter {
    Emitter::new(Arc::new(Stopwatch::start()), Arc::new(|_| {}))
}
