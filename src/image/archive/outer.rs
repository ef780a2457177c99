//! The tar around an image: its members one after the other, from a file or a stream.
//!
//! Members are told apart by the rules that layers are read by ([`TarWalk`]). Invariant: memory is bounded by one block and the
//! largest extended header, whatever a member claims to have.

use std::io::{self, ErrorKind, Read};

use crate::image::reading::fill;
use crate::image::walk::{BLOCK, Sink, TarEntry, TarFault, TarKind, TarWalk};

/// A source that can be passed over without being looked at.
pub(in crate::image) trait Passing: Read {
    /// Passes `count` bytes; fewer are an error.
    fn pass(&mut self, count: u64) -> io::Result<()>;
}

/// A stream can only be read.
pub(in crate::image) struct Stream<R>(pub(in crate::image) R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Passing for Stream<R> {
    fn pass(&mut self, count: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.0.by_ref().take(count), &mut io::sink())?;
        if passed == count { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

/// What a member of the archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image) enum Kind {
    /// A file of so many bytes.
    File(u64),
    /// A link as its header says it, and whether it is a symbolic one.
    Link { target: String, symbolic: bool },
    /// Something that no image is read from.
    Other,
}

/// A member of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image) struct Member {
    /// As its header says it.
    pub(in crate::image) name: String,
    pub(in crate::image) kind: Kind,
}

/// Reads the members of a tar in their order.
pub(in crate::image) struct Outer<S> {
    source: S,
    walk: TarWalk<Latest>,
    /// Bytes of the current member's content, and how many of them were not read.
    size: u64,
    left: u64,
}

/// The member whose header was read last.
#[derive(Debug, Default)]
struct Latest(Option<Member>);

impl Sink for Latest {
    fn entry(&mut self, entry: &TarEntry<'_>) -> Result<(), String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let kind = match entry.kind {
            TarKind::File if entry.sparse => return Err("a member is sparse, which no engine writes".to_owned()),
            TarKind::File => Kind::File(entry.size),
            TarKind::Symlink => Kind::Link { target: text(entry.link), symbolic: true },
            TarKind::HardLink => Kind::Link { target: text(entry.link), symbolic: false },
            _ => Kind::Other,
        };
        self.0 = Some(Member { name: text(entry.path), kind });
        Ok(())
    }

    fn content(&mut self, _: &[u8]) {}

    fn unseen(&mut self, _: u64) {}

    fn end(&mut self) {}
}

impl<S: Passing> Outer<S> {
    pub(in crate::image) fn new(source: S) -> Self {
        Self { source, walk: TarWalk::new(Latest::default()), size: 0, left: 0 }
    }

    /// The next member; `None` after the last. Its content is what [`Outer::content`] reads until this is called again.
    pub(in crate::image) fn next(&mut self) -> io::Result<Option<Member>> {
        self.leave()?;
        let mut block = [0; BLOCK];
        loop {
            let count = fill(&mut self.source, &mut block)?;
            self.walk.update(&block[..count]);
            if let Some(member) = self.walk.sink_mut().0.take() {
                self.size = if let Kind::File(size) = member.kind { size } else { 0 };
                self.left = self.size;
                return Ok(Some(member));
            }
            if self.walk.is_over() || count < BLOCK {
                return self.end().map(|()| None);
            }
        }
    }

    /// Reads the current member's content. It is an error where the archive ends before.
    pub(in crate::image) fn content(&mut self) -> Content<'_, S> {
        Content(self)
    }

    /// Where the current member's content begins, as long as none of it was read.
    pub(in crate::image) const fn offset(&self) -> u64 {
        self.walk.position()
    }

    /// Passes what was not read of the current member.
    fn leave(&mut self) -> io::Result<()> {
        self.source.pass(self.left)?;
        self.walk.skip(self.size);
        let mut padding = [0; BLOCK];
        let length = usize::try_from(self.size.wrapping_neg() % BLOCK as u64).expect("it is less than a block");
        // An archive may end before the padding of its last member does.
        let count = fill(&mut self.source, &mut padding[..length])?;
        self.walk.update(&padding[..count]);
        (self.size, self.left) = (0, 0);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let walk = std::mem::replace(&mut self.walk, TarWalk::new(Latest::default()));
        walk.finish().map(drop).map_err(|fault| unsound(&fault))
    }
}

/// The content of one member.
pub(in crate::image) struct Content<'a, S>(&'a mut Outer<S>);

impl<S: Passing> Read for Content<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.0.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if most == 0 {
            return Ok(0);
        }
        let count = self.0.source.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.0.left -= count as u64;
        Ok(count)
    }
}

fn unsound(fault: &TarFault) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("it {fault}"))
}
