//! An engine as a user has one: Debian's `dockerd` with its own images and build cache, which sees of the Hub what a mirror
//! holds. It is a private engine started through a script, so that it goes with the test; what differs from a fresh
//! installation is that it leaves the machine's firewall alone.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use loadline::rig::bases::{BaseChoice, BaseRequest, cache_folder, provide};
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{PrivateEngine, PrivateOptions, Role};
use loadline::rig::registry::{Registry, RegistryOptions};
use loadline::rig::{Engine, ProgressSink};

use super::machine::among_others;
use super::outlet::Outlet;

/// The address of the bridge that the daemon is told to use.
const BRIDGE_ADDRESS: &str = r#"for word; do case $word in --bridge=*) bridge=${word#*=} ;; esac; done
address=$(ip -4 -o addr show dev "$bridge" | sed -E 's/.* inet ([^ ]+) .*/\1/')
"#;

/// Names are asked at the bridge, where an outlet answers.
const WITH_OUTLET: &str = "exec dockerd --dns=\"${address%/*}\" \"$@\"\n";

/// The daemon has a network of its own, in which 127.0.0.1 is another place than here: as in a virtual machine.
const APART: &str = r#"export bridge address
exec unshare --net sh -ec 'ip link set lo up; ip link add name "$bridge" type bridge; ip addr add "$address" dev "$bridge"
ip link set dev "$bridge" up; exec dockerd "$@"' sh "$@"
"#;

/// A running engine.
pub(crate) struct UsersEngine {
    pub(crate) engine: PrivateEngine,
    pub(crate) docker: Docker,
    /// Stands in for the Hub.
    mirror: Option<Registry>,
    _outlet: Option<Outlet>,
    _folder: tempfile::TempDir,
    _others: File,
}

impl UsersEngine {
    /// One whose Hub is a registry here that holds stand-ins of `references`, and whose containers reach package registries.
    pub(crate) async fn with_hub(references: &[String]) -> Self {
        let others = waited().await;
        let folder = tempfile::tempdir().expect("a folder");
        let mirror = Registry::start(RegistryOptions::new(folder.path().join("blobs"))).await.expect("the mirror starts");
        fill(&mirror, references, folder.path()).await;
        let url = format!("http://{}", mirror.address());
        let (engine, docker) = start(folder.path(), WITH_OUTLET, Some(url)).await;
        let inspected = cli(engine.socket(), &["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]);
        let gateway = inspected.trim().parse().expect("the bridge has an address");
        let outlet = Some(Outlet::open(gateway).await);
        Self { engine, docker, mirror: Some(mirror), _outlet: outlet, _folder: folder, _others: others }
    }

    /// One that cannot reach this machine's 127.0.0.1.
    pub(crate) async fn apart() -> Self {
        let others = waited().await;
        let folder = tempfile::tempdir().expect("a folder");
        let (engine, docker) = start(folder.path(), APART, None).await;
        Self { engine, docker, mirror: None, _outlet: None, _folder: folder, _others: others }
    }

    /// A plain one.
    pub(crate) async fn plain() -> Self {
        let others = waited().await;
        let folder = tempfile::tempdir().expect("a folder");
        let (engine, docker) = start(folder.path(), "exec dockerd \"$@\"\n", None).await;
        Self { engine, docker, mirror: None, _outlet: None, _folder: folder, _others: others }
    }

    /// What `DOCKER_HOST` says to name it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.engine.socket().display())
    }

    /// The `docker` command on it.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        cli(self.engine.socket(), arguments)
    }

    /// Images, containers, volumes and networks, by name and id.
    pub(crate) fn things(&self) -> BTreeSet<String> {
        let lists: [&[&str]; 4] = [
            &["image", "ls", "--all", "--no-trunc", "--format", "image {{.Repository}}:{{.Tag}} {{.ID}}"],
            &["ps", "--all", "--no-trunc", "--format", "container {{.Names}} {{.ID}} {{.State}}"],
            &["volume", "ls", "--format", "volume {{.Name}}"],
            &["network", "ls", "--no-trunc", "--format", "network {{.Name}} {{.ID}}"],
        ];
        lists.iter().flat_map(|list| self.cli(list).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Ids of the records of the build cache, as docker's own command shows them.
    pub(crate) fn cache(&self) -> BTreeSet<String> {
        let text = self.cli(&["system", "df", "--verbose", "--format", "{{json .}}"]);
        let usage: serde_json::Value = serde_json::from_str(&text).expect("docker prints JSON");
        let records = usage["BuildCache"].as_array().expect("the engine says what it keeps of builds").iter();
        records.map(|record| record["ID"].as_str().expect("it has an id").to_owned()).collect()
    }

    /// Takes it down.
    pub(crate) async fn stop(self) {
        self.engine.stop().await.expect("the engine stops");
        if let Some(mirror) = self.mirror {
            mirror.stop().await.expect("the mirror stops");
        }
    }
}

async fn waited() -> File {
    tokio::task::spawn_blocking(among_others).await.expect("the lock is taken")
}

/// The `docker` command on the engine that listens at `socket`.
pub(crate) fn cli(socket: &Path, arguments: &[&str]) -> String {
    let host = format!("unix://{}", socket.display());
    let mut command = Command::new("docker");
    command.args(["-H", &host]).args(arguments).env("DOCKER_BUILDKIT", "0");
    let output = command.output().expect("the docker command runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("docker prints text")
}

async fn start(folder: &Path, script: &str, registry_mirror: Option<String>) -> (PrivateEngine, Docker) {
    // Not "dockerd": an engine looks for its tools beside its daemon first, and the script would find itself.
    let dockerd = folder.join("users-engine");
    std::fs::write(&dockerd, format!("#!/bin/sh\nset -eu\n{BRIDGE_ADDRESS}{script}")).expect("the script is written");
    std::fs::set_permissions(&dockerd, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let options = PrivateOptions { dockerd: Some(dockerd), registry_mirror, ..PrivateOptions::new(Role::Builder) };
    let engine = PrivateEngine::start(options).await.expect("the engine starts");
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers");
    (engine, docker)
}

/// Puts stand-ins where the Hub has the published images.
async fn fill(mirror: &Registry, references: &[String], folder: &Path) {
    let options = PrivateOptions::new(Role::Puller);
    let engine = PrivateEngine::start(options).await.expect("a private engine starts");
    let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers");
    let (lock_path, cache) = (folder.join("bases.lock"), cache_folder().expect("a cache folder"));
    let request = BaseRequest { references, choice: BaseChoice::StandIn, locked: false, lock_path, cache };
    let provided = provide(&docker, &request, &ProgressSink::none()).await.expect("stand-ins");
    assert!(provided.missing.is_empty(), "{:?}", provided.missing);
    for reference in provided.images.keys() {
        let name = if reference.contains('/') { reference.clone() } else { format!("library/{reference}") };
        let name = format!("{}/{name}", mirror.address());
        docker.tag(reference, &name).await.expect("a name is given");
        docker.push(&name, &ProgressSink::none()).await.expect("the mirror takes it");
    }
    engine.stop().await.expect("the private engine stops");
}
