//! The files of an OCI layout, in a folder or packed into one file.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::packed::Packed;
use crate::image::{Digest, ImageError};

/// Where the files of a layout are.
#[derive(Debug)]
pub(super) enum Files {
    Folder(PathBuf),
    Packed(Packed),
}

impl Files {
    /// The bytes of a small file, by its name in the layout; `None` where there is none, an error where it is no small file.
    pub(super) fn document(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(ErrorKind::FileTooLarge, format!("{name} has more than {limit} B")));
        }
        Ok(Some(bytes))
    }

    /// The bytes of a small blob.
    pub(super) fn small_blob(&self, digest: &Digest, what: &'static str, limit: u64) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        self.blob(digest)?.take(limit + 1).read_to_end(&mut bytes).map_err(|source| ImageError::Read { digest: *digest, source })?;
        let length = bytes.len() as u64;
        if length > limit { Err(ImageError::TooLarge { what, bytes: length, limit }) } else { Ok(bytes) }
    }

    /// Reads a blob.
    pub(super) fn blob(&self, digest: &Digest) -> Result<Box<dyn Read + '_>, ImageError> {
        let file = self.open(&format!("blobs/sha256/{}", digest.hex()));
        file.map_err(|source| ImageError::Read { digest: *digest, source })?.ok_or(ImageError::Missing { digest: *digest })
    }

    /// Bytes of a blob; `None` where there is none or it cannot be looked at.
    pub(super) fn blob_size(&self, digest: &Digest) -> Option<u64> {
        let name = format!("blobs/sha256/{}", digest.hex());
        match self {
            Self::Packed(packed) => packed.find(&name).map(|span| span.size),
            Self::Folder(folder) => folder.join(name).metadata().ok().filter(std::fs::Metadata::is_file).map(|found| found.len()),
        }
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        match self {
            Self::Packed(packed) => Ok(packed.find(name).map(|span| Box::new(packed.open(span)) as Box<dyn Read + '_>)),
            Self::Folder(folder) => Ok(open_file(&folder.join(name))?.map(|file| Box::new(file) as Box<dyn Read + '_>)),
        }
    }
}

/// A file that is one: anything else could wait for ever to be opened.
fn open_file(path: &Path) -> io::Result<Option<File>> {
    match path.metadata() {
        Ok(found) if found.is_file() => File::open(path).map(Some),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "it is no file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
