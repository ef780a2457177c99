//! Finding a smoke check by trying: one build, one container for each likely port, and requests for the usual paths.
//!
//! Measures nothing and records nothing. What it makes in an engine, it removes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::dockerfile::{BuilderKind, Context};
use crate::record::Record;
use crate::rig::{
    BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Container, ContainerSpec, ContainerState, Engine, EngineError, Solve,
};
use crate::scenario::{Asked, Good, Hint, Proof, Scenario, Variant};

use super::bench::container_name;
use super::http;
use super::stop::chain;
use super::{Bench, Emitter, Limits};
use crate::rig::host;

/// What stands for a run's name in labels.
const RUN: &str = "init";
/// Where apps say that they are well, the most telling first.
const PATHS: [&str; 11] =
    ["/health", "/healthz", "/ready", "/readyz", "/livez", "/api/health", "/api/v1/health", "/actuator/health", "/status", "/ping", "/"];
/// Of several announced ports so many are tried.
const MOST_PORTS: usize = 3;
/// Time between two rounds.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest wait for one answer.
const TRY_LIMIT: Duration = Duration::from_secs(2);
/// How long an app that answers, but not well, may take to become ready.
const SETTLING: Duration = Duration::from_secs(5);
/// How many of the last lines are kept.
const LOG_LINES: usize = 10;

/// A search for a smoke check.
pub struct TryOut<'a, E> {
    /// Engines; only the builder is used.
    pub bench: &'a Bench<E>,
    /// The app.
    pub scenario: &'a Scenario,
    /// Which of its variants is built.
    pub variant: &'a Variant,
    /// Where it is probably asked.
    pub hint: &'a Hint,
    /// Environment of the container.
    pub env: &'a BTreeMap<String, String>,
    /// How long an app may take to answer at all.
    pub patience: Duration,
    /// Longest build and calls.
    pub limits: Limits,
    /// Where progress is told.
    pub emitter: &'a Emitter,
    /// Stops the search.
    pub cancel: &'a CancellationToken,
}

/// Why a search has no result.
#[derive(Debug, thiserror::Error)]
pub enum TryError {
    /// The engine did not do what was asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The user stopped it.
    #[error("stopped before it was known how the app answers; nothing was written")]
    Interrupted,
    /// A call took too long.
    #[error("{what} took longer than {} s; try again, or use --no-build", limit.as_secs())]
    TimedOut {
        /// What.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
}

impl<E: Engine> TryOut<'_, E> {
    /// Builds, starts and asks. A build that fails and an app that does not answer are results.
    pub async fn run(&self) -> Result<Proof, TryError> {
        self.emitter.preparing(format!("building {}/{} once", self.scenario.name, self.variant.name));
        let proof = match self.build().await? {
            Ok(solve) => self.image(&solve).await,
            Err(proof) => Ok(proof),
        };
        // The name alone: a private engine goes as a whole, and a host's image may be another's too.
        drop(tokio::time::timeout(self.limits.call, self.bench.builder.remove_image(&self.tag())).await);
        proof
    }

    async fn build(&self) -> Result<Result<Solve, Proof>, TryError> {
        let context = match Context::plan_for(&self.scenario.root, &self.variant.dockerfile, BuilderKind::BuildKit) {
            Ok(mut context) => {
                context.leave_out(Record::lies_in);
                context
            }
            Err(error) => return Ok(Err(not_built(&chain(&error), Vec::new()))),
        };
        let request = BuildRequest {
            context: Arc::new(context),
            builder: BuilderVersion::BuildKit,
            target: self.variant.target.clone(),
            build_args: self.variant.build_args.clone(),
            platform: None,
            tag: self.tag(),
            // Nothing is measured: what the user's engine has of earlier builds saves time.
            cache: CacheUse::UseCache,
            network: self.bench.network,
            labels: self.labels(),
        };
        let sink = self.emitter.build_sink();
        match self.guard("the build", self.limits.build, self.bench.builder.build(request, &sink)).await?? {
            BuildOutcome::Built(solve) => Ok(Ok(solve)),
            BuildOutcome::Failed(failure) => {
                let log = failure.last_lines(LOG_LINES).into_iter().map(str::to_owned).collect();
                let step = failure.step.as_deref().map(|step| format!("{step}: ")).unwrap_or_default();
                Ok(Err(not_built(&format!("{step}{}", failure.message), log)))
            }
        }
    }

    async fn image(&self, solve: &Solve) -> Result<Proof, TryError> {
        let look = self.bench.builder.inspect(&solve.image_id);
        let image = self.guard("the inspection", self.limits.call, look).await??;
        let exposed = image.map(|image| image.exposed_ports).unwrap_or_default();
        let ports = all_ports(self.hint, &exposed);
        let mut first = None;
        for (port, from) in ports.iter().take(MOST_PORTS) {
            let others = ports.iter().map(|(other, _)| *other).filter(|other| other != port).collect();
            match self.port(solve, *port, from, others).await? {
                proof @ Proof::Answered(_) => return Ok(proof),
                proof => first = first.or(Some(proof)),
            }
        }
        Ok(first.unwrap_or(Proof::NoPort))
    }

    /// One container, asked on one port.
    async fn port(&self, solve: &Solve, port: u16, from: &str, other_ports: Vec<u16>) -> Result<Proof, TryError> {
        self.emitter.preparing(format!("asking {}/{} on port {port}", self.scenario.name, self.variant.name));
        let labels = if self.bench.isolated { BTreeMap::new() } else { host::container_labels(RUN) };
        let name = container_name();
        let spec =
            ContainerSpec { image: solve.image_id.clone(), name: Some(name.clone()), port, labels, env: self.env.clone(), command: None };
        // Not given up when the user stops: a container that was half started would be nobody's to remove.
        let started = tokio::time::timeout(self.limits.call, self.bench.builder.start(&spec)).await;
        let Ok(started) = started else {
            self.remove(&name).await?;
            return Err(TryError::TimedOut { what: "the container's start", limit: self.limits.call });
        };
        let container = match started {
            Ok(container) => container,
            Err(EngineError::NotStarted { message, .. }) => {
                let why = format!("its container did not start: {message}");
                return Ok(Proof::Failed { why, port: Some(port), asked: Vec::new(), log: Vec::new() });
            }
            Err(error) => return Err(error.into()),
        };
        let asked = self.guard("the search", self.patience + self.limits.call, self.until_it_answers(&container)).await;
        let log = self.bench.builder.container_log(&container.id, LOG_LINES).await;
        self.remove(&container.id).await?;
        let proof = match asked?? {
            Found::Good { path, status, body, seconds, before } => Proof::Answered(Good {
                variant: self.variant.name.clone(),
                port,
                port_from: from.to_owned(),
                other_ports,
                path,
                status,
                json_status: json_status(&body),
                seconds,
                before,
                env: self.env.clone(),
            }),
            Found::Nothing { why, asked } => Proof::Failed { why, port: Some(port), asked, log: log? },
        };
        Ok(proof)
    }

    /// Removes a container by its id or name.
    async fn remove(&self, container: &str) -> Result<(), TryError> {
        let removed = tokio::time::timeout(self.limits.call, self.bench.builder.remove_container(container)).await;
        Ok(removed.map_err(|_| TryError::TimedOut { what: "the container's removal", limit: self.limits.call })??)
    }

    async fn until_it_answers(&self, container: &Container) -> Result<Found, EngineError> {
        let began = Instant::now();
        let mut first_answer = None;
        loop {
            let round = self.round(container).await;
            let seconds = began.elapsed().as_secs_f64();
            if round.good.is_some() {
                // It may have become ready in the middle of the round: the most telling path counts.
                let again = self.round(container).await;
                let round = if again.good.is_some() { again } else { round };
                let Some((path, status, body)) = round.good else { continue };
                return Ok(Found::Good { path, status, body, seconds, before: round.before });
            }
            if round.before.iter().any(|asked| asked.answer.is_ok()) {
                first_answer.get_or_insert_with(Instant::now);
            }
            if let ContainerState::Exited(code) = self.bench.builder.container_state(&container.id).await? {
                let why = format!("the container ended with exit code {code} before it answered");
                return Ok(Found::Nothing { why, asked: Vec::new() });
            }
            let settled = first_answer.is_some_and(|since: Instant| since.elapsed() >= SETTLING.min(self.patience));
            if settled || began.elapsed() >= self.patience {
                let within = crate::units::seconds(began.elapsed().as_secs_f64());
                let why = format!("no path was answered with a status from 200 to 299 within {within}");
                return Ok(Found::Nothing { why, asked: round.before });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks for each path until one is answered well, or none is answered at all.
    async fn round(&self, container: &Container) -> Round {
        let mut round = Round::default();
        let Some(address) = container.address else { return round };
        for path in paths(self.hint) {
            let request = http::request(address, "GET", &path, None);
            let answer = match tokio::time::timeout(TRY_LIMIT, request).await {
                Ok(Ok(answer)) if (200..300).contains(&answer.status) => {
                    round.good = Some((path, answer.status, answer.body));
                    return round;
                }
                Ok(Ok(answer)) => Ok(answer.status),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("taken but not answered".to_owned()),
            };
            let silent = answer.is_err();
            round.before.push(Asked { path, answer });
            if silent {
                return round;
            }
        }
        round
    }

    /// On a host engine what this makes can be told by its label.
    fn labels(&self) -> BTreeMap<String, String> {
        if self.bench.isolated { BTreeMap::new() } else { host::labels(RUN) }
    }

    fn tag(&self) -> String {
        format!("loadline-init/{}:{}", self.scenario.name, std::process::id())
    }

    async fn guard<T>(&self, what: &'static str, limit: Duration, work: impl Future<Output = T>) -> Result<T, TryError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(TryError::Interrupted),
            done = tokio::time::timeout(limit, work) => done.map_err(|_| TryError::TimedOut { what, limit }),
        }
    }
}

/// What became of asking one container.
enum Found {
    Good { path: String, status: u16, body: String, seconds: f64, before: Vec<Asked> },
    Nothing { why: String, asked: Vec<Asked> },
}

/// What became of asking for each path once.
#[derive(Default)]
struct Round {
    good: Option<(String, u16, String)>,
    before: Vec<Asked>,
}

fn not_built(why: &str, log: Vec<String>) -> Proof {
    Proof::Failed { why: format!("it did not build: {why}"), port: None, asked: Vec::new(), log }
}

/// The ports that the Dockerfile announces, then those that only its base image does.
fn all_ports(hint: &Hint, exposed: &[u16]) -> Vec<(u16, String)> {
    let mut ports = hint.ports.clone();
    for port in exposed {
        if !ports.iter().any(|(known, _)| known == port) {
            ports.push((*port, "the ports that its base image exposes".to_owned()));
        }
    }
    ports
}

/// The path of the health check goes first.
fn paths(hint: &Hint) -> Vec<String> {
    let usual = PATHS.iter().map(|path| (*path).to_owned()).filter(|path| Some(path) != hint.path.as_ref());
    hint.path.iter().cloned().chain(usual).collect()
}

/// The short `status` of a JSON object, such as `ok` or `UP`.
fn json_status(body: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let status = answer.as_object()?.get("status")?.as_str()?;
    let short = !status.is_empty() && status.chars().count() <= LONGEST && !status.contains(char::is_control);
    short.then(|| status.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_health_check_goes_first_and_is_asked_once() {
        let hint = Hint { ports: vec![(80, "EXPOSE".to_owned())], path: Some("/ready".to_owned()) };
        let paths = paths(&hint);
        assert_eq!((paths[0].as_str(), paths.len()), ("/ready", PATHS.len()));
        assert_eq!(all_ports(&hint, &[80, 443]).iter().map(|(port, _)| *port).collect::<Vec<_>>(), [80, 443]);
    }

    #[test]
    fn only_a_short_status_of_an_object_is_a_condition() {
        assert_eq!(json_status(r#"{"status":"UP","checks":[]}"#).as_deref(), Some("UP"));
        for body in [
            "ok",
            "[]",
            r#"{"status":200}"#,
            r#"{"status":""}"#,
            "{\"status\":\"a\\u001bb\"}",
            &format!("{{\"status\":\"{}\"}}", "x".repeat(41)),
        ] {
            assert_eq!(json_status(body), None, "{body}");
        }
    }
}
