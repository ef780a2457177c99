//! The same image weighed from every place where it lies, with a private engine that loads and builds it.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;

use loadline::dockerfile::Context;
use loadline::image::{Digest, EntryKind, Fate, Weighed};
use loadline::rig::classic::ClassicImage;
use loadline::rig::docker::{Docker, Endpoint};
use loadline::rig::private::{DataRoot, PrivateEngine, PrivateOptions, Role};
use loadline::rig::{BuildOutcome, BuildRequest, BuilderVersion, CacheUse, Engine, ImageInfo, ProgressSink, RunNetwork};
use tempfile::TempDir;

use crate::support::machine::among_others;

mod classic;
mod host_facts;
mod sources;
mod stores;

/// The image that is built, and the one that is loaded: the lower layers of both are the same.
const BUILT: &str = "live:built";
const LOADED: &str = "live:loaded";

/// A private engine that has [`BUILT`] and [`LOADED`].
struct Live {
    docker: Docker,
    engine: PrivateEngine,
    folder: TempDir,
    _others: File,
}

/// A path in a layer, with everything that every source must say alike.
type Told = (Vec<u8>, usize, EntryKind, u64, Fate);

impl Live {
    async fn start() -> Self {
        Self::on(DataRoot::Auto).await
    }

    /// With the engine's data in memory, or on a disk that the binary sees too.
    async fn on(data_root: DataRoot) -> Self {
        let others = tokio::task::spawn_blocking(among_others).await.expect("the lock is taken");
        let options = PrivateOptions { data_root, ..PrivateOptions::new(Role::Builder) };
        let engine = PrivateEngine::start(options).await.expect("a private engine starts");
        let docker = Docker::connect(&Endpoint::Unix(engine.socket().to_owned())).await.expect("it answers").with_log(&engine.log());
        let folder = tempfile::tempdir().expect("a folder is made");
        let live = Self { docker, engine, folder, _others: others };
        live.load().await;
        live.build().await;
        live
    }

    async fn load(&self) {
        let path = self.path("loaded.tar");
        std::fs::write(&path, archive(LOADED, &[lower(), upper()])).expect("the archive is written");
        self.docker.load(&path).await.expect("the engine takes the archive");
    }

    /// Adds three layers: a copy of a file that is there, one that takes the path of another, and a symbolic link.
    async fn build(&self) {
        let root = self.path("context");
        std::fs::create_dir_all(root.join("links")).expect("a folder is made");
        let dockerfile = format!("FROM {LOADED}\nCOPY same /usr/copy\nCOPY new /usr/new\nCOPY links /links\n");
        for (name, bytes) in [("Dockerfile", dockerfile.into_bytes()), ("same", same()), ("new", vec![b'n'; 123])] {
            std::fs::write(root.join(name), bytes).expect("a file is written");
        }
        symlink("../usr/copy", root.join("links/copy")).expect("a link is made");
        let request = BuildRequest {
            context: Arc::new(Context::plan(&root, &root.join("Dockerfile")).expect("the context is planned")),
            builder: BuilderVersion::BuildKit,
            target: None,
            build_args: BTreeMap::new(),
            platform: None,
            tag: BUILT.to_owned(),
            cache: CacheUse::NoCache,
            network: RunNetwork::Host,
            labels: BTreeMap::new(),
        };
        let outcome = self.docker.build(request, &ProgressSink::none()).await.expect("the engine answers");
        assert!(matches!(outcome, BuildOutcome::Built(_)), "{outcome:?}");
    }

    async fn inspect(&self, image: &str) -> ImageInfo {
        self.docker.inspect(image).await.expect("an answer").expect("it is there")
    }

    async fn classic(&self, image: &str) -> ClassicImage {
        let id: Digest = self.inspect(image).await.id.parse().expect("an id is a digest");
        ClassicImage::open(&self.engine.data_root_from_outside(), &id).expect("the store has it")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn stop(self) {
        self.engine.stop().await.expect("the engine is removed");
    }
}

/// A content that several files have.
fn same() -> Vec<u8> {
    vec![b's'; 70_000]
}

/// A layer with every kind of entry that adds or is added to.
fn lower() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let long = format!("usr/{}/{}", "long".repeat(30), "name".repeat(40));
    let files = [("usr/same", same()), ("usr/new", vec![b'o'; 5000]), ("gone/file", vec![b'g'; 9000]), ("hidden/file", same())];
    for (path, content) in
        files.iter().map(|(path, content)| (*path, content.clone())).chain([(&*long, b"long".to_vec()), ("usr/é<\"", Vec::new())])
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_slice()).expect("it is packed");
    }
    for (kind, path, target) in [(tar::EntryType::Symlink, "usr/soft", "same"), (tar::EntryType::Link, "usr/hard", "usr/same")] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, path, target).expect("it is packed");
    }
    tar.into_inner().expect("the tar is complete")
}

/// A layer that takes away a file, hides a folder, and has one content twice.
fn upper() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let files = [
        ("gone/.wh.file", Vec::new()),
        ("hidden/.wh..wh..opq", Vec::new()),
        ("hidden/new", vec![b'1'; 4096]),
        ("opt/new", vec![b'1'; 4096]),
    ];
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, path, content.as_slice()).expect("it is packed");
    }
    tar.into_inner().expect("the tar is complete")
}

/// What `docker save` would write for an image of these layers.
fn archive(name: &str, layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = serde_json::json!({
        "os": "linux", "architecture": "amd64", "config": {}, "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": layers.iter().map(|_| serde_json::json!({ "created_by": "a test" })).collect::<Vec<_>>(),
    });
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let manifest = serde_json::json!([{ "Config": "config.json", "RepoTags": [name], "Layers": names }]);
    let documents =
        [("config.json".to_owned(), config.to_string().into_bytes()), ("manifest.json".to_owned(), manifest.to_string().into_bytes())];
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in names.into_iter().zip(layers.iter().cloned()).chain(documents) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes.as_slice()).expect("it is packed");
    }
    tar.into_inner().expect("the archive is complete")
}

/// Every path in every layer.
fn told(weighed: &Weighed) -> Vec<Told> {
    let mut rows = Vec::new();
    weighed.tree.rows(|row| rows.push((row.path.to_vec(), row.layer, row.kind, row.size, row.fate)));
    rows
}
