//! From a layer's tar to its listing.

use std::mem;

use super::codec::{Encoder, Slot};
use super::content::{ContentHash, ContentHasher};
use super::path::{clean, name_at};
use super::{Entry, EntryKind, Listing, ListingError, MAX_BYTES, MAX_PATH, Totals};
use crate::image::walk::{Sink, TarEntry, TarKind};

/// Marks the name that a layer takes away (OCI image spec 1.1, layer.md, "Whiteouts").
const WHITEOUT: &[u8] = b".wh.";
/// Marks a folder whose lower contents a layer takes away.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Begins the names that AUFS kept for itself; engines pass over them.
const RESERVED: &[u8] = b".wh..wh.";

/// Writes a listing as a tar passes: the sink of a [`TarWalk`](crate::image::TarWalk).
pub struct ListingWriter {
    encoder: Encoder,
    totals: Totals,
    /// Room for the cleaned path and link, kept from entry to entry.
    path: Vec<u8>,
    link: Vec<u8>,
    hasher: ContentHasher,
    /// Where the hash of the content that is passing belongs.
    slot: Option<Slot>,
    /// Bytes of that content.
    size: u64,
}

impl std::fmt::Debug for ListingWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListingWriter").field("totals", &self.totals).finish_non_exhaustive()
    }
}

impl Default for ListingWriter {
    fn default() -> Self {
        Self {
            encoder: Encoder::default(),
            totals: Totals::default(),
            path: Vec::new(),
            link: Vec::new(),
            hasher: ContentHasher::new(),
            slot: None,
            size: 0,
        }
    }
}

impl ListingWriter {
    /// Whether the entry that began last has room for the hash of a content that is still to come.
    pub(in crate::image) const fn awaits_content(&self) -> bool {
        self.slot.is_some()
    }

    /// The finished listing.
    pub fn finish(mut self) -> Listing {
        self.encoder.bytes.shrink_to_fit();
        Listing { bytes: self.encoder.bytes, totals: self.totals }
    }
}

impl Sink for ListingWriter {
    fn entry(&mut self, tar: &TarEntry<'_>) -> Result<(), String> {
        let (mut path, mut link) = (mem::take(&mut self.path), mem::take(&mut self.link));
        let written = self.take(tar, &mut path, &mut link);
        (self.path, self.link) = (path, link);
        self.slot = written?;
        self.size = tar.size;
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) {
        if bytes.len() as u64 == self.size {
            if let Some(slot) = self.slot.take() {
                self.encoder.fill(slot, ContentHash::of(bytes));
            }
        } else if self.slot.is_some() {
            self.hasher.update(bytes);
        }
    }

    fn unseen(&mut self, count: u64) {
        // A content that was not seen as a whole has no hash; its room stays empty.
        if count > 0 && self.slot.take().is_some() {
            self.hasher.forget();
        }
    }

    fn end(&mut self) {
        if let Some(slot) = self.slot.take() {
            let hash = self.hasher.finish();
            self.encoder.fill(slot, hash);
        }
    }
}

impl ListingWriter {
    fn take(&mut self, tar: &TarEntry<'_>, path: &mut Vec<u8>, link: &mut Vec<u8>) -> Result<Option<Slot>, String> {
        let outside = |what: &str, name: &[u8]| format!("{what} {} leads out of the root, which engines refuse", shown(name));
        if !clean(tar.path, path) {
            return Err(outside("the path", tar.path));
        }
        link.clear();
        match tar.kind {
            TarKind::HardLink if !clean(tar.link, link) => return Err(outside("the hard link", tar.link)),
            TarKind::Symlink => link.extend_from_slice(tar.link),
            _ => {}
        }
        let Some(kind) = meaning(tar.kind, path)? else { return Ok(None) };
        check(kind, path, link)?;
        let link: &[u8] = if matches!(kind, EntryKind::HardLink | EntryKind::Symlink) { link } else { &[] };
        let size = match kind {
            EntryKind::File => tar.size,
            EntryKind::Symlink => link.len() as u64,
            _ => 0,
        };
        let (mode, uid, gid) = (tar.mode, tar.uid, tar.gid);
        let entry = Entry { path, kind, size, link, mode, uid, gid, content: None };
        let hashed = kind == EntryKind::File && !tar.sparse && size > 0;
        self.totals.add(&entry).map_err(|error| error.to_string())?;
        let slot = self.encoder.push(&entry, hashed);
        if self.encoder.bytes.len() > MAX_BYTES { Err(ListingError::TooMany.to_string()) } else { Ok(slot) }
    }
}

/// What an entry does; `path` becomes the path that it does it to. `None` for names that AUFS kept for itself.
fn meaning(kind: TarKind, path: &mut Vec<u8>) -> Result<Option<EntryKind>, String> {
    let at = name_at(path);
    let name = &path[at..];
    if name == OPAQUE {
        path.truncate(at.saturating_sub(1));
        return Ok(Some(EntryKind::Opaque));
    }
    if name.starts_with(RESERVED) {
        return Ok(None);
    }
    match name.strip_prefix(WHITEOUT) {
        None | Some(b"") => {}
        Some(b"." | b"..") => return Err(format!("the path {} takes away the folder that it lies in", shown(path))),
        Some(_) => {
            path.drain(at..at + WHITEOUT.len());
            return Ok(Some(EntryKind::Whiteout));
        }
    }
    Ok(Some(match kind {
        TarKind::File => EntryKind::File,
        TarKind::HardLink => EntryKind::HardLink,
        TarKind::Symlink => EntryKind::Symlink,
        TarKind::Directory => EntryKind::Directory,
        TarKind::CharDevice | TarKind::BlockDevice | TarKind::Fifo => EntryKind::Special,
    }))
}

/// Refuses what no engine can make.
fn check(kind: EntryKind, path: &[u8], link: &[u8]) -> Result<(), String> {
    if path.is_empty() && !matches!(kind, EntryKind::Directory | EntryKind::Opaque) {
        return Err("the root is said to be something else than a folder".to_owned());
    }
    match [path, link].into_iter().find(|text| text.len() > MAX_PATH) {
        Some(text) => Err(format!("the path {}… has {} B, and Linux takes no more than {MAX_PATH}", shown(text), text.len())),
        None => Ok(()),
    }
}

/// A foreign name, short and without what a terminal would obey.
fn shown(name: &[u8]) -> String {
    name[..name.len().min(200)].escape_ascii().to_string()
}
