//! A layer's tar, walked block by block as it passes: what it holds is told to a [`Sink`], nothing is kept.
//!
//! Reads what engines read, the way they do: the rules are those of Go's `archive/tar`, which Docker, containerd and podman
//! unpack with, for POSIX.1-2017 ustar and pax, GNU tar, star and v7. Where that reader refuses a stream, so does this one. Memory
//! is bounded by the largest extended header that is accepted ([`MAX_EXTENDED`]); a claim of size is never an allocation.
//!
//! The maps of sparse files are held against the bytes that follow them, in all four formats that GNU tar writes. Bytes may be
//! [skipped](TarWalk::skip) where somebody else vouches for them and only their number is known; then a map that lies among them
//! is not checked.

mod entry;
mod extended;
mod header;
mod pax;
mod sparse;

pub use self::entry::{Sink, TarEntry, TarFault, TarKind};

use self::extended::Extended;
use self::header::{Block, Flag, Format, Header};
use self::sparse::{DataMap, OldMap};

/// Size of a block: headers and padding are whole ones.
pub(super) const BLOCK: usize = 512;

/// The most that an extended header, a GNU long name or a long link may have, bytes; Go's `maxSpecialFileSize`.
pub const MAX_EXTENDED: u64 = 1 << 20;

/// Walks a tar that comes piece by piece.
#[derive(Debug)]
pub struct TarWalk<S> {
    sink: S,
    state: State,
    /// Bytes taken so far.
    at: u64,
    /// Offset of the header that was begun last.
    begun: u64,
    /// A header that comes in pieces.
    block: Block,
    /// The extended header that is coming.
    text: Vec<u8>,
    /// What extended headers said about the entry that comes next.
    next: Extended,
    /// Room for a path that is put together, kept from entry to entry.
    path: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// Filling a header block; `zeros` tells that the one before was all zeros.
    Header {
        zeros: bool,
    },
    /// Collecting an extended header.
    Special {
        flag: Flag,
        left: u64,
        padding: u64,
    },
    /// Further blocks of an old GNU sparse map, before the entry of `header`.
    Map {
        header: Box<[u8; BLOCK]>,
        map: OldMap,
    },
    /// Passing content to the sink, or past it.
    Content {
        left: u64,
        padding: u64,
        shown: bool,
        map: Option<Box<DataMap>>,
    },
    /// Passing what fills the last block.
    Padding {
        left: u64,
    },
    /// After the end mark: what follows is no part of the archive.
    Ended,
    Faulty(TarFault),
}

impl<S: Sink> TarWalk<S> {
    /// A walk that tells `sink`.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            state: State::Header { zeros: false },
            at: 0,
            begun: 0,
            block: Block::default(),
            text: Vec::new(),
            next: Extended::default(),
            path: Vec::new(),
        }
    }

    /// Bytes taken so far.
    pub const fn position(&self) -> u64 {
        self.at
    }

    /// What is told.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Whether nothing that comes can change what was told: the end mark was there, or something is wrong.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended | State::Faulty(_))
    }

    /// Takes the next bytes. Never fails: what is wrong shows at the end.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = match self.step(bytes).and_then(|taken| self.pass(taken)) {
                Ok(taken) => taken,
                Err(why) => return self.break_off(why, bytes.len() as u64),
            };
            bytes = &bytes[taken..];
        }
    }

    /// How many of the bytes that come next are content that may be [skipped](Self::skip).
    pub const fn skippable(&self) -> u64 {
        match &self.state {
            State::Content { left, map: None, .. } => *left,
            _ => 0,
        }
    }

    /// Takes the next `count` bytes, all of the content of one entry, without seeing them.
    pub fn skip(&mut self, count: u64) {
        match &mut self.state {
            State::Content { left, shown, map, .. } if *left >= count => {
                *left -= count;
                if *shown {
                    self.sink.unseen(count);
                }
                *map = None;
                self.at = self.at.saturating_add(count);
                if let Err(why) = self.settle() {
                    self.break_off(why, 0);
                }
            }
            State::Faulty(_) | State::Ended => self.at = self.at.saturating_add(count),
            _ if count == 0 => {}
            _ => self.break_off("more content is told than the entry has".to_owned(), count),
        }
    }

    /// Ends the stream: the sink, if the stream was one that engines unpack.
    pub fn finish(self) -> Result<S, TarFault> {
        let cut = |why: &str| Err(TarFault { at: self.begun, why: why.to_owned() });
        match self.state {
            State::Faulty(fault) => Err(fault),
            State::Header { .. } if self.block.filled() == 0 => Ok(self.sink),
            // Go's reader takes a stream that ends in the padding of its last entry for complete.
            State::Ended | State::Padding { .. } => Ok(self.sink),
            State::Header { .. } | State::Map { .. } => cut("it ends in the middle of a header"),
            State::Special { .. } => cut("it ends in the middle of an extended header"),
            State::Content { .. } => cut("it ends in the middle of a file"),
        }
    }

    /// Nothing that follows is looked at. `unread` more bytes count all the same.
    fn break_off(&mut self, why: String, unread: u64) {
        self.state = State::Faulty(TarFault { at: self.begun, why });
        // Offsets are told by where a header begins, so that it does not matter how many bytes of it were there.
        self.at = self.at.saturating_add(unread);
    }

    fn pass(&mut self, taken: usize) -> Result<usize, String> {
        self.at = self.at.saturating_add(taken as u64);
        self.settle().inspect_err(|_| self.at -= taken as u64)?;
        Ok(taken)
    }

    /// Takes what the current state can use of `bytes`, which are not empty.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, String> {
        match &mut self.state {
            State::Header { zeros } => {
                let zeros = *zeros;
                self.take_header(bytes, zeros)
            }
            State::Map { .. } => self.take_map(bytes),
            State::Special { left, .. } => {
                let taken = within(bytes, *left);
                self.text.extend_from_slice(&bytes[..taken]);
                *left -= taken as u64;
                Ok(taken)
            }
            State::Content { left, shown, map, .. } => {
                let taken = within(bytes, *left);
                if let Some(map) = map {
                    map.take(&bytes[..taken])?;
                }
                *left -= taken as u64;
                if *shown {
                    self.sink.content(&bytes[..taken]);
                }
                Ok(taken)
            }
            State::Padding { left } => {
                let taken = within(bytes, *left);
                *left -= taken as u64;
                Ok(taken)
            }
            State::Ended | State::Faulty(_) => Ok(bytes.len()),
        }
    }

    fn take_header(&mut self, bytes: &[u8], zeros: bool) -> Result<usize, String> {
        if self.block.filled() == 0 {
            self.begun = self.at;
            if let Some(block) = bytes.first_chunk::<BLOCK>() {
                self.header(block, zeros)?;
                return Ok(BLOCK);
            }
        }
        let taken = self.block.fill(bytes);
        if let Some(block) = self.block.take() {
            self.header(&block, zeros)?;
        }
        Ok(taken)
    }

    fn take_map(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let taken = self.block.fill(bytes);
        let (Some(block), State::Map { header, map }) = (self.block.take(), &mut self.state) else { return Ok(taken) };
        if !map.extend(&block)? {
            let (header, map) = (header.clone(), std::mem::take(map));
            self.old_sparse_entry(&header, &map)?;
        }
        Ok(taken)
    }

    /// Leaves every state that has all that it waits for.
    fn settle(&mut self) -> Result<(), String> {
        loop {
            match &mut self.state {
                State::Special { flag, left: 0, padding } => {
                    let (flag, left) = (*flag, *padding);
                    self.next.take(flag, &mut self.text)?;
                    self.state = State::Padding { left };
                }
                State::Content { left: 0, padding, shown, map } => {
                    map.take().map_or(Ok(()), |map| map.finish())?;
                    if *shown {
                        self.sink.end();
                    }
                    self.state = State::Padding { left: *padding };
                }
                State::Padding { left: 0 } => self.state = State::Header { zeros: false },
                _ => return Ok(()),
            }
        }
    }

    fn header(&mut self, block: &[u8; BLOCK], zeros: bool) -> Result<(), String> {
        if *block == [0; BLOCK] {
            self.state = if zeros { State::Ended } else { State::Header { zeros: true } };
            return Ok(());
        }
        if zeros {
            return Err("a block of zeros stands between two entries".to_owned());
        }
        let header = Header::parse(block)?;
        match header.flag {
            Flag::Extended | Flag::LongName | Flag::LongLink | Flag::Global => self.special(&header),
            Flag::OldSparse if header.format == Format::Gnu => {
                let (map, more) = OldMap::begin(block)?;
                if more {
                    self.state = State::Map { header: Box::new(*block), map };
                    return Ok(());
                }
                self.old_sparse_entry(block, &map)
            }
            _ => self.plain_entry(&header),
        }
    }

    fn special(&mut self, header: &Header<'_>) -> Result<(), String> {
        let left = header.size()?;
        if left > MAX_EXTENDED {
            return Err(format!("an extended header has {left} B, and engines read no more than {MAX_EXTENDED}"));
        }
        self.text.clear();
        self.state = State::Special { flag: header.flag, left, padding: padding(left) };
        Ok(())
    }

    fn plain_entry(&mut self, header: &Header<'_>) -> Result<(), String> {
        let next = std::mem::take(&mut self.next);
        let mut path = std::mem::take(&mut self.path);
        let told = self.tell_plain(header, &next, &mut path);
        (self.next, self.path) = (next, path);
        self.next.clear();
        told
    }

    fn tell_plain(&mut self, header: &Header<'_>, next: &Extended, room: &mut Vec<u8>) -> Result<(), String> {
        let path = next.path().unwrap_or_else(|| header.path(room));
        let Some(kind) = header.flag.kind(path) else {
            return Err(format!("an entry has the type {}, which engines refuse", header.flag));
        };
        let stored = next.stored(header, kind)?;
        let sparse = next.pax.sparse(stored)?;
        if sparse.is_some() && kind != TarKind::File {
            return Err("something that is no file is said to be sparse".to_owned());
        }
        let path = next.pax.sparse_name().filter(|_| sparse.is_some()).unwrap_or(path);
        let is_sparse = sparse.is_some();
        let (size, map) = sparse.unwrap_or((stored, None));
        self.tell(header, next, path, kind, (stored, size), (is_sparse, map))
    }

    fn old_sparse_entry(&mut self, block: &[u8; BLOCK], map: &OldMap) -> Result<(), String> {
        let header = Header::parse(block)?;
        let next = std::mem::take(&mut self.next);
        let mut path = std::mem::take(&mut self.path);
        let stored = next.stored(&header, TarKind::File)?;
        map.check(stored)?;
        let named = next.path().unwrap_or_else(|| header.path(&mut path));
        self.tell(&header, &next, named, TarKind::File, (stored, map.real_size()), (true, None))?;
        self.path = path;
        Ok(())
    }

    /// Tells the sink of an entry and goes on to its content: `stored` bytes in the stream, `size` ones unpacked.
    fn tell(
        &mut self,
        header: &Header<'_>,
        next: &Extended,
        path: &[u8],
        kind: TarKind,
        (stored, size): (u64, u64),
        (sparse, map): (bool, Option<DataMap>),
    ) -> Result<(), String> {
        next.pax.check_times()?;
        let link = if matches!(kind, TarKind::HardLink | TarKind::Symlink) { next.link().unwrap_or_else(|| header.link()) } else { &[] };
        let (uid, gid) = (next.pax.uid()?.unwrap_or(header.uid), next.pax.gid()?.unwrap_or(header.gid));
        self.sink.entry(&TarEntry { path, kind, size, sparse, link, mode: header.mode, uid, gid })?;
        let shown = kind == TarKind::File && !sparse;
        self.state = State::Content { left: stored, padding: padding(stored), shown, map: map.map(Box::new) };
        Ok(())
    }
}

/// What fills the last block of `size` bytes.
const fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// How many of `bytes` belong to something that has `left` bytes to come.
fn within(bytes: &[u8], left: u64) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.iter().position(|&byte| byte == 0).map_or(bytes, |end| &bytes[..end])
}

#[cfg(test)]
mod tests;
