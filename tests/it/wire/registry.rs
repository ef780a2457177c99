//! The measuring registry against clients that lie, cut and repeat themselves.

mod client;
mod images;
mod life;
mod uploads;

use std::io::Write as _;

use loadline::image::Digest;
use loadline::rig::registry::{Registry, RegistryOptions};

use client::{Client, MANIFEST_TYPE};

struct Rig {
    registry: Registry,
    client: Client,
    directory: tempfile::TempDir,
}

async fn rig() -> Rig {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let registry = Registry::start(RegistryOptions::new(directory.path().join("registry"))).await.expect("the registry starts");
    let client = Client(registry.address());
    Rig { registry, client, directory }
}

impl Rig {
    /// How many files the registry keeps in one of its folders.
    fn files(&self, folder: &str) -> usize {
        std::fs::read_dir(self.directory.path().join("registry").join(folder)).expect("the registry's folder").count()
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn config(layers: &[&[u8]]) -> Vec<u8> {
    let diff_ids: Vec<Digest> = layers.iter().map(|tar| Digest::of(tar)).collect();
    let history: Vec<_> = (1..=layers.len()).map(|n| serde_json::json!({"created_by": format!("step {n}")})).collect();
    let config = serde_json::json!({
        "os": "linux", "architecture": "amd64", "history": history, "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    config.to_string().into_bytes()
}

fn manifest(config: &[u8], layers: &[&[u8]]) -> Vec<u8> {
    let descriptor = |kind: &str, bytes: &[u8]| serde_json::json!({"mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len()});
    let layer = |bytes: &&[u8]| descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", bytes);
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
        "config": descriptor("application/vnd.docker.container.image.v1+json", config),
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
    });
    manifest.to_string().into_bytes()
}

/// Pushes an image whose layers are stored as `blobs` and claimed to hold `tars`.
async fn push_image(client: Client, repository: &str, tars: &[&[u8]], blobs: &[&[u8]]) -> Vec<u8> {
    let config = config(tars);
    client.push(repository, &config).await;
    for blob in blobs {
        client.push(repository, blob).await;
    }
    let manifest = manifest(&config, blobs);
    assert_eq!(client.tag(repository, "a", &manifest).await.status, 201);
    manifest
}
