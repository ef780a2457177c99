//! What one layer holds, entry by entry, in about 30 bytes each.
//!
//! A [`Listing`] is written once, as the layer's tar passes, and then only read from front to back. Its bytes are also the
//! form that is kept on disk by `diff_id`: paths are cleaned, share what they have in common with the one before, and numbers
//! take as many bytes as they need. Invariant: every listing in memory decodes to its end.

mod codec;
mod content;
mod path;
mod writer;

pub use codec::ListingError;
pub use content::ContentHash;
pub use writer::ListingWriter;

use codec::Reader;

use super::tree::MAX_ITEMS;

/// The longest path or link, bytes: Linux's `PATH_MAX`.
const MAX_PATH: usize = 4096;
/// The most bytes that a listing may have: more is taken for an attack on memory.
const MAX_BYTES: usize = 512 << 20;

/// What an entry of a layer does to the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A further name of a file.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A folder.
    Directory,
    /// A character or block device, or a named pipe: something that has no content.
    Special,
    /// Takes away what lower layers have at the path (`.wh.NAME`).
    Whiteout,
    /// Takes away what lower layers have in the folder (`.wh..wh..opq`); the path is the folder's.
    Opaque,
}

/// One entry of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// From the root, without a leading slash; the root itself is empty. Any bytes but NUL.
    pub path: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Bytes once unpacked: of a file its content, of a symbolic link its target, else 0.
    pub size: u64,
    /// The target: of a hard link a cleaned path, of a symbolic link whatever it says, else empty.
    pub link: &'a [u8],
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// What tells a file's content from another's; absent for empty and sparse files, and where the content was not seen.
    pub content: Option<ContentHash>,
}

/// What a layer adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Entries of any kind.
    pub entries: u64,
    /// Regular files, further names not counted.
    pub files: u64,
    /// Bytes of all regular files once unpacked: the layer's share of D4 as the engine that built it counts.
    pub file_bytes: u64,
}

/// All entries of one layer, in the order of its tar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    bytes: Vec<u8>,
    totals: Totals,
}

impl Listing {
    /// What the layer adds up to.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// Hands every entry to `take`, first to last.
    ///
    /// # Panics
    ///
    /// Never: every listing in memory decodes.
    pub fn for_each(&self, mut take: impl FnMut(&Entry<'_>)) {
        let mut reader = Reader::new(&self.bytes);
        while let Some(entry) = reader.next().expect("a listing in memory decodes") {
            take(&entry);
        }
    }

    /// Asks `content` for the hash of every file that has none although it could, and keeps what it says.
    ///
    /// # Panics
    ///
    /// Never: every listing in memory decodes.
    pub fn complete(&mut self, content: impl FnMut(&Entry<'_>) -> Option<ContentHash>) {
        codec::complete(&mut self.bytes, content).expect("a listing in memory decodes");
    }

    /// The encoded entries.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes encoded entries that come from elsewhere, and checks that every one of them decodes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ListingError> {
        if bytes.len() > MAX_BYTES {
            return Err(ListingError::TooMany);
        }
        let mut totals = Totals::default();
        let mut reader = Reader::new(&bytes);
        while let Some(entry) = reader.next()? {
            totals.add(&entry)?;
        }
        Ok(Self { bytes, totals })
    }
}

impl Totals {
    fn add(&mut self, entry: &Entry<'_>) -> Result<(), ListingError> {
        self.entries += 1;
        if self.entries > MAX_ITEMS as u64 {
            return Err(ListingError::TooMany);
        }
        if entry.kind == EntryKind::File {
            self.files += 1;
            self.file_bytes = self.file_bytes.checked_add(entry.size).ok_or(ListingError::TooMany)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
