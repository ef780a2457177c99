//! A tar file that can be sought: its members are indexed once and read where they lie.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt as _;

use super::members::Members;
use super::outer::{Outer, Passing};
use crate::image::ImageError;
use crate::image::inflate::compression_of;

/// An indexed tar file.
#[derive(Debug)]
pub(super) struct Packed {
    file: File,
    members: Members<Span>,
}

/// Where a member's content lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Why a file could not be indexed: it cannot be read, or holds what no image has.
pub(super) enum Unfit {
    Io(io::Error),
    Image(ImageError),
}

impl From<ImageError> for Unfit {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl Packed {
    /// Reads the headers of all members; their contents must all be there.
    pub(super) fn index(file: File) -> Result<Self, Unfit> {
        let length = file.metadata().map_err(Unfit::Io)?.len();
        let mut members = Members::default();
        let mut outer = Outer::new(Sought { file: &file, at: 0, length, window: Vec::new(), window_at: 0 });
        while let Some(member) = outer.next().map_err(Unfit::Io)? {
            let offset = outer.offset();
            members.take(member, |size| {
                let whole = offset.checked_add(size).is_some_and(|end| end <= length);
                if whole { Ok(Span { offset, size }) } else { Err(Unfit::Io(ErrorKind::UnexpectedEof.into())) }
            })?;
        }
        drop(outer);
        Ok(Self { file, members })
    }

    /// Where the content of the member `name` lies.
    pub(super) fn find(&self, name: &str) -> Option<Span> {
        self.members.get(name).copied()
    }

    /// Reads a member's content; it is an error where the file has become shorter since.
    pub(super) const fn open(&self, span: Span) -> Part<'_> {
        Part { file: &self.file, at: span.offset, left: span.size }
    }

    /// Whether what lies in `span` is not compressed.
    pub(super) fn is_plain(&self, span: Span) -> io::Result<bool> {
        let mut start = Vec::new();
        self.open(span).take(4).read_to_end(&mut start)?;
        Ok(compression_of(&start).is_none())
    }

    /// Whether what lies in `span` can be a tar of `tar` bytes: a plain one by its length, one in gzip by the length that stands at its
    /// end (RFC 1952, ISIZE: modulo 2³²). Of anything else this is not known.
    pub(super) fn holds_tar(&self, span: Span, tar: u64) -> io::Result<bool> {
        let mut start = [0; 4];
        if span.size < 4 {
            return Ok(false);
        }
        self.file.read_exact_at(&mut start, span.offset)?;
        match compression_of(&start) {
            None => Ok(span.size == tar),
            Some("gzip") => {
                let mut end = [0; 4];
                self.file.read_exact_at(&mut end, span.offset + span.size - 4)?;
                Ok(u64::from(u32::from_le_bytes(end)) == tar & u64::from(u32::MAX))
            }
            Some(_) => Ok(false),
        }
    }

    /// Fills `buffer` with what lies at `offset` of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// A whole member.
    pub(super) fn read(&self, span: Span) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(span).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The content of one member.
#[derive(Debug)]
pub(super) struct Part<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if most == 0 {
            return Ok(0);
        }
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A file as a source of headers. What is read is what headers and their padding take, a window at a time.
struct Sought<'a> {
    file: &'a File,
    at: u64,
    length: u64,
    window: Vec<u8>,
    window_at: u64,
}

/// Enough for the headers of many small members.
const WINDOW: usize = 8 << 10;

impl Read for Sought<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = self.held();
        if held.is_empty() {
            self.window.resize(WINDOW, 0);
            let count = self.file.read_at(&mut self.window, self.at)?;
            self.window.truncate(count);
            self.window_at = self.at;
            held = self.held();
        }
        let count = held.len().min(buffer.len());
        buffer[..count].copy_from_slice(&held[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Sought<'_> {
    /// What the window has from here on.
    fn held(&self) -> &[u8] {
        let ahead = self.at.checked_sub(self.window_at).and_then(|ahead| usize::try_from(ahead).ok());
        ahead.and_then(|ahead| self.window.get(ahead..)).unwrap_or_default()
    }
}

impl Passing for Sought<'_> {
    fn pass(&mut self, count: u64) -> io::Result<()> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.length);
        self.at = end.ok_or(ErrorKind::UnexpectedEof)?;
        Ok(())
    }
}
