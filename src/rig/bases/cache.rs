//! The cache of base images: content-addressed, outside the repository, shared by all runs of a user.
//!
//! A layer lies once as `layers/<diff id>.tar.gz`, whatever images have it. An image is one `images/<key>.json`, written
//! last and renamed into place: what it names was complete when it was written. Every byte is hashed again when it is
//! loaded, so that a file that changed since is found and its image made anew. `lock` keeps a second process out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::free_bytes;
use super::layer::{CachedLayer, copy_verified, digest_of};
use super::owner::{Owner, create_folders, hand_over};
use super::{BaseError, BaseSetKind};

/// The layout of the cache; another layout lies in another folder.
pub(super) const FORMAT: u32 = 1;

/// The cache's folder. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    pub(super) root: PathBuf,
    pub(super) owner: Option<Owner>,
}

/// An image in the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) format: u32,
    /// What it was made of; also the file's name.
    pub(super) key: String,
    /// `golang:1.23`.
    pub(super) reference: String,
    /// Which set it belongs to.
    pub(super) set: BaseSetKind,
    /// Digest of the published manifest; `None` for a stand-in.
    pub(super) digest: Option<String>,
    /// `linux/amd64`.
    pub(super) platform: String,
    /// When it was stored.
    pub(super) created: Timestamp,
    /// Hash of the configuration, which is the image's id in a classic store.
    pub(super) image_id: String,
    /// Versions found inside, by the recipe's words.
    pub(super) versions: BTreeMap<String, String>,
    /// Lowest first.
    pub(super) layers: Vec<CachedLayer>,
    /// The configuration's bytes.
    pub(super) config: String,
}

impl Entry {
    /// Digest of the published manifest, else the image's id.
    pub(super) fn content_digest(&self) -> &str {
        self.digest.as_deref().unwrap_or(&self.image_id)
    }

    /// Σ bytes of the layers' tars (D3).
    pub(super) fn uncompressed(&self) -> u64 {
        self.layers.iter().map(|layer| layer.uncompressed).sum()
    }

    /// Σ bytes of the layers as this cache compressed them.
    pub(super) fn compressed(&self) -> u64 {
        self.layers.iter().map(|layer| layer.compressed).sum()
    }
}

/// What the cache holds under a key.
#[derive(Debug)]
pub(super) enum Lookup {
    /// Nothing.
    Absent,
    /// Something that cannot be used, and why.
    Broken(String),
    /// An image, not yet verified.
    Found(Box<Entry>),
}

impl Cache {
    /// The cache below `folder`; nothing is created.
    pub(super) fn at(folder: &Path, owner: Option<Owner>) -> Self {
        Self { root: folder.join("bases").join(format!("v{FORMAT}")), owner }
    }

    /// Creates the folders.
    pub(super) fn create(&self) -> Result<(), BaseError> {
        ["layers", "images", "tmp"]
            .into_iter()
            .map(|name| self.root.join(name))
            .try_for_each(|folder| create_folders(self.owner, &folder).map_err(BaseError::cache("create", &folder)))
    }

    /// The file that one process at a time holds locked; it says which.
    pub(super) fn lock_file(&self) -> Result<File, BaseError> {
        let path = self.root.join("lock");
        let open = File::options().create(true).read(true).append(true).open(&path);
        let file = open.map_err(BaseError::cache("create", &path))?;
        hand_over(self.owner, &path).map_err(BaseError::cache("create", &path))?;
        Ok(file)
    }

    /// Removes what a process that died left behind. Only the holder of the lock may call it.
    pub(super) fn sweep(&self) {
        let folder = self.root.join("tmp");
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            // What cannot be removed is in nobody's way: it has a name of its own.
            let _ = if entry.path().is_dir() { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        }
    }

    /// A folder for work in progress, removed when it is dropped.
    pub(super) fn workplace(&self) -> Result<tempfile::TempDir, BaseError> {
        let folder = self.root.join("tmp");
        tempfile::Builder::new().prefix("work-").tempdir_in(&folder).map_err(BaseError::cache("create", &folder))
    }

    /// Looks up `key`.
    pub(super) fn lookup(&self, key: &str) -> Lookup {
        let path = self.image_path(key);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Lookup::Absent,
            Err(e) => return Lookup::Broken(format!("cannot read {}: {e}", path.display())),
        };
        match serde_json::from_str::<Entry>(&text) {
            Ok(entry) if entry.key != key || entry.format != FORMAT => {
                Lookup::Broken(format!("{} is not what its name says", path.display()))
            }
            Ok(entry) if digest_of(entry.config.as_bytes()) != entry.image_id => {
                Lookup::Broken(format!("the configuration in {} was changed", path.display()))
            }
            Ok(entry) => Lookup::Found(Box::new(entry)),
            Err(e) => Lookup::Broken(format!("cannot read {}: {e}", path.display())),
        }
    }

    /// Forgets the image under `key` and every layer of it that does not verify.
    pub(super) fn discard(&self, key: &str) {
        if let Lookup::Found(entry) = self.lookup(key) {
            for layer in &entry.layers {
                let path = self.layer_path(&layer.diff_id);
                if !matches!(copy_verified(layer, &path, &mut io::sink()), Ok(Some(()))) {
                    let _ = std::fs::remove_file(path);
                }
            }
        }
        let _ = std::fs::remove_file(self.image_path(key));
    }

    /// Writes one `docker load` archive of `entries` to `out`, every layer once and hashed. The result says for each entry
    /// why it is not in the archive: which of its files is damaged.
    pub(super) fn assemble(&self, entries: &[Entry], out: &Path) -> Result<Vec<Option<String>>, BaseError> {
        let error = || BaseError::cache("write", out);
        let needed = bytes_of(entries);
        if free_bytes(out).is_some_and(|free| free < needed) {
            return Err(BaseError::full(out, Some(needed), io::ErrorKind::StorageFull.into()));
        }
        let mut tar = tar::Builder::new(BufWriter::with_capacity(1 << 18, File::create(out).map_err(error())?));
        let mut layers: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for layer in entries.iter().flat_map(|entry| &entry.layers) {
            if !layers.contains_key(layer.diff_id.as_str()) {
                let path = self.layer_path(&layer.diff_id);
                let whole = append_layer(layer, &path, &mut tar).map_err(error())?;
                layers.insert(&layer.diff_id, (!whole).then(|| format!("{} is damaged or missing", path.display())));
            }
        }
        let damage: Vec<Option<String>> =
            entries.iter().map(|entry| entry.layers.iter().find_map(|layer| layers[layer.diff_id.as_str()].clone())).collect();
        let whole: Vec<&Entry> = entries.iter().zip(&damage).filter(|(_, damage)| damage.is_none()).map(|(entry, _)| entry).collect();
        finish(tar, &whole).map_err(error())?;
        Ok(damage)
    }

    /// Every image that can be read.
    pub(super) fn known(&self) -> Vec<Entry> {
        let files = std::fs::read_dir(self.root.join("images")).into_iter().flatten().filter_map(Result::ok);
        let keys = files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".json")?.to_owned()));
        keys.filter_map(|key| if let Lookup::Found(entry) = self.lookup(&key) { Some(*entry) } else { None }).collect()
    }

    pub(super) fn image_path(&self, key: &str) -> PathBuf {
        self.root.join("images").join(format!("{key}.json"))
    }

    pub(super) fn layer_path(&self, diff_id: &str) -> PathBuf {
        self.root.join("layers").join(format!("{}.tar.gz", hex(diff_id)))
    }
}

/// Σ compressed bytes of the layers, each counted once.
pub(super) fn bytes_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> u64 {
    let layers = entries.into_iter().flat_map(|entry| &entry.layers);
    layers.map(|layer| (layer.diff_id.as_str(), layer.compressed)).collect::<BTreeMap<_, _>>().values().sum()
}

/// Writes configurations and, last, the manifest.
fn finish(mut tar: tar::Builder<BufWriter<File>>, entries: &[&Entry]) -> io::Result<()> {
    let mut written: Vec<&str> = Vec::new();
    for entry in entries {
        if !written.contains(&entry.image_id.as_str()) {
            append(&mut tar, &format!("{}.json", hex(&entry.image_id)), entry.config.as_bytes())?;
            written.push(&entry.image_id);
        }
    }
    append(&mut tar, "manifest.json", manifest(entries).as_bytes())?;
    tar.into_inner()?.flush()
}

fn manifest(entries: &[&Entry]) -> String {
    let image = |entry: &&Entry| {
        let layers: Vec<_> = entry.layers.iter().map(|layer| layer_name(&layer.diff_id)).collect();
        serde_json::json!({ "Config": format!("{}.json", hex(&entry.image_id)), "RepoTags": [entry.reference], "Layers": layers })
    };
    serde_json::Value::Array(entries.iter().map(image).collect()).to_string()
}

fn layer_name(diff_id: &str) -> String {
    format!("{}/layer.tar", hex(diff_id))
}

/// A digest without its algorithm; whatever is no hexadecimal digit cannot become part of a path.
fn hex(digest: &str) -> String {
    digest.strip_prefix("sha256:").unwrap_or(digest).chars().filter(char::is_ascii_hexdigit).take(64).collect()
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    tar.append_data(&mut header(bytes.len() as u64), name, bytes)
}

/// Appends a layer, or nothing where it does not verify; then the result is `false`.
fn append_layer(layer: &CachedLayer, path: &Path, tar: &mut tar::Builder<BufWriter<File>>) -> io::Result<bool> {
    let start = tar.get_mut().stream_position()?;
    let mut header = header(layer.compressed);
    header.set_path(layer_name(&layer.diff_id))?;
    header.set_cksum();
    tar.get_mut().write_all(header.as_bytes())?;
    if copy_verified(layer, path, tar.get_mut())?.is_none() {
        tar.get_mut().seek(SeekFrom::Start(start))?;
        tar.get_mut().get_mut().set_len(start)?;
        return Ok(false);
    }
    let padding = usize::try_from(layer.compressed.next_multiple_of(512) - layer.compressed).expect("below 512");
    tar.get_mut().write_all(&[0; 512][..padding])?;
    Ok(true)
}
