//! What an image's layers take on the disk that a classic store lies on.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use walkdir::WalkDir;

use super::ClassicError;
use super::store::{Store, StoredLayer};
use crate::image::{Digest, ImageConfig, chain_ids};
use crate::rig::private::file_system;

/// Bytes of a unit of `st_blocks` (stat(2)), whatever the file system's own blocks are.
const BLOCK: u64 = 512;

/// The layers of an image in a classic store, none of them read.
#[derive(Debug)]
pub struct ClassicLayers {
    stored: Vec<StoredLayer>,
}

/// What layers take on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskUse {
    /// D5: disk blocks of all files and folders, times 512; a hard link's target once.
    pub bytes: u64,
    /// The name of the file system, where it can be told.
    pub file_system: Option<String>,
}

impl ClassicLayers {
    /// Finds the layers of the image `image_id` of the engine whose data root is `data_root`.
    ///
    /// # Errors
    ///
    /// There is no classic store, it may not be read, or it lacks the image or a layer of it.
    pub fn open(data_root: &Path, image_id: &Digest) -> Result<Self, ClassicError> {
        let store = Store::open(data_root)?;
        let diff_ids = ImageConfig::parse(&store.config(image_id)?).map_err(ClassicError::Config)?.diff_ids;
        let stored = chain_ids(&diff_ids).map(|chain_id| store.layer(&chain_id)).collect::<Result<_, _>>()?;
        Ok(Self { stored })
    }

    /// What the engine says each layer has, bytes, lowest first.
    pub fn reported(&self) -> Vec<u64> {
        self.stored.iter().map(|layer| layer.reported).collect()
    }

    /// The folders with the unpacked files, lowest first.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.stored.iter().map(StoredLayer::folder)
    }

    /// What the unpacked files and folders take on the disk.
    ///
    /// # Errors
    ///
    /// A folder or a file in it cannot be looked at.
    pub fn disk_use(&self) -> Result<DiskUse, ClassicError> {
        let mut seen = HashSet::new();
        let bytes = self.folders().map(|folder| blocks(folder, &mut seen)).sum::<Result<u64, _>>()? * BLOCK;
        Ok(DiskUse { bytes, file_system: self.folders().next().and_then(|folder| file_system(folder).ok()) })
    }
}

/// The blocks of all that is in `folder` and of itself; what was `seen` under another name counts no more.
fn blocks(folder: &Path, seen: &mut HashSet<(u64, u64)>) -> Result<u64, ClassicError> {
    let mut sum = 0;
    for entry in WalkDir::new(folder) {
        let failed = |error: walkdir::Error| {
            let path = error.path().map_or_else(|| folder.to_owned(), Path::to_owned);
            ClassicError::read(path, error.into())
        };
        let about = entry.and_then(|entry| entry.metadata()).map_err(failed)?;
        let linked = about.nlink() > 1 && !about.is_dir();
        if !linked || seen.insert((about.dev(), about.ino())) {
            sum += about.blocks();
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_count_and_a_hard_link_counts_once() {
        let folder = tempfile::tempdir().expect("a folder is made");
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("inner")).expect("a folder is made");
        std::fs::write(path("inner/a"), vec![1; 10_000]).expect("it is written");
        std::os::unix::fs::symlink("inner/a", path("soft")).expect("a link is made");
        let counted = || blocks(folder.path(), &mut HashSet::new()).expect("it can be looked at");
        let once = counted();
        std::fs::hard_link(path("inner/a"), path("b")).expect("a link is made");
        assert_eq!(counted(), once, "a second name takes no block");
        let own = |path: std::path::PathBuf| path.symlink_metadata().expect("it is there").blocks();
        assert_eq!(once, [folder.path().to_owned(), path("inner"), path("inner/a"), path("soft")].into_iter().map(own).sum::<u64>());
        assert!(once * BLOCK >= 10_000);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_that_names_it() {
        let error = blocks(Path::new("/nowhere/diff"), &mut HashSet::new()).expect_err("it is not there");
        assert!(error.to_string().contains("/nowhere/diff"), "{error}");
    }
}
