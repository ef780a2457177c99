//! The images of the fake engine: one layer each, made from a text.

use std::io::Write;

use sha2::{Digest, Sha256};

use super::Behaviour;
use crate::support::layers::layer;

/// One layer, its configuration and its manifest.
#[derive(Clone, Debug)]
pub(super) struct FakeImage {
    pub(super) behaviour: Option<Behaviour>,
    pub(super) tar: Vec<u8>,
    pub(super) diff_id: String,
    pub(super) layer: Vec<u8>,
    pub(super) config: Vec<u8>,
    pub(super) manifest: Vec<u8>,
}

impl FakeImage {
    /// An image whose only layer holds a file of `len` bytes made from `seed`.
    pub(super) fn new(seed: &str, len: usize, behaviour: Behaviour) -> Self {
        let tar = layer(&seed.bytes().cycle().take(len).collect::<Vec<u8>>());
        let diff_id = digest(&tar);
        let layer = if behaviour == Behaviour::PushesPlain { tar.clone() } else { gzip(&tar) };
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

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).expect("a vector takes bytes");
    gzip.finish().expect("a vector takes bytes")
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
        use std::fmt::Write;
        write!(text, "{byte:02x}").expect("a string takes text");
        text
    })
}
