//! What the bench is asked for, and the call of loadline that answers it. Pure.

use std::collections::BTreeSet;

use loadline::record::{BaseSet, Record};

/// How the bench is called, for whoever calls it wrongly.
const USAGE: &str = "cargo bench --bench reproduce [-- SCENARIO… --quick]";

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// `cargo bench` says `--bench`. Without it (`cargo test`) nothing is measured: the bench says what it would do.
    pub(crate) measure: bool,
    /// `--list` asks for names only.
    pub(crate) list: bool,
    /// One trial of each variant.
    pub(crate) quick: bool,
    /// Scenarios by name; all published ones when there is none.
    pub(crate) scenarios: Vec<String>,
}

impl Request {
    /// Reads the arguments after the program's name.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--bench" => request.measure = true,
                "--list" => request.list = true,
                "--quick" => request.quick = true,
                option if option.starts_with('-') => return Err(format!("there is no option {option}; use {USAGE}")),
                _ => request.scenarios.push(argument),
            }
        }
        Ok(request)
    }

    /// The published record with the scenarios that were asked for and no others.
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
        Ok(record)
    }

    /// The arguments of `loadline run` that repeat `baseline`: its scenarios and variants, engine, base set and link, and as many
    /// trials as it had, unless `LOADLINE_BENCH_TRIALS` (`trials`) or `--quick` says otherwise.
    pub(crate) fn arguments(&self, baseline: &Record, trials: Option<String>) -> Vec<String> {
        let (settings, conditions) = (&baseline.run.settings, &baseline.run.conditions);
        let usual = if self.quick { 1 } else { settings.trials };
        let scenarios: BTreeSet<&str> = baseline.run.plan.iter().map(|p| p.scenario.as_str()).collect();
        let mut arguments = vec!["run".to_owned()];
        arguments.extend(scenarios.into_iter().map(str::to_owned));
        arguments.extend(baseline.run.plan.iter().map(|p| format!("--variant={}/{}", p.scenario, p.variant)));
        arguments.push(format!("--builds={}", settings.builds.join(",")));
        arguments.push(format!("--trials={}", trials.unwrap_or_else(|| usual.to_string())));
        arguments.push(format!("--starts={}", settings.starts));
        arguments.push(format!("--engine={}", conditions.engine));
        // A host engine has bases of its own, and a run that never began has none.
        if matches!(conditions.base_set, BaseSet::Hub | BaseSet::StandIn) {
            arguments.push(format!("--bases={}", conditions.base_set.id()));
        }
        arguments.extend(settings.link.iter().map(|link| format!("--link={link}")));
        if settings.allow_skips {
            arguments.push("--allow-skips".to_owned());
        }
        arguments
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
