//! Blobs and manifests on disk, by digest, and the repositories that name them.
//!
//! A file is named by the hash of its bytes and nothing else, and is there if and only if some repository names it. A blob
//! that one repository has is unknown to every other, so that a push to a new repository moves every byte.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempPath};

use super::name::{Reference, RepositoryName, Tag};
use crate::image::{AnyManifest, Digest, MeteredBlob};

/// What is known of a stored manifest.
#[derive(Clone, Debug)]
pub(super) struct ManifestEntry {
    pub(super) digest: Digest,
    pub(super) media_type: Arc<str>,
    pub(super) size: u64,
}

#[derive(Debug)]
pub(super) struct Store {
    blobs: PathBuf,
    manifests: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    metered: HashMap<Digest, Arc<MeteredBlob>>,
    repositories: BTreeMap<RepositoryName, Repository>,
}

#[derive(Debug, Default)]
struct Repository {
    blobs: BTreeMap<Digest, Arc<MeteredBlob>>,
    manifests: BTreeMap<Digest, ManifestEntry>,
    tags: BTreeMap<Tag, Digest>,
}

/// Why a manifest was not stored.
#[derive(Debug)]
pub(super) enum PutError {
    /// It names this, which its repository has not.
    Unknown(Digest),
    Disk(io::Error),
}

impl Store {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let (blobs, manifests) = (folder.join("blobs"), folder.join("manifests"));
        std::fs::create_dir(&blobs)?;
        std::fs::create_dir(&manifests)?;
        Ok(Self { blobs, manifests, inner: Mutex::default() })
    }

    /// The folders it made.
    pub(super) fn folders(&self) -> [&Path; 2] {
        [&self.blobs, &self.manifests]
    }

    /// Every change is complete before its lock is released, so that a poisoned lock still guards a sound store.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a blob in. The file is renamed into place under the lock, so that no one sees the one without the other.
    pub(super) fn put_blob(&self, name: &RepositoryName, file: TempPath, blob: MeteredBlob) -> io::Result<()> {
        let mut inner = self.inner();
        let digest = blob.digest;
        if !inner.metered.contains_key(&digest) {
            file.persist(self.blobs.join(digest.hex())).map_err(|error| error.error)?;
        }
        let known = Arc::clone(inner.metered.entry(digest).or_insert_with(|| Arc::new(blob)));
        inner.repositories.entry(name.clone()).or_default().blobs.insert(digest, known);
        Ok(())
    }

    pub(super) fn blob(&self, name: &RepositoryName, digest: &Digest) -> Option<Arc<MeteredBlob>> {
        self.inner().repositories.get(name)?.blobs.get(digest).cloned()
    }

    /// Opens a blob's file, and tells its length. Once open it can be read to its end, even if the blob is forgotten meanwhile.
    pub(super) fn open_blob(&self, name: &RepositoryName, digest: &Digest) -> Option<io::Result<(File, u64)>> {
        let inner = self.inner();
        let blob = inner.repositories.get(name)?.blobs.get(digest)?;
        Some(File::open(self.blobs.join(digest.hex())).map(|file| (file, blob.size)))
    }

    /// Stores a manifest and lets `reference` point to it. Everything that it names must be there.
    pub(super) fn put_manifest(
        &self,
        name: &RepositoryName,
        reference: &Reference,
        entry: ManifestEntry,
        (bytes, manifest): (&[u8], &AnyManifest),
    ) -> Result<(), PutError> {
        let mut inner = self.inner();
        let empty = Repository::default();
        let missing = inner.repositories.get(name).unwrap_or(&empty).missing(manifest);
        if let Some(digest) = missing {
            return Err(PutError::Unknown(digest));
        }
        let path = self.manifests.join(entry.digest.hex());
        write_whole(&self.manifests, &path, bytes).map_err(PutError::Disk)?;
        let repository = inner.repositories.entry(name.clone()).or_default();
        if let Reference::Tag(tag) = reference {
            repository.tags.insert(tag.clone(), entry.digest);
        }
        repository.manifests.insert(entry.digest, entry);
        Ok(())
    }

    pub(super) fn manifest(&self, name: &RepositoryName, reference: &Reference) -> Option<ManifestEntry> {
        let inner = self.inner();
        let repository = inner.repositories.get(name)?;
        let digest = match reference {
            Reference::Digest(digest) => digest,
            Reference::Tag(tag) => repository.tags.get(tag)?,
        };
        repository.manifests.get(digest).cloned()
    }

    pub(super) fn manifest_bytes(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        std::fs::read(self.manifests.join(digest.hex()))
    }

    /// Forgets a tag, or a manifest and every tag that points to it. Whether there was any.
    pub(super) fn delete_manifest(&self, name: &RepositoryName, reference: &Reference) -> io::Result<bool> {
        let mut inner = self.inner();
        let Some(repository) = inner.repositories.get_mut(name) else { return Ok(false) };
        let found = match reference {
            Reference::Tag(tag) => repository.tags.remove(tag).is_some(),
            Reference::Digest(digest) => {
                repository.tags.retain(|_, target| target != digest);
                repository.manifests.remove(digest).is_some()
            }
        };
        self.sweep(&mut inner)?;
        Ok(found)
    }

    /// Forgets all of a repository but the manifest that `tag` points to, with everything that it names. Whether there is one.
    pub(super) fn keep_tag(&self, name: &RepositoryName, tag: &Tag) -> io::Result<bool> {
        let mut inner = self.inner();
        let Some(repository) = inner.repositories.get_mut(name) else { return Ok(false) };
        let Some(digest) = repository.tags.get(tag).copied() else { return Ok(false) };
        let kept = self.named_from(repository, digest)?;
        repository.tags.retain(|other, _| other == tag);
        repository.manifests.retain(|digest, _| kept.contains(digest));
        repository.blobs.retain(|digest, _| kept.contains(digest));
        self.sweep(&mut inner)?;
        Ok(true)
    }

    /// A manifest and everything that it names, by way of other manifests too.
    fn named_from(&self, repository: &Repository, digest: Digest) -> io::Result<HashSet<Digest>> {
        let (mut found, mut open) = (HashSet::new(), vec![digest]);
        while let Some(digest) = open.pop() {
            if found.insert(digest) && repository.manifests.contains_key(&digest) {
                let manifest = AnyManifest::parse(&self.manifest_bytes(&digest)?).map_err(io::Error::other)?;
                open.extend(named(&manifest));
            }
        }
        Ok(found)
    }

    /// The repository's tags in order; `None` where nothing was ever pushed.
    pub(super) fn tags(&self, name: &RepositoryName) -> Option<Vec<String>> {
        let inner = self.inner();
        let repository = inner.repositories.get(name)?;
        Some(repository.tags.keys().map(|tag| tag.as_str().to_owned()).collect())
    }

    /// Forgets every repository that `keep` refuses, and the files that no other names.
    pub(super) fn retain(&self, keep: impl Fn(&RepositoryName) -> bool) -> io::Result<()> {
        let mut inner = self.inner();
        inner.repositories.retain(|name, _| keep(name));
        self.sweep(&mut inner)
    }

    /// Removes the files that no repository names.
    fn sweep(&self, inner: &mut Inner) -> io::Result<()> {
        let orphans: Vec<Digest> =
            inner.metered.values().filter(|blob| named_nowhere(inner, &blob.digest)).map(|blob| blob.digest).collect();
        for digest in orphans {
            inner.metered.remove(&digest);
            std::fs::remove_file(self.blobs.join(digest.hex()))?;
        }
        for entry in std::fs::read_dir(&self.manifests)? {
            let entry = entry?;
            let named = |digest: &Digest| entry.file_name().to_str() == Some(&digest.hex());
            if !inner.repositories.values().flat_map(|repository| repository.manifests.keys()).any(named) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Writes a file that others may be reading: they see all of it, as it was or as it is. Call it under the lock, or the
/// half-written file in `folder` may be swept away.
fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn named_nowhere(inner: &Inner, digest: &Digest) -> bool {
    !inner.repositories.values().any(|repository| repository.blobs.contains_key(digest))
}

impl Repository {
    /// The first thing that `manifest` names and this repository has not.
    fn missing(&self, manifest: &AnyManifest) -> Option<Digest> {
        let has = |digest: &Digest| match manifest {
            AnyManifest::Image(_) => self.blobs.contains_key(digest),
            AnyManifest::Index(_) => self.manifests.contains_key(digest),
        };
        named(manifest).into_iter().find(|digest| !has(digest))
    }
}

/// The blobs that an image's manifest names, the manifests that an index names.
fn named(manifest: &AnyManifest) -> Vec<Digest> {
    match manifest {
        AnyManifest::Image(image) => image.layers.iter().chain([&image.config]).map(|descriptor| descriptor.digest).collect(),
        AnyManifest::Index(index) => index.manifests.iter().map(|descriptor| descriptor.digest).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn who_reads_a_manifest_while_it_is_pushed_again_reads_all_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("manifest");
        write_whole(folder.path(), &path, b"the first").expect("it is written");
        let mut reader = File::open(&path).expect("it opens");
        write_whole(folder.path(), &path, b"second").expect("it is written");
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("it is read");
        assert_eq!((text.as_str(), std::fs::read(&path).expect("it is read")), ("the first", b"second".to_vec()));
        assert_eq!(std::fs::read_dir(folder.path()).expect("it is listed").count(), 1, "nothing else stays");
    }
}
