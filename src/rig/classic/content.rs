//! Contents of a layer's files, below its folder and nowhere else.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::ClassicError;
use crate::image::ContentHash;

const CHUNK: usize = 128 << 10;

/// The folder in which a layer is unpacked.
#[derive(Debug)]
pub(super) struct Contents {
    folder: OwnedFd,
    path: PathBuf,
}

impl Contents {
    pub(super) fn open(path: &Path) -> Result<Self, ClassicError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(path, flags, Mode::empty()).map_err(|error| ClassicError::read(path.to_owned(), error.into()))?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// The hash of the file at `path`, which has `size` bytes.
    pub(super) fn hash(&self, path: &[u8], size: u64) -> Result<ContentHash, ClassicError> {
        let (hash, found) = self.file(path, size).and_then(ContentHash::read).map_err(|error| self.unreadable(path, error))?;
        if found == size { Ok(hash) } else { Err(other_length(path, size, found)) }
    }

    /// Hands the content of the file at `path`, which has `size` bytes, to `take`.
    pub(super) fn read(&self, path: &[u8], size: u64, take: &mut dyn FnMut(&[u8])) -> Result<(), ClassicError> {
        let mut file = self.file(path, size).map_err(|error| self.unreadable(path, error))?;
        let (mut buffer, mut found) = (vec![0; CHUNK], 0);
        loop {
            match file.read(&mut buffer).map_err(|error| self.unreadable(path, error))? {
                0 => break,
                count => {
                    take(&buffer[..count]);
                    found += count as u64;
                }
            }
        }
        if found == size { Ok(()) } else { Err(other_length(path, size, found)) }
    }

    /// At most one byte more than `size` of a regular file. Symbolic links on the way are followed as the engine followed them when it
    /// unpacked the layer, with the folder as root; the file itself is none.
    fn file(&self, path: &[u8], size: u64) -> io::Result<io::Take<File>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let file = File::from(openat2(&self.folder, std::ffi::OsStr::from_bytes(path), flags, Mode::empty(), resolve)?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Ok(file.take(size.saturating_add(1)))
    }

    fn unreadable(&self, path: &[u8], source: io::Error) -> ClassicError {
        ClassicError::Content { path: shown(path), folder: self.path.clone(), source }
    }
}

fn other_length(path: &[u8], said: u64, found: u64) -> ClassicError {
    ClassicError::Length { path: shown(path), said, found }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(&path[..path.len().min(300)]).into_owned()
}
