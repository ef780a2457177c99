//! The build context as a reproducible tar.
//!
//! Responsibility: decide once which files go to the builder ([`Context::plan`]), then stream them as often as needed
//! ([`Context::write_tar`]). Owns the list of entries; file contents stay on disk until they are written, through one
//! buffer of fixed size.
//!
//! The bytes of the tar depend only on names, contents, types, permission bits and symlink targets: not on times, owners, link counts of files outside, or the order in which a folder lists its entries. So
//!
//! - entries follow a walk in which the names of a folder are sorted by bytes, a folder before what it holds;
//! - owner and group are 0 and unnamed, as Docker's client sends them;
//! - every modification time is [`MTIME`]: engines leave times out of cache keys, but layers carry them, and sizes of
//!   compressed layers must not change with the time of a checkout. It lies after 1980, because ZIP (Python wheels, JAR)
//!   cannot express less. All files being equally old, `make` sees every target that a build made as newer;
//! - permission bits are sent as they are, with set-user-id, set-group-id and sticky bits.
//!
//! Symlinks are sent as symlinks wherever they lead, hard links between sent files as hard links, FIFOs and devices as
//! what they are, sockets not at all. `docs/build-context.md` lists where this differs from Docker's client.

mod error;
mod plan;
mod tar;
mod walk;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use error::{ContextError, Unreadable};

/// The modification time of everything in a context, in seconds since 1970: 1985-10-26T08:15:00Z, the time that npm
/// gives to files in packages.
pub(crate) const MTIME: u64 = 499_162_500;

/// A planned build context: which files go to the builder, under which names.
#[derive(Clone, Debug)]
pub struct Context {
    root: PathBuf,
    entries: Vec<ContextEntry>,
    dockerfile: String,
}

/// One file, folder or link of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Relative to the context root, `/` between components, raw bytes.
    pub path: Vec<u8>,
    /// Bytes of content; 0 for everything but files.
    pub size: u64,
    /// Permission bits with set-user-id, set-group-id and sticky; 0o777 for symlinks.
    pub mode: u32,
    /// What it is.
    pub kind: EntryKind,
    /// Contents that do not come from a file below the root.
    own: Option<Vec<u8>>,
}

impl ContextEntry {
    /// The entry that this one is another name of.
    fn link(&self) -> Option<&[u8]> {
        match &self.kind {
            EntryKind::HardLink(path) => Some(path),
            _ => None,
        }
    }
}

/// What an entry of a context is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file with content.
    File,
    /// A symlink with its target, raw bytes.
    Symlink(Vec<u8>),
    /// Another name of the file at this path of the context, which comes earlier.
    HardLink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A character device with its major and minor number.
    CharDevice(u32, u32),
    /// A block device with its major and minor number.
    BlockDevice(u32, u32),
}

/// Which of the engine's builders a context is for: they treat the Dockerfile and `.dockerignore` differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuilderKind {
    /// `version=2`. `<Dockerfile>.dockerignore` goes before `.dockerignore`; an exception is found wherever it lies; the
    /// engine removes nothing.
    #[default]
    BuildKit,
    /// `version=1`. Only `.dockerignore` counts; an exception is found in an ignored folder only if its text begins with
    /// that folder; the engine removes the Dockerfile and `.dockerignore` if `.dockerignore` names them.
    Classic,
}

impl Context {
    /// Plans the context of `root` for `dockerfile` (absolute; may lie outside `root`), applying `.dockerignore`, for
    /// `BuildKit`.
    pub fn plan(root: &Path, dockerfile: &Path) -> Result<Self, ContextError> {
        Self::plan_for(root, dockerfile, BuilderKind::BuildKit)
    }

    /// Plans the context for one of the builders. Reports all unreadable paths at once.
    pub fn plan_for(root: &Path, dockerfile: &Path, builder: BuilderKind) -> Result<Self, ContextError> {
        plan::plan(root, dockerfile, builder)
    }

    /// In the order they are written.
    pub fn entries(&self) -> &[ContextEntry] {
        &self.entries
    }

    /// Leaves out the folders for which `is_out` says so, given their absolute paths, with all that is in them, and the folders
    /// that held nothing else. A file that another entry is a hard link to keeps everything in.
    pub fn leave_out(&mut self, is_out: impl Fn(&Path) -> bool) {
        let folders = self.entries.iter().filter(|entry| entry.kind == EntryKind::Folder);
        let out: Vec<Vec<u8>> =
            folders.filter(|entry| is_out(&self.root.join(OsStr::from_bytes(&entry.path)))).map(|entry| entry.path.clone()).collect();
        if out.is_empty() {
            return;
        }
        let below = |path: &[u8], folder: &[u8]| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
        let gone = |path: &[u8]| out.iter().any(|folder| below(path, folder));
        let linked: Vec<&[u8]> = self.entries.iter().filter(|entry| !gone(&entry.path)).filter_map(ContextEntry::link).collect();
        if linked.iter().any(|path| gone(path)) {
            return;
        }
        let kept: Vec<&[u8]> = self.entries.iter().map(|entry| entry.path.as_slice()).filter(|path| !gone(path)).collect();
        let hollow = |folder: &[u8]| {
            out.iter().any(|path| below(path, folder)) && !kept.iter().any(|path| path.len() > folder.len() && below(path, folder))
        };
        let stays: Vec<bool> = self.entries.iter().map(|entry| !gone(&entry.path) && !hollow(&entry.path)).collect();
        let mut stays = stays.into_iter();
        self.entries.retain(|_| stays.next().unwrap_or(true));
    }

    /// The content of the file at `path`, as it goes to the builder; an error for anything that is no file of this context.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, ContextError> {
        let entry = self.file(path)?;
        if let Some(own) = &entry.own {
            return Ok(own.clone());
        }
        let full = self.root.join(path);
        std::fs::read(&full).map_err(|source| ContextError::Read { path: full, source })
    }

    /// Sends `content` as the file at `path` instead of what lies on disk, which stays as it is. Every other name of the file
    /// keeps the content of the disk. An error where the context has no file of that path: it does not exist, or
    /// `.dockerignore` leaves it out.
    pub fn replace(&mut self, path: &Path, content: Vec<u8>) -> Result<(), ContextError> {
        let name = self.file(path)?.path.clone();
        self.part_names(&name);
        let entry = self.entries.iter_mut().find(|entry| entry.path == name);
        if let Some(entry) = entry {
            (entry.size, entry.kind, entry.own) = (content.len() as u64, EntryKind::File, Some(content));
        }
        Ok(())
    }

    fn file(&self, path: &Path) -> Result<&ContextEntry, ContextError> {
        let name = path.as_os_str().as_bytes();
        let found = self.entries.iter().find(|e| e.path == name && matches!(e.kind, EntryKind::File | EntryKind::HardLink(_)));
        found.ok_or_else(|| ContextError::NotInContext { path: path.to_owned() })
    }

    /// Makes the first hard link to `name` a file of its own, and lets all others lead there.
    fn part_names(&mut self, name: &[u8]) {
        let size = self.entries.iter().find(|e| e.path == name).map_or(0, |e| e.size);
        let mut heir: Option<Vec<u8>> = None;
        for entry in self.entries.iter_mut().filter(|entry| entry.link() == Some(name)) {
            match &heir {
                None => {
                    (entry.kind, entry.size) = (EntryKind::File, size);
                    heir = Some(entry.path.clone());
                }
                Some(heir) => entry.kind = EntryKind::HardLink(heir.clone()),
            }
        }
    }

    /// The context root, symlinks resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The Dockerfile's name inside the tar.
    pub fn dockerfile(&self) -> &str {
        &self.dockerfile
    }

    /// The exact bytes that [`write_tar`](Self::write_tar) writes, unless files change in between.
    pub fn tar_size(&self) -> u64 {
        tar::size(&self.entries)
    }

    /// Writes the tar and returns its bytes. Never holds a file of the context whole in memory. After an error `out`
    /// holds an incomplete tar without an end, which no engine must be left to take for a whole one.
    pub fn write_tar(&self, out: impl Write) -> Result<u64, ContextError> {
        tar::write(&self.root, &self.entries, out)
    }
}

#[cfg(test)]
mod tests;
