//! OCI image layouts (OCI image spec 1.1, image-layout.md), as a folder and as one tar of it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::Deserialize;

use super::folder::Files;
use super::packed::{Packed, Unfit};
use crate::image::inflate::MAX_UNCOMPRESSED;
use crate::image::reading::{Stored, metered};
use crate::image::select::{Entry, Select, entries, fits, one};
use crate::image::{
    Descriptor, Digest, ImageConfig, ImageError, LayerFacts, LayerName, LayerSource, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Manifest,
};

const WHAT: &str = "an OCI layout";

/// Indexes in indexes: no layout has more than one in `index.json`.
const MOST_DEPTH: usize = 4;

/// More indexes than any layout has for one image.
const MOST_INDEXES: usize = 64;
/// How many images they may name together.
const MOST_IMAGES: usize = 10_000;

/// One image of a layout in a folder.
#[derive(Debug)]
pub struct Layout {
    files: Files,
    manifest: Vec<u8>,
}

/// One image of a layout that is packed into one file.
#[derive(Debug)]
pub struct OciArchive(Layout);

impl Layout {
    /// Finds the image that `select` means in the layout below `folder`.
    pub fn open(folder: &Path, select: &Select) -> Result<Self, ImageError> {
        let failed = |source| ImageError::Archive { what: WHAT, path: folder.to_owned(), source };
        if !folder.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::Error::new(ErrorKind::NotADirectory, "it is no folder; a packed layout is named oci-archive:")));
        }
        Self::of(Files::Folder(folder.to_owned()), folder, select)
    }

    fn of(files: Files, path: &Path, select: &Select) -> Result<Self, ImageError> {
        let failed = |source| ImageError::Archive { what: WHAT, path: path.to_owned(), source };
        let lacks = |name: &str| failed(io::Error::new(ErrorKind::NotFound, format!("it lacks {name}")));
        let Some(mark) = files.document("oci-layout", MAX_MANIFEST_BYTES).map_err(failed)? else {
            return Err(match files.document("manifest.json", MAX_MANIFEST_BYTES) {
                Ok(Some(_)) => {
                    let why = "it is a docker archive and no OCI layout; type docker-archive: before its path";
                    failed(io::Error::new(ErrorKind::Unsupported, why))
                }
                _ => lacks("oci-layout"),
            });
        };
        check_version(&mark)?;
        let index = files.document("index.json", MAX_MANIFEST_BYTES).map_err(failed)?.ok_or_else(|| lacks("index.json"))?;
        let chosen = choose(&files, &index, select)?;
        let manifest = verified(&files, &chosen.descriptor()?)?;
        let layout = Self { files, manifest };
        if let Some(wanted) = select.platform.as_deref().filter(|_| !chosen.has_platform()) {
            layout.check_platform(wanted)?;
        }
        Ok(layout)
    }

    /// That the configuration says what the index leaves open.
    fn check_platform(&self, wanted: &str) -> Result<(), ImageError> {
        let has = ImageConfig::parse(&self.config(None)?)?.platform;
        if fits(&has, wanted) {
            return Ok(());
        }
        let subject = format!("there is no image for {}", wanted.escape_debug());
        Err(ImageError::Choice { subject, candidates: vec![has] })
    }
}

impl LayerSource for Layout {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(Some(self.manifest.clone()))
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        let digest = named.map_or_else(|| Manifest::parse(&self.manifest).map(|manifest| manifest.config.digest), |named| Ok(*named))?;
        self.files.small_blob(&digest, "configuration", MAX_CONFIG_BYTES)
    }

    fn fits(&self, layer: &LayerName, tar: u64) -> bool {
        let (digest, size) = layer.stored.as_ref().map_or((layer.diff_id, tar), |stored| (stored.digest, stored.size));
        self.files.blob_size(&digest) == Some(size)
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        // A layer that no manifest names can only be stored as it is.
        let said = layer.stored.as_ref().map_or(layer.diff_id, |stored| stored.digest);
        let failed = |source| ImageError::Read { digest: said, source };
        let blob = metered(self.files.blob(&said)?, Stored::Hashed, MAX_UNCOMPRESSED).map_err(failed)?;
        let digest = blob.digest;
        blob.facts.map(LayerFacts::from).map_err(|fault| ImageError::Blob { digest, fault })
    }
}

impl OciArchive {
    /// Finds the image that `select` means in the layout that the file at `path` holds. The file is read where its parts lie, so
    /// that it must be a plain tar.
    pub fn open(path: &Path, select: &Select) -> Result<Self, ImageError> {
        let failed = |source| ImageError::Archive { what: "an OCI archive", path: path.to_owned(), source };
        let packed = Packed::index(plain(path).map_err(failed)?).map_err(|unfit| match unfit {
            Unfit::Io(source) => failed(source),
            Unfit::Image(error) => error,
        })?;
        Layout::of(Files::Packed(packed), path, select).map(Self)
    }
}

impl LayerSource for OciArchive {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        self.0.manifest()
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        self.0.config(named)
    }

    fn fits(&self, layer: &LayerName, tar: u64) -> bool {
        self.0.fits(layer, tar)
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        self.0.layer(layer)
    }
}

/// A file that can be sought and is not compressed as a whole.
fn plain(path: &Path) -> io::Result<File> {
    let refused = |why: &str| Err(io::Error::new(ErrorKind::Unsupported, why));
    let kind = path.metadata()?;
    if kind.is_dir() {
        return refused("it is a folder, which is named oci:");
    }
    if !kind.is_file() {
        return refused("it is no file that can be read twice; write it to one first");
    }
    let (file, mut start) = (File::open(path)?, [0; 4]);
    let count = file.read_at(&mut start, 0)?;
    match crate::image::inflate::compression_of(&start[..count]) {
        Some(name) => refused(&format!("it is compressed with {name} as a whole; unpack it with `{name} -d` first")),
        None => Ok(file),
    }
}

fn check_version(mark: &[u8]) -> Result<(), ImageError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Mark {
        image_layout_version: String,
    }
    let mark: Mark = serde_json::from_slice(mark).map_err(|source| ImageError::Malformed { what: "file oci-layout", source })?;
    if mark.image_layout_version.starts_with("1.") {
        return Ok(());
    }
    let version: String = mark.image_layout_version.escape_debug().take(40).collect();
    Err(ImageError::Invalid { what: "file oci-layout", why: format!("is of version '{version}' where 1 belongs") })
}

/// The entry of the image that `select` means.
fn choose(files: &Files, index: &[u8], select: &Select) -> Result<Entry, ImageError> {
    let top = entries(index)?;
    let named: Vec<Entry> = match &select.reference {
        Some(reference) => top.iter().filter(|entry| entry.is_called(reference)).cloned().collect(),
        None => top.clone(),
    };
    if let (Some(reference), true) = (&select.reference, named.is_empty()) {
        if reference.starts_with("sha256:")
            && let Some(entry) = flat(files, top.clone())?.into_iter().find(|entry| entry.is_called(reference))
        {
            return Ok(entry);
        }
        let subject = format!("the layout has nothing that is called '{}'", reference.escape_debug());
        return Err(ImageError::Choice { subject, candidates: top.iter().map(Entry::shown).collect() });
    }
    one(&flat(files, named)?, select.platform.as_deref()).cloned()
}

/// `entries`, with what the indexes among them name in their places, which has the names of its index where it has none of its own.
fn flat(files: &Files, entries_of_top: Vec<Entry>) -> Result<Vec<Entry>, ImageError> {
    let invalid = |why: &str| ImageError::Invalid { what: "index", why: why.to_owned() };
    let (mut images, mut read) = (Vec::new(), 0);
    let mut open: Vec<(usize, Entry)> = entries_of_top.into_iter().rev().map(|entry| (0, entry)).collect();
    while let Some((depth, entry)) = open.pop() {
        if !entry.is_index() {
            images.push(entry);
            continue;
        }
        read += 1;
        if depth == MOST_DEPTH || read > MOST_INDEXES {
            return Err(invalid("leads to more indexes than any image has"));
        }
        let nested = entries(&verified(files, &entry.descriptor()?)?)?;
        if images.len() + open.len() + nested.len() > MOST_IMAGES {
            return Err(invalid("leads to more images than any layout has"));
        }
        open.extend(nested.into_iter().rev().map(|inner| (depth + 1, inner.named_as(&entry))));
    }
    Ok(images)
}

/// The bytes of a manifest or an index, if they are what `said` says.
fn verified(files: &Files, said: &Descriptor) -> Result<Vec<u8>, ImageError> {
    let bytes = files.small_blob(&said.digest, "manifest", MAX_MANIFEST_BYTES)?;
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    let mut wrong = Vec::new();
    if digest != said.digest {
        wrong.push(format!("manifest: the index says {} and the bytes hash to {digest}", said.digest));
    }
    if size != said.size {
        wrong.push(format!("manifest: the index says {} B and there are {size} B", said.size));
    }
    if wrong.is_empty() { Ok(bytes) } else { Err(ImageError::Mismatch(wrong)) }
}
