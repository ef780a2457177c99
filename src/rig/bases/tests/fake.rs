//! An engine in memory: images are lists of layer tars, and every build adds one layer made of the Dockerfile's text.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Barrier;

use crate::rig::bases::layer::digest_of;
use crate::rig::{
    BuildFailure, BuildOutcome, BuildRequest, Container, ContainerSpec, ContainerState, Engine, EngineError, EngineInfo, ImageInfo,
    ProgressSink, Solve, Transfer,
};

#[derive(Clone, Debug, Default)]
struct Image {
    layers: Vec<Vec<u8>>,
}

impl Image {
    fn diff_ids(&self) -> Vec<String> {
        self.layers.iter().map(|layer| digest_of(layer)).collect()
    }

    fn config(&self) -> String {
        serde_json::json!({ "rootfs": { "type": "layers", "diff_ids": self.diff_ids() } }).to_string()
    }
}

/// A place that two must reach before either goes on.
#[derive(Debug)]
pub(super) struct Pair(Barrier);

impl Default for Pair {
    fn default() -> Self {
        Self(Barrier::new(2))
    }
}

/// What the tests set, and what was done.
#[derive(Debug, Default)]
pub(super) struct FakeEngine {
    images: Mutex<BTreeMap<String, Image>>,
    calls: Mutex<Vec<String>>,
    /// How many layers each loaded archive held.
    pub(super) archives: Mutex<Vec<usize>>,
    /// Builds under way, and the most that ever were.
    pub(super) builds: Mutex<(usize, usize)>,
    /// Where builds of images called `pair…` wait for each other.
    pub(super) pair: Pair,
    /// Whether it keeps images in containerd's store.
    pub(super) containerd_store: AtomicBool,
    /// What registries have: reference → digest.
    pub(super) published: Mutex<BTreeMap<String, String>>,
}

/// A tar with one file.
pub(super) fn tar_of(name: &str, content: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, content.as_bytes()).expect("a file in memory");
    tar.into_inner().expect("a tar in memory")
}

impl FakeEngine {
    /// What was asked for, without inspection, and forgets it.
    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().expect("no poison"))
    }

    /// Names of the images that it has.
    pub(super) fn names(&self) -> Vec<String> {
        self.images.lock().expect("no poison").keys().cloned().collect()
    }

    /// Makes a registry answer.
    pub(super) fn publish(&self, reference: &str, digest: &str) {
        let mut published = self.published.lock().expect("no poison");
        published.insert(reference.to_owned(), digest.to_owned());
        let repository = reference.rsplit_once(':').expect("a tag").0;
        published.insert(format!("{repository}@{digest}"), digest.to_owned());
    }

    /// Takes its time over a build, so that others can begin meanwhile.
    async fn work_on(&self, tag: &str) {
        let enter = |builds: &mut (usize, usize)| *builds = (builds.0 + 1, builds.1.max(builds.0 + 1));
        enter(&mut self.builds.lock().expect("no poison"));
        if tag.starts_with("pair") {
            let met = tokio::time::timeout(Duration::from_secs(30), self.pair.0.wait()).await;
            assert!(met.is_ok(), "{tag} was built alone");
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.builds.lock().expect("no poison").0 -= 1;
    }

    fn called(&self, call: impl Into<String>) {
        self.calls.lock().expect("no poison").push(call.into());
    }

    fn put(&self, name: &str, image: Image) {
        self.images.lock().expect("no poison").insert(name.to_owned(), image);
    }

    fn get(&self, name: &str) -> Option<Image> {
        self.images.lock().expect("no poison").get(name).cloned()
    }
}

fn refused(action: String) -> EngineError {
    EngineError::Refused { action, message: "no such image".to_owned(), status: Some(404) }
}

impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        let [version, api_version, store, kernel, data_root, id] = ["1", "1.41", "overlay2", "6", "/", "x"].map(str::to_owned);
        let platform = "linux/amd64".to_owned();
        let product = crate::rig::Product::Docker;
        let containerd_store = self.containerd_store.load(Ordering::Relaxed);
        Ok(EngineInfo { product, version, api_version, store, containerd_store, platform, buildkit: None, kernel, data_root, id })
    }

    async fn build(&self, request: BuildRequest, _: &ProgressSink) -> Result<BuildOutcome, EngineError> {
        self.called(format!("build {}", request.tag));
        self.work_on(&request.tag).await;
        let dockerfile = std::fs::read_to_string(request.context.root().join("Dockerfile")).expect("a Dockerfile");
        let (wall, log, vertices) = (Duration::ZERO, Vec::new(), Vec::new());
        if dockerfile.contains("RUN false") {
            let (message, step) = ("exit code: 1".to_owned(), Some("[2/2] RUN false".to_owned()));
            return Ok(BuildOutcome::Failed(BuildFailure { message, step, wall, vertices, log }));
        }
        let parent = dockerfile.lines().find_map(|line| line.strip_prefix("FROM ")).expect("a parent");
        let mut image = self.get(parent).ok_or_else(|| refused(format!("build on {parent}")))?;
        image.layers.push(tar_of("version", &dockerfile));
        let image_id = digest_of(image.config().as_bytes());
        self.put(&request.tag, image);
        Ok(BuildOutcome::Built(Solve { image_id, wall, context_bytes: 0, vertices, log }))
    }

    async fn inspect(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        Ok(self.get(image).map(|found| ImageInfo {
            id: digest_of(found.config().as_bytes()),
            reported_size: 1,
            diff_ids: found.diff_ids(),
            repo_digests: Vec::new(),
            repo_tags: vec![image.to_owned()],
            exposed_ports: Vec::new(),
        }))
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        let found = self.get(image).ok_or_else(|| refused(format!("tag {image}")))?;
        self.put(reference, found);
        Ok(())
    }

    async fn push(&self, reference: &str, _: &ProgressSink) -> Result<Transfer, EngineError> {
        Err(refused(format!("push of {reference}, which base sets never do")))
    }

    async fn pull(&self, reference: &str, _: &ProgressSink) -> Result<Transfer, EngineError> {
        self.called(format!("pull {reference}"));
        let digest = self.resolve(reference).await?;
        self.put(reference, Image { layers: vec![tar_of("content", &digest)] });
        Ok(Transfer { seconds: 0.0, digest: Some(digest), already_present: 0, phases: Vec::new() })
    }

    async fn resolve(&self, reference: &str) -> Result<String, EngineError> {
        let published = self.published.lock().expect("no poison");
        published.get(reference).cloned().ok_or_else(|| refused(format!("looking up {reference}")))
    }

    async fn start(&self, spec: &ContainerSpec) -> Result<Container, EngineError> {
        Err(refused(format!("start of {}", spec.image)))
    }

    async fn container_state(&self, id: &str) -> Result<ContainerState, EngineError> {
        Err(refused(id.to_owned()))
    }

    async fn container_log(&self, id: &str, _: usize) -> Result<Vec<String>, EngineError> {
        Err(refused(id.to_owned()))
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        Err(refused(id.to_owned()))
    }

    async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        self.called(format!("remove {reference}"));
        self.images.lock().expect("no poison").remove(reference);
        Ok(())
    }

    async fn load(&self, archive: &Path) -> Result<(), EngineError> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(std::fs::File::open(archive).expect("an archive")).entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("its bytes");
            files.insert(entry.path().expect("a name").to_string_lossy().into_owned(), bytes);
        }
        let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).expect("a manifest");
        let inflate = |name: &serde_json::Value| {
            let mut tar = Vec::new();
            flate2::read::GzDecoder::new(&*files[name.as_str().expect("a name")]).read_to_end(&mut tar).expect("gzip");
            tar
        };
        for listed in manifest.as_array().expect("a list of images") {
            let layers = listed["Layers"].as_array().expect("layers").iter().map(inflate).collect();
            let (name, image) = (listed["RepoTags"][0].as_str().expect("a tag"), Image { layers });
            let config = &files[listed["Config"].as_str().expect("a configuration")];
            assert_eq!(*config, image.config().into_bytes(), "the configuration came back as it was saved");
            self.called(format!("load {name}"));
            self.put(name, image);
        }
        self.archives.lock().expect("no poison").push(files.keys().filter(|name| name.ends_with("layer.tar")).count());
        Ok(())
    }

    async fn save(&self, references: &[String], archive: &Path) -> Result<(), EngineError> {
        let [name] = references else { return Err(refused(format!("save of {references:?}"))) };
        self.called(format!("save {name}"));
        let image = self.get(name).ok_or_else(|| refused(format!("save of {name}")))?;
        std::fs::write(archive, saved(&image)).expect("an archive");
        Ok(())
    }

    async fn import(&self, tar: &Path, reference: &str, changes: &[String]) -> Result<(), EngineError> {
        self.called(format!("import {reference} {}", changes.join(" ")));
        self.put(reference, Image { layers: vec![std::fs::read(tar).expect("a tar")] });
        Ok(())
    }

    async fn prune(&self, keep: &[String]) -> Result<(), EngineError> {
        self.called("prune");
        self.images.lock().expect("no poison").retain(|name, _| keep.contains(name));
        Ok(())
    }
}

fn saved(image: &Image) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).expect("a file in memory");
    };
    let names: Vec<String> = (0..image.layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    names.iter().zip(&image.layers).for_each(|(name, layer)| add(name, layer));
    add("config.json", image.config().as_bytes());
    add("manifest.json", serde_json::json!([{ "Config": "config.json", "Layers": names }]).to_string().as_bytes());
    tar.into_inner().expect("a tar in memory")
}
