//! Taking an image into the cache: its layers compressed, several at a time, and its entry written last.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use jiff::Timestamp;

use super::cache::{Cache, Entry, FORMAT};
use super::layer::{CachedLayer, Level, copy_verified, digest_of, pack};
use super::owner::hand_over;
use super::saved::Saved;
use super::{BaseError, BaseSetKind};

/// What is stored beside the engine's archive.
#[derive(Debug)]
pub(super) struct Label<'a> {
    pub(super) key: &'a str,
    pub(super) reference: &'a str,
    pub(super) set: BaseSetKind,
    pub(super) digest: Option<&'a str>,
    pub(super) platform: &'a str,
    /// How strongly layers are compressed that the cache does not have.
    pub(super) level: Level,
    /// Words and the files whose first line is looked up.
    pub(super) wanted: &'a [(&'static str, &'static str)],
}

/// A layer, and the versions that were found in it.
type Taken = (CachedLayer, BTreeMap<String, String>);

impl Cache {
    /// Takes the image in an engine's `archive` into the cache.
    pub(super) fn store(&self, archive: &Path, label: &Label<'_>) -> Result<Entry, BaseError> {
        let unusable = |reason| BaseError::Archive { name: label.reference.to_owned(), reason };
        let saved = Saved::open(archive).map_err(unusable)?;
        let known = self.known();
        let taken = in_parallel(saved.diff_ids.len(), |number| match self.have(&known, &saved.diff_ids[number]) {
            Some(taken) => Ok(taken),
            None => self.take_layer(&saved, archive, number, label),
        })?;
        let (layers, found): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        for (number, (layer, diff_id)) in layers.iter().zip(&saved.diff_ids).enumerate() {
            if layer.diff_id != *diff_id {
                return Err(unusable(format!("layer {} hashes to {}, not to {diff_id}", number + 1, layer.diff_id)));
            }
        }
        let mut versions: BTreeMap<String, String> = found.into_iter().flatten().collect();
        versions.retain(|word, _| label.wanted.iter().any(|(wanted, _)| wanted == word));
        let entry = Entry {
            format: FORMAT,
            key: label.key.to_owned(),
            reference: label.reference.to_owned(),
            set: label.set,
            digest: label.digest.map(str::to_owned),
            platform: label.platform.to_owned(),
            created: Timestamp::now(),
            image_id: digest_of(saved.config.as_bytes()),
            versions,
            layers,
            config: saved.config,
        };
        self.write_entry(&entry)?;
        Ok(entry)
    }

    /// A layer that lies in the cache already, and verifies.
    fn have(&self, known: &[Entry], diff_id: &str) -> Option<Taken> {
        let (entry, layer) = known.iter().find_map(|entry| Some((entry, entry.layers.iter().find(|layer| layer.diff_id == diff_id)?)))?;
        let verifies = matches!(copy_verified(layer, &self.layer_path(diff_id), &mut io::sink()), Ok(Some(())));
        verifies.then(|| (layer.clone(), entry.versions.clone()))
    }

    fn take_layer(&self, saved: &Saved, archive: &Path, number: usize, label: &Label<'_>) -> Result<Taken, BaseError> {
        let temporary = self.temporary()?;
        let paths: Vec<&str> = label.wanted.iter().map(|(_, path)| *path).collect();
        let source = saved.layer(archive, number).map_err(BaseError::cache("read", archive))?;
        let (layer, lines) = pack(source, temporary.as_file(), label.level, &paths).map_err(BaseError::cache("write", temporary.path()))?;
        self.persist(temporary, &self.layer_path(&layer.diff_id))?;
        let word = |path: &str| label.wanted.iter().find(|(_, wanted)| *wanted == path).map(|(word, _)| (*word).to_owned());
        Ok((layer, lines.into_iter().filter_map(|(path, line)| Some((word(&path)?, line))).collect()))
    }

    fn write_entry(&self, entry: &Entry) -> Result<(), BaseError> {
        let mut temporary = self.temporary()?;
        let text = serde_json::to_string_pretty(entry).map_err(io::Error::other);
        text.and_then(|text| temporary.write_all(text.as_bytes())).map_err(BaseError::cache("write", temporary.path()))?;
        self.persist(temporary, &self.image_path(&entry.key))
    }

    fn temporary(&self) -> Result<tempfile::NamedTempFile, BaseError> {
        let folder = self.root.join("tmp");
        tempfile::Builder::new().prefix("new-").tempfile_in(&folder).map_err(BaseError::cache("create", &folder))
    }

    /// Renames a finished file into place. Nothing waits for the disk: what a power cut garbles does not verify.
    fn persist(&self, file: tempfile::NamedTempFile, path: &Path) -> Result<(), BaseError> {
        hand_over(self.owner, file.path()).map_err(BaseError::cache("write", path))?;
        file.persist(path).map_err(|e| BaseError::cache("write", path)(e.error)).map(drop)
    }
}

/// Does `work` for 0 to `count` - 1 on as many threads as the machine runs at once; results in order, or the first error.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> Result<T, BaseError> + Sync) -> Result<Vec<T>, BaseError> {
    let (next, done) = (Mutex::new(0..count), Mutex::new(BTreeMap::new()));
    let worker = || {
        while let Some(number) = next.lock().ok().and_then(|mut next| next.next()) {
            let result = work(number);
            if let Ok(mut done) = done.lock() {
                done.insert(number, result);
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(count);
        (0..threads).for_each(|_| drop(scope.spawn(worker)));
    });
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
}
