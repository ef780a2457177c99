//! Entries as bytes: a tag, then numbers in as many bytes as they need (LEB128), then texts.
//!
//! ```text
//! entry  = tag, shared, added, path[added], [size], [link length, link], [mode, uid, gid], [hash: 16 bytes]
//! tag    = kind (bits 0-2) | same mode and owners as the entry before (bit 3) | room for a hash (bit 4) | hash is there (bit 5)
//! shared = bytes that the path has in common with the path before; added = the rest of it
//! ```

use super::{ContentHash, Entry, EntryKind, MAX_PATH};

const KIND: u8 = 0b111;
const SAME_OWNERS: u8 = 1 << 3;
const HASH_ROOM: u8 = 1 << 4;
const HASH_THERE: u8 = 1 << 5;
const HASH: usize = 16;

/// Why bytes are no listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// They do not decode.
    #[error("the listing is damaged near byte {at}")]
    Damaged {
        /// Offset into the listing.
        at: usize,
    },
    /// More entries or bytes than are taken.
    #[error("the layer has more entries or bytes than any sound one")]
    TooMany,
}

/// Mode, owner and group.
type Owners = (u32, u64, u64);

/// Writes entries one after the other.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    path: Vec<u8>,
    owners: Option<Owners>,
}

/// Where the hash of an entry belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    tag: usize,
    hash: usize,
}

impl Encoder {
    /// Writes an entry, with `room` for a hash that is not known yet.
    pub(super) fn push(&mut self, entry: &Entry<'_>, room: bool) -> Option<Slot> {
        let owners = (entry.mode, entry.uid, entry.gid);
        let same = self.owners == Some(owners);
        let tag_at = self.bytes.len();
        let room = room || entry.content.is_some();
        let flags = [(same, SAME_OWNERS), (room, HASH_ROOM), (entry.content.is_some(), HASH_THERE)];
        let tag = flags.iter().filter(|(set, _)| *set).fold(number(entry.kind), |tag, (_, bit)| tag | bit);
        self.bytes.push(tag);
        self.push_path(entry.path);
        if has_size(entry.kind) {
            self.push_number(entry.size);
        }
        if has_link(entry.kind) {
            self.push_number(entry.link.len() as u64);
            self.bytes.extend_from_slice(entry.link);
        }
        if !same {
            self.owners = Some(owners);
            for value in [u64::from(owners.0), owners.1, owners.2] {
                self.push_number(value);
            }
        }
        let slot = Slot { tag: tag_at, hash: self.bytes.len() };
        if room {
            self.bytes.extend_from_slice(&entry.content.map_or([0; HASH], |hash| hash.0));
        }
        room.then_some(slot)
    }

    /// Writes the hash of an entry that has room for it.
    pub(super) fn fill(&mut self, slot: Slot, hash: ContentHash) {
        fill(&mut self.bytes, slot, hash);
    }

    fn push_path(&mut self, path: &[u8]) {
        let shared = self.path.iter().zip(path).take_while(|(old, new)| old == new).count();
        self.push_number(shared as u64);
        self.push_number((path.len() - shared) as u64);
        self.bytes.extend_from_slice(&path[shared..]);
        self.path.truncate(shared);
        self.path.extend_from_slice(&path[shared..]);
    }

    fn push_number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
    }
}

fn fill(bytes: &mut [u8], slot: Slot, hash: ContentHash) {
    bytes[slot.tag] |= HASH_THERE;
    bytes[slot.hash..slot.hash + HASH].copy_from_slice(&hash.0);
}

/// Asks `content` for every hash that there is room for and that is not there.
pub(super) fn complete(bytes: &mut [u8], mut content: impl FnMut(&Entry<'_>) -> Option<ContentHash>) -> Result<(), ListingError> {
    let mut found = Vec::new();
    let mut reader = Reader::new(bytes);
    loop {
        let tag = reader.at;
        let Some(entry) = reader.next()? else { break };
        let has_room = bytes[tag] & HASH_ROOM != 0;
        if entry.kind == EntryKind::File && entry.content.is_none() && has_room {
            let hash = content(&entry);
            if let (Some(hash), Some(end)) = (hash, reader.at.checked_sub(HASH)) {
                found.push((Slot { tag, hash: end }, hash));
            }
        }
    }
    for (slot, hash) in found {
        fill(bytes, slot, hash);
    }
    Ok(())
}

/// Reads entries one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    path: Vec<u8>,
    owners: Option<Owners>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, path: Vec::new(), owners: None }
    }

    /// The next entry; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry<'_>>, ListingError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let tag = self.take(1)?[0];
        let kind = kind(tag & KIND).ok_or(self.damaged())?;
        self.take_path()?;
        let size = if has_size(kind) { self.take_number()? } else { 0 };
        let link = if has_link(kind) { self.take_text()? } else { &[] };
        let size = if kind == EntryKind::Symlink { link.len() as u64 } else { size };
        let (mode, uid, gid) = self.take_owners(tag & SAME_OWNERS != 0)?;
        let hash = if tag & HASH_ROOM != 0 { Some(self.take(HASH)?) } else { None };
        let content = hash.filter(|_| tag & HASH_THERE != 0).map(|hash| ContentHash(hash.try_into().expect("sixteen were taken")));
        Ok(Some(Entry { path: &self.path, kind, size, link, mode, uid, gid, content }))
    }

    const fn damaged(&self) -> ListingError {
        ListingError::Damaged { at: self.at }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ListingError> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len()).ok_or(self.damaged())?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn take_text(&mut self) -> Result<&'a [u8], ListingError> {
        let length = usize::try_from(self.take_number()?).ok().filter(|&length| length <= MAX_PATH);
        self.take(length.ok_or(self.damaged())?)
    }

    fn take_path(&mut self) -> Result<(), ListingError> {
        let shared = self.take_number()?;
        let shared = usize::try_from(shared).ok().filter(|&shared| shared <= self.path.len()).ok_or(self.damaged())?;
        let added = self.take_text()?;
        if shared + added.len() > MAX_PATH {
            return Err(self.damaged());
        }
        self.path.truncate(shared);
        self.path.extend_from_slice(added);
        Ok(())
    }

    fn take_owners(&mut self, same: bool) -> Result<Owners, ListingError> {
        if same {
            return self.owners.ok_or(self.damaged());
        }
        let mode = u32::try_from(self.take_number()?).map_err(|_| self.damaged())?;
        let owners = (mode, self.take_number()?, self.take_number()?);
        self.owners = Some(owners);
        Ok(owners)
    }

    fn take_number(&mut self) -> Result<u64, ListingError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.damaged())
    }
}

/// A symbolic link's size is the length of its target.
const fn has_size(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::File)
}

const fn has_link(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::HardLink | EntryKind::Symlink)
}

const KINDS: [EntryKind; 7] = [
    EntryKind::File,
    EntryKind::HardLink,
    EntryKind::Symlink,
    EntryKind::Directory,
    EntryKind::Special,
    EntryKind::Whiteout,
    EntryKind::Opaque,
];

const fn kind(number: u8) -> Option<EntryKind> {
    if (number as usize) < KINDS.len() { Some(KINDS[number as usize]) } else { None }
}

fn number(kind: EntryKind) -> u8 {
    let at = KINDS.iter().position(|&known| known == kind).expect("every kind is in the table");
    u8::try_from(at).expect("there are seven")
}
