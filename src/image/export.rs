//! An image as its engine exports it (`docker save`), weighed as it streams by: no layer is kept, in memory or on disk.
//!
//! What a registry would hold is computed: every layer is compressed with [`COMPRESSOR`], and the manifest is written as
//! Docker writes it. The layers' tars, and so D3, are the image's own. Entries are found through `manifest.json`, which
//! comes after the layers, never by their names; a layer's own compression is told from its first bytes.

use std::collections::HashMap;
use std::io::{self, BufReader, Cursor, Read, Write};

use flate2::Compression as Level;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::inflate::{GZIP_MAGIC, ZSTD_MAGIC};
use super::{BlobFacts, BlobFault, Compression, Digest, ImageError, LayerSource, MAX_CONFIG_BYTES, MAX_UNCOMPRESSED};

/// The level at which loadline compresses a layer as a push would. On the layers of `golang:1.23` zlib-rs comes within
/// 0.5 % of Go's gzip writer at its default.
pub const GZIP_LEVEL: u32 = 6;

/// Who compresses the layers of an export, said beside every size that comes from it.
pub const COMPRESSOR: &str = "loadline, gzip by zlib-rs at level 6";

/// More entries than any engine writes for one image.
const MOST_ENTRIES: usize = 10_000;

/// The most of documents that is kept of one export, bytes: two of the largest configurations and room for the rest.
const MOST_DOCUMENTS: u64 = 3 * MAX_CONFIG_BYTES;

const CHUNK: usize = 256 * 1024;

/// An exported image with the manifest that a push would write.
#[derive(Clone, Debug)]
pub struct Exported {
    manifest: Vec<u8>,
    config: Vec<u8>,
    layers: HashMap<Digest, BlobFacts>,
}

impl Exported {
    /// Reads an archive of one image to its end.
    pub fn read(archive: impl Read) -> Result<Self, ImageError> {
        let mut parts = Parts::default();
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(ImageError::Export)? {
            parts.take(entry.map_err(ImageError::Export)?)?;
        }
        parts.image()
    }
}

impl LayerSource for Exported {
    fn manifest(&self) -> Result<Vec<u8>, ImageError> {
        Ok(self.manifest.clone())
    }

    fn config(&self, _digest: &Digest) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, digest: &Digest) -> Result<BlobFacts, ImageError> {
        self.layers.get(digest).cloned().ok_or(ImageError::Missing { digest: *digest })
    }
}

/// What has streamed by so far, by the names of the entries.
#[derive(Default)]
struct Parts {
    links: HashMap<String, String>,
    documents: HashMap<String, Vec<u8>>,
    layers: HashMap<String, Result<BlobFacts, BlobFault>>,
    kept: u64,
}

impl Parts {
    fn take(&mut self, entry: tar::Entry<'_, impl Read>) -> Result<(), ImageError> {
        if self.links.len() + self.documents.len() + self.layers.len() >= MOST_ENTRIES {
            return Err(invalid("has more entries than any image"));
        }
        let name = resolve("", &String::from_utf8_lossy(&entry.path_bytes()));
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            // A symbolic link is seen from its folder, a hard link from the top.
            let folder = if kind.is_symlink() { name.rsplit_once('/').map_or("", |(folder, _)| folder) } else { "" };
            let target = resolve(folder, &String::from_utf8_lossy(&entry.link_name_bytes().unwrap_or_default()));
            self.links.insert(name, target);
        } else if kind.is_file() {
            self.file(name, entry).map_err(ImageError::Export)?;
        }
        Ok(())
    }

    /// A small file that may be a document is kept until `manifest.json` tells; anything else can only be a layer.
    fn file(&mut self, name: String, mut entry: tar::Entry<'_, impl Read>) -> io::Result<()> {
        let size = entry.size();
        let mut head = Vec::new();
        entry.by_ref().take(4).read_to_end(&mut head)?;
        let document = head.first().is_some_and(|byte| b"{[".contains(byte)) && size <= MAX_CONFIG_BYTES;
        if document && self.kept + size <= MOST_DOCUMENTS {
            entry.read_to_end(&mut head)?;
            self.kept += size;
            self.documents.insert(name, head);
        } else {
            self.layers.insert(name, packed(head, entry)?);
        }
        Ok(())
    }

    fn image(self) -> Result<Exported, ImageError> {
        let index: Vec<Saved> = parse(self.document("manifest.json")?)?;
        let [image] = index.as_slice() else { return Err(invalid(format!("holds {} images instead of one", index.len()))) };
        let config = self.document(&image.config)?.to_owned();
        let layers = image.layers.iter().map(|name| self.layer(name)).collect::<Result<Vec<_>, _>>()?;
        let manifest = written(&config, &layers);
        Ok(Exported { manifest, config, layers: layers.into_iter().map(|facts| (facts.digest, facts)).collect() })
    }

    fn document(&self, name: &str) -> Result<&[u8], ImageError> {
        let found = self.documents.get(self.target(name)).map(Vec::as_slice);
        found.ok_or_else(|| invalid(format!("lacks {}", name.escape_debug())))
    }

    fn layer(&self, name: &str) -> Result<BlobFacts, ImageError> {
        let target = self.target(name);
        let facts = match self.documents.get(target) {
            Some(bytes) => packed(Vec::new(), bytes.as_slice()).map_err(ImageError::Export)?,
            None => self.layers.get(target).cloned().ok_or_else(|| invalid(format!("lacks the layer {}", name.escape_debug())))?,
        };
        facts.map_err(|fault| invalid(format!("has the layer {}, which {fault}", name.escape_debug())))
    }

    fn target<'a>(&'a self, name: &'a str) -> &'a str {
        self.links.get(name).map_or(name, String::as_str)
    }
}

/// `manifest.json` of the archive.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    // Go writes an absent list as null.
    #[serde(default, deserialize_with = "or_empty")]
    layers: Vec<String>,
}

fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|source| ImageError::Malformed { what: "index of the export", source })
}

fn invalid(why: impl Into<String>) -> ImageError {
    ImageError::Invalid { what: "export", why: why.into() }
}

/// A layer as a push would store it: inflated where the engine keeps it compressed, and compressed anew.
fn packed(head: Vec<u8>, rest: impl Read) -> io::Result<Result<BlobFacts, BlobFault>> {
    let (gzip, zstd) = (head.starts_with(GZIP_MAGIC), head.starts_with(ZSTD_MAGIC));
    let stored = Cursor::new(head).chain(rest);
    match (gzip, zstd) {
        (true, _) => compressed(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, stored))),
        (_, true) => Ok(Err(BlobFault::Zstd)),
        _ => compressed(stored),
    }
}

fn compressed(mut source: impl Read) -> io::Result<Result<BlobFacts, BlobFault>> {
    let (mut tar, mut blob) = (Tally::default(), GzEncoder::new(Tally::default(), Level::new(GZIP_LEVEL)));
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        tar.write_all(&buffer[..read])?;
        blob.write_all(&buffer[..read])?;
        if tar.bytes > MAX_UNCOMPRESSED {
            return Ok(Err(BlobFault::TooLarge { limit: MAX_UNCOMPRESSED }));
        }
    }
    let blob = blob.finish()?;
    Ok(Ok(BlobFacts {
        digest: Digest::finish(blob.hash),
        compressed: blob.bytes,
        diff_id: Digest::finish(tar.hash),
        uncompressed: tar.bytes,
        compression: Compression::Gzip,
    }))
}

/// Hashes and counts what is written to it, and keeps nothing.
#[derive(Default)]
struct Tally {
    hash: Sha256,
    bytes: u64,
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The manifest as Docker's engine writes it: version 2, schema 2, indented by three blanks.
fn written(config: &[u8], layers: &[BlobFacts]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        schema_version: u8,
        media_type: &'static str,
        config: Entry,
        layers: Vec<Entry>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        media_type: &'static str,
        size: u64,
        digest: Digest,
    }
    let layer = |facts: &BlobFacts| Entry {
        media_type: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        size: facts.compressed,
        digest: facts.digest,
    };
    let manifest = Manifest {
        schema_version: 2,
        media_type: "application/vnd.docker.distribution.manifest.v2+json",
        config: Entry {
            media_type: "application/vnd.docker.container.image.v1+json",
            size: config.len() as u64,
            digest: Digest::of(config),
        },
        layers: layers.iter().map(layer).collect(),
    };
    let mut text = Vec::new();
    let indented = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    manifest.serialize(&mut serde_json::Serializer::with_formatter(&mut text, indented)).expect("a vector takes every write");
    text
}

/// `name` as seen from `folder`, without `.` and `..`.
fn resolve(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
