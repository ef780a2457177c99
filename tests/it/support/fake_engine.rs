//! An engine in process: builds instantly, answers smoke checks from a socket of its own, and pushes and pulls over real
//! HTTP, so that the measuring registry in front of it is the real one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use loadline::rig::{
    BuildFailure, BuildOutcome, BuildRequest, CacheUse, Container, ContainerSpec, ContainerState, Engine, EngineError, EngineInfo,
    ImageInfo, LogLine, ProgressSink, Solve, Transfer, Vertex,
};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the engine does for the variants whose tag contains a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Everything works.
    Works,
    /// The second step fails.
    BuildFails,
    /// A RUN step comes from the cache.
    BuildsFromCache,
    /// The engine goes away during the build.
    DiesDuringBuild,
    /// The build never ends.
    Hangs,
    /// The app answers 500.
    Answers500,
    /// The container ends at once.
    Exits,
    /// The push says that a layer was there already.
    PushesWarm,
    /// The push stops half way.
    PushBreaks,
    /// The pull finds layers that it had.
    PullsWarm,
    /// Inspection names other layers than the push sends.
    NamesOtherLayers,
    /// A build that may use the cache runs a step although nothing has changed.
    LosesItsCache,
    /// A build after an edit finds everything in the cache.
    SeesNoEdit,
    /// A pull moves what is there already.
    PullsAgain,
    /// A build without a cache makes another layer each time.
    CarriesTimes,
}

/// A fake engine. Clones share their state.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeEngine(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    behaviours: BTreeMap<String, Behaviour>,
    images: BTreeMap<String, FakeImage>,
    tags: BTreeMap<String, String>,
    containers: BTreeSet<String>,
    calls: Vec<String>,
    labels: Vec<BTreeMap<String, String>>,
    /// Digests of the contexts and bases that were built, with the number of the build without a cache that was the last one then.
    contexts: BTreeMap<String, usize>,
    /// Digests of what was pulled, by the name that it was pulled under.
    pulled: BTreeMap<String, BTreeSet<String>>,
    /// The name of the base image of every build.
    base: Option<String>,
    /// Builds without a cache so far.
    uncached: usize,
    /// Where pushes go, whatever they name.
    shortcut: Option<SocketAddr>,
}

/// One layer, its configuration and its manifest.
#[derive(Clone, Debug)]
struct FakeImage {
    behaviour: Option<Behaviour>,
    tar: Vec<u8>,
    diff_id: String,
    layer: Vec<u8>,
    config: Vec<u8>,
    manifest: Vec<u8>,
}

impl FakeEngine {
    /// Sets what happens to variants whose tag contains `name`.
    pub(crate) fn set(&self, name: &str, behaviour: Behaviour) {
        self.state().behaviours.insert(name.to_owned(), behaviour);
    }

    /// Gives it a base image, on which every build stands from now on.
    pub(crate) fn add_base(&self, name: &str) {
        let image = FakeImage::new("base", 1_000, Behaviour::Works);
        let id = digest(&image.config);
        let mut state = self.state();
        state.images.insert(id.clone(), image);
        state.tags.insert(name.to_owned(), id);
        state.base = Some(name.to_owned());
    }

    /// The id of the image that has a name.
    pub(crate) fn id_of(&self, name: &str) -> Option<String> {
        self.state().tags.get(name).cloned()
    }

    /// Pushes to `registry` from now on, whatever the references say.
    pub(crate) fn go_past(&self, registry: SocketAddr) {
        self.state().shortcut = Some(registry);
    }

    /// Every call so far, in order: `build loadline-run/…`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// The labels of every image and container that was made.
    pub(crate) fn labels(&self) -> Vec<BTreeMap<String, String>> {
        self.state().labels.clone()
    }

    /// Containers that were not removed.
    pub(crate) fn containers(&self) -> usize {
        self.state().containers.len()
    }

    /// Names that were not removed.
    pub(crate) fn tags(&self) -> Vec<String> {
        self.state().tags.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the state")
    }

    fn call(&self, call: String) {
        self.state().calls.push(call);
    }

    fn behaviour(&self, name: &str) -> Behaviour {
        let state = self.state();
        let found = state.behaviours.iter().find(|(part, _)| name.contains(part.as_str()));
        found.map_or(Behaviour::Works, |(_, behaviour)| behaviour.clone())
    }

    fn image(&self, name: &str) -> Option<(String, FakeImage)> {
        let state = self.state();
        let id = state.tags.get(name).cloned().unwrap_or_else(|| name.to_owned());
        state.images.get(&id).map(|image| (id, image.clone()))
    }
}

impl FakeImage {
    /// An image whose only layer holds a file of `len` bytes made from `seed`.
    fn new(seed: &str, len: usize, behaviour: Behaviour) -> Self {
        let tar = super::layers::layer(&seed.bytes().cycle().take(len).collect::<Vec<u8>>());
        let diff_id = digest(&tar);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar).expect("a vector takes bytes");
        let layer = gzip.finish().expect("a vector takes bytes");
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}},"history":[{{"created_by":"COPY app /app # buildkit"}}]}}"#
        )
        .into_bytes();
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":{},"digest":"{}"}},"layers":[{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":{},"digest":"{}"}}]}}"#,
            config.len(),
            digest(&config),
            layer.len(),
            digest(&layer)
        )
        .into_bytes();
        Self { behaviour: Some(behaviour), tar, diff_id, layer, config, manifest }
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
        use std::fmt::Write;
        write!(text, "{byte:02x}").expect("a string takes text");
        text
    })
}

impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        Ok(EngineInfo {
            product: loadline::rig::Product::Docker,
            version: "0.0.0-fake".to_owned(),
            api_version: "1.41".to_owned(),
            store: "overlay2".to_owned(),
            containerd_store: false,
            platform: "linux/amd64".to_owned(),
            buildkit: None,
            kernel: "0".to_owned(),
            data_root: "/nowhere".to_owned(),
            id: "fake".to_owned(),
        })
    }

    async fn build(&self, request: BuildRequest, _sink: &ProgressSink) -> Result<BuildOutcome, EngineError> {
        self.call(format!("build {}", request.tag));
        let behaviour = self.behaviour(&request.tag);
        match behaviour {
            Behaviour::DiesDuringBuild => return Err(lost("build")),
            Behaviour::Hangs => std::future::pending::<()>().await,
            Behaviour::BuildFails => return Ok(BuildOutcome::Failed(failure())),
            _ => {}
        }
        let mut context = Vec::new();
        let context_bytes = request.context.write_tar(&mut context).expect("the fixture's context is readable");
        let name = request.tag.split(':').next().expect("a text has a first part");
        let mut state = self.state();
        let warm = request.cache == CacheUse::UseCache;
        state.uncached += usize::from(!warm);
        let last = state.uncached;
        let base = state.base.as_ref().and_then(|name| state.tags.get(name)).cloned().unwrap_or_default();
        let inputs = format!("{} {base}", digest(&context));
        let known = state.contexts.get(&inputs).copied().filter(|_| warm);
        let time = if behaviour == Behaviour::CarriesTimes { known.unwrap_or(last) } else { 0 };
        let image = FakeImage::new(&format!("{name} {inputs} {time}"), 100_000, behaviour.clone());
        let image_id = digest(&image.config);
        state.labels.push(request.labels);
        state.images.insert(image_id.clone(), image);
        state.tags.insert(request.tag, image_id.clone());
        state.contexts.insert(inputs, last);
        let cached = behaviour == Behaviour::BuildsFromCache
            || (warm && behaviour == Behaviour::SeesNoEdit)
            || (known.is_some() && behaviour != Behaviour::LosesItsCache);
        let vertices = vertices(cached);
        Ok(BuildOutcome::Built(Solve { image_id, wall: Duration::from_millis(40), context_bytes, vertices, log: Vec::new() }))
    }

    async fn inspect(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        Ok(self.image(image).map(|(id, image)| ImageInfo {
            id,
            reported_size: image.tar.len() as u64 - 1_000,
            diff_ids: match image.behaviour {
                Some(Behaviour::NamesOtherLayers) => vec![digest(b"other")],
                _ => vec![image.diff_id],
            },
            repo_digests: Vec::new(),
            repo_tags: Vec::new(),
            exposed_ports: Vec::new(),
        }))
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        let (id, _) = self.image(image).ok_or_else(|| refused("tag", "no such image"))?;
        self.state().tags.insert(reference.to_owned(), id);
        Ok(())
    }

    async fn push(&self, reference: &str, _sink: &ProgressSink) -> Result<Transfer, EngineError> {
        self.call(format!("push {reference}"));
        let (_, image) = self.image(reference).ok_or_else(|| refused("push", "no such image"))?;
        let (named, repository, tag) = split(reference);
        let host = self.state().shortcut.map_or_else(|| named.to_owned(), |past| past.to_string());
        let host = host.as_str();
        if image.behaviour == Some(Behaviour::PushBreaks) {
            return Err(refused("push", "write tcp: connection reset by peer"));
        }
        for blob in [&image.layer, &image.config] {
            let (status, _, _) = http(host, "HEAD", &format!("/v2/{repository}/blobs/{}", digest(blob)), "", b"").await;
            if status != 200 {
                upload(host, repository, blob).await;
            }
        }
        let media = "application/vnd.docker.distribution.manifest.v2+json";
        let (status, _, _) = http(host, "PUT", &format!("/v2/{repository}/manifests/{tag}"), media, &image.manifest).await;
        assert_eq!(status, 201, "the registry takes the manifest");
        let already_present = usize::from(image.behaviour == Some(Behaviour::PushesWarm));
        Ok(Transfer { seconds: 0.02, digest: Some(digest(&image.manifest)), already_present, phases: Vec::new() })
    }

    async fn pull(&self, reference: &str, _sink: &ProgressSink) -> Result<Transfer, EngineError> {
        self.call(format!("pull {reference}"));
        let (host, repository, tag) = split(reference);
        let (_, _, manifest) = http(host, "GET", &format!("/v2/{repository}/manifests/{tag}"), "", b"").await;
        let parsed: serde_json::Value = serde_json::from_slice(&manifest).expect("the registry serves the manifest");
        let warm = self.behaviour(reference) == Behaviour::PullsWarm;
        let layers = parsed["layers"].as_array().expect("a manifest has layers").iter().filter(|_| !warm);
        for blob in layers.chain([&parsed["config"]]) {
            let digest = blob["digest"].as_str().expect("a descriptor has a digest");
            let known = self.state().pulled.values().any(|blobs| blobs.contains(digest));
            self.state().pulled.entry(reference.to_owned()).or_default().insert(digest.to_owned());
            if known && self.behaviour(reference) != Behaviour::PullsAgain {
                continue;
            }
            http(host, "GET", &format!("/v2/{repository}/blobs/{digest}"), "", b"").await;
        }
        Ok(Transfer { seconds: 0.03, digest: Some(digest(&manifest)), already_present: usize::from(warm), phases: Vec::new() })
    }

    async fn start(&self, spec: &ContainerSpec) -> Result<Container, EngineError> {
        self.call(format!("start {} on {} with {:?} {:?}", spec.image, spec.port, spec.env, spec.command));
        let (_, image) = self.image(&spec.image).ok_or_else(|| refused("start", "no such image"))?;
        let status = if image.behaviour == Some(Behaviour::Answers500) { 500 } else { 200 };
        let address = serve(status, image.behaviour != Some(Behaviour::Exits)).await;
        let id = format!("container-{}", address.port());
        self.state().labels.push(spec.labels.clone());
        self.state().containers.insert(id.clone());
        if image.behaviour == Some(Behaviour::Exits) {
            return Ok(Container { id: format!("exited-{id}"), address: Some(address) });
        }
        Ok(Container { id, address: Some(address) })
    }

    async fn container_state(&self, id: &str) -> Result<ContainerState, EngineError> {
        Ok(if id.starts_with("exited-") { ContainerState::Exited(3) } else { ContainerState::Running })
    }

    async fn container_log(&self, _id: &str, _lines: usize) -> Result<Vec<String>, EngineError> {
        Ok(vec!["panic: no configuration".to_owned()])
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        self.state().containers.remove(id.trim_start_matches("exited-"));
        Ok(())
    }

    async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        let mut state = self.state();
        state.tags.remove(reference);
        state.pulled.remove(reference);
        Ok(())
    }

    async fn export<T: Send + 'static>(
        &self,
        image: &str,
        read: impl FnOnce(&mut dyn std::io::Read) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        self.call(format!("export {image}"));
        let (_, image) = self.image(image).ok_or_else(|| refused("export", "no such image"))?;
        let mut tar = tar::Builder::new(Vec::new());
        let index = br#"[{"Config":"c.json","Layers":["l/layer.tar"]}]"#;
        for (name, bytes) in [("l/layer.tar", image.tar.as_slice()), ("c.json", &image.config), ("manifest.json", index)] {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, bytes).expect("a vector takes bytes");
        }
        let archive = tar.into_inner().expect("a vector takes bytes");
        Ok(read(&mut archive.as_slice()))
    }

    async fn load(&self, _archive: &Path) -> Result<(), EngineError> {
        Err(unsupported("load"))
    }

    async fn save(&self, _references: &[String], _archive: &Path) -> Result<(), EngineError> {
        Err(unsupported("save"))
    }

    async fn import(&self, _tar: &Path, _reference: &str, _changes: &[String]) -> Result<(), EngineError> {
        Err(unsupported("import"))
    }

    async fn prune(&self, keep: &[String]) -> Result<(), EngineError> {
        self.call(format!("prune keeping {}", keep.len()));
        self.state().pulled.clear();
        self.state().contexts.clear();
        Ok(())
    }
}

fn lost(action: &str) -> EngineError {
    EngineError::Lost {
        endpoint: "unix:///fake.sock".to_owned(),
        action: action.to_owned(),
        log: "/fake/log".to_owned(),
        source: "connection closed".into(),
    }
}

fn refused(action: &str, message: &str) -> EngineError {
    EngineError::Refused { action: action.to_owned(), message: message.to_owned(), status: None }
}

fn unsupported(what: &'static str) -> EngineError {
    EngineError::Unsupported { what, why: "the fake engine has no images to move".to_owned() }
}

fn failure() -> BuildFailure {
    let step = "[2/2] RUN go build".to_owned();
    BuildFailure {
        message: "process did not complete: exit code: 1".to_owned(),
        step: Some(step.clone()),
        wall: Duration::from_millis(5),
        vertices: vertices(false),
        log: vec![LogLine { step, text: "main.go:3: undefined: x".to_owned() }],
    }
}

fn vertices(cached_run: bool) -> Vec<Vertex> {
    let vertex = |name: &str, cached: bool, inputs: &[&str]| Vertex {
        digest: digest(name.as_bytes()),
        name: name.to_owned(),
        inputs: inputs.iter().map(|input| digest(input.as_bytes())).collect(),
        cached,
        started: Some(0.0),
        completed: Some(0.01),
        error: None,
    };
    vec![
        vertex("[internal] load remote build context", false, &[]),
        vertex("[1/3] FROM docker.io/library/x", true, &[]),
        vertex("[2/3] WORKDIR /src", true, &["[1/3] FROM docker.io/library/x"]),
        vertex("[3/3] RUN go build", cached_run, &["[2/3] WORKDIR /src", "[internal] load remote build context"]),
        vertex("exporting to image", false, &["[3/3] RUN go build"]),
    ]
}

/// `127.0.0.1:5000/a/b:tag` in its three parts.
fn split(reference: &str) -> (&str, &str, &str) {
    let (host, rest) = reference.split_once('/').expect("a reference has a host");
    let (repository, tag) = rest.rsplit_once(':').expect("a reference has a tag");
    (host, repository, tag)
}

/// Uploads one blob as dockerd does: POST, one PATCH, PUT.
async fn upload(host: &str, repository: &str, blob: &[u8]) {
    let (status, head, _) = http(host, "POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"").await;
    assert_eq!(status, 202, "the registry opens an upload");
    let location = head.lines().find_map(|l| l.strip_prefix("location: ")).expect("an upload has a location").to_owned();
    let path = location.find("/v2/").map_or(location.as_str(), |at| &location[at..]).to_owned();
    let (status, _, _) = http(host, "PATCH", &path, "application/octet-stream", blob).await;
    assert_eq!(status, 202, "the registry takes the bytes");
    let separator = if path.contains('?') { '&' } else { '?' };
    let (status, _, _) = http(host, "PUT", &format!("{path}{separator}digest={}", digest(blob)), "", b"").await;
    assert_eq!(status, 201, "the registry closes the upload");
}

/// One HTTP/1.1 exchange: status, lower-cased head, body.
pub(crate) async fn http(host: &str, method: &str, path: &str, media: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(host).await.expect("the registry listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the registry reads the head");
    stream.write_all(body).await.expect("the registry reads the body");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the registry answers");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("an answer has a status");
    let head = head.lines().map(lower_name).collect::<Vec<_>>().join("\n");
    (status, head, answer[end + 4..].to_vec())
}

fn lower_name(line: &str) -> String {
    line.split_once(": ").map_or_else(|| line.to_owned(), |(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
}

/// An app that answers every request with `status`; with `open` false nothing listens at the address.
async fn serve(status: u16, open: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let address = listener.local_addr().expect("a listener has an address");
    if open {
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                if stream.read(&mut request).await.is_ok() {
                    let body = r#"{"status":"ok"}"#;
                    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                    drop(stream.write_all(answer.as_bytes()).await);
                }
            }
        });
    }
    address
}
