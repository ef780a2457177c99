//! A layer's tar, walked as its `tar-split` gives it.

use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::SplitFault;
use super::split::{Line, Lines};
use crate::image::{Digest, Listing, ListingWriter, MAX_ITEMS, MAX_UNCOMPRESSED, MIN_COMPARED, TarFault, TarWalk};

/// What tells one content from most others without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Bytes.
    pub size: u64,
    /// CRC-64 (ISO 3309).
    pub checksum: [u8; 8],
}

/// What a layer's `tar-split` says of its tar.
#[derive(Debug)]
pub struct Scanned {
    /// Bytes of the tar: the layer's share of D3.
    pub uncompressed: u64,
    /// What the tar holds; no file has a hash.
    pub listing: Result<Listing, TarFault>,
    /// Of files of at least [`MIN_COMPARED`] bytes, in the order of the tar.
    pub keys: Vec<Key>,
}

/// Reads the inflated `tar-split` of a layer.
pub fn scan(split: impl BufRead) -> Result<Scanned, SplitFault> {
    let (mut lines, mut walk, mut keys, mut entries) = (Lines::new(split), walk(), Vec::new(), 0);
    while let Some(line) = lines.next()? {
        match line {
            Line::Bytes(bytes) => walk.update(bytes),
            Line::File { name, size, checksum, .. } => {
                entries += 1;
                bounded(&walk, entries, size)?;
                walk.skip(size);
                if size >= MIN_COMPARED && !is_mark(name) {
                    keys.push(Key { size, checksum });
                }
            }
        }
    }
    Ok(scanned(walk, keys))
}

/// Reads the inflated `tar-split` of a layer together with the contents of its files, and hashes the tar. `content` hands the file at
/// a path, of so many bytes, to what it is given; whether it could.
pub(super) fn rebuild(
    split: impl BufRead,
    mut content: impl FnMut(&[u8], u64, &mut dyn FnMut(&[u8])) -> bool,
) -> Result<(Scanned, Digest), SplitFault> {
    let (mut lines, mut walk, mut hash, mut entries) = (Lines::new(split), walk(), Sha256::new(), 0);
    while let Some(line) = lines.next()? {
        match line {
            Line::Bytes(bytes) => {
                hash.update(bytes);
                walk.update(bytes);
            }
            Line::File { name, name_raw, size, .. } => {
                entries += 1;
                bounded(&walk, entries, size)?;
                let mut take = |bytes: &[u8]| {
                    hash.update(bytes);
                    walk.update(bytes);
                };
                if size > 0 && !content(&path(name, name_raw).ok_or(SplitFault::Content)?, size, &mut take) {
                    return Err(SplitFault::Content);
                }
            }
        }
    }
    Ok((scanned(walk, Vec::new()), Digest::finish(hash)))
}

fn walk() -> TarWalk<ListingWriter> {
    TarWalk::new(ListingWriter::default())
}

fn scanned(walk: TarWalk<ListingWriter>, keys: Vec<Key>) -> Scanned {
    Scanned { uncompressed: walk.position(), listing: walk.finish().map(ListingWriter::finish), keys }
}

/// Refuses what no layer has: more bytes, or more entries, than are read from anywhere.
fn bounded(walk: &TarWalk<ListingWriter>, entries: usize, size: u64) -> Result<(), SplitFault> {
    let line = entries as u64;
    if walk.position().saturating_add(size) > MAX_UNCOMPRESSED {
        return Err(SplitFault::Line { line, why: "makes the layer larger than any sound one" });
    }
    if entries > MAX_ITEMS { Err(SplitFault::Line { line, why: "is one entry more than any sound layer has" }) } else { Ok(()) }
}

/// Whether a name is a mark of a layer and no file.
fn is_mark(name: &[u8]) -> bool {
    name.rsplit(|&byte| byte == b'/').next().is_some_and(|last| last.starts_with(b".wh."))
}

/// The path of an entry, from its name in JSON.
fn path(name: &[u8], name_raw: &[u8]) -> Option<Vec<u8>> {
    if !name_raw.is_empty() {
        return STANDARD.decode(name_raw).ok();
    }
    let quoted = [b"\"", name, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).ok().map(String::into_bytes)
}
