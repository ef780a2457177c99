//! One header block: POSIX.1-2017 pax "ustar Header Block", GNU tar's and star's variants of it, and v7.

use std::fmt;

use super::{BLOCK, TarKind, until_nul};

/// A header block as it fills.
pub(super) struct Block {
    bytes: [u8; BLOCK],
    filled: usize,
}

/// A header block whose checksum is right and whose numbers are some.
pub(super) struct Header<'a> {
    block: &'a [u8; BLOCK],
    pub(super) format: Format,
    pub(super) flag: Flag,
    size: i64,
    /// Permission bits: Go keeps these of whatever the field says.
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    /// Whether the prefix belongs to the path.
    prefixed: bool,
}

/// Which of the formats a header is of, as far as its fields differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    V7,
    Ustar,
    Star,
    Gnu,
}

/// The type of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Extended,
    Global,
    LongName,
    LongLink,
    OldSparse,
    Other(u8),
}

impl Default for Block {
    fn default() -> Self {
        Self { bytes: [0; BLOCK], filled: 0 }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("filled", &self.filled).finish_non_exhaustive()
    }
}

impl Block {
    pub(super) const fn filled(&self) -> usize {
        self.filled
    }

    /// Takes what is missing, and tells how much that was.
    pub(super) fn fill(&mut self, from: &[u8]) -> usize {
        let taken = from.len().min(BLOCK - self.filled);
        self.bytes[self.filled..self.filled + taken].copy_from_slice(&from[..taken]);
        self.filled += taken;
        taken
    }

    /// The block once it is full; the next one begins empty.
    pub(super) fn take(&mut self) -> Option<[u8; BLOCK]> {
        if self.filled < BLOCK {
            return None;
        }
        self.filled = 0;
        Some(self.bytes)
    }
}

impl<'a> Header<'a> {
    /// Reads every field that Go's reader reads, and refuses where it does.
    pub(super) fn parse(block: &'a [u8; BLOCK]) -> Result<Self, String> {
        let format = format(block)?;
        let (mode, uid, gid) = (number(&block[100..108])?, number(&block[108..116])?, number(&block[116..124])?);
        let size = number(&block[124..136])?;
        // Of times and device numbers it only counts that they are some.
        number(&block[136..148])?;
        if format != Format::V7 {
            number(&block[329..337])?;
            number(&block[337..345])?;
        }
        if format == Format::Star {
            number(&block[476..488])?;
            number(&block[488..500])?;
        }
        let mode = u32::try_from(mode & 0o7777).expect("twelve bits fit");
        let (uid, gid) = (uid.cast_unsigned(), gid.cast_unsigned());
        Ok(Self { block, format, flag: flag(block[156]), size, mode, uid, gid, prefixed: prefixed(block, format) })
    }

    /// The path, put together in `room` where it lies in two places.
    pub(super) fn path<'b>(&'b self, room: &'b mut Vec<u8>) -> &'b [u8] {
        let name = until_nul(&self.block[..100]);
        let end = if self.format == Format::Star { 476 } else { 500 };
        let prefix = if self.prefixed { until_nul(&self.block[345..end]) } else { &[] };
        if prefix.is_empty() {
            return name;
        }
        room.clear();
        for part in [prefix, b"/", name] {
            room.extend_from_slice(part);
        }
        room
    }

    pub(super) fn link(&self) -> &[u8] {
        until_nul(&self.block[157..257])
    }

    /// Bytes of content in the stream.
    pub(super) fn size(&self) -> Result<u64, String> {
        u64::try_from(self.size).map_err(|_| format!("an entry has {} B", self.size))
    }
}

/// Whether the header has a prefix. GNU's has times in its place; but writers before Go 1.8 put one there, and what is no time
/// and is ASCII is taken for one.
fn prefixed(block: &[u8; BLOCK], format: Format) -> bool {
    let is_time = |field: &[u8]| field[0] == 0 || number(field).is_ok();
    match format {
        Format::V7 => false,
        Format::Ustar | Format::Star => true,
        Format::Gnu => !(is_time(&block[345..357]) && is_time(&block[357..369])) && until_nul(&block[345..500]).is_ascii(),
    }
}

/// The format, if the checksum is right: the sum of all bytes with the field itself as blanks, which old programs computed with
/// signed bytes.
fn format(block: &[u8; BLOCK]) -> Result<Format, String> {
    let said = octal(&block[148..156])?;
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    let high = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte >> 7)).sum::<u32>();
    let unsigned = i64::from(sum(block) - sum(&block[148..156]) + 8 * u32::from(b' '));
    if said != unsigned && said != unsigned - 256 * i64::from(high(block) - high(&block[148..156])) {
        return Err("a header does not match its checksum".to_owned());
    }
    Ok(match (&block[257..263], &block[263..265]) {
        (b"ustar\0", _) if &block[508..512] == b"tar\0" => Format::Star,
        (b"ustar\0", _) => Format::Ustar,
        (b"ustar ", b" \0") => Format::Gnu,
        _ => Format::V7,
    })
}

const fn flag(byte: u8) -> Flag {
    match byte {
        b'x' => Flag::Extended,
        b'g' => Flag::Global,
        b'L' => Flag::LongName,
        b'K' => Flag::LongLink,
        b'S' => Flag::OldSparse,
        other => Flag::Other(other),
    }
}

impl Flag {
    /// Whether bytes of the stream belong to the entry. A folder of v7 is a file as far as its size goes.
    pub(super) const fn has_content(self) -> bool {
        !matches!(self, Self::Other(b'1'..=b'6'))
    }

    /// What the entry is; `None` for types that engines refuse. In v7 a folder is a file whose name ends in a slash.
    pub(super) fn kind(self, path: &[u8]) -> Option<TarKind> {
        let Self::Other(byte) = self else { return None };
        Some(match byte {
            0 if path.ends_with(b"/") => TarKind::Directory,
            0 | b'0' | b'7' => TarKind::File,
            b'1' => TarKind::HardLink,
            b'2' => TarKind::Symlink,
            b'3' => TarKind::CharDevice,
            b'4' => TarKind::BlockDevice,
            b'5' => TarKind::Directory,
            b'6' => TarKind::Fifo,
            _ => return None,
        })
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(byte) => write!(f, "'{}'", byte.escape_ascii()),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A numeric field: octal digits, or a big-endian two's complement number whose first bit is set (GNU's base-256).
pub(super) fn number(field: &[u8]) -> Result<i64, String> {
    if field[0] & 0x80 == 0 {
        return octal(field);
    }
    let negative = field[0] & 0x40 != 0;
    let invert = if negative { 0xff } else { 0 };
    let mut value = 0_u64;
    for (at, &byte) in field.iter().enumerate() {
        let byte = if at == 0 { (byte ^ invert) & 0x7f } else { byte ^ invert };
        if value >> 56 != 0 {
            return Err("a number does not fit into 64 bits".to_owned());
        }
        value = value << 8 | u64::from(byte);
    }
    let value = i64::try_from(value).map_err(|_| "a number does not fit into 64 bits".to_owned())?;
    Ok(if negative { !value } else { value })
}

/// Octal digits with blanks and NULs around them; nothing at all is 0.
fn octal(field: &[u8]) -> Result<i64, String> {
    let blank = |byte: &u8| *byte == b' ' || *byte == 0;
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let end = field.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    let digits = until_nul(&field[start..end]);
    digits.iter().try_fold(0_i64, |value, byte| match byte {
        b'0'..=b'7' => Ok(value << 3 | i64::from(byte - b'0')),
        _ => Err(format!("'{}' is no number", digits.escape_ascii())),
    })
}
