//! The lines of a `tar-split.json.gz`, as Go's encoder writes them: one JSON object each, without blanks.
//!
//! ```text
//! {"type":2,"payload":"<base64 of bytes of the tar>","position":0}
//! {"type":1,"name":"etc/passwd","size":943,"payload":"<base64 of the CRC-64 of the content>","position":1}
//! ```
//!
//! The parser knows no more of JSON than that, because a layer's lines are mostly its headers in base64: none is
//! parsed into a tree, and nothing is allocated for one.

use std::io::{self, BufRead, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest line that is read, bytes: room for all extended headers that one entry may have, in base64.
const LONGEST: u64 = 8 << 20;

/// Why a `tar-split` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SplitFault {
    /// The file ends early, or its gzip is damaged.
    #[error("it cannot be inflated to its end")]
    Io(#[from] io::Error),
    /// A line is not what engines write.
    #[error("line {line} {why}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A content was not had; whoever reads contents knows why.
    #[error("a content is missing")]
    Content,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The next bytes of the tar.
    Bytes(&'a [u8]),
    /// The content of an entry, which is not in the file.
    File {
        /// As it stands between the quotes; empty where it is no UTF-8.
        name: &'a [u8],
        /// Base64 of a name that is no UTF-8; else empty.
        name_raw: &'a [u8],
        /// Bytes.
        size: u64,
        /// Its CRC-64; zeros where the line has none.
        checksum: [u8; 8],
    },
}

/// Reads lines one after the other.
pub(super) struct Lines<R> {
    source: R,
    line: Vec<u8>,
    payload: Vec<u8>,
    count: u64,
}

#[derive(Default)]
struct Fields<'a> {
    kind: Option<u64>,
    name: &'a [u8],
    name_raw: &'a [u8],
    size: u64,
    payload: &'a [u8],
    position: Option<u64>,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, line: Vec::new(), payload: Vec::new(), count: 0 }
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, SplitFault> {
        self.line.clear();
        self.source.by_ref().take(LONGEST).read_until(b'\n', &mut self.line)?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        let wrong = |why| SplitFault::Line { line: self.count, why };
        let line = self.line.strip_suffix(b"\n").ok_or(wrong("is cut off, or too long"))?;
        let fields = Fields::read(line).ok_or(wrong("is not what engines write"))?;
        if fields.position != Some(self.count - 1) {
            return Err(wrong("does not follow the line before"));
        }
        let payload = decoded(fields.payload, &mut self.payload).ok_or(wrong("has a payload that is no base64"))?;
        match fields.kind {
            Some(1) => {
                let checksum =
                    if payload.is_empty() { [0; 8] } else { payload.try_into().map_err(|_| wrong("has a checksum that is none"))? };
                Ok(Some(Line::File { name: fields.name, name_raw: fields.name_raw, size: fields.size, checksum }))
            }
            Some(2) => Ok(Some(Line::Bytes(payload))),
            _ => Err(wrong("is of a kind that is not known")),
        }
    }
}

/// Decodes `text` into `buffer`, which grows to the longest payload.
fn decoded<'a>(text: &[u8], buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let most = text.len() / 4 * 3 + 3;
    if buffer.len() < most {
        buffer.resize(most, 0);
    }
    let length = STANDARD.decode_slice(text, buffer).ok()?;
    Some(&buffer[..length])
}

impl<'a> Fields<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let (mut fields, mut rest) = (Self::default(), line.strip_prefix(b"{")?);
        loop {
            let key = string(&mut rest)?;
            rest = rest.strip_prefix(b":")?;
            match key {
                b"type" => fields.kind = Some(number(&mut rest)?),
                b"size" => fields.size = number(&mut rest)?,
                b"position" => fields.position = Some(number(&mut rest)?),
                b"name" => fields.name = string(&mut rest)?,
                b"name_raw" => fields.name_raw = string_or_null(&mut rest)?,
                b"payload" => fields.payload = string_or_null(&mut rest)?,
                _ => return None,
            }
            let (&separator, after) = rest.split_first()?;
            rest = after;
            match separator {
                b',' => {}
                b'}' => return rest.is_empty().then_some(fields),
                _ => return None,
            }
        }
    }
}

/// What stands between the next quotes, escapes as they are.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let text = rest.strip_prefix(b"\"")?;
    let mut end = 0;
    loop {
        // Finds the byte faster than an iterator does.
        let passed = (&text[end..]).skip_until(b'"').expect("reading from a slice does not fail");
        end += passed;
        let inside = text[..end].strip_suffix(b"\"")?;
        if passed == 0 {
            return None;
        }
        let escapes = inside.iter().rev().take_while(|&&byte| byte == b'\\').count();
        if escapes % 2 == 0 {
            *rest = &text[end..];
            return Some(inside);
        }
    }
}

fn string_or_null<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    match rest.strip_prefix(b"null") {
        Some(after) => {
            *rest = after;
            Some(&[])
        }
        None => string(rest),
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (text, after) = rest.split_at(digits);
    *rest = after;
    std::str::from_utf8(text).ok()?.parse().ok()
}
