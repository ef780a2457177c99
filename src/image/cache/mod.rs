//! What is known of layers already, by `diff_id`, so that a layer is read once however many images have it.
//!
//! A file `layers/v1/<diff id>` holds a layer's length and listing behind a checksum. It is written beside its place and renamed into
//! it, so that several processes may read and write at once, and removing any of it at any time costs time and nothing else. What
//! cannot be read or does not verify counts as absent; what cannot be written is a warning that may be asked for, never an error.
//!
//! Invariants: a layer is kept under the hash of its own bytes, as they were counted here; all files together have no more than a
//! limit of bytes, of which the ones unused for longest go first. The checksum finds accidents, not forgers: whoever can write into
//! the folder can change the figures, as he could change the program.

mod file;

use std::fs::{self, FileTimes, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown, lchown};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::{Digest, ImageError, LayerFacts, LayerName, LayerSource};

/// The form of the files; another form lies in another folder.
const FORMAT: &str = "layers/v1";

/// The most that all files together have, bytes.
pub const MAX_CACHED: u64 = 512_000_000;

/// A file that was used is marked so once in this time, to spare the writes.
const MARKED: Duration = Duration::from_hours(1);

/// A file of work in progress that is older belongs to nobody.
const ABANDONED: Duration = Duration::from_hours(1);

/// Begins the names of work in progress.
const UNFINISHED: &str = ".unfinished-";

/// The cache of layers in one folder.
#[derive(Debug)]
pub struct LayerCache {
    folder: PathBuf,
    limit: u64,
    state: Mutex<State>,
    hits: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of all files, once they were looked at.
    total: Option<u64>,
    warning: Option<String>,
}

/// A source whose layers are not read where what they hold is known.
///
/// A known layer is taken for what the configuration calls it: of its stored bytes only that they are there and have the right length
/// is looked at ([`LayerSource::fits`]), not what they hash to, and its [`LayerFacts::stored`] is `None`. The source must be one that sees every byte of what it reads.
#[derive(Debug)]
pub struct Cached<'a, S> {
    /// Where unknown layers are read.
    pub source: S,
    /// Where known layers are.
    pub cache: &'a LayerCache,
}

impl<S: LayerSource> LayerSource for Cached<'_, S> {
    fn manifest(&self) -> Result<Option<Vec<u8>>, ImageError> {
        self.source.manifest()
    }

    fn config(&self, named: Option<&Digest>) -> Result<Vec<u8>, ImageError> {
        self.source.config(named)
    }

    fn load(&self, layer: &LayerName) -> u64 {
        self.source.load(layer)
    }

    fn fits(&self, layer: &LayerName, tar: u64) -> bool {
        self.source.fits(layer, tar)
    }

    fn layer(&self, layer: &LayerName) -> Result<LayerFacts, ImageError> {
        if let Some(known) = self.cache.find(&layer.diff_id).filter(|known| self.source.fits(layer, known.uncompressed)) {
            self.cache.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(known);
        }
        let facts = self.source.layer(layer)?;
        self.cache.put(&facts);
        Ok(facts)
    }
}

impl LayerCache {
    /// The cache below loadline's cache folder. Nothing is created before there is something to keep.
    pub fn open(folder: &Path) -> Self {
        Self::with_limit(folder, MAX_CACHED)
    }

    /// As [`LayerCache::open`], with no more than `limit` bytes in all.
    pub fn with_limit(folder: &Path, limit: u64) -> Self {
        Self { folder: folder.join(FORMAT), limit, state: Mutex::default(), hits: AtomicUsize::new(0) }
    }

    /// What is known of the layer whose tar hashes to `diff_id`.
    pub fn get(&self, diff_id: &Digest) -> Option<LayerFacts> {
        let facts = self.find(diff_id)?;
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(facts)
    }

    fn find(&self, diff_id: &Digest) -> Option<LayerFacts> {
        let path = self.path(diff_id);
        let found = path.metadata().ok().filter(|found| found.is_file() && found.len() <= self.limit)?;
        let facts = file::decode(diff_id, fs::read(&path).ok()?)?;
        mark_used(&path, &found);
        Some(facts)
    }

    /// How often a layer was known.
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    /// Keeps what was found out about a layer that is a sound tar.
    pub fn put(&self, facts: &LayerFacts) {
        let Ok(listing) = &facts.listing else { return };
        let bytes = file::encode(&facts.diff_id, facts.uncompressed, listing);
        if bytes.len() as u64 > self.limit {
            return;
        }
        let written = self.write(&facts.diff_id, &bytes).and_then(|()| self.make_room(bytes.len() as u64));
        if let Err(error) = written {
            let folder = self.folder.to_string_lossy().escape_debug().to_string();
            let warning = format!("what layers hold cannot be kept in {folder} and is read again next time ({error})");
            self.state().warning.get_or_insert(warning);
        }
    }

    /// Why nothing could be kept, if that happened.
    pub fn warning(&self) -> Option<String> {
        self.state().warning.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // What a panicked thread left is a sum or a text, and either is whole.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn path(&self, diff_id: &Digest) -> PathBuf {
        self.folder.join(diff_id.hex())
    }

    fn write(&self, diff_id: &Digest, bytes: &[u8]) -> io::Result<()> {
        let owner = create(&self.folder)?;
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder)?;
        file.write_all(bytes)?;
        // Only root can give something away, and nobody else needs to. Never by a name, which a user could lead elsewhere.
        if file.as_file().metadata().is_ok_and(|found| (found.uid(), found.gid()) != owner) {
            let _ = fchown(file.as_file(), Some(owner.0), Some(owner.1));
        }
        file.persist(self.path(diff_id)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes the files that were unused for longest, once all of them are more than the limit with `added` bytes.
    fn make_room(&self, added: u64) -> io::Result<()> {
        let mut state = self.state();
        let total = match state.total {
            Some(total) => total + added,
            None => self.files()?.iter().map(|file| file.bytes).sum(),
        };
        state.total = Some(if total > self.limit { self.shrink()? } else { total });
        Ok(())
    }

    /// Down to three quarters of the limit, so that not every layer costs a look at all files.
    fn shrink(&self) -> io::Result<u64> {
        let mut files = self.files()?;
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files {
            if total <= self.limit / 4 * 3 {
                break;
            }
            // Another process may have removed it already.
            let _ = fs::remove_file(&file.path);
            total -= file.bytes;
        }
        Ok(total)
    }

    /// Every file that is kept; those that a process which died left unfinished are removed.
    fn files(&self) -> io::Result<Vec<Kept>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)?.filter_map(Result::ok) {
            let Ok(found) = entry.metadata() else { continue };
            let used = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                files.push(Kept { path: entry.path(), bytes: found.len(), used });
            } else if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(files)
    }
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Keeps a file from being the first to go. One that is another user's cannot be marked, and goes earlier.
fn mark_used(path: &Path, found: &Metadata) {
    let fresh = found.modified().is_ok_and(|used| used.elapsed().is_ok_and(|age| age < MARKED));
    if !fresh && let Ok(file) = fs::File::open(path) {
        let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
    }
}

/// Makes `folder` and what is missing above it, for the owner of the folder that was there: who works as root in another user's
/// folder leaves him nothing that he cannot remove. That owner.
fn create(folder: &Path) -> io::Result<(u32, u32)> {
    if let Ok(found) = folder.metadata() {
        return Ok((found.uid(), found.gid()));
    }
    let owner = create(folder.parent().ok_or(io::ErrorKind::NotFound)?)?;
    match fs::create_dir(folder) {
        // Only root can give something away, and nobody else needs to.
        Ok(()) => drop(lchown(folder, Some(owner.0), Some(owner.1))),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(owner)
}

#[cfg(test)]
mod tests;
