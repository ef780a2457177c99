//! What the bench is asked for, and the call of loadline that answers it. Pure.

use std::collections::BTreeSet;

use loadline::measure::Measure;
use loadline::record::{BaseSet, Record};

/// How the bench is called, for whoever calls it wrongly.
const USAGE: &str = "cargo bench --bench reproduce [-- SCENARIO… --quick --all --engine-root DIR]";

/// What is measured again with `--all` alone.
const LEFT_OUT: [Measure; 3] = [Measure::PullTime, Measure::StartTime, Measure::AnonymousMemory];

/// How much of a published run is measured again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// Cold builds and pushes of a single-stage and a multi-stage variant of each scenario.
    #[default]
    Pairs,
    /// Every variant and build, pulls and starts.
    All,
}

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// `cargo bench` says `--bench`. Without it (`cargo test`) nothing is measured: the bench says what it would do.
    pub(crate) measure: bool,
    /// `--list` asks for names only.
    pub(crate) list: bool,
    /// One trial of each variant.
    pub(crate) quick: bool,
    /// How much of the published run.
    pub(crate) part: Part,
    /// A root file system whose engine measures, where the published run had another engine than this machine's.
    pub(crate) engine_root: Option<String>,
    /// Scenarios by name; all published ones when there is none.
    pub(crate) scenarios: Vec<String>,
}

impl Request {
    /// Reads the arguments after the program's name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => request.measure = true,
                "--list" => request.list = true,
                "--quick" => request.quick = true,
                "--all" => request.part = Part::All,
                "--engine-root" => {
                    let root = arguments.next().ok_or_else(|| format!("--engine-root names no folder; use {USAGE}"))?;
                    request.engine_root = Some(root);
                }
                option if option.starts_with('-') => return Err(format!("there is no option {option}; use {USAGE}")),
                _ => request.scenarios.push(argument),
            }
        }
        Ok(request)
    }

    /// The published record with what was asked for and nothing else.
    pub(crate) fn of(&self, published: &Record) -> Result<Record, String> {
        let known: BTreeSet<&str> = published.run.plan.iter().map(|p| p.scenario.as_str()).collect();
        if let Some(unknown) = self.scenarios.iter().find(|name| !known.contains(name.as_str())) {
            let known: Vec<&str> = known.into_iter().collect();
            return Err(format!("the published run has no scenario {unknown}; it has {}", known.join(", ")));
        }
        let wanted = |name: &String| self.scenarios.is_empty() || self.scenarios.contains(name);
        let mut record = published.clone();
        record.run.plan.retain(|p| wanted(&p.scenario));
        record.trials.retain(|o| wanted(&o.trial.scenario));
        if self.part == Part::Pairs {
            narrow(&mut record);
        }
        Ok(record)
    }

    /// The arguments of `loadline run` that repeat `baseline`: its scenarios and variants, engine, store, base set and link, and as many
    /// trials as it had, unless `LOADLINE_BENCH_TRIALS` (`trials`) or `--quick` says otherwise.
    pub(crate) fn arguments(&self, baseline: &Record, trials: Option<String>) -> Vec<String> {
        let (settings, conditions) = (&baseline.run.settings, &baseline.run.conditions);
        let usual = if self.quick { 1 } else { settings.trials };
        let scenarios: BTreeSet<&str> = baseline.run.plan.iter().map(|p| p.scenario.as_str()).collect();
        let mut arguments = vec!["run".to_owned(), "--no-config".to_owned()];
        arguments.extend(scenarios.into_iter().map(str::to_owned));
        arguments.extend(baseline.run.plan.iter().map(|p| format!("--variant={}/{}", p.scenario, p.variant)));
        arguments.push(format!("--builds={}", settings.builds.join(",")));
        arguments.push(format!("--trials={}", trials.unwrap_or_else(|| usual.to_string())));
        arguments.push(format!("--starts={}", settings.starts));
        arguments.push(format!("--engine={}", conditions.engine));
        arguments.extend(self.engine_root.iter().map(|root| format!("--engine-root={root}")));
        arguments.extend(settings.store.iter().map(|store| format!("--store={store}")));
        // A host engine has bases of its own, and a run that never began has none.
        if matches!(conditions.base_set, BaseSet::Hub | BaseSet::StandIn) {
            arguments.push(format!("--bases={}", conditions.base_set.id()));
        }
        arguments.extend(settings.link.iter().map(|link| format!("--link={link}")));
        if settings.no_pull {
            arguments.push("--no-pull".to_owned());
        }
        if settings.allow_skips {
            arguments.push("--allow-skips".to_owned());
        }
        arguments
    }
}

/// Leaves what articles say of multi-stage builds, which takes a quarter of an hour: the cold builds and pushes of the first single-stage and
/// the first multi-stage variant of each scenario. A scenario without such a pair keeps all of its variants.
fn narrow(record: &mut Record) {
    let plan = record.run.plan.clone();
    let first = |scenario: &str, kind: &str| plan.iter().find(|p| p.scenario == scenario && p.kind == kind).map(|p| p.variant.clone());
    let wanted = |scenario: &str, variant: &str| match (first(scenario, "single-stage"), first(scenario, "multi-stage")) {
        (Some(single), Some(multi)) => variant == single || variant == multi,
        _ => true,
    };
    record.run.settings.builds = vec!["cold".to_owned()];
    record.run.settings.starts = 0;
    record.run.settings.no_pull = true;
    record.run.plan.retain(|p| wanted(&p.scenario, &p.variant));
    record.trials.retain(|o| o.trial.cache_state == "cold" && wanted(&o.trial.scenario, &o.trial.variant));
    for outcome in &mut record.trials {
        outcome.observations.retain(|seen| !LEFT_OUT.contains(&seen.measure));
    }
}

/// What the bench exits with, by the page on exit codes: the run's own code where it lacks something, 5 where there was no
/// verdict on any figure, 1 where one drifted.
pub(crate) const fn code(run: u8, comparable: bool, drift: bool) -> u8 {
    match (run, comparable, drift) {
        (0, true, false) => 0,
        (0, true, true) => 1,
        (0, false, _) => 5,
        (other, _, _) => other,
    }
}
