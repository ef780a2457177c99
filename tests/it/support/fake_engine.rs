//! An engine in process: builds instantly, answers smoke checks from a socket of its own, and pushes and pulls over real
//! HTTP, so that the measuring registry in front of it is the real one.

mod answers;
mod image;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use loadline::rig::{
    BuildOutcome, BuildRequest, CacheUse, Container, ContainerSpec, ContainerState, Engine, EngineError, EngineInfo, ImageInfo,
    ProgressSink, Solve, Transfer,
};

use answers::{failure, lost, refused, unsupported, vertices};
use image::FakeImage;
pub(crate) use image::digest;
pub(crate) use wire::http;
use wire::{serve, split, upload};

use super::fetch::Fetch;

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
    /// The container of this start of the image, from 1, ends at once, and all others work.
    FailsStart(usize),
    /// Every start of a container but the first of the image makes it and never ends.
    StartHangs,
    /// The same, and containers are never removed either.
    StartAndRemovalHang,
    /// The engine was asked for each container 1000 s before it was there.
    StartsLate,
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
    /// With containerd's store, a build stands on what a registry has under the base's name.
    BuildsOnAnother,
    /// Its layer goes out as its tar is.
    PushesPlain,
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
    /// How often each image was started, by its id.
    starts: BTreeMap<String, usize>,
    /// Where pushes go, whatever they name.
    shortcut: Option<SocketAddr>,
    /// What every build fetches.
    fetch: Option<Fetch>,
    /// Whether it has containerd's store, and so says on which image it builds.
    containerd_store: bool,
}

impl FakeEngine {
    /// Lets every build fetch something from now on.
    pub(crate) fn fetches(&self, fetch: Fetch) {
        self.state().fetch = Some(fetch);
    }

    /// Keeps images in containerd's store from now on.
    pub(crate) fn keep_in_containerd(&self) {
        self.state().containerd_store = true;
    }

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

    /// The number of this start of an image, from 1.
    fn number_of_start(&self, image: String) -> usize {
        let mut state = self.state();
        let starts = state.starts.entry(image).or_default();
        *starts += 1;
        *starts
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

impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        Ok(EngineInfo {
            product: loadline::rig::Product::Docker,
            version: "0.0.0-fake".to_owned(),
            api_version: "1.41".to_owned(),
            store: "overlay2".to_owned(),
            containerd_store: self.state().containerd_store,
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
        let fetch = self.state().fetch.clone();
        if let Some(fetch) = fetch {
            fetch.run(&request.build_args).await;
        }
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
        let built_on = match behaviour {
            Behaviour::BuildsOnAnother => digest(b"another"),
            _ => base,
        };
        let vertices = vertices(cached, state.containerd_store.then_some(built_on.as_str()));
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
        let (id, image) = self.image(&spec.image).ok_or_else(|| refused("start", "no such image"))?;
        let number = self.number_of_start(id);
        let hangs = matches!(image.behaviour, Some(Behaviour::StartHangs | Behaviour::StartAndRemovalHang));
        if hangs && number > 1 {
            self.state().containers.insert(spec.name.clone().expect("it can be told from others"));
            std::future::pending::<()>().await;
        }
        let exits = match image.behaviour {
            Some(Behaviour::Exits) => true,
            Some(Behaviour::FailsStart(failing)) => failing == number,
            _ => false,
        };
        let before = Duration::from_secs(if image.behaviour == Some(Behaviour::StartsLate) { 1_000 } else { 0 });
        let asked = Instant::now().checked_sub(before).expect("the clock goes back that far");
        let status = if image.behaviour == Some(Behaviour::Answers500) { 500 } else { 200 };
        let address = serve(status, !exits).await;
        let id = format!("container-{}", address.port());
        self.state().labels.push(spec.labels.clone());
        self.state().containers.insert(id.clone());
        if exits {
            return Ok(Container { id: format!("exited-{id}"), address: Some(address), asked });
        }
        Ok(Container { id, address: Some(address), asked })
    }

    async fn container_state(&self, id: &str) -> Result<ContainerState, EngineError> {
        Ok(if id.starts_with("exited-") { ContainerState::Exited(3) } else { ContainerState::Running })
    }

    async fn container_log(&self, _id: &str, _lines: usize) -> Result<Vec<String>, EngineError> {
        Ok(vec!["panic: no configuration".to_owned()])
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        if id.starts_with("loadline-") && self.state().behaviours.values().any(|behaviour| *behaviour == Behaviour::StartAndRemovalHang) {
            std::future::pending::<()>().await;
        }
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
