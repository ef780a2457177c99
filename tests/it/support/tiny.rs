//! A root file system of a few megabytes, made of this machine's own shell: an image that needs no network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion, CreateImageOptionsBuilder};
use futures_util::{StreamExt, TryStreamExt};

/// What the image can run.
const PROGRAMS: [&str; 4] = ["/bin/sh", "/bin/cat", "/bin/sleep", "/bin/dd"];

/// The name under which [`import`] puts it into an engine.
pub(crate) const TINY: &str = "tiny:1";

/// Connects to the engine that listens on `socket`.
pub(crate) async fn connect(socket: &Path) -> Docker {
    let path = socket.to_str().expect("a socket's path is text");
    let docker = Docker::connect_with_unix(path, 60, bollard::API_DEFAULT_VERSION).expect("the client is made");
    docker.negotiate_version().await.expect("the engine says its version")
}

/// Puts the image into an engine.
pub(crate) async fn import(docker: &Docker) {
    let options = CreateImageOptionsBuilder::default().from_src("-").repo("tiny").tag("1").build();
    let import = docker.create_image(Some(options), Some(bollard::body_full(root().into())), None);
    import.try_collect::<Vec<_>>().await.expect("the engine takes the image");
}

/// Starts a container that sleeps, with a port published on a free one of 127.0.0.1.
pub(crate) async fn run_container(docker: &Docker) {
    let port = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: None };
    let ports = [("80/tcp".to_owned(), Some(vec![port]))].into();
    let body = ContainerCreateBody {
        image: Some(TINY.to_owned()),
        cmd: Some(vec!["/bin/sleep".to_owned(), "1000".to_owned()]),
        exposed_ports: Some(vec!["80/tcp".to_owned()]),
        host_config: Some(HostConfig { port_bindings: Some(ports), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let made = docker.create_container(None, body).await.expect("a container is made");
    docker.start_container(&made.id, None).await.expect("the container starts");
}

/// Builds on the host network, through `BuildKit`; the only RUN step does not end.
pub(crate) async fn build_forever(docker: &Docker) {
    let mut tar = tar::Builder::new(Vec::new());
    let text = format!("FROM {TINY}\nRUN sleep 1000\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "Dockerfile", text.as_bytes()).expect("the context is packed");
    let options = BuildImageOptionsBuilder::default().version(BuilderVersion::BuilderBuildKit).session("s").networkmode("host").build();
    let body = bollard::body_full(tar.into_inner().expect("the context is complete").into());
    let mut answers = Box::pin(docker.build_image(options, None, Some(body)));
    while answers.next().await.is_some() {}
}

/// The root file system as a tar.
pub(crate) fn root() -> Vec<u8> {
    root_of(&PROGRAMS)
}

/// As [`root`], of other programs of this machine.
pub(crate) fn root_of(programs: &[&str]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for path in files(programs) {
        let inside = path.strip_prefix("/").expect("paths of libraries are absolute");
        tar.append_path_with_name(path.canonicalize().expect("it is there"), inside).expect("it is packed");
    }
    tar.into_inner().expect("the tar is complete")
}

/// The programs and the libraries that the dynamic linker would load for them.
fn files(programs: &[&str]) -> BTreeSet<PathBuf> {
    let libraries = |program: &str| {
        let output = Command::new("ldd").arg(program).output().expect("ldd runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect::<Vec<_>>()
    };
    programs.iter().flat_map(|program| libraries(program).into_iter().chain([PathBuf::from(program)])).collect()
}
