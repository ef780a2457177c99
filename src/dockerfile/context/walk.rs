//! The walk that finds the entries of a context.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::plan::bytes;
use super::{BuilderKind, ContextEntry, ContextError, EntryKind, Unreadable};
use crate::dockerfile::Ignore;
use crate::dockerfile::ignore::FolderMatch;

/// A folder that is being walked.
struct Folder {
    matched: FolderMatch,
    /// Its entry, as long as it is ignored itself and nothing below it turned out to be an exception.
    held: Option<ContextEntry>,
}

/// One walk over a root.
pub(super) struct Walk<'a> {
    root: &'a Path,
    ignore: &'a Ignore,
    builder: BuilderKind,
    probe: fn(&Path) -> io::Result<()>,
    /// From the root's child down to the folder whose entries come next.
    folders: Vec<Folder>,
    /// First path of each file with several names, by device and inode.
    names: HashMap<(u64, u64), Vec<u8>>,
    entries: Vec<ContextEntry>,
    unreadable: Vec<Unreadable>,
}

impl<'a> Walk<'a> {
    /// `probe` tells whether a file can be read.
    pub(super) fn new(root: &'a Path, ignore: &'a Ignore, builder: BuilderKind, probe: fn(&Path) -> io::Result<()>) -> Self {
        Self { root, ignore, builder, probe, folders: Vec::new(), names: HashMap::new(), entries: Vec::new(), unreadable: Vec::new() }
    }

    /// All entries that are not ignored, and the folders above them.
    pub(super) fn run(mut self) -> Result<Vec<ContextEntry>, ContextError> {
        let mut walker = WalkDir::new(self.root).min_depth(1).sort_by_file_name().into_iter();
        while let Some(item) = walker.next() {
            match item {
                Ok(item) if self.enter(&item) => {}
                Ok(_) => walker.skip_current_dir(),
                Err(error) => self.fail(error.path().unwrap_or(self.root).to_owned().as_path(), error.into()),
            }
        }
        if self.unreadable.is_empty() { Ok(self.entries) } else { Err(ContextError::Unreadable(self.unreadable)) }
    }

    /// Takes one item; false for a folder that need not be walked.
    fn enter(&mut self, item: &DirEntry) -> bool {
        self.folders.truncate(item.depth() - 1);
        let path = bytes(item.path().strip_prefix(self.root).expect("the walk stays below its root"));
        let above = self.folders.last().map_or_else(FolderMatch::default, |f| f.matched.clone());
        let (ignored, matched) = self.ignore.step(&path, &above);
        let folder = item.file_type().is_dir();
        if ignored && (!folder || !self.looks_into(&path)) {
            return !folder;
        }
        if ignored && self.builder == BuilderKind::Classic {
            // The classic client leaves it to the engine to make the folders above an exception.
            self.folders.push(Folder { matched, held: None });
            return true;
        }
        let entry = self.entry(path, item).unwrap_or_else(|error| {
            self.fail(item.path(), error);
            None
        });
        if ignored {
            self.folders.push(Folder { matched, held: entry });
            return true;
        }
        if let Some(entry) = entry {
            let held = self.folders.iter_mut().filter_map(|f| f.held.take());
            self.entries.extend(held);
            self.entries.push(entry);
        }
        if folder {
            self.folders.push(Folder { matched, held: None });
        }
        true
    }

    /// Whether an exception may lie in an ignored folder, as the builder's own client sees it.
    fn looks_into(&self, folder: &[u8]) -> bool {
        match self.builder {
            BuilderKind::BuildKit => self.ignore.may_except_below(folder),
            BuilderKind::Classic => self.ignore.names_exception_below(folder),
        }
    }

    fn fail(&mut self, path: &Path, source: io::Error) {
        self.unreadable.push(Unreadable { path: path.to_owned(), source });
    }

    /// What the tar will hold for an item. `None` for a socket.
    fn entry(&mut self, path: Vec<u8>, item: &DirEntry) -> io::Result<Option<ContextEntry>> {
        let metadata = item.metadata()?;
        let Some(mut kind) = kind(item.path(), &metadata)? else { return Ok(None) };
        if kind == EntryKind::File {
            (self.probe)(item.path())?;
        }
        if metadata.nlink() > 1 && kind != EntryKind::Folder {
            let name = self.names.entry((metadata.dev(), metadata.ino())).or_insert_with(|| path.clone());
            if *name != path {
                kind = EntryKind::HardLink(name.clone());
            }
        }
        let size = if kind == EntryKind::File { metadata.len() } else { 0 };
        Ok(Some(ContextEntry { path, size, mode: metadata.mode() & 0o7777, kind, own: None }))
    }
}

fn kind(path: &Path, metadata: &Metadata) -> io::Result<Option<EntryKind>> {
    let kind = metadata.file_type();
    let device = || (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
    Ok(Some(if kind.is_dir() {
        EntryKind::Folder
    } else if kind.is_file() {
        EntryKind::File
    } else if kind.is_symlink() {
        EntryKind::Symlink(fs::read_link(path)?.into_os_string().into_vec())
    } else if kind.is_fifo() {
        EntryKind::Fifo
    } else if kind.is_char_device() {
        EntryKind::CharDevice(device().0, device().1)
    } else if kind.is_block_device() {
        EntryKind::BlockDevice(device().0, device().1)
    } else {
        return Ok(None);
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_unreadable_files_are_named_at_once_with_the_cure() {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["a", "b", "secret.1", "secret.2", "skipped.secret"] {
            fs::write(root.path().join(name), name).expect("a file");
        }
        let probe = |path: &Path| {
            let secret = path.to_string_lossy().contains("secret");
            if secret { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
        };
        let ignore = Ignore::parse(b"skipped*").expect("a pattern");
        let message =
            Walk::new(root.path(), &ignore, BuilderKind::BuildKit, probe).run().expect_err("two files are unreadable").to_string();
        assert!(message.starts_with("cannot read 2 paths of the build context: "), "{message}");
        assert!(message.contains("secret.1 (permission denied), ") && message.contains("secret.2"), "{message}");
        assert!(message.ends_with("make them readable (chmod u+r, for folders u+rx) or leave them out in .dockerignore"), "{message}");
    }
}
