//! An image as its engine exports it (`docker save`), weighed as it streams by: no layer is kept, in memory or on disk.
//!
//! What a registry would hold is computed where it is wanted ([`Repack::Gzip`]): every layer is compressed with [`COMPRESSOR`], and
//! the manifest is written as Docker writes it. The layers' tars, and so D3, are the image's own. Entries are found through `manifest.json`, which
//! comes after the layers, never by their names; a layer's own compression is told from its first bytes.

use std::io::{self, Cursor, Read, Write};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::archive::{Member, Members, Outer, Saved, Stream};
use super::inflate::{Drain, Inflater, Tally};
use super::reading::{Stored, metered};
use super::{
    BlobFacts, BlobFault, Compression, Digest, ImageError, LayerFacts, LayerName, LayerSource, MAX_CONFIG_BYTES, MAX_UNCOMPRESSED,
    MeteredBlob,
};

/// The level at which loadline compresses a layer as a push would. On the layers of `golang:1.23` zlib-rs comes within
/// 0.5 % of Go's gzip writer at its default.
pub const GZIP_LEVEL: u32 = 6;

/// Who compresses the layers of an export, said beside every size that comes from it.
pub const COMPRESSOR: &str = "loadline, gzip by zlib-rs at level 6";

/// The most of documents that is kept of one export, bytes: two of the largest configurations and room for the rest.
const MOST_DOCUMENTS: u64 = 3 * MAX_CONFIG_BYTES;

const CHUNK: usize = 256 * 1024;

/// What is made of an export beside what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repack {
    /// Nothing: the image has no manifest and no compressed size.
    No,
    /// What a push would send, compressed with [`COMPRESSOR`].
    Gzip,
}

/// An exported image, with the manifest that a push would write where that was wanted.
#[derive(Clone, Debug)]
pub struct Exported {
    manifest: Option<Vec<u8>>,
    config: Vec<u8>,
    /// As many as the configuration names, in its order.
    layers: Vec<Result<BlobFacts, BlobFault>>,
}

impl Exported {
    /// Reads an archive of one image to its end.
    pub fn read(archive: impl Read, repack: Repack) -> Result<Self, ImageError> {
        Self::select(archive, repack, None)
    }

    /// As [`Exported::read`], from an archive of several images if `reference` names one of them.
    pub fn select(archive: impl Read, repack: Repack, reference: Option<&str>) -> Result<Self, ImageError> {
        let mut parts = Parts { repack, members: Members::default(), kept: 0 };
        let mut archive = Outer::new(Stream(archive));
        while let Some(member) = archive.next().map_err(ImageError::Export)? {
            parts.take(member, archive.content())?;
        }
        parts.image(reference)
    }
}

impl LayerSource for Exported {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(self.manifest.clone())
    }

    fn config(&self, _named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        Ok(self.config.clone())
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        let digest = layer.stored.as_ref().map_or(layer.diff_id, |stored| stored.digest);
        let found = self.layers.get(layer.number).cloned().ok_or(ImageError::Missing { digest })?;
        let facts = found.map(LayerFacts::from).map_err(|fault| ImageError::Blob { digest, fault })?;
        // How the engine keeps a layer in its export is nothing that a registry would hold.
        let stored = facts.stored.filter(|_| self.manifest.is_some());
        Ok(LayerFacts { stored, ..facts })
    }
}

/// What has streamed by so far, by the names of the members.
struct Parts {
    repack: Repack,
    members: Members<Part>,
    kept: u64,
}

enum Part {
    /// A small file that may be a document is kept until `manifest.json` tells.
    Document(Vec<u8>),
    /// Anything else can only be a layer.
    Layer(Result<BlobFacts, BlobFault>),
}

impl Parts {
    fn take(&mut self, member: Member, content: impl Read) -> Result<(), ImageError> {
        let (repack, kept) = (self.repack, &mut self.kept);
        self.members.take(member, |size| part(content, size, repack, kept).map_err(ImageError::Export))
    }

    fn image(self, reference: Option<&str>) -> Result<Exported, ImageError> {
        let image = Saved::choose(self.document("manifest.json")?, reference)?;
        let config = self.document(&image.config)?.to_owned();
        image.check(&config)?;
        let layers = image.layers.iter().map(|name| self.layer(name)).collect::<Result<Vec<_>, _>>()?;
        let manifest = (self.repack == Repack::Gzip).then(|| manifest(&config, &image.layers, &layers)).transpose()?;
        Ok(Exported { manifest, config, layers })
    }

    fn document(&self, name: &str) -> Result<&[u8], ImageError> {
        match self.members.get(name) {
            Some(Part::Document(bytes)) => Ok(bytes),
            _ => Err(invalid(format!("lacks {}", name.escape_debug()))),
        }
    }

    fn layer(&self, name: &str) -> Result<Result<BlobFacts, BlobFault>, ImageError> {
        match self.members.get(name) {
            Some(Part::Document(bytes)) => layer(bytes.as_slice(), self.repack).map_err(ImageError::Export),
            Some(Part::Layer(facts)) => Ok(facts.clone()),
            None => Err(invalid(format!("lacks the layer {}", name.escape_debug()))),
        }
    }
}

/// A file of `size` bytes; `kept` is how many bytes of documents are held already.
fn part(mut content: impl Read, size: u64, repack: Repack, kept: &mut u64) -> io::Result<Part> {
    let mut head = Vec::new();
    content.by_ref().take(4).read_to_end(&mut head)?;
    let document = head.first().is_some_and(|byte| b"{[ \t\r\n".contains(byte)) && size <= MAX_CONFIG_BYTES;
    if !document || *kept + size > MOST_DOCUMENTS {
        return layer(Cursor::new(head).chain(content), repack).map(Part::Layer);
    }
    content.read_to_end(&mut head)?;
    *kept += size;
    Ok(Part::Document(head))
}

fn layer(stored: impl Read, repack: Repack) -> io::Result<Result<BlobFacts, BlobFault>> {
    match repack {
        Repack::Gzip => packed(stored),
        Repack::No => metered(stored, Stored::Ignored, MAX_UNCOMPRESSED).map(|blob| blob.facts),
    }
}

/// The manifest of layers that are all sound.
fn manifest(config: &[u8], names: &[String], layers: &[Result<BlobFacts, BlobFault>]) -> Result<Vec<u8>, ImageError> {
    let sound = names
        .iter()
        .zip(layers)
        .map(|(name, facts)| facts.as_ref().map_err(|fault| invalid(format!("has the layer {}, which {fault}", name.escape_debug()))));
    Ok(written(config, &sound.collect::<Result<Vec<_>, _>>()?))
}

fn invalid(why: impl Into<String>) -> ImageError {
    ImageError::Invalid { what: "export", why: why.into() }
}

/// A layer as a push would store it: inflated where the engine keeps it compressed, and compressed anew.
fn packed(mut stored: impl Read) -> io::Result<Result<BlobFacts, BlobFault>> {
    let mut inflater = Inflater::new(MAX_UNCOMPRESSED);
    let mut packer = Packer { tar: Tally::default(), blob: GzEncoder::new(Counter::default(), Level::new(GZIP_LEVEL)) };
    let mut buffer = vec![0; CHUNK];
    loop {
        match stored.read(&mut buffer)? {
            0 => break,
            count => inflater.update(&buffer[..count], &mut packer),
        }
    }
    if let Err(fault) = inflater.end(&mut packer) {
        return Ok(Err(fault));
    }
    let blob = packer.blob.finish()?;
    let MeteredBlob { facts, .. } = packer.tar.read_out(Ok(Compression::None));
    let stored = |tar| BlobFacts { digest: Digest::finish(blob.hash), compressed: blob.bytes, compression: Compression::Gzip, ..tar };
    Ok(facts.map(stored))
}

/// Compresses a layer's tar and hashes what comes of it.
struct Packer {
    tar: Tally,
    blob: GzEncoder<Counter>,
}

impl Drain for Packer {
    fn stored(&mut self, _: &[u8]) {}

    fn content(&mut self, bytes: &[u8]) {
        self.tar.content(bytes);
        self.blob.write_all(bytes).expect("what only counts takes every write");
    }
}

/// Hashes and counts what is written to it, and keeps nothing.
#[derive(Default)]
struct Counter {
    hash: Sha256,
    bytes: u64,
}

impl Write for Counter {
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
fn written(config: &[u8], layers: &[&BlobFacts]) -> Vec<u8> {
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
    let layer = |facts: &&BlobFacts| Entry {
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

#[cfg(test)]
mod tests;
