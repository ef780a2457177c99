//! Containers for smoke checks.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;
use std::time::Instant;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, HostConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::TryStreamExt;

use super::super::engine::LogLine;
use super::text::{self, Lines, Tail};
use super::{Container, ContainerSpec, ContainerState, Docker, EngineError, Forward, Reach, error, reference};

mod publish;

/// Most bytes of a container's log that are kept.
const LOG_BYTES: usize = 1024 * 1024;

impl Docker {
    /// Starts a container and makes its port reachable from this machine. The port's number is the engine's choice, so that
    /// one that somebody else took meanwhile is worth a second try.
    pub(super) async fn start_container(&self, spec: &ContainerSpec) -> Result<Container, EngineError> {
        let action = format!("start of a container of {}", spec.image);
        self.watched(&action, async {
            match self.create_and_start(spec, &action).await {
                Err(EngineError::Publish { cure: publish::TAKEN, .. }) => self.create_and_start(spec, &action).await,
                other => other,
            }
        })
        .await
    }

    async fn create_and_start(&self, spec: &ContainerSpec, action: &str) -> Result<Container, EngineError> {
        let asked = Instant::now();
        let id = self.create(spec, action).await?;
        let started = self.run_created(spec, &id, action).await;
        if started.is_err() {
            // The cause is reported; what cannot be removed now falls to the engine's owner, who finds it by its labels.
            let _ = self.drop_container(&id).await;
        }
        started.map(|address| Container { id, address, asked })
    }

    async fn create(&self, spec: &ContainerSpec, action: &str) -> Result<String, EngineError> {
        reference::checked(&spec.image)?;
        let body = create_body(spec, publish::host_ip(&self.reach));
        let options = spec.name.as_deref().map(|name| CreateContainerOptionsBuilder::new().name(name).build());
        let created = self.client.create_container(options, body).await;
        created.map(|created| created.id).map_err(|error| self.not_started(spec, action, error))
    }

    async fn run_created(&self, spec: &ContainerSpec, id: &str, action: &str) -> Result<Option<SocketAddr>, EngineError> {
        let started = self.client.start_container(id, None::<StartContainerOptions>).await;
        started.map_err(|error| self.not_started(spec, action, error))?;
        let found = self.client.inspect_container(id, None::<InspectContainerOptions>).await.map_err(|error| self.failed(action, error))?;
        match published(&found, spec.port) {
            Some(there) => self.reachable(spec, id, there).await.map(Some),
            None => Ok(None),
        }
    }

    /// The address by which this machine reaches what is published at `there`.
    async fn reachable(&self, spec: &ContainerSpec, id: &str, there: SocketAddr) -> Result<SocketAddr, EngineError> {
        let Reach::Through(ssh) = &self.reach else { return Ok(there) };
        let forward = Forward::open(ssh.clone(), there.port()).await.map_err(|error| EngineError::Publish {
            image: spec.image.clone(),
            address: there.to_string(),
            message: format!("no port here leads to it: {error}"),
            cure: "free a port of 127.0.0.1 on this machine",
        })?;
        let address = forward.address();
        self.forwards.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), forward);
        Ok(address)
    }

    /// The engine answers 400 when the image says nothing that can be run, or names a program that is not there.
    fn not_started(&self, spec: &ContainerSpec, action: &str, error: bollard::errors::Error) -> EngineError {
        let Error::DockerResponseServerError { status_code, message } = error else { return self.failed(action, error) };
        if let Some(trouble) = publish::trouble(&spec.image, &self.reach, &message) {
            return trouble;
        }
        match status_code {
            400 => EngineError::NotStarted { image: spec.image.clone(), message: text::message(&message) },
            _ => error::refused(action.to_owned(), &message, Some(status_code)),
        }
    }

    pub(super) async fn state_of_container(&self, id: &str) -> Result<ContainerState, EngineError> {
        let action = format!("inspection of container {id}");
        reference::checked(id)?;
        let call = async {
            let found = self.client.inspect_container(id, None::<InspectContainerOptions>).await;
            let state = found.map_err(|error| self.failed(&action, error))?.state.unwrap_or_default();
            match (state.running, state.exit_code) {
                (Some(true), _) => Ok(ContainerState::Running),
                (Some(false), Some(code)) => Ok(ContainerState::Exited(code)),
                _ => Err(EngineError::Incomplete { action: action.clone(), missing: "a container's state" }),
            }
        };
        self.watched(&action, call).await
    }

    pub(super) async fn log_of_container(&self, id: &str, count: usize) -> Result<Vec<String>, EngineError> {
        let action = format!("reading the log of container {id}");
        reference::checked(id)?;
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&count.to_string()).build();
        let call = async {
            let mut stream = self.client.logs(id, Some(options));
            let mut log = Log::keeping(count);
            while let Some(output) = stream.try_next().await.map_err(|error| self.failed(&action, error))? {
                log.push(&output);
            }
            Ok(log.finish())
        };
        self.watched(&action, call).await
    }

    pub(super) async fn drop_container(&self, id: &str) -> Result<(), EngineError> {
        let action = format!("removal of container {id}");
        reference::checked(id)?;
        self.forwards.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let call = async {
            match self.client.remove_container(id, Some(options)).await {
                // Not there, or on its way out.
                Err(error) if matches!(error::status(&error), Some(404 | 409)) => Ok(()),
                other => other.map_err(|error| self.failed(&action, error)),
            }
        };
        self.watched(&action, call).await
    }
}

fn create_body(spec: &ContainerSpec, host_ip: IpAddr) -> ContainerCreateBody {
    let port = format!("{}/tcp", spec.port);
    let binding = PortBinding { host_ip: Some(host_ip.to_string()), host_port: Some("0".to_owned()) };
    let host_config = HostConfig {
        port_bindings: Some(HashMap::from([(port.clone(), Some(vec![binding]))])),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        auto_remove: Some(false),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        exposed_ports: Some(vec![port]),
        labels: Some(spec.labels.clone().into_iter().collect()),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        cmd: spec.command.clone(),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    }
}

/// Where `port` is published; nowhere once the container has ended.
fn published(found: &ContainerInspectResponse, port: u16) -> Option<SocketAddr> {
    let ports = found.network_settings.as_ref()?.ports.as_ref()?;
    let bindings = ports.get(&format!("{port}/tcp"))?.as_ref()?;
    let local = |binding: &PortBinding| {
        let address = binding.host_ip.as_deref()?.parse().ok()?;
        Some(SocketAddr::new(address, binding.host_port.as_deref()?.parse().ok().filter(|port| *port != 0)?))
    };
    bindings.iter().find_map(local)
}

/// The two outputs of a container, split in lines each for itself.
struct Log {
    outputs: [Lines; 2],
    tail: Tail,
}

impl Log {
    fn keeping(count: usize) -> Self {
        Self { outputs: <[Lines; 2]>::default(), tail: Tail::new(count, LOG_BYTES) }
    }

    fn push(&mut self, output: &LogOutput) {
        let lines = &mut self.outputs[usize::from(matches!(output, LogOutput::StdErr { .. }))];
        lines.push(output.as_ref(), |text| self.tail.push(LogLine { step: String::new(), text }));
    }

    fn finish(mut self) -> Vec<String> {
        for text in self.outputs.into_iter().filter_map(Lines::finish) {
            self.tail.push(LogLine { step: String::new(), text });
        }
        self.tail.iter().map(|line| line.text.clone()).collect()
    }
}
