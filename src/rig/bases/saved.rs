//! Reading what an engine saved: the archive form of `docker save`, with one image in it.
//!
//! Layers are found through `manifest.json`, never by the names of entries: engines name them differently, and stand a
//! symlink where two images share a layer.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::image::resolve;

/// Larger manifests and configurations are refused.
const LARGEST_JSON: u64 = 16 << 20;
/// More entries than any engine writes for one image.
const MOST_ENTRIES: usize = 10_000;

/// An opened archive of one image.
#[derive(Debug)]
pub(super) struct Saved {
    /// The configuration's bytes.
    pub(super) config: String,
    /// `rootfs.diff_ids` of the configuration, lowest first.
    pub(super) diff_ids: Vec<String>,
    layers: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    offset: u64,
    size: u64,
}

#[derive(Deserialize)]
struct ManifestEntry {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl Saved {
    /// Reads the index of `archive`; the error says in words what is wrong with it.
    pub(super) fn open(archive: &Path) -> Result<Self, String> {
        let mut file = File::open(archive).map_err(|e| e.to_string())?;
        let index = Index::of(&mut file).map_err(|e| format!("it is no tar: {e}"))?;
        let manifest: Vec<ManifestEntry> = parse("manifest.json", &index.text(&mut file, "manifest.json")?)?;
        let [image] = manifest.as_slice() else { return Err(format!("it holds {} images instead of one", manifest.len())) };
        let config = index.text(&mut file, &image.config)?;
        let diff_ids = parse::<Config>(&image.config, &config)?.rootfs.diff_ids;
        let layers: Vec<_> = image.layers.iter().map(|name| index.span(name)).collect::<Result<_, _>>()?;
        if layers.len() != diff_ids.len() {
            return Err(format!("it has {} layers where its configuration names {}", layers.len(), diff_ids.len()));
        }
        Ok(Self { config, diff_ids, layers })
    }

    /// The tar of layer `number`, inflated where the engine keeps it compressed.
    pub(super) fn layer(&self, archive: &Path, number: usize) -> io::Result<Box<dyn Read + Send>> {
        let span = self.layers[number];
        let mut file = File::open(archive)?;
        file.seek(SeekFrom::Start(span.offset))?;
        let mut magic = [0; 2];
        let gzip = span.size > 2 && file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        file.seek(SeekFrom::Start(span.offset))?;
        let bytes = io::BufReader::with_capacity(1 << 18, file.take(span.size));
        Ok(if gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) })
    }
}

/// Where every entry of the outer tar lies.
struct Index {
    files: HashMap<String, Span>,
    links: HashMap<String, String>,
}

impl Index {
    fn of(file: &mut File) -> io::Result<Self> {
        let mut index = Self { files: HashMap::new(), links: HashMap::new() };
        for entry in tar::Archive::new(file).entries_with_seek()? {
            let entry = entry?;
            let name = resolve("", &String::from_utf8_lossy(&entry.path_bytes()));
            if let Some(target) = entry.link_name_bytes() {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                index.links.insert(name.clone(), resolve(folder, &String::from_utf8_lossy(&target)));
            } else {
                index.files.insert(name, Span { offset: entry.raw_file_position(), size: entry.size() });
            }
            if index.files.len() + index.links.len() > MOST_ENTRIES {
                return Err(io::Error::other("too many entries"));
            }
        }
        Ok(index)
    }

    fn span(&self, name: &str) -> Result<Span, String> {
        let name = self.links.get(name).map_or(name, String::as_str);
        self.files.get(name).copied().ok_or_else(|| format!("it names {name}, which is not in it"))
    }

    fn text(&self, file: &mut File, name: &str) -> Result<String, String> {
        let span = self.span(name)?;
        if span.size > LARGEST_JSON {
            return Err(format!("{name} is {} bytes long", span.size));
        }
        let mut text = String::new();
        file.seek(SeekFrom::Start(span.offset)).map_err(|e| e.to_string())?;
        file.take(span.size).read_to_string(&mut text).map_err(|e| format!("{name}: {e}"))?;
        Ok(text)
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("{name}: {e}"))
}
