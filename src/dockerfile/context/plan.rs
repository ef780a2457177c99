//! What a context is made of: the walk's entries, and the Dockerfile where a builder can find it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD};

use super::walk::Walk;
use super::{BuilderKind, Context, ContextEntry, ContextError, EntryKind};
use crate::dockerfile::Ignore;
use crate::dockerfile::ignore::MAX_TEXT;

/// Under this name, or this name with a number, goes a Dockerfile that is not itself part of the context.
const OWN_NAME: &str = ".loadline.Dockerfile";

const IGNORE_NAME: &str = ".dockerignore";

pub(super) fn plan(root: &Path, dockerfile: &Path, builder: BuilderKind) -> Result<Context, ContextError> {
    let root = folder(root)?;
    let unusable = |source| ContextError::Dockerfile { path: dockerfile.to_owned(), source };
    let text = read_small(dockerfile).map_err(unusable)?;
    let place = fs::canonicalize(dockerfile).map_err(unusable)?;
    let ignore = ignore_for(&root, dockerfile, builder)?;
    let entries = Walk::new(&root, &ignore, builder, readable).run()?;
    let mut context = Context { root, entries, dockerfile: String::new() };
    context.give(&place, text, builder)?;
    Ok(context)
}

fn folder(root: &Path) -> Result<PathBuf, ContextError> {
    let resolved = fs::canonicalize(root).and_then(|path| fs::read_dir(&path).map(|_| path));
    resolved.map_err(|source| ContextError::Root { path: root.to_owned(), source })
}

/// Whether this process may read the file, without opening it.
fn readable(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS)?)
}

/// Reads a file of at most [`MAX_TEXT`] bytes.
fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(MAX_TEXT as u64 + 1).read_to_end(&mut text)?;
    if text.len() > MAX_TEXT { Err(io::Error::other("larger than 1 MiB")) } else { Ok(text) }
}

fn ignore_for(root: &Path, dockerfile: &Path, builder: BuilderKind) -> Result<Ignore, ContextError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(IGNORE_NAME);
    let candidates = [PathBuf::from(own), root.join(IGNORE_NAME)];
    let first = match builder {
        BuilderKind::BuildKit => 0,
        BuilderKind::Classic => 1,
    };
    for path in &candidates[first..] {
        if let Some(text) = read_if_there(path)? {
            return Ignore::parse(&text).map_err(|source| ContextError::Ignore { path: path.clone(), source });
        }
    }
    Ok(Ignore::default())
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ContextError> {
    match read_small(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ContextError::Read { path: path.to_owned(), source }),
    }
}

impl Context {
    /// Sees to it that the builder finds the Dockerfile at `place`, which holds `text`.
    fn give(&mut self, place: &Path, text: Vec<u8>, builder: BuilderKind) -> Result<(), ContextError> {
        let inside = place.strip_prefix(&self.root).ok().and_then(|p| p.to_str()).map(str::to_owned);
        if let Some(name) = inside.as_ref().filter(|name| self.holds(name)) {
            self.dockerfile.clone_from(name);
            return Ok(());
        }
        match (builder, inside) {
            (BuilderKind::BuildKit, _) => self.dockerfile = self.add_own(text),
            // The classic builder reads `.dockerignore` once more and removes the two files if it names them.
            (BuilderKind::Classic, Some(name)) => {
                self.put(&name, text);
                self.put_ignore_file(None)?;
                self.dockerfile = name;
            }
            (BuilderKind::Classic, None) => {
                let name = self.add_own(text);
                self.put_ignore_file(Some(&name))?;
                self.dockerfile = name;
            }
        }
        Ok(())
    }

    fn holds(&self, name: &str) -> bool {
        self.entries.iter().any(|e| e.path == name.as_bytes())
    }

    /// Adds a Dockerfile under a name that nothing in the root has.
    fn add_own(&mut self, text: Vec<u8>) -> String {
        let numbered = (1..).map(|n| format!("{OWN_NAME}.{n}"));
        let mut names = std::iter::once(OWN_NAME.to_owned()).chain(numbered);
        let free = names.find(|name| fs::symlink_metadata(self.root.join(name)).is_err());
        let name = free.expect("a folder does not hold infinitely many names");
        self.put(&name, text);
        name
    }

    /// Gives the classic builder a `.dockerignore` that makes it remove `extra`, if any, besides what it names anyway.
    fn put_ignore_file(&mut self, extra: Option<&str>) -> Result<(), ContextError> {
        if extra.is_none() && self.holds(IGNORE_NAME) {
            return Ok(());
        }
        let own = read_if_there(&self.root.join(IGNORE_NAME))?;
        let mut text = own.unwrap_or_else(|| IGNORE_NAME.as_bytes().to_vec());
        if let Some(name) = extra {
            text.extend_from_slice(format!("\n{name}\n").as_bytes());
        }
        self.put(IGNORE_NAME, text);
        Ok(())
    }

    /// Adds a file with content of its own, or gives it to the entry of that name.
    fn put(&mut self, name: &str, text: Vec<u8>) {
        let size = text.len() as u64;
        match self.entries.iter_mut().find(|e| e.path == name.as_bytes()) {
            Some(entry) => {
                (entry.size, entry.kind, entry.own) = (size, EntryKind::File, Some(text));
            }
            None => self.entries.push(ContextEntry {
                path: name.as_bytes().to_vec(),
                size,
                mode: 0o644,
                kind: EntryKind::File,
                own: Some(text),
            }),
        }
    }
}

/// The bytes of a relative path.
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}
