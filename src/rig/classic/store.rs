//! Where things lie in a classic store, and its small files.
//!
//! ```text
//! image/overlay2/imagedb/content/sha256/<image id>                                             configuration
//! image/overlay2/layerdb/sha256/<chain id>/{diff,size,cache-id,tar-split.json.gz}              a layer
//! overlay2/<cache id>/diff                                                                     its files
//! ```

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use super::content::Contents;
use super::scan::{self, Scanned};
use super::{ClassicError, SplitFault};
use crate::image::{Digest, LayerFacts, MAX_CONFIG_BYTES};

/// The most that is read of one of the small files, bytes: a digest has 71.
const SMALL: u64 = 256;

/// Large enough that reading costs nothing beside inflating.
const COMPRESSED: usize = 64 << 10;
const INFLATED: usize = 128 << 10;

/// A classic store.
#[derive(Debug)]
pub(super) struct Store {
    /// The engine's data root.
    root: PathBuf,
    /// `image/overlay2` in it.
    images: PathBuf,
}

/// A layer in a store.
#[derive(Debug)]
pub(super) struct StoredLayer {
    /// What the store says that its tar hashes to.
    pub(super) diff_id: Digest,
    /// What the engine says it has, bytes.
    pub(super) reported: u64,
    chain_id: Digest,
    split: PathBuf,
    files: PathBuf,
}

impl Store {
    pub(super) fn open(root: &Path) -> Result<Self, ClassicError> {
        let images = root.join("image").join("overlay2");
        let layers = images.join("layerdb").join("sha256");
        match layers.metadata() {
            Ok(_) => Ok(Self { root: root.to_owned(), images }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ClassicError::NoStore { path: layers }),
            Err(error) => Err(ClassicError::read(layers, error)),
        }
    }

    /// The configuration of an image, which hashes to its id.
    pub(super) fn config(&self, image: &Digest) -> Result<Vec<u8>, ClassicError> {
        let path = self.images.join("imagedb").join("content").join("sha256").join(image.hex());
        let missing = || ClassicError::NoImage { path: self.images.clone(), image: *image };
        let config = read(&path, MAX_CONFIG_BYTES + 1, missing)?;
        let sound = Digest::of(&config) == *image;
        if sound { Ok(config) } else { Err(ClassicError::Malformed { path, what: "configuration with this digest" }) }
    }

    pub(super) fn layer(&self, chain_id: &Digest) -> Result<StoredLayer, ClassicError> {
        let folder = self.images.join("layerdb").join("sha256").join(chain_id.hex());
        let cache_id = text(&folder, "cache-id", chain_id, "name of a folder", cache_id)?;
        Ok(StoredLayer {
            diff_id: text(&folder, "diff", chain_id, "digest", |text| text.parse().ok())?,
            reported: text(&folder, "size", chain_id, "number of bytes", |text| text.parse().ok())?,
            chain_id: *chain_id,
            split: folder.join("tar-split.json.gz"),
            files: self.root.join("overlay2").join(cache_id).join("diff"),
        })
    }
}

impl StoredLayer {
    /// What the layer's tar says, contents left out.
    pub(super) fn scan(&self) -> Result<Scanned, ClassicError> {
        scan::scan(self.lines()?).map_err(|source| self.damaged(source))
    }

    /// What the layer's tar says and hashes to, with the contents of all files.
    pub(super) fn rebuild(&self) -> Result<LayerFacts, ClassicError> {
        let contents = self.contents()?;
        let mut failed = None;
        let rebuilt =
            scan::rebuild(self.lines()?, |path, size, take| contents.read(path, size, take).map_err(|error| failed = Some(error)).is_ok());
        if let Some(error) = failed {
            return Err(error);
        }
        let (Scanned { uncompressed, listing, .. }, diff_id) = rebuilt.map_err(|source| self.damaged(source))?;
        Ok(LayerFacts { stored: None, diff_id, uncompressed, listing: listing.map(Arc::new) })
    }

    /// The folder with its unpacked files.
    pub(super) fn folder(&self) -> &Path {
        &self.files
    }

    /// The contents of its files.
    pub(super) fn contents(&self) -> Result<Contents, ClassicError> {
        Contents::open(&self.files)
    }

    fn lines(&self) -> Result<impl io::BufRead + use<>, ClassicError> {
        let opened = File::open(&self.split);
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ClassicError::NoTarSplit { chain_id: self.chain_id },
            _ => ClassicError::read(self.split.clone(), error),
        })?;
        Ok(BufReader::with_capacity(INFLATED, GzDecoder::new(BufReader::with_capacity(COMPRESSED, file))))
    }

    fn damaged(&self, source: SplitFault) -> ClassicError {
        ClassicError::Split { path: self.split.clone(), source }
    }
}

/// One of a layer's small files.
fn text<T>(
    folder: &Path,
    name: &str,
    chain_id: &Digest,
    what: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ClassicError> {
    let path = folder.join(name);
    let bytes = read(&path, SMALL, || ClassicError::NoLayer { chain_id: *chain_id })?;
    let parsed = std::str::from_utf8(&bytes).ok().and_then(|text| parse(text.trim_end()));
    parsed.ok_or(ClassicError::Malformed { path, what })
}

/// The name of a folder below `overlay2`, which leads nowhere else.
fn cache_id(text: &str) -> Option<PathBuf> {
    let sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    sound.then(|| PathBuf::from(text))
}

/// The first `limit` bytes of a file.
fn read(path: &Path, limit: u64, missing: impl FnOnce() -> ClassicError) -> Result<Vec<u8>, ClassicError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
        Err(error) => Err(ClassicError::read(path.to_owned(), error)),
    }
}
